/** GNU parallel: all shards on one machine, so many at a time. */
import { join } from "@std/path";
import type { JobPlan } from "./job_plan.ts";
import { localLog, scriptFiles } from "./job_scripts.ts";
import { shellLine, shellWord } from "./shell_word.ts";

/** Names of files in the folder of a job. */
export const parallelFiles = { script: "parallel.sh", log: "parallel.tsv" } as const;

/** Shards at a time: as they are limited, else as many as the cores give room for. */
export function shardsAtATime(
  { shards, resources }: Pick<JobPlan, "shards" | "resources">,
  cores: number,
): number {
  const { limit = Math.max(1, Math.floor(cores / (resources.cpus ?? 1))) } = resources;
  return Math.min(shards, limit);
}

/** What the line depends on beside the plan. */
export interface ParallelOptions {
  /** Folder of the job. */
  readonly folder: string;
  /** Shards at a time. */
  readonly jobs: number;
  /** Shards that are to be done. */
  readonly missing: readonly number[];
}

/** Writes the numbers of the shards, a line each. */
function numbersLine({ shards }: JobPlan, missing: readonly number[]): string {
  return missing.length === shards
    ? `seq ${shards}`
    : shellLine(["printf", "%s\\n", ...missing.map(String)]);
}

/**
 * The line that runs shards. Those that parallel's own log has as ended well are not started again; those
 * that failed are.
 */
export function parallelLine(plan: JobPlan, { folder, jobs, missing }: ParallelOptions): string {
  const words = shellLine([
    ...["parallel", "--jobs", String(jobs), "--joblog", join(folder, parallelFiles.log)],
    ...["--resume-failed", "--quote", "sh", join(folder, scriptFiles.shard)],
  ]);
  const log = shellWord(localLog(plan.logs, "{}"));
  return `${numbersLine(plan, missing)} | ${words} {} ${log}`;
}

/** The same where there is no GNU parallel; what failed is for submit to find. */
export function xargsLine(plan: JobPlan, { folder, jobs, missing }: ParallelOptions): string {
  const words = shellLine(["xargs", "-P", String(jobs), "-I{}", "sh"]);
  const script = shellWord(join(folder, scriptFiles.shard));
  return `${numbersLine(plan, missing)} | ${words} ${script} {} ${
    shellWord(localLog(plan.logs, "{}"))
  }`;
}

/** The script with that line, and the merge where all ended well. */
export function parallelScript(
  plan: JobPlan,
  options: ParallelOptions,
): string {
  const { folder } = options;
  const merge = [join(folder, scriptFiles.merge), join(plan.logs, "merge_local.log")];
  return [
    "#!/bin/sh",
    "# Does all shards on this machine, then merges. Run again, it does those that are missing.",
    `${parallelLine(plan, options)} &&`,
    `  ${shellLine(["sh", ...merge])}`,
  ].join("\n") + "\n";
}
