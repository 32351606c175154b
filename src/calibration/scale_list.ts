/** Bare lists of locality scales, as other programs keep them: `.pt`, `.npy`, CSV, JSON or text. */
import { DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { isPatchSize } from "../core/patch_size.ts";
import { lowerMedian, mode } from "../core/statistics.ts";
import { fileKind } from "../formats/file_kind.ts";
import { isNpy, parseNpy, writeNpy } from "../formats/npy.ts";
import { isNpz, parseNpz } from "../formats/npz.ts";
import { parseJson } from "../formats/parse_json.ts";
import { checkLimit } from "../formats/read_limits.ts";
import type { StoredTensor } from "../formats/stored_tensor.ts";
import type { ScaleAggregate, ScaleSchedule } from "../machines/scale_schedule.ts";
import { isPickle, parsePickle, parseTorch } from "../formats/torch_file.ts";
import { dictionaryOf, PickledObject } from "../formats/pickled_object.ts";
import { type WindowName, windowNames } from "../machines/machine_window.ts";
import { isTorch } from "../formats/torch_magic.ts";
import { isStoredTensor, type NumberTable, numberTable } from "../formats/torch_values.ts";

/**
 * Options of {@linkcode parseScaleList}.
 *
 * @category Formats
 */
export interface ParseScaleListOptions {
  /** How the samples of a table become one scale per step. Default "median". */
  readonly aggregate?: ScaleAggregate;
}

/**
 * Reads locality scales, index 0 the lowest noise (t = 1/n), from any file that holds them:
 *
 * - `.pt` of `torch.save`: a list, tuple, tensor or array; a table `[samples, n]`, as the public code's
 *   calibration saves its optima, becomes the median (the lower of two) or mode of its samples; a table
 *   of one column is a list;
 * - `.npy` of `numpy.save`: the same; `.npz` of `numpy.savez`, if it holds one array, or those that the
 *   public code's calibration returns;
 * - a pickle, `.pt` or other, of the dictionary that the public code's calibration returns: its median or
 *   mode;
 * - CSV with a column `patch_size`, as `calibrate` exports it; where it has a column `window`, too, these are
 *   widths of that window (see {@linkcode scaleListWindow});
 * - a JSON list, or numbers separated by commas, spaces or lines.
 *
 * @example
 * ```ts
 * import { parseScaleList, writeNpyList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseScaleList(writeNpyList([3, 5, 9]), "scales.npy"), [3, 5, 9]);
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws DataFormatError if the bytes are damaged, hold something else, or a scale is no odd
 * positive integer (no width, of a window); the message says which.
 * @category Formats
 */
export function parseScaleList(
  bytes: Uint8Array,
  source = "scales",
  options: ParseScaleListOptions = {},
): number[] {
  const { aggregate = "median" } = options;
  const table = isNpz(bytes)
    ? numberTable(arrayOfScales(bytes, { source, aggregate }), source)
    : isTorch(bytes)
    ? scalesIn(parseTorch(bytes, source), { source, aggregate })
    : isPickle(bytes)
    ? scalesIn(parsePickle(bytes, source), { source, aggregate })
    : isNpy(bytes)
    ? numberTable(parseNpy(bytes, source), source)
    : parseText(bytes, source);
  const [rows, columns] = table.shape;
  const widths = scaleListWindow(bytes, source) !== undefined;
  const wrong = table.values.findIndex((k) => widths ? !(k >= 1) : !isPatchSize(k));
  if (wrong >= 0) {
    throw new DataFormatError(
      source,
      `number ${wrong + 1} of ${table.values.length} is ${quoted(table.values[wrong])}, expected ` +
        (widths ? "widths of a window: numbers from 1 on" : "scales: odd positive integers"),
    );
  }
  const steps = columns === undefined || columns === 1 ? rows : columns;
  checkLimit("maxItems", steps, { source, what: "the list", allowed: mostSteps });
  // A column is a list: nobody calibrates a single step with many samples.
  if (columns === undefined || columns === 1) return [...table.values];
  const combine = aggregate === "mode" ? mode : lowerMedian;
  return Array.from(
    { length: columns },
    (_, step) => combine(Array.from({ length: rows }, (_, i) => table.values[i * columns + step]!)),
  );
}

/** The array of an archive that holds scales. */
function arrayOfScales(
  bytes: Uint8Array,
  { source, aggregate }: { readonly source: string; readonly aggregate: ScaleAggregate },
): unknown {
  const { names, read } = parseNpz(bytes, { source });
  const known = [calibrationKeys[aggregate], calibrationKeys.samples];
  const name = known.find((each) => names.includes(each)) ??
    (names.length === 1 ? names[0] : undefined);
  if (name !== undefined) return read(name);
  throw new DataFormatError(
    source,
    `it holds the arrays ${quoted(names)}, expected one, of scales, or ${known.join(" or ")}`,
  );
}

/** What the public code's calibration returns: the optima of all samples, and what they come to. */
const calibrationKeys = { median: "median", mode: "mode", samples: "k_optimals" } as const;

/** Whether what a file of PyTorch or a pickle holds are scales, rather than a network. */
export function holdsScales(value: unknown): boolean {
  if (Array.isArray(value) || isStoredTensor(value)) return true;
  if (typeof value === "number" || typeof value === "bigint") return true;
  if (value instanceof PickledObject && /multiarray|ndarray/.test(value.type.name)) return true;
  const dictionary = dictionaryOf(value);
  if (dictionary === undefined) return value === null || typeof value === "string";
  return Object.values(calibrationKeys).some((key) => isScales(dictionary.get(key)));
}

const isScales = (value: unknown) =>
  Array.isArray(value) || isStoredTensor(value) || value instanceof PickledObject;

/** The list or table in a calibration's result; anything else is what it is. */
function scalesIn(
  value: unknown,
  { source, aggregate }: { readonly source: string; readonly aggregate: ScaleAggregate },
): NumberTable {
  const result = dictionaryOf(value) ?? resultOf(value);
  const combined = result?.get(calibrationKeys[aggregate]);
  if (combined === undefined) {
    return numberTable(result?.get(calibrationKeys.samples) ?? value, source);
  }
  const table = numberTable(valuesOf(combined), source);
  const [rows, columns = 1] = table.shape;
  if (rows === 1 || columns === 1) return table;
  throw new DataFormatError(
    source,
    `its ${aggregate} has shape [${rows}, ${columns}], expected one scale for each step`,
  );
}

/** What the calibration returns, kept as a tuple: optima of all samples, their median, their mode. */
function resultOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [samples, median, mode] = value;
  const ranks = [samples, median, mode].map((each) =>
    isStoredTensor(valuesOf(each)) ? (valuesOf(each) as StoredTensor).shape.length : 0
  );
  if (ranks.join() !== "2,1,1") return undefined;
  return new Map([
    [calibrationKeys.samples, samples],
    [calibrationKeys.median, median],
    [calibrationKeys.mode, mode],
  ]);
}

