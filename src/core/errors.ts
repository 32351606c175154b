/**
 * Errors that callers may want to catch by class, and what can be done about them. Errors of the engine
 * keep the engine's classes, so that a fault in this code is told from a mistake in what was asked.
 *
 * Every message is one line of at most 300 characters, whatever a file or caller gave: what is longer is
 * cut, what a terminal would obey is escaped.
 */

import { longestMessage, oneLine } from "./quoted.ts";

/**
 * What a program that shows an error calls the things that its users can do.
 *
 * @category Errors
 */
export interface Wording {
  /** An option by its name in the library, with the value to give it where there is one. */
  option(name: string, value?: string | number): string;
  /** How the files of a data set get here. */
  fetch(dataset: string): string;
}

/**
 * What can be done about an error, in the words of the program that shows it.
 *
 * @category Errors
 */
export type Remedy = (say: Wording) => string;

/**
 * Further facts about an error.
 *
 * @category Errors
 */
export interface ErrorDetails {
  /** What to do; the message ends with it, in the library's words. */
  readonly remedy?: Remedy | undefined;
  /** The error behind it. */
  readonly cause?: unknown;
}

/** How the library itself calls what its callers can do. */
const libraryWording: Wording = {
  option: (name, value) => value === undefined ? `\`${name}\`` : `\`${name}: ${value}\``,
  fetch: (dataset) => `fetch ${dataset}`,
};

const remedies = new WeakMap<Error, { readonly problem: string; readonly remedy: Remedy }>();

/** A problem and what to do about it on one line; the problem is cut first where that is too long. */
function joined(problem: string, remedy: string | undefined): string {
  if (remedy === undefined) return oneLine(problem);
  const end = `; ${oneLine(remedy, longestMessage - 100)}`;
  return `${oneLine(problem, longestMessage - end.length)}${end}`;
}

const told = (problem: string, { remedy }: ErrorDetails): string =>
  joined(problem, remedy?.(libraryWording));

function remember(error: Error, problem: string, { remedy }: ErrorDetails): void {
  if (remedy !== undefined) remedies.set(error, { problem, remedy });
}

/** Names another thing that can be done about an error, beside what it says itself. */
export function addRemedy(error: ToolkitError, remedy: Remedy): void {
  const known = remedies.get(error);
  const problem = known?.problem ?? error.message;
  const both: Remedy = (say) =>
    known === undefined ? remedy(say) : `${known.remedy(say)}, or ${remedy(say)}`;
  remedies.set(error, { problem, remedy: both });
  error.message = told(problem, { remedy: both });
}

/** An error's message, with what to do about it in a program's own words. */
export function messageOf(error: Error, wording: Wording): string {
  const known = remedies.get(error);
  return known === undefined ? error.message : joined(known.problem, known.remedy(wording));
}

/**
 * Something that the library foresaw; its message says all: what was asked, what was found, what to do.
 *
 * @example One class for everything that was foreseen
 * ```ts
 * import { loadDataset, ToolkitError } from "@els/toolkit";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => loadDataset("folder", { from: "nowhere" }), ToolkitError, "nowhere");
 * ```
 *
 * @category Errors
 */
export class ToolkitError extends Error {
  /** Name of the class. */
  override readonly name: string = "ToolkitError";

  /** The message is the problem and, after a semicolon, the remedy. */
  constructor(problem: string, details: ErrorDetails = {}) {
    super(told(problem, details), details);
    remember(this, problem, details);
  }
}

/**
 * An argument is out of range, or arguments do not fit each other.
 *
 * @example
 * ```ts
 * import { ArgumentError, uniformTimeGrid } from "@els/toolkit/machines";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => uniformTimeGrid(0), ArgumentError, "0 steps");
 * ```
 *
 * @category Errors
 */
export class ArgumentError extends RangeError {
  /** Name of the class. */
  override readonly name = "ArgumentError";

  /** The message is the problem and, after a semicolon, the remedy. */
  constructor(problem: string, details: ErrorDetails = {}) {
    super(told(problem, details), details);
    remember(this, problem, details);
  }
}

/**
 * An argument is of another kind than expected.
 *
 * @example
 * ```ts
 * import { addNoise, ArgumentTypeError, createSchedule } from "@els/toolkit/machines";
 * import { assertThrows } from "@std/assert";
 *
 * const schedule = createSchedule("cosine_legacy");
 * // Bytes are no images in [-1, 1]; bytesToImages makes them some.
 * const bytes = { data: new Uint8Array(4), shape: [1, 2, 2, 1] };
 * // @ts-expect-error: TypeScript sees it too
 * assertThrows(() => addNoise(bytes, { schedule, t: 0.5, seed: 1 }), ArgumentTypeError);
 * ```
 *
 * @category Errors
 */
export class ArgumentTypeError extends TypeError {
  /** Name of the class. */
  override readonly name = "ArgumentTypeError";

  /** The message is the problem and, after a semicolon, the remedy. */
  constructor(problem: string, details: ErrorDetails = {}) {
    super(told(problem, details), details);
    remember(this, problem, details);
  }
}

/** Whether the library threw an error on purpose: its message then says it all. */
export function isToolkitError(error: unknown): boolean {
  return [ToolkitError, ArgumentError, ArgumentTypeError].some((each) => error instanceof each);
}

