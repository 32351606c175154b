/** `deno task submit`: a command in shards, on Slurm, Kubernetes or this machine. @module */
import { join, relative, resolve } from "@std/path";
import { toolkit } from "../src/runs/provenance.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { commandLine } from "./cli/invocation.ts";
import { indexList } from "./cluster/index_list.ts";
import {
  type Engine,
  engines,
  jobName,
  type JobPlan,
  type Submission,
} from "./cluster/job_plan.ts";
import { type JobState, jobState, type ShardState } from "./cluster/job_state.ts";
import {
  checkSharedPaths,
  kubernetesFiles,
  kubernetesLines,
  kubernetesName,
  type KubernetesOptions,
} from "./cluster/kubernetes.ts";
import { containerFile } from "./cluster/containerfile.ts";
import { alone, currentLauncher, openJob, standInsOf } from "./cluster/open_job.ts";
import { parallelFiles, parallelLine, shardsAtATime, xargsLine } from "./cluster/parallel.ts";
import { checkMemory, checkName, checkOneLine, timeSeconds } from "./cluster/resources.ts";
import { shardCommand } from "./cluster/shard_command.ts";
import { shellLine, shellWord } from "./cluster/shell_word.ts";
import { arrayOf, slurmFiles } from "./cluster/slurm.ts";
import { submitToSlurm } from "./cluster/submit_slurm.ts";
import { makeJobFolders, writeJob } from "./cluster/write_job.ts";

const jobsFolder = "runs/jobs";

/** Shards that an array or a job can have. */
const mostShards = 100_000;

/** A path as it is shown and as it lies in a clone, where it does. */
function shown(path: string): string {
  const near = relative(Deno.cwd(), path);
  return near === "" || near.startsWith("..") ? path : near;
}

/** Submissions with one more, unless the last one was of the same shards by the same engine. */
function withSubmission(plan: JobPlan, missing: readonly number[]): readonly Submission[] {
  const { engine, submissions } = plan;
  const shards = indexList(missing);
  const last = submissions.findLast((each) => each.engine === engine);
  if (missing.length === 0 || last?.shards === shards) return submissions;
  return [...submissions, { at: new Date().toISOString(), engine, shards }];
}

/** Shards that are to be done: of what no queue tells here, all that have not left their file. */
function shardsToDo(engine: Engine, { shards }: JobState): number[] {
  const open: readonly ShardState[] = engine === "slurm"
    ? ["failed", "missing"]
    : ["failed", "missing", "pending", "running"];
  return shards.filter(({ state }) => open.includes(state)).map(({ shard }) => shard);
}

/** What is said of shards that are not to be done. */
function passedLine({ shards }: JobState, missing: readonly number[]): string | undefined {
  const parts = (["done", "running", "pending"] as const).flatMap((state) => {
    const found = shards.filter((each) => each.state === state && !missing.includes(each.shard));
    return found.length === 0 ? [] : [`${found.length} ${state}`];
  });
  return parts.length === 0 ? undefined : `Left alone: ${parts.join(", ")}`;
}

/** Name of a job in Kubernetes: a template cannot be changed, so each attempt has its own. */
function clusterName(name: string, attempt: number): string {
  return kubernetesName(`els-${name}${attempt > 1 ? `-${attempt}` : ""}`);
}