/** The values of what torch.median and torch.mode return, which is values and indices. */
function valuesOf(value: unknown): unknown {
  if (!(value instanceof PickledObject)) return value;
  const [parts] = value.args;
  const isPair = /^torch\.return_types\.(median|mode|nanmedian)$/.test(value.type.name);
  return isPair && Array.isArray(parts) ? parts[0] : value;
}

/** Scales of one list; nobody takes a hundred thousand steps. */
const mostSteps = 100_000;
/** Bytes of a list as text: a thousand samples of a thousand steps. */
const longestText = 2 ** 21;

function parseText(bytes: Uint8Array, source: string): NumberTable {
  checkLimit("maxText", bytes.length, { source, what: "the list", allowed: longestText });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch {
    const kind = fileKind(bytes);
    const problem = "it is none of .pt, .npy, CSV, JSON and text";
    throw new DataFormatError(source, kind === undefined ? problem : `${problem}, but ${kind}`, 0);
  }
  if (text.startsWith("[")) {
    return numberTable(parseListOfJson(text, source), source);
  }
  const { lines, header } = tableOf(text, source);
  const column = scaleColumn(header);
  const words = column < 0
    ? wordsIn(lines, source)
    : columnInOrder(lines, { header, column, source });
  const numbers = words.map((word) => {
    if (word.length <= 40 && /^\d{1,9}(\.\d*)?(e[+-]?\d{1,2})?$/i.test(word)) return Number(word);
    throw new DataFormatError(
      source,
      `${quoted(word, 30)} is no scale; expected odd positive integers, a CSV with ` +
        "a column patch_size, or a .pt, .npy or JSON list",
    );
  });
  return numberTable(numbers, source);
}

