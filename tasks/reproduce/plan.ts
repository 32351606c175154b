/** The plan of a reproduction in a table: what is done, and how long the rest takes here. */
import { duration } from "../cli/progress.ts";
import { textTable } from "../cli/table.ts";
import type { TimeEstimate } from "./estimate.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import type { Ledger } from "./ledger.ts";

/** Options of {@linkcode planReproduction}. */
export interface PlanOptions {
  readonly experiments: readonly Experiment[];
  readonly protocols: readonly TimeProtocol[];
  readonly ledger: Ledger;
  /** Weights by name of experiment, in place of training. */
  readonly weights: Readonly<Record<string, string>>;
  /** Whether the ablation of scales is among the work. */
  readonly ablation: boolean;
  /** How long an experiment takes; undefined where its data set is not there. */
  readonly estimate: (experiment: Experiment) => Promise<TimeEstimate | undefined>;
}

/** What is left of an experiment, in seconds. */
export interface PlannedExperiment {
  readonly experiment: string;
  /** 0 where it is done, or weights are given; null where there is no data. */
  readonly training: number | null;
  /** By protocol: 0 where it is done; null where there is no data. */
  readonly protocols: Readonly<Record<string, number | null>>;
}

/** The table and the time in all, as text and as data. */
export async function planReproduction(
  { experiments, protocols, ledger, weights, ablation, estimate }: PlanOptions,
): Promise<{ text: string; plan: PlannedExperiment[] }> {
  const rows: string[][] = [];
  const plan: PlannedExperiment[] = [];
  let total = 0;
  for (const experiment of experiments) {
    const { name } = experiment;
    const done = await Promise.all(
      protocols.map(async (each) => (await ledger.experiment(name, each.name)) !== undefined),
    );
    const trained = done.some(Boolean);
    const time = done.every(Boolean) ? undefined : await estimate(experiment);
    const training = trained ? 0 : time?.training ?? 0;
    const left = protocols.map((each, i) => done[i] ? 0 : time?.protocols[each.name] ?? 0);
    total += training + left.reduce((a, b) => a + b, 0);
    const leftOf = (isDone: boolean, seconds: number) => isDone || time ? seconds : null;
    plan.push({
      experiment: name,
      training: leftOf(trained || weights[name] !== undefined, training),
      protocols: Object.fromEntries(
        protocols.map((each, i) => [each.name, leftOf(done[i]!, left[i]!)]),
      ),
    });
    const cell = (isDone: boolean, seconds: number) =>
      isDone ? "done" : time === undefined ? "no data" : duration(seconds);
    rows.push([
      name,
      weights[name] !== undefined ? "weights" : cell(trained, training),
      ...protocols.map((_, i) => cell(done[i]!, left[i]!)),
    ]);
  }
  const table = textTable({
    header: ["experiment", "training", ...protocols.map(({ name }) => name)],
    rows,
  });
  const text = `${table}\n\nAbout ${duration(total)} in all, measured just now on this machine; ${
    ablation ? "the ablation of scales and " : ""
  }other work on it come on top.`;
  return { text, plan };
}
