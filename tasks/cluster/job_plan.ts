/** A job: a command that is done in shards, where it runs, and what was submitted of it. */
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { isObject, readJsonFile, writeJsonFile } from "../../src/runs/json_file.ts";
import { sha256Json } from "../../src/runs/provenance.ts";
import type { Resources } from "./resources.ts";

/** What shards are run by. */
export const engines = ["slurm", "kubernetes", "parallel"] as const;

/** One of {@linkcode engines}. */
export type Engine = (typeof engines)[number];

/** What was handed to a batch system at one time. */
export interface Submission {
  /** ISO 8601. */
  readonly at: string;
  readonly engine: Engine;
  /** Numbers of the shards, from 1, as "1-3,7". */
  readonly shards: string;
  /** Name of the job array; absent where the user submits. */
  readonly array?: string;
}

/** What the folder of a job says of it. */
export interface JobPlan {
  readonly engine: Engine;
  /** How many shards there are. */
  readonly shards: number;
  /** The verb and its words, without those of shards. */
  readonly command: readonly string[];
  /** Words of the merge: where the results go, and what the command read. */
  readonly merging: readonly string[];
  /** Working directory of the command, which its paths are relative to. */
  readonly directory: string;
  /** What starts the toolkit, such as `deno task -q`; the verb follows. */
  readonly launcher: readonly string[];
  /** Name and version. */
  readonly toolkit: string;
  readonly resources: Resources;
  /** Folder of the logs. */
  readonly logs: string;
  readonly submissions: readonly Submission[];
  /** Job that merges, where one was submitted. */
  readonly merge?: string;
}

const FORMAT = "els-job";
const VERSION = 1;

/** Name of the plan in the folder of a job. */
export const planFile = "job.json";

/** Name of the folder of a job: the same for the same command in as many shards. */
export async function jobName(
  { command, shards, directory }: Pick<JobPlan, "command" | "shards" | "directory">,
): Promise<string> {
  const hash = await sha256Json({ command: [...command], shards, directory });
  return `${command[0]}-${hash.slice(0, 8)}`;
}

/** Writes the plan into the folder of a job. */
export async function writePlan(folder: string, plan: JobPlan): Promise<void> {
  await writeJsonFile(join(folder, planFile), { format: FORMAT, version: VERSION, ...plan });
}

/**
 * Reads the plan of a job.
 *
 * @returns Undefined if the folder has none.
 * @throws DataFormatError if it is damaged, or of a later version.
 */
export async function readPlan(folder: string): Promise<JobPlan | undefined> {
  const path = join(folder, planFile);
  const found = await readJsonFile(path, { sealed: true });
  if (found === undefined) return undefined;
  if (!isObject(found) || found["format"] !== FORMAT) {
    throw new DataFormatError(path, "it is no plan of a job; name the folder that submit made");
  }
  const { format: _, version, ...plan } = found;
  if (version !== VERSION) {
    throw new DataFormatError(
      path,
      `it is a plan of version ${version}, this release reads version ${VERSION}; use the release ` +
        "that made it",
    );
  }
  // The checksum holds, so it is as it was written.
  return plan as unknown as JobPlan;
}
