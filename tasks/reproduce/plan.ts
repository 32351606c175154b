/** The plan of a reproduction in a table: what is done, and how long the rest takes here. */
import { duration } from "../cli/progress.ts";
import { textTable } from "../cli/table.ts";
import type { TimeEstimate } from "./estimate.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import type { Ledger } from "./ledger.ts";

/** Options of {@linkcode planText}. */
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

/** The table, and the time in all. */
export async function planText(
  { experiments, protocols, ledger, weights, ablation, estimate }: PlanOptions,
): Promise<string> {
  const rows: string[][] = [];
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
  return `${table}\n\nAbout ${duration(total)} in all, measured just now on this machine; ${
    ablation ? "the ablation of scales and " : ""
  }other work on it come on top.`;
}