/** This command. */
export const verb = defineVerb({
  name: "submit",
  description:
    "Does a command in shards, on the machines of a batch system: writes a folder with scripts or manifests " +
    "and a plan, and hands a job array with a merge that waits for it to Slurm. Run again, it submits what " +
    "failed or is missing, and nothing else. `status` shows how far it is.",
  flags: {
    engine: {
      type: "choice",
      choices: engines,
      required: true,
      help: "What runs the shards; parallel is GNU parallel, on this machine",
    },
    shards: {
      type: "integer",
      min: 1,
      max: mostShards,
      required: true,
      help: "Shards that the work is split into",
    },
    writeOnly: { type: "boolean", help: "Write the folder and submit nothing" },
    ...grouped("Where", {
      limit: {
        type: "integer",
        min: 1,
        help: "At most so many shards at a time; default: no limit",
      },
      cpus: {
        type: "integer",
        min: 1,
        help: "Cores of each shard, and its threads; default: the system's, with parallel 1",
      },
      memory: {
        type: "string",
        placeholder: "4G",
        help: "Memory of each shard, with K, M, G or T",
      },
      time: {
        type: "string",
        placeholder: "TIME",
        help: "Longest time of each shard, as Slurm writes it: 90 (minutes), 1:30:00 or 2-12:00",
      },
      gpus: { type: "integer", min: 1, help: "GPUs of each shard" },
      partition: { type: "string", placeholder: "NAME", help: "Slurm's partition" },
      account: { type: "string", placeholder: "NAME", help: "Slurm's account" },
      sbatch: {
        type: "string",
        placeholder: "WORDS",
        help: 'Further words for sbatch, such as --sbatch="--qos=long --constraint=avx2"',
      },
      setup: {
        type: "string",
        placeholder: "LINES",
        help:
          'Shell before each shard, such as "module load deno"; what fails there ends the shard',
      },
      image: { type: "string", placeholder: "NAME", help: "Image of Kubernetes' containers" },
      claim: {
        type: "string",
        placeholder: "NAME",
        help: "Kubernetes' PersistentVolumeClaim, with the folders runs and downloads in it",
      },
      namespace: { type: "string", placeholder: "NAME", help: "Kubernetes' namespace" },
    }),
    ...grouped("Output", {
      job: {
        type: "string",
        placeholder: "FOLDER",
        path: "write in the folder",
        help: `Folder of the job; default: one in ${jobsFolder} by the command's name`,
      },
      logs: {
        type: "string",
        placeholder: "FOLDER",
        path: "write in the folder",
        help: "Folder of the shards' logs; default: logs in that of the job",
      },
    }),
  },
  rest: { name: "COMMAND", help: "What is done in shards: a verb with its flags, behind --" },
  examples: [
    "submit --engine slurm --shards 40 --limit 10 --time 2:00:00 -- calibrate --samples 400 --images 1000",
    "submit --engine parallel --shards 4 -- sample --samples 400",
    "submit --engine kubernetes --shards 40 --image els --claim shared -- evaluate --samples 400",
  ],
  result: {
    "job": "folder of the job",
    "engine": "what runs the shards",
    "shards": "how many there are",
    "submitted": "numbers of the shards that were handed over, or are in what was written",
    "left": "shards that are done, running or pending, by number",
    "array": "number of Slurm's job array; null: none was submitted",
    "merge": "number of the job that merges; null: none was submitted",
    "lines": "command lines to run by hand",
  },
}, async ({ flags, rest, print, progress }) => {
  const { engine, shards, limit, cpus, memory, time, gpus, partition, account, sbatch, setup } =
    flags;
  if (memory !== undefined) checkMemory(memory);
  if (time !== undefined) timeSeconds(time);
  for (const name of ["partition", "account", "claim", "namespace"] as const) {
    checkName(name, flags[name]);
  }
  checkOneLine("sbatch", sbatch);
  for (const name of ["image", "claim"] as const) {
    if (engine === "kubernetes" && flags[name] === undefined) {
      throw new UsageError(`--${name} is missing, expected its name with --engine kubernetes`);
    }
  }
  const threads = cpus ?? (engine === "parallel" ? 1 : undefined);
  const command = await shardCommand(rest, { shards, cpus: threads });
  if (engine === "kubernetes") {
    checkSharedPaths(command.paths);
  }
  const directory = Deno.cwd();
  const name = await jobName({ command: command.words, shards, directory });
  const folder = resolve(flags.job ?? join(jobsFolder, name));
  const resources = Object.fromEntries(
    Object.entries({ limit, cpus: threads, memory, time, gpus, partition, account, sbatch, setup })
      .filter(([, value]) => value !== undefined),
  );
  const wanted: JobPlan = {
    ...{ engine, shards, directory, toolkit, resources, submissions: [] },
    command: command.words,
    merging: command.merging,
    launcher: currentLauncher(),
    logs: resolve(flags.logs ?? join(folder, "logs")),
  };
  const opened = await openJob(folder, wanted);
  await makeJobFolders(folder, opened.logs);
  return await alone(folder, async () => {
    const state = await jobState(opened, folder);
    const missing = shardsToDo(engine, state);
    const plan = engine === "slurm"
      ? opened
      : { ...opened, submissions: withSubmission(opened, missing) };
    const attempts = plan.submissions.filter((each) => each.engine === "kubernetes").length;
    const kubernetes: KubernetesOptions | undefined = engine !== "kubernetes" ? undefined : {
      ...{ image: flags.image!, claim: flags.claim!, namespace: flags.namespace, missing },
      name: clusterName(name, attempts),
      before: attempts > 1 ? clusterName(name, attempts - 1) : undefined,
      folder: shown(folder).replaceAll("\\", "/"),
    };
    const jobs = shardsAtATime(plan, navigator.hardwareConcurrency);
    if (plan.submissions.length > opened.submissions.length) {
      // What GNU parallel remembers is of the shards before.
      await Deno.remove(join(folder, parallelFiles.log)).catch(() => {});
    }
    await writeJob(plan, { folder, jsr: await standInsOf(directory), missing, jobs, kubernetes });
    print(`Job: ${shown(folder)} (${shellLine(command.words)}, ${shards} shards)`);
    for (const { damage } of state.shards) if (damage !== undefined) progress.note(damage);
    const passed = passedLine(state, missing);
    if (passed !== undefined) print(passed);
    const left = state.shards.filter(({ shard }) => !missing.includes(shard)).map(({ shard }) =>
      shard
    );
    const result = { job: folder, engine, shards, left, submitted: missing };
    const byHand = (lines: readonly string[]) => {
      print(missing.length === 0 ? "Nothing is missing. To merge:" : "To run:");
      for (const line of lines) print(`  ${line}`);
      return { ...result, array: null, merge: null, lines };
    };
    if (kubernetes !== undefined) {
      const near = (file: string) => join(shown(folder), file);
      const lines = kubernetesLines(kubernetes, {
        files: { shards: near(kubernetesFiles.shards), merge: near(kubernetesFiles.merge) },
        containerfile: near(containerFile),
      });
      return byHand(missing.length === 0 ? lines.slice(-1) : lines);
    }
    if (engine === "parallel") {
      const lines = [shellLine(["sh", join(shown(folder), parallelFiles.script)])];
      if (missing.length === 0) return byHand([shellLine(["sh", join(shown(folder), "merge.sh")])]);
      const without = xargsLine(plan, { folder, jobs, missing });
      const found = byHand(lines);
      print(`That is: ${parallelLine(plan, { folder, jobs, missing })}`);
      print(`Without GNU parallel: ${without}`);
      return found;
    }
    if (flags.writeOnly) {
      return byHand([
        `id=$(${
          shellLine([
            ...["sbatch", "--parsable", `--array=${arrayOf(missing, limit)}`],
            join(folder, slurmFiles.array),
          ])
        })`,
        `sbatch --dependency=afterok:"$id" ${shellWord(join(folder, slurmFiles.merge))}`,
      ]);
    }
    const { array, merge } = await submitToSlurm(plan, { folder, state, missing });
    if (array !== undefined) print(`Shards ${indexList(missing)}: job array ${array}`);
    if (merge !== undefined) print(`Merge: job ${merge}`);
    if (array === undefined && merge === undefined) print("Everything is done: nothing to submit");
    print(`How far it is: ${commandLine(`status ${shellWord(shown(folder))}`)}`);
    return { ...result, array: array ?? null, merge: merge ?? null, lines: [] };
  });
});

if (import.meta.main) await runVerb(verb);
