/** The run that a word means: "latest", a number, the beginning of a name, or a label. */
import { ArgumentError, type DataFormatError } from "../core/errors.ts";
import { listRuns, type RunRecord } from "./run_record.ts";

/**
 * What sort of run is wanted.
 *
 * @category Runs
 */
export interface RunKind {
  /** In words, such as "training run". */
  readonly noun: string;
  /** The verbs that make such runs; absent: all. */
  readonly commands?: readonly string[];
}

/**
 * Runs that hold a trained network.
 *
 * @category Runs
 */
export const trainingRuns: RunKind = { noun: "training run", commands: ["train"] };

/**
 * Runs that hold a scale schedule.
 *
 * @category Runs
 */
export const calibrationRuns: RunKind = {
  noun: "calibration",
  commands: ["calibrate", "quickstart"],
};

/**
 * Runs of any verb.
 *
 * @category Runs
 */
export const anyRuns: RunKind = { noun: "run" };

/**
 * Options of {@linkcode findRun}.
 *
 * @category Runs
 */
export interface FindRunOptions {
  /** Folder that holds the runs. Default "runs". */
  readonly root?: string;
  /** What sort of run is wanted. Default {@linkcode anyRuns}. */
  readonly kind?: RunKind | undefined;
  /** Told about each run that is passed over because it cannot be read. */
  readonly onProblem?: ((problem: DataFormatError) => void) | undefined;
}

/** Runs that are named at most when a word fits none or too many. */
const NAMED = 5;

/**
 * Finds a run by a word: `latest` is the newest of the kind, `2` and `00002` are numbers, and anything
 * else is a folder's name, a label (such as "mnist-resnet"), or how one of the two begins. What fits
 * exactly goes before what begins so.
 *
 * @throws ArgumentError if no run of the kind fits, or more than one; the message names the candidates.
 *
 * @category Runs
 */
export async function findRun(
  word: string,
  options: FindRunOptions = {},
): Promise<RunRecord> {
  const { root = "runs", kind = anyRuns, onProblem } = options;
  const { runs, problems } = await listRuns(root);
  const wanted = runs.filter(({ command }) => kind.commands?.includes(command) ?? true);
  const cannot = (found: string) =>
    new ArgumentError(`Cannot find the ${kind.noun} "${word}": ${found}`);
  if (wanted.length === 0 && !/^\d+$/.test(word)) {
    const damaged = problems.length === 0 ? "" : `; passed over ${problems[0]!.message}`;
    throw cannot(`${root} holds no ${kind.noun}${damaged}`);
  }
  const found = (run: RunRecord): RunRecord => {
    for (const problem of problems) onProblem?.(problem);
    return run;
  };
  if (word === "latest") return found(wanted.at(-1)!);

  const fits = matching(wanted, word);
  if (fits.length === 1) return found(fits[0]!);
  if (fits.length > 1) {
    throw cannot(`${names(fits)} fit; name one by its number`);
  }
  const other = matching(runs, word);
  const others = other.length === 0
    ? ""
    : `${names(other)} ${other.length > 1 ? "are" : "is"} no ${kind.noun}; `;
  throw cannot(
    wanted.length === 0
      ? `${others}${root} holds no ${kind.noun}`
      : `${others}expected "latest", a number, or how a name or label begins, of ${names(wanted)}`,
  );
}

/** The runs that a word fits, by the first way in which it fits any. */
function matching(runs: readonly RunRecord[], word: string): readonly RunRecord[] {
  if (/^\d+$/.test(word)) return runs.filter(({ number }) => number === Number(word));
  const ways: readonly ((run: RunRecord) => boolean)[] = [
    ({ name }) => name === word,
    ({ label }) => label === word,
    ({ name, label }) => name.startsWith(word) || label.startsWith(word),
  ];
  for (const way of ways) {
    const fits = runs.filter(way);
    if (fits.length > 0) return fits;
  }
  return [];
}

/** Names of the newest runs, and how many more there are. */
function names(runs: readonly RunRecord[]): string {
  const shown = runs.slice(-NAMED).map(({ name }) => name);
  const more = runs.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} older` : shown.join(", ");
}

/**
 * The path behind what a user wrote: a file or folder that exists is taken as it is, anything else must
 * be a run's name as {@linkcode findRun} knows it.
 *
 * @throws ArgumentError if it is neither; Deno.errors.NotFound if it can only be a path.
 *
 * @category Runs
 */
export async function locateRun(word: string, options: FindRunOptions = {}): Promise<string> {
  try {
    await Deno.stat(word);
    return word;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A path or a file's ending can mean nothing else.
  if (/[\\/]|\.(safetensors|pt|pth|pkl|onnx|json|csv|npy)$/.test(word)) {
    const { noun } = options.kind ?? anyRuns;
    throw new Deno.errors.NotFound(
      `Cannot find the ${noun} ${JSON.stringify(word)}: there is no such file or folder`,
    );
  }
  return (await findRun(word, options)).path;
}
