/**
 * Limits of the readers of files from elsewhere. A few bytes can declare an array of terabytes, unpack
 * to gigabytes, or nest without end; every reader therefore counts what a file asks for, and refuses
 * it with a {@linkcode ReadLimitError} before memory is taken.
 */
import { ReadLimitError } from "../core/errors.ts";

/**
 * The most that a reader takes. Each reader has defaults in proportion to the size of the file, or to
 * what was asked for, which honest files stay far below.
 *
 * @category Formats
 */
export interface ReadLimits {
  /** Bytes of memory that the contents may take, once unpacked. */
  readonly maxBytes?: number | undefined;
  /** Things that it may hold: entries of an archive, values of a pickle, modules of a network. */
  readonly maxItems?: number | undefined;
  /** Levels of nesting: lists in lists, modules in modules. */
  readonly maxDepth?: number | undefined;
  /** Bytes of text, such as a header, that are read as a whole. */
  readonly maxText?: number | undefined;
  /** Pixels that a picture may have; 16-bit color counts double. */
  readonly maxPixels?: number | undefined;
}

/** What a limit counts. */
export type ReadLimit = keyof ReadLimits;

const mebibyte = 2 ** 20;

/** Levels of nesting that no honest header, pickle or network reaches. */
export const defaultMaxDepth = 100;

/** Bytes of text: the header of a network with 100,000 tensors has about as many. */
export const defaultMaxText: number = 16 * mebibyte;

/**
 * The default of `maxBytes` for a file that is read for what is in it: a multiple of the file's own
 * size, since tensors may share bytes and widen, and slack for the small ones.
 */
export function bytesFor(fileBytes: number): number {
  return 32 * mebibyte + 16 * fileBytes;
}

/** Where a limit is met, for the message. */
export interface LimitedReading {
  /** Path, or a name for the bytes. */
  readonly source: string;
  /** What is counted, as the subject of a sentence: "the array", "its tensors". */
  readonly what: string;
  /** Most that is allowed. */
  readonly allowed: number;
  /** Offset in the file, where one is known. */
  readonly byteOffset?: number | undefined;
}

/** How a message says an amount: "64 MB", "2,000,000". */
function amount(limit: ReadLimit, count: number): string {
  if (!Number.isFinite(count)) return "more than can be counted";
  if (limit !== "maxBytes" && limit !== "maxText") return Math.ceil(count).toLocaleString("en-US");
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(count || 1) / 3)));
  const scaled = count / 1000 ** power;
  const digits = power === 0 || scaled >= 100 ? 0 : 1;
  return scaled > 1e6 ? "more than 1 YB" : `${scaled.toFixed(digits)} ${units[power]}`;
}

const nouns: Readonly<Record<ReadLimit, string>> = {
  maxBytes: "",
  maxText: " of text",
  maxItems: " things",
  maxDepth: " levels of nesting",
  maxPixels: " pixels",
};

/**
 * Refuses what needs more than a limit allows. To be called before memory is taken.
 *
 * @param needed How much is needed, as declared or counted so far.
 * @throws ReadLimitError if it is more than allowed, or no number.
 */
export function checkLimit(limit: ReadLimit, needed: number, reading: LimitedReading): void {
  const { source, what, allowed, byteOffset } = reading;
  if (needed <= allowed) return;
  throw new ReadLimitError(
    source,
    `${what} needs ${amount(limit, needed)}${nouns[limit]}, more than the ` +
      `${amount(limit, allowed)} that this reader takes`,
    { limit, needed, allowed, byteOffset },
  );
}

/** Counts what is taken piece by piece against one limit. */
export class LimitMeter {
  readonly #limit: ReadLimit;
  readonly #reading: LimitedReading;
  #taken = 0;

  /** Starts at zero. */
  constructor(limit: ReadLimit, reading: LimitedReading) {
    this.#limit = limit;
    this.#reading = reading;
  }

  /** Counts `amount` more. */
  take(amount: number): void {
    this.#taken += amount;
    // The quick way: this is asked for every value of a pickle.
    if (!(this.#taken <= this.#reading.allowed)) {
      checkLimit(this.#limit, this.#taken, this.#reading);
    }
  }

  /** How much is left. */
  get left(): number {
    return this.#reading.allowed - this.#taken;
  }
}