/**
 * Bytes do not follow the format that they should: a data set, weights, a schedule, a picture.
 *
 * The message names the file or thing, what was found, what was expected and what to do.
 *
 * @example
 * ```ts
 * import { DataFormatError, decodePng } from "@els/toolkit/formats";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => decodePng(new Uint8Array(8), "a.png"), DataFormatError);
 * assertEquals(error.source, "a.png");
 * ```
 *
 * @category Errors
 */
export class DataFormatError extends ToolkitError {
  /** Name of the class. */
  override readonly name: string = "DataFormatError";
  /** Where the bytes came from: a path, or a name for bytes that were not read from a file. */
  readonly source: string;
  /** Offset of the offending byte, where one is known. */
  readonly byteOffset: number | undefined;

  /** Makes an error about `source`; the third argument may be the offset of the offending byte. */
  constructor(
    source: string,
    problem: string,
    about: number | (ErrorDetails & { readonly byteOffset?: number | undefined }) = {},
  ) {
    const { byteOffset, ...details } = typeof about === "number" ? { byteOffset: about } : about;
    const at = byteOffset === undefined ? "" : ` (at byte ${byteOffset})`;
    super(`${shownSource(source)}: ${problem}${at}`, details);
    this.source = source;
    this.byteOffset = byteOffset;
  }
}

/** A path leaves room for what is wrong with it. */
const shownSource = (source: string) => oneLine(source, longestMessage / 2);

/**
 * A file declares or unpacks to more than its reader takes: it is damaged, or made to exhaust the memory
 * or time of whoever opens it. Where it is neither, the option that the message names raises the limit.
 *
 * @example
 * ```ts
 * import { parseTorch, ReadLimitError, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = writeTorchList([3, 5, 9]);
 * const read = () => parseTorch(bytes, "scales.pt", { maxItems: 2 });
 * assertEquals(assertThrows(read, ReadLimitError).limit, "maxItems");
 * ```
 *
 * @category Errors
 */
export class ReadLimitError extends DataFormatError {
  /** Name of the class. */
  override readonly name = "ReadLimitError";
  /** The option that raises it, such as "maxBytes". */
  readonly limit: string;
  /** How much the file needs, as far as it is known, in what the option counts. */
  readonly needed: number;
  /** How much is allowed. */
  readonly allowed: number;

  /** Makes an error about `source`; see the fields. */
  constructor(source: string, problem: string, about: {
    readonly limit: string;
    readonly needed: number;
    readonly allowed: number;
    readonly byteOffset?: number | undefined;
  }) {
    const { limit, needed, allowed, byteOffset } = about;
    super(source, problem, {
      byteOffset,
      remedy: (say) => `if you trust the file, raise ${say.option(limit, raised(needed))}`,
    });
    this.limit = limit;
    this.needed = needed;
    this.allowed = allowed;
  }
}

/** The next whole number of three digits that is enough; undefined where no number is. */
function raised(needed: number): number | undefined {
  if (!Number.isSafeInteger(Math.ceil(needed))) return undefined;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, needed))) - 2);
  return Math.ceil(needed / unit) * unit;
}

/**
 * A backend or device that was asked for is missing, lost, or too small for the work.
 *
 * @example The GPU where there is one, else all cores
 * ```ts
 * import { DeviceUnavailableError, wasmPosterior, webgpuPosterior } from "@els/toolkit/machines";
 *
 * const gpu = webgpuPosterior();
 * await using posterior = await gpu.start().then(() => gpu, (error) => {
 *   if (error instanceof DeviceUnavailableError) return wasmPosterior();
 *   throw error;
 * });
 * console.log(posterior.name);
 * ```
 *
 * @category Errors
 */
export class DeviceUnavailableError extends ToolkitError {
  /** Name of the class. */
  override readonly name = "DeviceUnavailableError";
}

/**
 * Weights, a checkpoint or a scale schedule belong to another network, data set or configuration.
 *
 * @example
 * ```ts
 * import { CheckpointMismatchError, parseArchitecture } from "@els/toolkit/networks";
 * import { assertThrows } from "@std/assert";
 *
 * const text = '{ "kind": "transformer" }';
 * assertThrows(() => parseArchitecture(text, "a.safetensors"), CheckpointMismatchError);
 * ```
 *
 * @category Errors
 */
export class CheckpointMismatchError extends ToolkitError {
  /** Name of the class. */
  override readonly name = "CheckpointMismatchError";
}

/**
 * Predictions, images, losses or gradients are not finite any more.
 *
 * @example
 * ```ts
 * import { createSchedule, ddim, DivergedError, imageBatch } from "@els/toolkit/machines";
 * import { assertRejects } from "@std/assert";
 *
 * const xT = imageBatch(new Float32Array(4), [1, 2, 2, 1]);
 * const broken = {
 *   name: "broken",
 *   prediction: "eps",
 *   imageShape: [2, 2, 1],
 *   schedule: createSchedule("cosine_legacy"),
 *   predict: () => Promise.resolve({ ...xT, data: new Float32Array(4).fill(NaN) }),
 * } as const;
 * await assertRejects(() => ddim(broken, { xT, times: [1, 0] }), DivergedError, "NaN");
 * ```
 *
 * @category Errors
 */
export class DivergedError extends ToolkitError {
  /** Name of the class. */
  override readonly name: string = "DivergedError";
}
