/** Logs of one JSON object a line, which survive an interruption at any byte, and damage. */
import { basename, dirname, join } from "@std/path";
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { checkOf, sealKey } from "../formats/seal.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { isObject } from "./json_file.ts";
import { readIfThere } from "./kept_file.ts";
import { StoreFile } from "./store_file.ts";

/**
 * One line of a log: plain data. The field `check` is the log's own.
 *
 * @category Runs
 */
export type LogRecord = Readonly<Record<string, unknown>>;

/**
 * Options of {@linkcode JsonlLog.open}.
 *
 * @category Runs
 */
export interface OpenLogOptions {
  /**
   * Step of the checkpoint that work goes on from: the first line with a larger `step`, and all after
   * it, are taken back, so that a resumed log equals an uninterrupted one.
   */
  readonly upToStep?: number;
  /** Lines that work goes on from: all after so many are taken back. */
  readonly upToLine?: number;
}

/** Lines that a file holds, up to the first that is not whole. */
interface Lines {
  readonly bytes: Uint8Array;
  /** Each with its checksum, and where it ends. */
  readonly lines: readonly {
    readonly record: LogRecord;
    readonly check: string | undefined;
    readonly end: number;
  }[];
  /** Whether they carry checksums. */
  readonly sealed: boolean;
  /** The first whole line that cannot be believed. */
  readonly damage: { readonly problem: string; readonly at: number } | undefined;
}

/** Where the copy of a log lies. */
export function logCopyOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.copy`);
}

const textOf = (record: LogRecord, check: string) =>
  `${JSON.stringify({ ...record, [sealKey]: check })}\n`;

/**
 * A log file to append to. Each line carries a checksum of itself and of all lines before it, so that a
 * line that was changed, swapped, repeated or lost is noticed; what {@linkcode JsonlLog.sync} has made
 * durable has a copy, from which a damaged log is restored.
 *
 * @example
 * ```ts
 * import { JsonlLog } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/log.jsonl`;
 * using log = await JsonlLog.open(path);
 * for (const step of [1, 2, 3]) log.append({ step, loss: 1 / step });
 * // Resumed from a checkpoint of step 2: what came after it is taken back.
 * using resumed = await JsonlLog.open(path, { upToStep: 2 });
 * assertEquals(resumed.earlier.length, 2);
 * ```
 *
 * @category Runs
 */
export class JsonlLog implements Disposable {
  /** Path of the file. */
  readonly path: string;
  /** The lines that were there when the log was opened, after what was taken back. */
  readonly earlier: readonly LogRecord[];
  /** What was wrong with the file, and what came of it; undefined if nothing was. */
  readonly damage: string | undefined;
  readonly #file: StoreFile;
  readonly #copy: StoreFile;
  /** Bytes of the file. */
  #length: number;
  /** Bytes of the copy. */
  #copied: number;
  /** Checksum of the last line. */
  #check: string | undefined;
  /** Lines that the copy lacks. */
  #pending: Uint8Array[] = [];

  private constructor(
    path: string,
    { log, copy, earlier, text, check, damage }: {
      readonly log: StoreFile;
      readonly copy: StoreFile;
      readonly earlier: readonly LogRecord[];
      readonly text: Uint8Array;
      readonly check: string | undefined;
      readonly damage: string | undefined;
    },
  ) {
    this.path = path;
    this.earlier = earlier;
    this.damage = damage;
    this.#file = log;
    this.#copy = copy;
    this.#length = this.#copied = text.length;
    this.#check = check;
  }

  /**
   * Opens a log, or begins one. A last line that an interruption cut short is dropped. What is damaged is
   * restored from the copy; lines that neither holds are taken back, which {@linkcode JsonlLog.damage} tells.
   *
   * @throws DataFormatError if a whole line of a log without checksums is not a JSON object, and no
   * option says what is to be taken back.
   */
  static async open(
    path: string,
    options: OpenLogOptions = {},
  ): Promise<JsonlLog> {
    const { upToStep, upToLine } = options;
    const { from: { lines, bytes, sealed }, damage, problem } = await readBest(path);
    if (problem !== undefined && upToStep === undefined && upToLine === undefined) throw problem;
    const beyond = lines.findIndex(({ record }, i) =>
      Number(record["step"]) > (upToStep ?? Infinity) || i >= (upToLine ?? Infinity)
    );
    const kept = beyond < 0 ? lines : lines.slice(0, beyond);
    const earlier = kept.map(({ record }) => record);
    const { text, check } = sealed
      ? { text: bytes.subarray(0, kept.at(-1)?.end ?? 0), check: kept.at(-1)?.check }
      : sealedText(earlier);
    // The copy first: at each moment it holds no line that the log lacks and that is to stay.
    const copy = await openWith(logCopyOf(path), text);
    const log = await openWith(path, text).catch((error) => {
      copy[Symbol.dispose]();
      throw error;
    });
    return new JsonlLog(path, { log, copy, earlier, text, check, damage });
  }