/** What stands between commas, semicolons and spaces. */
function wordsIn(lines: readonly string[], source: string): string[] {
  const words: string[] = [];
  let firstLine: number | undefined;
  for (const line of lines) {
    // Not split further than it counts.
    for (const word of line.split(/[\s,;]+/, mostSteps + 2)) if (word !== "") words.push(word);
    checkLimit("maxItems", words.length, { source, what: "the list", allowed: mostSteps });
    if (firstLine === undefined) firstLine = words.length;
  }
  const columns = firstLine ?? 0;
  if (columns > 1 && lines.length > 1 && words.length === columns * lines.length) {
    throw new DataFormatError(
      source,
      `${lines.length} lines of ${columns} numbers can be a list or a table of samples; write a list on ` +
        "one line or one number a line, a table as JSON or .npy",
    );
  }
  return words;
}

function parseListOfJson(text: string, source: string): unknown {
  try {
    return parseJson(text, { source, what: "the list" });
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof SyntaxError)) throw error;
    throw new DataFormatError(source, `not JSON: ${cause.message}`, { cause });
  }
}

/** Where a CSV has its scales; in files of the first releases the column is called kernel_size. */
function scaleColumn(header: readonly string[]): number {
  return header.indexOf(header.includes("patch_size") ? "patch_size" : "kernel_size");
}

/**
 * The times t beside the scales of a CSV that has a column `t`, as `calibrate` exports it.
 *
 * @example
 * ```ts
 * import { scaleListTimes, writeNpyList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * // A list in NumPy's format has no times; a scale schedule as JSON has.
 * assertEquals(scaleListTimes(writeNpyList([3, 5, 9]), "scales.npy"), undefined);
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @returns Undefined for every other list: it holds no times.
 * @throws DataFormatError if a time is no number, or the CSV is damaged.
 * @category Formats
 */
export function scaleListTimes(bytes: Uint8Array, source = "scales"): number[] | undefined {
  if (isTorch(bytes) || isPickle(bytes) || isNpy(bytes)) return undefined;
  checkLimit("maxText", bytes.length, { source, what: "the list", allowed: longestText });
  const text = new TextDecoder().decode(bytes).trim();
  const { lines, header } = tableOf(text, source);
  const column = header.indexOf("t");
  if (scaleColumn(header) < 0 || column < 0) return undefined;
  return columnInOrder(lines, { header, column, source }).map((word, i) => {
    const t = Number(word);
    if (word !== "" && Number.isFinite(t)) return t;
    throw new DataFormatError(
      source,
      `row ${i + 1} has t ${quoted(word)}, expected a number`,
    );
  });
}

/**
 * The window whose widths the scales of a CSV are, from its column `window`, as `calibrate` exports it.
 *
 * @example
 * ```ts
 * import { scaleListWindow, writeNpyList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const csv = new TextEncoder().encode("step,patch_size,window\n1,3.2,super\n2,5.8,super\n");
 * assertEquals(scaleListWindow(csv), "super");
 * // Other lists are of sizes k of the box.
 * assertEquals(scaleListWindow(writeNpyList([3, 5])), undefined);
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @returns Undefined for every other list.
 * @throws DataFormatError if the steps name several windows, or one whose shape is not known by its name.
 * @category Formats
 */
