/** Slurm: the script of a job array, the job that merges, and what the queue says of them. */
import { CommandError } from "../cli/command.ts";
import { oneLine } from "../../src/core/quoted.ts";
import { scriptFiles } from "./job_scripts.ts";
import type { JobPlan } from "./job_plan.ts";
import { indexList } from "./index_list.ts";
import { shellWord } from "./shell_word.ts";

/** Names of the scripts for sbatch in the folder of a job. */
export const slurmFiles = { array: "array.slurm", merge: "merge.slurm" } as const;

/** Value of `--array` for shards. */
export function arrayOf(shards: readonly number[], limit: number | undefined): string {
  return `${indexList(shards)}${limit === undefined ? "" : `%${limit}`}`;
}

/** A path in the name of a log, where % begins what Slurm replaces. */
const logPath = (path: string) => path.replaceAll("%", "%%");

/**
 * A value on a line of #SBATCH, which reads double quotes and nothing within them.
 *
 * @throws CommandError for what cannot be written there.
 */
function sbatchValue(value: string): string {
  if (/["\\\r\n]/.test(value)) {
    throw new CommandError(
      `Cannot name ${
        JSON.stringify(value)
      } in a script of Slurm: there are quotes, a backslash or a ` +
        "line break in it; choose another folder",
    );
  }
  return `"${value}"`;
}

/** Lines of #SBATCH that shards and merge have in common. */
function resourceLines({ resources }: JobPlan): string[] {
  const { partition, account, time, memory, cpus, gpus, sbatch } = resources;
  const values = { partition, account, time, mem: memory, "cpus-per-task": cpus };
  return [
    ...Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`#SBATCH --${name}=${value}`]
    ),
    ...gpus === undefined ? [] : [`#SBATCH --gres=gpu:${gpus}`],
    ...sbatch === undefined ? [] : [`#SBATCH ${sbatch}`],
  ];
}

interface JobScript {
  readonly name: string;
  readonly log: string;
  readonly about: string;
  readonly lines: readonly string[];
  readonly command: string;
}

/** A script for sbatch; it needs nothing of the environment in which it was submitted. */
function slurmScript(plan: JobPlan, { name, log, about, lines, command }: JobScript): string {
  return [
    "#!/bin/sh",
    `#SBATCH --job-name=${name}`,
    `#SBATCH --output=${sbatchValue(log)}`,
    ...lines,
    ...resourceLines(plan),
    `# ${about}`,
    `exec ${command}`,
  ].join("\n") + "\n";
}

/** Script of the job array: `sbatch array.slurm` runs all shards. */
export function arrayScript(plan: JobPlan, { folder }: { readonly folder: string }): string {
  const { shards, resources, command, logs } = plan;
  const all = Array.from({ length: shards }, (_, i) => i + 1);
  return slurmScript(plan, {
    name: `els-${command[0]}`,
    log: `${logPath(logs)}/%A_%a.log`,
    // What is given to sbatch by hand goes before.
    lines: [
      `#SBATCH --array=${arrayOf(all, resources.limit)}`,
      "#SBATCH --open-mode=append",
    ],
    about: "The number of a task is that of the shard.",
    command: `sh ${shellWord(`${folder}/${scriptFiles.shard}`)} "$SLURM_ARRAY_TASK_ID"`,
  });
}

/** Script of the job that merges. */
export function mergeJobScript(plan: JobPlan, { folder }: { readonly folder: string }): string {
  return slurmScript(plan, {
    name: `els-${plan.command[0]}-merge`,
    log: `${logPath(plan.logs)}/merge_%j.log`,
    lines: [],
    about: "Begins when all shards have ended well: submit says so to sbatch.",
    command: `sh ${shellWord(`${folder}/${scriptFiles.merge}`)}`,
  });
}

/** What a program came to. */
interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts a program of Slurm; undefined where there is none, or it may not be started. */
async function start(program: string, args: readonly string[]): Promise<Outcome | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, out: text(stdout), err: text(stderr) };
  } catch (error) {
    const { NotFound, NotCapable, PermissionDenied } = Deno.errors;
    if ([NotFound, NotCapable, PermissionDenied].some((kind) => error instanceof kind)) {
      return undefined;
    }
    throw error;
  }
}

/** What a program of Slurm complains of, without what it begins every line with. */
const complaint = (program: string, { err, out, code }: Outcome): string =>
  oneLine(
    (err || out || `exit code ${code}`).split("\n")
      .map((line) => line.replace(`${program}: `, "").replace(/^error: /, "")).join("; "),
  );

/**
 * Submits a script.
 *
 * @returns Number of the job.
 * @throws CommandError if there is no sbatch, or it refuses.
 */
export async function sbatch(script: string, options: readonly string[]): Promise<string> {
  const outcome = await start("sbatch", ["--parsable", ...options, script]);
  if (outcome === undefined) {
    throw new CommandError(
      "Cannot submit: found no sbatch that may be started, expected Slurm's programs on the PATH; run " +
        "this where jobs are submitted, or add --write-only",
    );
  }
  const id = /^(\d+)(;|$)/m.exec(outcome.out)?.[1];
  if (outcome.code === 0 && id !== undefined) return id;
  throw new CommandError(`Cannot submit ${script}: sbatch says ${complaint("sbatch", outcome)}`);
}

/** Takes a job out of the queue; one that is not there any more is none of our concern. */
export async function scancel(job: string): Promise<void> {
  await start("scancel", ["--quiet", job]);
}

/** What the queue says of jobs. */
export interface Queue {
  /** Shards by state. */
  readonly running: ReadonlySet<number>;
  readonly pending: ReadonlySet<number>;
  /** Job arrays that have tasks in the queue. */
  readonly arrays: ReadonlySet<string>;
  /** Other jobs that wait or run, such as the merge, and which of these. */
  readonly jobs: ReadonlyMap<string, "pending" | "running">;
}

/**
 * Asks the queue about jobs, each task of an array for itself.
 *
 * @param jobs Numbers of jobs and arrays; those that ended long ago are unknown to Slurm.
 * @returns Undefined where there is no squeue.
 * @throws CommandError if it does not answer.
 */
export async function askQueue(jobs: readonly string[]): Promise<Queue | undefined> {
  const running = new Set<number>();
  const pending = new Set<number>();
  const arrays = new Set<string>();
  const others = new Map<string, "pending" | "running">();
  const queue = { running, pending, arrays, jobs: others };
  if (jobs.length === 0) return queue;
  const outcome = await start("squeue", [
    ...["--noheader", "--array", `--jobs=${jobs.join(",")}`, "--format=%F %K %T"],
  ]);
  if (outcome === undefined) return undefined;
  if (outcome.code !== 0 && !/invalid job id/i.test(outcome.err)) {
    throw new CommandError(`Cannot ask the queue: squeue says ${complaint("squeue", outcome)}`);
  }
  for (const line of outcome.out.split("\n")) {
    const [job, task, state] = line.trim().split(/\s+/);
    if (job === undefined || task === undefined || state === undefined) continue;
    // One that is COMPLETING may still be saving.
    const waits = /^(PENDING|CONFIGURING|REQUEUED|REQUEUE_HOLD|SPECIAL_EXIT|RESV_DEL_HOLD)$/
      .test(state);
    if (/^\d+$/.test(task)) {
      arrays.add(job);
      (waits ? pending : running).add(Number(task));
    } else others.set(job, waits ? "pending" : "running");
  }
  return queue;
}