  /**
   * Appends one line, which is on its way to disk when this returns.
   *
   * @throws RangeError if a number is NaN or infinite, or the field `check` is taken; nothing is written
   * then.
   */
  append(record: LogRecord): void {
    if (Object.hasOwn(record, sealKey)) {
      throw new ArgumentError(
        `Cannot append to ${this.path}: the field ${sealKey} is the log's own`,
      );
    }
    const plain = JSON.parse(JSON.stringify(record, (key, value: unknown) => {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new ArgumentError(`Cannot append to ${this.path}: ${key} is ${value}`);
      }
      return value;
    })) as LogRecord;
    const check = checkOf(plain, this.#check);
    const bytes = new TextEncoder().encode(textOf(plain, check));
    this.#file.writeAt(this.#length, bytes);
    this.#length += bytes.length;
    this.#check = check;
    this.#pending.push(bytes);
  }

  /** Returns once all lines are on the disk, in the log and in its copy. */
  sync(): void {
    if (this.#pending.length === 0) return;
    this.#file.sync();
    for (const bytes of this.#pending) {
      this.#copy.writeAt(this.#copied, bytes);
      this.#copied += bytes.length;
    }
    this.#copy.sync();
    this.#pending = [];
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
    this.#copy[Symbol.dispose]();
  }
}

/** Lines of a log of an earlier release, with checksums. */
function sealedText(records: readonly LogRecord[]) {
  let check: string | undefined;
  const text = records.map((record) => textOf(record, check = checkOf(record, check))).join("");
  return { text: new TextEncoder().encode(text), check };
}

/** A file opened that holds exactly a text: cut to it where it begins with it, else written anew. */
async function openWith(path: string, text: Uint8Array): Promise<StoreFile> {
  const there = await readIfThere(path);
  const begins = there !== undefined && beginsWith(there, text);
  if (!begins) await writeFileAtomic(path, text);
  const file = await StoreFile.open(path);
  if (begins && there.length > text.length) {
    file.truncate(text.length);
    file.sync();
  }
  return file;
}

/**
 * Reads the lines of a log, also of one that is being written: a last line without its end is left out.
 * No file is an empty log. Where the log is damaged, its copy is read.
 *
 * @example
 * ```ts
 * import { JsonlLog, readJsonl } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/log.jsonl`;
 * using log = await JsonlLog.open(path);
 * log.append({ step: 1, loss: 0.5 });
 * assertEquals(await readJsonl(path), [{ step: 1, loss: 0.5 }]);
 * ```
 *
 * @throws DataFormatError if a whole line is damaged, in the copy too.
 * @category Runs
 */
export async function readJsonl(path: string): Promise<LogRecord[]> {
  const { from, problem, lost } = await readBest(path);
  if (problem ?? lost) throw problem ?? lost;
  return from.lines.map(({ record }) => record);
}

/** The lines of a log that can be believed, and what is wrong with the others. */
export async function readLog(
  path: string,
): Promise<{ readonly records: readonly LogRecord[]; readonly damage: string | undefined }> {
  const { from, damage, problem } = await readBest(path);
  return { records: from.lines.map(({ record }) => record), damage: problem?.message ?? damage };
}

/** The lines of a log or of its copy, whichever has more that are whole. */
async function readBest(path: string): Promise<{
  readonly from: Lines;
  /** What is wrong with the log, and what comes of it. */
  readonly damage?: string;
  /** Why a log without checksums cannot be believed from some line on. */
  readonly problem?: DataFormatError;
  /** Why lines of a log with checksums are lost. */
  readonly lost?: DataFormatError;
}> {
  const [bytes, copied] = [await readIfThere(path), await readIfThere(logCopyOf(path))];
  const log = readLines(bytes ?? new Uint8Array());
  const wrong = log.damage &&
    new DataFormatError(path, log.damage.problem, { byteOffset: log.damage.at });
  // Most often the copy is how the log begins, and has nothing to tell.
  if (copied !== undefined && !beginsWith(log.bytes, copied)) {
    const copy = readLines(copied);
    // A log of an earlier release has no checksums, and no copy either.
    if (copy.lines.length > (log.sealed ? log.lines.length : 0)) {
      const what = wrong?.message ?? `${path}: lines are missing after line ${log.lines.length}`;
      return { from: copy, damage: `${what}; restored from its copy` };
    }
  }
  if (wrong === undefined) return { from: log };
  if (!log.sealed) return { from: log, problem: wrong };
  return { from: log, damage: `${wrong.message}; the lines before it are kept`, lost: wrong };
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return bytes.length >= beginning.length && beginning.every((byte, i) => byte === bytes[i]);
}

function readLines(bytes: Uint8Array): Lines {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: { record: LogRecord; check: string | undefined; end: number }[] = [];
  const parsed: { value: unknown; at: number; end: number }[] = [];
  let start = 0;
  for (let stop = bytes.indexOf(10); stop >= 0; stop = bytes.indexOf(10, start)) {
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(bytes.subarray(start, stop)));
    } catch {
      value = undefined;
    }
    parsed.push({ value, at: start, end: stop + 1 });
    start = stop + 1;
  }
  const sealed = parsed.some(({ value }) => isObject(value) && Object.hasOwn(value, sealKey));
  let check: string | undefined;
  for (const [i, { value, at, end }] of parsed.entries()) {
    const damaged = (what: string) => ({
      bytes,
      lines,
      sealed,
      damage: { problem: `line ${i + 1} ${what}`, at },
    });
    if (!isObject(value)) return damaged("is not a JSON object");
    const { [sealKey]: said, ...record } = value;
    if (sealed) {
      check = checkOf(record, check);
      if (said !== check) return damaged("does not fit its checksum and those before it");
    }
    lines.push({ record, check, end });
  }
  return { bytes, lines, sealed, damage: undefined };
}