export function scaleListWindow(
  bytes: Uint8Array,
  source = "scales",
): Exclude<WindowName, "gradient"> | undefined {
  if (isTorch(bytes) || isPickle(bytes) || isNpy(bytes) || isNpz(bytes)) return undefined;
  checkLimit("maxText", bytes.length, { source, what: "the list", allowed: longestText });
  const { lines, header } = tableOf(new TextDecoder().decode(bytes).trim(), source);
  const column = header.indexOf("window");
  if (scaleColumn(header) < 0 || column < 0) return undefined;
  const names = [...new Set(columnInOrder(lines, { header, column, source }))];
  const shape = windowNames.find((name) => names.length === 1 && name === names[0]);
  if (shape !== undefined && shape !== "gradient") return shape;
  throw new DataFormatError(
    source,
    shape === "gradient"
      ? "its window is gradient, whose shape a table does not hold; take scale_schedule.json instead"
      : `its windows are ${quoted(names, 60)}, expected one of ${
        windowNames.filter((name) => name !== "gradient").join(", ")
      } for all steps`,
  );
}

/** The lines that say something, and the names in the first. */
function tableOf(
  text: string,
  source: string,
): { readonly lines: string[]; readonly header: string[] } {
  const all = text.split(/\r?\n/, 2 * mostSteps + 1);
  checkLimit("maxItems", all.length, { source, what: "the list", allowed: 2 * mostSteps });
  // numpy.savetxt begins its header with a #.
  const lines = all.map((line) => line.trim()).filter((line) => line !== "" && line[0] !== "#");
  const header = (lines[0] ?? "").split(",", mostSteps)
    .map((name) => name.trim().replaceAll('"', ""));
  return { lines, header };
}

/** A column of a CSV; its steps, where it has them, must count from 1. */
function columnInOrder(
  [, ...lines]: readonly string[],
  { header, column, source }: {
    readonly header: readonly string[];
    readonly column: number;
    readonly source: string;
  },
): string[] {
  const step = header.indexOf("step");
  return lines.map((line, i) => {
    const cells = line.split(",").map((cell) => cell.trim());
    if (cells.length !== header.length) {
      throw new DataFormatError(
        source,
        `row ${i + 1} has ${cells.length} cells, the header ${header.length}`,
      );
    }
    if (step >= 0 && Number(cells[step]) !== i + 1) {
      throw new DataFormatError(
        source,
        `row ${i + 1} is step ${oneLine(cells[step]!, 30)}; expected the steps 1, 2, .. in order`,
      );
    }
    return cells[column]!;
  });
}

/**
 * The scales of a schedule as a bare list, index 0 the lowest noise (t = 1/n).
 *
 * @example
 * ```ts
 * import { scaleList, writeTorchList } from "@els/toolkit/formats";
 * import { cosineLegacy, createProvenance, importScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule: cosineLegacy(),
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * assertEquals(scaleList(schedule), [3, 5]);
 * // As the public code reads them.
 * const bytes = writeTorchList(scaleList(schedule));
 * assertEquals(bytes.length > 0, true);
 * ```
 *
 * @category Formats
 */
export function scaleList(schedule: ScaleSchedule): number[] {
  const { steps } = schedule;
  return steps.map(({ patchSize }) => patchSize);
}

/**
 * A list of scales as a `.npy` array of int64, for `numpy.load`; for PyTorch there is
 * `writeTorchList`.
 *
 * @example
 * ```ts
 * import { parseNpy, writeNpyList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseNpy(writeNpyList([3, 5, 9])).shape, [3]);
 * ```
 *
 * @category Formats
 */
export function writeNpyList(scales: readonly number[]): Uint8Array<ArrayBuffer> {
  return writeNpy({
    dtype: "I64",
    shape: [scales.length],
    data: BigInt64Array.from(scales, BigInt),
  });
}
