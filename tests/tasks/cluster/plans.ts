/** Plans of jobs for tests. */
import type { JobPlan } from "../../../tasks/cluster/job_plan.ts";

/** A plan with what a test is about in it. */
export function planOf(changes: Partial<JobPlan> = {}): JobPlan {
  return {
    engine: "slurm",
    shards: 4,
    command: ["sample", "--samples", "8"],
    merging: ["--out", "runs"],
    directory: "/clone",
    launcher: ["/usr/bin/deno", "task", "-q"],
    toolkit: "@els/toolkit 0.1.0",
    resources: {},
    logs: "/job/logs",
    submissions: [],
    ...changes,
  };
}
