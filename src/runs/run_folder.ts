/**
 * Numbered folders that hold what a command wrote: `runs/00007-calibrate-mnist-resnet/`.
 *
 * A run is identified by its command and resolved configuration, so that the same command run again
 * finds its folder and goes on.
 */
import { join } from "@std/path";
import { ArgumentError, type DataFormatError } from "../core/errors.ts";
import { runtimeName } from "../core/runtime.ts";
import { type Artifact, damagedArtifacts, describeArtifacts, finishedFile } from "./artifacts.ts";
import { removeTemporaries, writeFileAtomic } from "./atomic_write.ts";
import { sealedJsonText, writeJsonFile } from "./json_file.ts";
import { sha256Json, toolkit } from "./provenance.ts";
import { requireDeno } from "./require_deno.ts";
import { createRunFolder } from "./run_creation.ts";
import { listRuns, readRun, restoreConfig, type RunConfig, type RunRecord } from "./run_record.ts";

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

/** Problems that are named at most in a run's line. */
const NAMED = 3;

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
  /** What is wrong with files of this run; they are read from a copy, or made again. */
  readonly problems: readonly DataFormatError[];
  /** What is wrong with other folders that were looked at, and cannot be read. */
  readonly passedOver: readonly DataFormatError[];
  #finished: RunConfig | undefined;
  #artifacts: readonly Artifact[] | undefined;
  readonly #written = new Set<string>();
  readonly #lock: Deno.FsFile;

  /** Made by {@linkcode openRun}. */
  constructor(
    record: RunRecord,
    options: {
      readonly resumed: boolean;
      readonly lock: Deno.FsFile;
      readonly passedOver?: readonly DataFormatError[];
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
      problems: this.problems,
      finished: this.#finished,
      artifacts: this.#artifacts,
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
    const others = this.passedOver.map(({ message }) => `passed over ${message}`);
    // Its folder is named already.
    const own = this.problems.map(({ message }) => message.replaceAll(join(this.path, "/"), ""));
    const problems = [...own, ...others];
    const more = problems.length - NAMED;
    const told = [...problems.slice(0, NAMED), ...more > 0 ? [`${more} more problems`] : []];
    if (this.#finished !== undefined) told.unshift("nothing left to do");
    if (this.#finished !== undefined) return `${this.path} is finished: ${told.join("; ")}`;
    return [`${this.resumed ? "Resuming" : "New run"} ${this.path}`, ...told].join("; ");
  }

  /** Its files as they were when it finished; undefined where it is not, or does not list them. */
  get artifacts(): readonly Artifact[] | undefined {
    return this.#artifacts;
  }

  /** Whether the run is finished and each of its files is as it was then. */
  get whole(): boolean {
    return this.#finished !== undefined && this.#artifacts !== undefined;
  }

  /** Writes a result into the folder, whole or not at all. It is one of the run's artifacts. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    await writeFileAtomic(this.file(name), content);
    this.#written.add(name);
  }

  /** Takes back that the run is finished: a file of it turned out to be damaged. */
  reopen(): void {
    this.#finished = this.#artifacts = undefined;
  }

  /**
   * Marks the run as finished, as the last thing that it does. Its artifacts are what it wrote and the
   * files that the summary names; their lengths and checksums are kept with the summary.
   *
   * @param summary Plain data worth keeping, such as the names of artifacts and the main numbers.
   */
  async finish(summary: RunConfig = {}): Promise<void> {
    const { files = {} } = summary;
    const named = Object.values(files as object).filter((name) => typeof name === "string");
    const artifacts = await describeArtifacts(this.path, [...this.#written, ...named]);
    await writeJsonFile(this.file(finishedFile), { ...summary, artifacts });
    this.#finished = summary;
    this.#artifacts = artifacts;
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
    const listed = await listRuns(root);
    passedOver = listed.problems;
    const found = listed.runs.findLast((run) => run.configSha256 === configSha256);
    if (found !== undefined) return await resumeRun(root, found, passedOver);
  }
  const text = sealedJsonText({
    format: "els-run",
    version: 1,
    command,
    toolkit,
    runtime: runtimeName(),
    started: new Date().toISOString(),
    config,
  });
  const words = label.toLowerCase().split(/[^a-z0-9_]+/).filter((word) => word !== "");
  const name = await createRunFolder(root, { name: [command, ...words].join("-"), config: text });
  const lock = await lockRun(join(root, name));
  return new Run(await readRun(root, name), { resumed: false, lock, passedOver });
}

/** Opens a run that is there: what was being written goes, and what is finished is checked. */
async function resumeRun(
  root: string,
  { path, name, problems: own }: RunRecord,
  listed: readonly DataFormatError[],
): Promise<Run> {
  const lock = await lockRun(path);
  try {
    await removeTemporaries(path);
    await restoreConfig(path);
    // Another process may have finished it between the listing and the lock.
    const record = await readRun(root, name);
    const damaged = record.finished && record.artifacts
      ? await damagedArtifacts(path, record.artifacts)
      : [];
    const passedOver = listed.filter((each) => !own.includes(each));
    const problems = [...new Map([...own, ...record.problems].map((each) => [each.message, each]))];
    const run = new Run(
      { ...record, problems: [...problems.map(([, each]) => each), ...damaged] },
      { resumed: true, lock, passedOver },
    );
    if (damaged.length > 0) run.reopen();
    return run;
  } catch (error) {
    lock.close();
    throw error;
  }
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
