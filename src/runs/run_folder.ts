/**
 * Numbered folders that hold what a command wrote: `runs/00007-calibrate-mnist-resnet/`.
 *
 * A run is identified by its command and resolved configuration, so that the same command run again
 * finds its folder and goes on.
 */
import { join } from "@std/path";
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { runtimeName } from "../core/runtime.ts";
import { writeJsonText } from "../formats/json_text.ts";
import { removeTemporaries, writeFileAtomic } from "./atomic_write.ts";
import { readJsonFile } from "./json_file.ts";
import { sha256Json, toolkit } from "./provenance.ts";
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
  /** What the run handed to {@linkcode Run.finish}; undefined while it is not finished. */
  readonly finished: RunConfig | undefined;
}

/**
 * Options of {@linkcode openRun}.
 *
 * @category Runs
 */
export interface OpenRunOptions {
  /** Folder that holds the runs; made when missing. Default "runs". */
  readonly root?: string;
  /** The verb, such as "calibrate". */
  readonly command: string;
  /** What the folder's name says besides, such as "mnist-resnet". */
  readonly label?: string;
  /** The resolved configuration: everything that decides the result. */
  readonly config: RunConfig;
  /** Begins a new run even where one of the same configuration exists. Default false. */
  readonly fresh?: boolean;
}

/**
 * A run that this process works on; no other process can open it meanwhile.
 *
 * @example
 * ```ts
 * import { openRun } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * const options = { root, command: "train", label: "mine", config: { steps: 20 } };
 * {
 *   using run = await openRun(options);
 *   assertEquals([run.name, run.resumed], ["00001-train-mine", false]);
 *   await run.finish({ loss: 0.1 });
 * }
 * // The same command and configuration finds its folder again.
 * using again = await openRun(options);
 * assertEquals(again.finished, { loss: 0.1 });
 * ```
 *
 * @category Runs
 */
export class Run implements RunRecord, Disposable {
  readonly number: number;
  readonly name: string;
  readonly path: string;
  readonly command: string;
  readonly label: string;
  readonly started: Date;
  readonly config: RunConfig;
  readonly configSha256: string;
  /** Whether the folder was there before. */
  readonly resumed: boolean;
  /** What is wrong with folders that were looked at before this one was made, and cannot be read. */
  readonly passedOver: readonly DataFormatError[];
  #finished: RunConfig | undefined;
  readonly #lock: Deno.FsFile;

  /** Made by {@linkcode openRun}. */
  constructor(
    record: RunRecord,
    options: {
      resumed: boolean;
      lock: Deno.FsFile;
      passedOver?: readonly DataFormatError[];
    },
  ) {
    const { resumed, lock, passedOver = [] } = options;
    ({
      number: this.number,
      name: this.name,
      path: this.path,
      command: this.command,
      label: this.label,
      started: this.started,
      config: this.config,
      configSha256: this.configSha256,
      finished: this.#finished,
    } = record);
    this.resumed = resumed;
    this.passedOver = passedOver;
    this.#lock = lock;
  }

  /** What the run handed to {@linkcode Run.finish}; undefined while it is not finished. */
  get finished(): RunConfig | undefined {
    return this.#finished;
  }

