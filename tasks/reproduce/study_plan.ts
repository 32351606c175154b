/** The plan of a study in a table: what is done, and how long the rest takes here. */
import { duration } from "../cli/progress.ts";
import { textTable } from "../cli/table.ts";
import { isTrained } from "../pipelines/training.ts";
import { estimateTime } from "./estimate.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import { trainingOf } from "./profiles.ts";
import { experimentContext, partPlan, type StudyContext } from "./run_study.ts";
import type { Study } from "./studies.ts";
import type { StudyLedger } from "./study_ledger.ts";

/** What is left of a value of the factor on an experiment, in seconds. */
export interface PlannedValue {
  readonly experiment: string;
  readonly value: string;
  /** 0 where it is done. */
  readonly training: number;
  /** By protocol: 0 where it is done. */
  readonly protocols: Readonly<Record<string, number>>;
}

/** The table and the time in all, as text and as data. */
export async function planStudy(
  study: Study,
  { experiments, values, protocols, ledger, context }: {
    /** Those whose images are there. */
    readonly experiments: readonly Experiment[];
    readonly values: readonly string[];
    readonly protocols: readonly TimeProtocol[];
    readonly ledger: StudyLedger;
    readonly context: StudyContext;
  },
): Promise<{ text: string; plan: PlannedValue[] }> {
  const plan: PlannedValue[] = [];
  for (const experiment of experiments) {
    for (const value of values) {
      const network = { study: study.name, experiment: experiment.name, value };
      const done = await Promise.all(protocols.map(async (protocol) => {
        const cell = { value, protocol };
        const plan = partPlan({ study, experiment }, cell, context);
        return await ledger.part(network, { protocol: protocol.name, plan }) !== undefined;
      }));
      const ordinary = experimentContext(study, { value, context });
      const training = trainingOf(experiment, ordinary.profile);
      const { backend, runs: out, from } = context;
      const trained = done.every(Boolean) ||
        await isTrained(training, { backend, out, from: from[experiment.dataset] });
      const time = trained && done.every(Boolean)
        ? undefined
        : await estimateTime(experiment, protocols, ordinary);
      plan.push({
        experiment: experiment.name,
        value,
        training: trained ? 0 : time?.training ?? 0,
        protocols: Object.fromEntries(
          protocols.map(({ name }, i) => [name, done[i] ? 0 : time?.protocols[name] ?? 0]),
        ),
      });
    }
  }
  const cell = (seconds: number) => seconds === 0 ? "done" : duration(seconds);
  const total = plan.reduce(
    (sum, { training, protocols }) =>
      Object.values(protocols).reduce((a, b) => a + b, sum + training),
    0,
  );
  const table = textTable({
    header: ["experiment", study.factor.title, "training", ...protocols.map(({ name }) => name)],
    rows: plan.map(({ experiment, value, training, protocols }) => [
      ...[experiment, value, cell(training)],
      ...Object.values(protocols).map(cell),
    ]),
  });
  return {
    text: `${table}\n\nAbout ${duration(total)} in all, measured just now on this machine; other ` +
      "work on it comes on top.",
    plan,
  };
}
