/** Logs of one JSON object a line, which survive an interruption at any byte. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { requireDeno } from "./require_deno.ts";

/**
 * One line of a log: plain data.
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
}

/**
 * A log file to append to.
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
  readonly #file: Deno.FsFile;

  private constructor(path: string, earlier: readonly LogRecord[], file: Deno.FsFile) {
    this.path = path;
    this.earlier = earlier;
    this.#file = file;
  }

  /**
   * Opens a log, or begins one. A last line that an interruption cut short is dropped.
   *
   * @throws DataFormatError if a whole line is not a JSON object.
   */
  static async open(
    path: string,
    options: OpenLogOptions = {},
  ): Promise<JsonlLog> {
    const { upToStep = Infinity } = options;
    const lines = await readLines(path);
    const beyond = lines.findIndex(({ record }) => Number(record["step"]) > upToStep);
    const kept = beyond < 0 ? lines : lines.slice(0, beyond);
    const file = await Deno.open(path, { append: true, create: true });
    try {
      await file.truncate(kept.at(-1)?.end ?? 0);
    } catch (error) {
      file.close();
      throw error;
    }
    return new JsonlLog(path, kept.map(({ record }) => record), file);
  }

  /**
   * Appends one line, which is on its way to disk when this returns.
   *
   * @throws RangeError if a number is NaN or infinite; nothing is written then.
   */
  append(record: LogRecord): void {
    const text = JSON.stringify(record, (key, value: unknown) => {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new ArgumentError(`Cannot append to ${this.path}: ${key} is ${value}`);
      }
      return value;
    });
    let bytes = new TextEncoder().encode(`${text}\n`);
    while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/**
 * Reads the lines of a log, also of one that is being written: a last line without its end is left out.
 * No file is an empty log.
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
 * @throws DataFormatError if a whole line is not a JSON object.
 * @category Runs
 */
export async function readJsonl(path: string): Promise<LogRecord[]> {
  return (await readLines(path)).map(({ record }) => record);
}

async function readLines(path: string): Promise<{ record: LogRecord; end: number }[]> {
  requireDeno(`read ${path}`);
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: { record: LogRecord; end: number }[] = [];
  let start = 0;
  for (let stop = bytes.indexOf(10); stop >= 0; stop = bytes.indexOf(10, start)) {
    let record: unknown;
    try {
      record = JSON.parse(decoder.decode(bytes.subarray(start, stop)));
    } catch {
      record = undefined;
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw new DataFormatError(path, `line ${lines.length + 1} is not a JSON object`, start);
    }
    lines.push({ record: record as LogRecord, end: stop + 1 });
    start = stop + 1;
  }
  return lines;
}
