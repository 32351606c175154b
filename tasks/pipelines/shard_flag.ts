/** Which share of the work a process does: of a flag, or of the batch system that started it. */
import { CommandError } from "../cli/command.ts";
import { grouped, UsageError } from "../cli/flags.ts";

/** A share of the work: number `index`, from 1, of `count`. */
export interface ShardChoice {
  readonly index: number;
  readonly count: number;
}

/** The flag of a command whose work can be split. */
export const shardFlags = grouped("Where", {
  shard: {
    type: "string",
    placeholder: "I/N",
    help:
      "Do the I-th of N shares, 1/N to N/N, for merge to join; none: all of it; default: the share of " +
      "SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX where a batch system sets it, else all",
  },
  shardFolder: {
    type: "string",
    placeholder: "FOLDER",
    path: "write in the folder",
    help:
      "Folder of the share's file; default: one in shards, in the folder of the runs, by what is done",
  },
});

/** Variables of batch systems that say which share a process is to do. */
export const shardVariables: readonly string[] = [
  ...["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"],
  ...["SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"],
  ...["JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"],
];

/** Reads a variable of the environment; undefined where it is not set, or may not be read. */
export type ReadVariable = (name: string) => string | undefined;

/** The environment of this process, as far as it may be read. */
const processVariable: ReadVariable = (variable) => {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
};

/**
 * Reads a share such as 2/4.
 *
 * @param options The flag that has it, and what else that may have.
 * @throws UsageError if it is none.
 */
export function parseShardChoice(
  text: string,
  { flag, or = "" }: { readonly flag: string; readonly or?: string },
): ShardChoice {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new UsageError(
      `${flag} is ${JSON.stringify(text)}, expected such as 2/4, from 1/4 to 4/4${or}`,
    );
  }
  return { index, count };
}

/** The share that is asked for, and by whom. */
export interface RequestedShard extends ShardChoice {
  /** In words, for the line that tells it. */
  readonly by: string;
}

/**
 * The share that a flag asks for, or else the batch system: a Slurm array from 0 or 1 on without gaps
 * (SLURM_ARRAY_TASK_ID, _COUNT, _MIN, _MAX, _STEP), or an Indexed Job of Kubernetes (JOB_COMPLETION_INDEX, from 0,
 * with the number of shares in JOB_COMPLETIONS).
 *
 * @param given Value of the flag.
 * @returns Undefined for all of the work.
 * @throws UsageError if the flag is none such; CommandError if the batch system does not say how many there are.
 */
export function requestedShard(
  given: string | undefined,
  variable: ReadVariable = processVariable,
): RequestedShard | undefined {
  if (given === "none") return undefined;
  if (given !== undefined) {
    return { ...parseShardChoice(given, { flag: "--shard", or: ", or none" }), by: "--shard" };
  }
  return slurmShard(variable) ?? kubernetesShard(variable);
}

/** A variable that is a whole number; undefined where it is not set. */
function numberOf(name: string, variable: ReadVariable): number | undefined {
  const text = variable(name);
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) {
    throw new CommandError(
      `${name} is ${
        JSON.stringify(text)
      }, expected a whole number; say which share with --shard I/N`,
    );
  }
  return Number(text);
}

function slurmShard(variable: ReadVariable): RequestedShard | undefined {
  const id = numberOf("SLURM_ARRAY_TASK_ID", variable);
  if (id === undefined) return undefined;
  const [count, min, max, step = 1] = ["COUNT", "MIN", "MAX", "STEP"]
    .map((name) => numberOf(`SLURM_ARRAY_TASK_${name}`, variable));
  if (count === undefined || min === undefined || max === undefined) {
    throw new CommandError(
      "SLURM_ARRAY_TASK_ID is set, and COUNT, MIN or MAX of the array is not; say which share with " +
        "--shard I/N, or --shard none for all of the work",
    );
  }
  // Of an array that leaves out numbers, as one that repeats what failed, the count is not that of the shares.
  if (min > 1 || (max - min) / step + 1 !== count) {
    throw new CommandError(
      `The Slurm array has ${count} tasks from ${min} to ${max}, which does not say of how many shares: ` +
        "say which with --shard I/N, or --shard none for all of the work",
    );
  }
  return { index: (id - min) / step + 1, count, by: `SLURM_ARRAY_TASK_ID ${id}` };
}

function kubernetesShard(variable: ReadVariable): RequestedShard | undefined {
  const index = numberOf("JOB_COMPLETION_INDEX", variable);
  if (index === undefined) return undefined;
  const count = numberOf("JOB_COMPLETIONS", variable);
  if (count === undefined || index >= count) {
    throw new CommandError(
      `JOB_COMPLETION_INDEX is ${index}, and JOB_COMPLETIONS ${
        count ?? "not set"
      }: set that to the job's completions, ` +
        "or say which share with --shard I/N, or --shard none for all of the work",
    );
  }
  return { index: index + 1, count, by: `JOB_COMPLETION_INDEX ${index}` };
}