  /** Path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** One line for people: whether the run is new, goes on, or has nothing left to do. */
  get status(): string {
    if (this.#finished !== undefined) return `${this.path} is finished: nothing left to do`;
    if (this.resumed) return `Resuming ${this.path}`;
    const problems = this.passedOver.map(({ message }) => `; passed over ${message}`);
    return `New run ${this.path}${problems.join("")}`;
  }

  /**
   * Marks the run as finished, as the last thing that it does.
   *
   * @param summary Plain data worth keeping, such as the names of artifacts and the main numbers.
   */
  async finish(summary: RunConfig = {}): Promise<void> {
    await writeFileAtomic(this.file("finished.json"), writeJsonText(summary));
    this.#finished = summary;
  }

  /** Lets other processes open the run. The end of the process does so too. */
  [Symbol.dispose](): void {
    this.#lock.close();
  }
}

/**
 * Opens the newest run of the same command and configuration, or makes a new folder with the next number.
 *
 * Several processes may do so at once: numbers are unique, and a folder is never seen without its
 * `config.json`.
 *
 * @example
 * ```ts
 * import { openRun } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * using run = await openRun({ root, command: "train", config: { steps: 20, seed: 1 } });
 * await Deno.writeTextFile(run.file("notes.txt"), "the first one");
 * assertEquals(run.number, 1);
 * ```
 *
 * @throws RangeError if the command is not a lower-case word, or the configuration holds NaN.
 * @throws Deno.errors.Busy if another process works on the run.
 * @category Runs
 */
export async function openRun(
  options: OpenRunOptions,
): Promise<Run> {
  const { root = "runs", command, label = "", config, fresh = false } = options;
  requireDeno("open a run");
  if (!/^[a-z][a-z0-9_]*$/.test(command)) {
    throw new ArgumentError(`Cannot open a run of "${command}": expected a lower-case word`);
  }
  await Deno.mkdir(root, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.NotADirectory(
      `Cannot keep runs in ${root}: it is a file, expected a folder or a new name`,
    );
  });
  let passedOver: readonly DataFormatError[] = [];
  if (!fresh) {
    const configSha256 = await sha256Json({ command, config });
    const { runs, problems } = await listRuns(root);
    passedOver = problems;
    const found = runs.findLast((run) => run.configSha256 === configSha256);
    if (found !== undefined) {
      const lock = await lockRun(found.path);
      await removeTemporaries(found.path);
      // Another process may have finished it between the listing and the lock.
      return new Run(await readRun(root, found.name), { resumed: true, lock });
    }
  }
  const name = await createFolder(root, { command, label, config });
  const lock = await lockRun(join(root, name));
  return new Run(await readRun(root, name), { resumed: false, lock, passedOver });
}

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
  const names = (await folderNames(root)).filter((name) => /^\d{5,}-./.test(name));
  const runs: RunRecord[] = [];
  const problems: DataFormatError[] = [];
  for (const name of names) {
    try {
      runs.push(await readRun(root, name));
    } catch (error) {
      if (!(error instanceof DataFormatError)) throw error;
      problems.push(error);
    }
  }
  return { runs: runs.sort((a, b) => a.number - b.number), problems };
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
  let lock: Deno.FsFile;
  try {
    lock = await Deno.open(join(path, ".lock"), { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "stopped";
    throw error;
  }
  // A shared lock for a moment: whoever works on the run holds it for itself.
  const free = await lock.tryLock(false);
  lock.close();
  return free ? "stopped" : "running";
}

async function createFolder(
  root: string,
  { command, label, config }: { command: string; label: string; config: RunConfig },
): Promise<string> {
  const words = label.toLowerCase().split(/[^a-z0-9_]+/).filter((word) => word !== "");
  const text = writeJsonText({
    format: "els-run",
    version: 1,
    command,
    toolkit,
    runtime: runtimeName(),
    started: new Date().toISOString(),
    config,
  });
  const numberOf = (name: string) => Number(/^(\d{5,})(-|$)/.exec(name)?.[1] ?? 0);
  for (;;) {
    const names = await folderNames(root);
    const number = String(names.reduce((last, name) => Math.max(last, numberOf(name)), 0) + 1)
      .padStart(5, "0");
    // Whoever makes the bare number owns it until it gets its name.
    const reserved = join(root, number);
    try {
      await Deno.mkdir(reserved);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue;
      throw error;
    }
    // It may have been named, and so set free, between our look and our mkdir.
    if ((await folderNames(root)).some((name) => name.startsWith(`${number}-`))) {
      await Deno.remove(reserved);
      continue;
    }
    const name = [number, command, ...words].join("-");
    await writeFileAtomic(join(reserved, "config.json"), text);
    await Deno.rename(reserved, join(root, name));
    return name;
  }
}

async function readRun(root: string, name: string): Promise<RunRecord> {
  const path = join(root, name);
  const file = join(path, "config.json");
  const { format, version, command, started, config } = await readObject(file) ?? {};
  if (format !== "els-run" || version !== 1 || typeof command !== "string" || !isObject(config)) {
    throw new DataFormatError(file, "missing, or not a run's configuration");
  }
  return {
    number: Number.parseInt(name),
    name,
    path,
    command,
    label: /^\d+-[^-]*-?(.*)$/.exec(name)?.[1] ?? "",
    // Earlier releases wrote the file once and its time not at all.
    started: typeof started === "string"
      ? new Date(started)
      : (await Deno.stat(file)).mtime ?? new Date(0),
    config,
    configSha256: await sha256Json({ command, config }),
    finished: await readObject(join(path, "finished.json")),
  };
}

async function readObject(path: string): Promise<RunConfig | undefined> {
  const value = await readJsonFile(path);
  if (value === undefined || isObject(value)) return value;
  throw new DataFormatError(path, "not a JSON object");
}

async function lockRun(path: string): Promise<Deno.FsFile> {
  const lock = await Deno.open(join(path, ".lock"), { create: true, write: true });
  if (await lock.tryLock(true)) return lock;
  // It may only have been looked at, which takes no time.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (await lock.tryLock(true)) return lock;
  lock.close();
  throw new Deno.errors.Busy(`Cannot open ${path}: another process works on it; wait for its end`);
}

async function folderNames(root: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(root)) if (isDirectory) names.push(name);
    return names;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const isObject = (value: unknown): value is RunConfig =>
  typeof value === "object" && value !== null && !Array.isArray(value);
