/** Writes the folder of a job: plan, scripts, and what the engine takes. */
import { join } from "@std/path";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { type JobPlan, writePlan } from "./job_plan.ts";
import { mergeScript, scriptFiles, shardScript } from "./job_scripts.ts";
import { containerFile, containerFileText } from "./containerfile.ts";
import {
  kubernetesFiles,
  type KubernetesOptions,
  manifestText,
  mergeJob,
  shardsJob,
} from "./kubernetes.ts";
import { parallelFiles, parallelScript } from "./parallel.ts";
import { arrayScript, mergeJobScript, slurmFiles } from "./slurm.ts";
import { shardFolder } from "./shard_words.ts";

/** What the files depend on beside the plan. */
export interface JobFilesOptions {
  /** Folder of the job, whole. */
  readonly folder: string;
  readonly jsr: string | undefined;
  /** Shards that are to be done. */
  readonly missing: readonly number[];
  /** Shards at a time on this machine. */
  readonly jobs: number;
  readonly kubernetes: KubernetesOptions | undefined;
}

/** Files of a job by name. */
export function jobFiles(plan: JobPlan, options: JobFilesOptions): ReadonlyMap<string, string> {
  const { folder, jobs, missing, kubernetes } = options;
  const files = new Map<string, string>();
  if (kubernetes !== undefined) {
    files.set(kubernetesFiles.shards, manifestText(shardsJob(plan, kubernetes)));
    files.set(kubernetesFiles.merge, manifestText(mergeJob(plan, kubernetes)));
    files.set(containerFile, containerFileText());
    return files;
  }
  files.set(scriptFiles.shard, shardScript(plan, options));
  files.set(scriptFiles.merge, mergeScript(plan, options));
  if (plan.engine === "slurm") {
    files.set(slurmFiles.array, arrayScript(plan, { folder }));
    files.set(slurmFiles.merge, mergeJobScript(plan, { folder }));
  } else files.set(parallelFiles.script, parallelScript(plan, { folder, jobs, missing }));
  return files;
}

/** Makes the folders of a job. */
export async function makeJobFolders(folder: string, logs: string): Promise<void> {
  // Slurm makes no folders: a job whose log has none ends without a word.
  for (const path of [folder, shardFolder(folder), logs]) {
    await Deno.mkdir(path, { recursive: true });
  }
}

/** Writes plan and files. */
export async function writeJob(plan: JobPlan, options: JobFilesOptions): Promise<void> {
  await writePlan(options.folder, plan);
  for (const [name, text] of jobFiles(plan, options)) {
    await writeFileAtomic(join(options.folder, name), text);
  }
}
