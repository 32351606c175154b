/** Hands shards and their merge to Slurm: only what is neither done nor in the queue. */
import { join } from "@std/path";
import { CommandError } from "../cli/command.ts";
import { indexList } from "./index_list.ts";
import { type JobPlan, writePlan } from "./job_plan.ts";
import type { JobState } from "./job_state.ts";
import { arrayOf, sbatch, scancel, slurmFiles } from "./slurm.ts";

/** What was handed over. */
export interface SlurmSubmission {
  /** Job array; undefined if nothing was missing. */
  readonly array: string | undefined;
  /** Job that merges; undefined if that is done already. */
  readonly merge: string | undefined;
}

/**
 * Submits missing shards as a job array, and a merge that waits for them and for all that is in the queue
 * already. The plan is written as soon as Slurm has taken something.
 *
 * @param missing Shards that are to be done.
 */
export async function submitToSlurm(
  plan: JobPlan,
  { folder, state, missing }: {
    readonly folder: string;
    readonly state: JobState;
    readonly missing: readonly number[];
  },
): Promise<SlurmSubmission> {
  const { queue } = state;
  if (queue === undefined && plan.submissions.some(({ array }) => array !== undefined)) {
    throw new CommandError(
      "Cannot tell which shards still run: found no squeue that may be started, expected Slurm's " +
        "programs on the PATH; run this where jobs are submitted",
    );
  }
  const arrays = [...queue?.arrays ?? []];
  const waiting = state.merge.state === "pending" || state.merge.state === "running";
  if (missing.length === 0 && (waiting || state.merge.state === "done")) {
    return { array: undefined, merge: waiting ? state.merge.job : undefined };
  }
  let now = plan;
  let array: string | undefined;
  if (missing.length > 0) {
    array = await sbatch(join(folder, slurmFiles.array), [
      `--array=${arrayOf(missing, plan.resources.limit)}`,
    ]);
    const at = new Date().toISOString();
    const shards = indexList(missing);
    now = { ...now, submissions: [...now.submissions, { at, engine: "slurm", shards, array }] };
    await writePlan(folder, now);
  }
  // A merge that waits for what has failed would wait for ever.
  if (waiting && state.merge.job !== undefined) await scancel(state.merge.job);
  const conditions = [
    ...array === undefined ? [] : [`afterok:${array}`],
    // Of an earlier array some may have failed: whether all is there is for the merge to see.
    ...arrays.map((id) => `afterany:${id}`),
  ];
  const merge = await sbatch(join(folder, slurmFiles.merge), [
    ...conditions.length === 0 ? [] : [`--dependency=${conditions.join(",")}`],
    "--kill-on-invalid-dep=yes",
  ]);
  await writePlan(folder, { ...now, merge });
  return { array, merge };
}
