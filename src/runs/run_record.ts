/** What the folders of runs say: configuration, results, and what is wrong with them. */
import { join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { type Artifact, finishedFile, parseArtifacts } from "./artifacts.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { hasChecksum, isObject, parseSealedJson, readJsonFile } from "./json_file.ts";
import { previousOf, readGenerations } from "./kept_file.ts";
import { sha256Json } from "./provenance.ts";
import { requireDeno } from "./require_deno.ts";

/**
 * The resolved configuration of a command: plain data that JSON can hold.
 *
 * @category Runs
 */
export type RunConfig = Readonly<Record<string, unknown>>;

/**
 * What a folder says about its run.
 *
 * @category Runs
 */
export interface RunRecord {
  /** Number of the run, from 1. */
  readonly number: number;
  /** Name of the folder, such as "00007-calibrate-mnist-resnet". */
  readonly name: string;
  /** Path of the folder. */
  readonly path: string;
  /** The verb, such as "calibrate". */
  readonly command: string;
  /** What the folder's name says besides, such as "mnist-resnet"; empty if nothing. */
  readonly label: string;
  /** When the folder was made. */
  readonly started: Date;
  /** The resolved configuration. */
  readonly config: RunConfig;
  /** SHA-256 (hex) of command and configuration. */
  readonly configSha256: string;
  /** What the run handed over when it finished; undefined while it is not finished. */
  readonly finished: RunConfig | undefined;
  /** Its files at that time; absent where a run of an earlier release does not list them. */
  readonly artifacts?: readonly Artifact[] | undefined;
  /** What is wrong with the files that say so. */
  readonly problems: readonly DataFormatError[];
}

/** Name of the file with a run's configuration. */
export const configFile = "config.json";

/** Makes both copies of a run's configuration whole, if one is; runs of earlier releases have one. */
export async function restoreConfig(folder: string): Promise<void> {
  const path = join(folder, configFile);
  const { whole } = await readGenerations(path, parseConfig);
  const [newest] = whole;
  if (newest === undefined || whole.length === 2) return;
  const other = newest.path === path ? previousOf(path) : path;
  await writeFileAtomic(other, await Deno.readFile(newest.path));
}

/** Names of run folders. */
const runName = /^\d{5,}-./;

/**
 * Lists the runs of a folder by number. One that cannot be read is a problem, not an end.
 *
 * @example
 * ```ts
 * import { listRuns, openRun } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * using _run = await openRun({ root, command: "train", config: { steps: 20 } });
 * const { runs, problems } = await listRuns(root);
 * assertEquals(runs.map(({ name }) => name), ["00001-train"]);
 * assertEquals(problems, []);
 * ```
 *
 * @param root Folder that holds the runs; none are found where it is missing.
 * @category Runs
 */
export async function listRuns(
  root = "runs",
): Promise<{ runs: RunRecord[]; problems: DataFormatError[] }> {
  requireDeno("list runs");
  const runs: RunRecord[] = [];
  const problems: DataFormatError[] = [];
  for (const { name } of await entriesOf(root)) {
    if (!runName.test(name)) continue;
    try {
      const run = await readRun(root, name);
      runs.push(run);
      problems.push(...run.problems);
    } catch (error) {
      if (!(error instanceof DataFormatError)) throw error;
      problems.push(error);
    }
  }
  return { runs: runs.sort((a, b) => a.number - b.number), problems };
}

/**
 * Reads what a folder says about its run.
 *
 * @throws DataFormatError if it says nothing that can be believed, or cannot be read at all.
 */
export async function readRun(root: string, name: string): Promise<RunRecord> {
  const path = join(root, name);
  const file = join(path, configFile);
  const problems: DataFormatError[] = [];
  const { whole: [newest], damage } = await readable(
    path,
    () => readGenerations(file, parseConfig),
  );
  if (newest === undefined) {
    throw damage === undefined
      ? new DataFormatError(file, "missing, or not a run's configuration")
      : ownError(damage, file);
  }
  if (damage !== undefined) {
    const come = newest.path === file ? "the copy is made anew" : "its copy is read";
    problems.push(ownError(`${damage}; ${come}`, file));
  }
  const { command, started, config, sealed } = newest.value;
  const given = new Date(typeof started === "string" ? started : NaN);
  let finished: RunConfig | undefined;
  let artifacts: readonly Artifact[] | undefined;
  try {
    const said = await readable(path, () => readJsonFile(join(path, finishedFile), { sealed }));
    if (said !== undefined && !isObject(said)) {
      throw new DataFormatError(join(path, finishedFile), "not a JSON object");
    }
    if (said !== undefined) {
      const { artifacts: list, ...summary } = said;
      finished = summary;
      artifacts = parseArtifacts(list);
    }
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    const what = `${error.message}; the run counts as not finished until its command is run again`;
    problems.push(ownError(what, join(path, finishedFile)));
  }
  return {
    number: Number.parseInt(name),
    name,
    path,
    command,
    label: /^\d+-[^-]*-?(.*)$/.exec(name)?.[1] ?? "",
    // Earlier releases wrote the file once and its time not at all.
    started: Number.isNaN(given.getTime()) ? (await Deno.stat(file)).mtime ?? new Date(0) : given,
    config,
    configSha256: await sha256Json({ command, config }),
    finished,
    artifacts,
    problems,
  };
}

/** An error whose message names the file already. */
function ownError(message: string, source: string): DataFormatError {
  return new DataFormatError(source, message.replace(`${source}: `, ""));
}

interface ConfigFile {
  readonly command: string;
  readonly started?: unknown;
  readonly config: RunConfig;
  /** Whether it has a checksum; then all that the run says has. */
  readonly sealed: boolean;
}

function parseConfig(bytes: Uint8Array, source: string): ConfigFile {
  const value = parseSealedJson(bytes, source);
  const { format, version, command, started, config } = isObject(value) ? value : {};
  if (format !== "els-run" || version !== 1 || typeof command !== "string" || !isObject(config)) {
    throw new DataFormatError(source, "missing, or not a run's configuration");
  }
  return { command, started, config, sealed: hasChecksum(bytes) };
}

/** What the system says of a folder that cannot be read, in our words; asked for where there is Deno. */
const unreadable = (): readonly (readonly [new (message: string) => Error, string])[] => [
  [Deno.errors.PermissionDenied, "the system permits no access to it"],
  [Deno.errors.IsADirectory, "one of its files is a folder"],
  [Deno.errors.NotADirectory, "it is a file, expected the folder of a run"],
  [Deno.errors.FilesystemLoop, "its links lead round in a circle"],
];

/** Does something with a folder; where the system refuses it, that is a fault of the folder. */
async function readable<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof DataFormatError || !(error instanceof Error)) throw error;
    const [, why] = unreadable().find(([kind]) => error instanceof kind) ?? [];
    if (why !== undefined) throw new DataFormatError(path, why, { cause: error });
    if (!/\(os error \d+\)/.test(error.message)) throw error;
    throw new DataFormatError(path, `it cannot be read: ${error.message}`, { cause: error });
  }
}

/** What lies in the folder of runs; nothing where that is missing. */
export async function entriesOf(root: string): Promise<Deno.DirEntry[]> {
  try {
    const entries: Deno.DirEntry[] = [];
    for await (const entry of Deno.readDir(root)) entries.push(entry);
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * How far a run is: a run that nobody works on and that is not finished was stopped.
 *
 * @category Runs
 */
export type RunState = "finished" | "running" | "stopped";

/**
 * Looks how far a run is.
 *
 * @category Runs
 */
export async function runState(run: RunRecord): Promise<RunState> {
  const { path, finished } = run;
  if (finished !== undefined) return "finished";
  // A lock that cannot be opened is held by nobody, or by somebody whose runs are not ours to look at.
  const lock = await Deno.open(join(path, ".lock"), { read: true }).catch(() => undefined);
  if (lock === undefined) return "stopped";
  // A shared lock for a moment: whoever works on the run holds it for itself.
  const free = await lock.tryLock(false);
  lock.close();
  return free ? "stopped" : "running";
}
