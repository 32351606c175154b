/** Scale schedules as JSON text, checked on the way in and on the way out. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { isPatchSize } from "../core/patch_size.ts";
import { crc32 } from "../formats/crc32.ts";
import { writeJsonText } from "../formats/json_text.ts";
import { parseJson } from "../formats/parse_json.ts";
import { machineNames } from "../machines/machine_table.ts";
import type { ScaleSchedule, ScaleStep } from "../machines/scale_schedule.ts";
import { windowNames } from "../machines/machine_window.ts";
import { timeGridNames, timeGrids } from "../samplers/time_grid.ts";
import { createSchedule, scheduleNames } from "../schedules/create_schedule.ts";
import { type SchemaBreach, validate } from "./scale_schedule_validator.ts";
import { similarityNames } from "./similarity.ts";

/**
 * Writes a scale schedule as JSON text: one line per field, and one per sample's row of similarities.
 * The same schedule gives the same text.
 *
 * @example
 * ```ts
 * import {
 *   cosineLegacy,
 *   createProvenance,
 *   importScales,
 *   parseScaleSchedule,
 *   writeScaleSchedule,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const scales = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule: cosineLegacy(),
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * assertEquals(parseScaleSchedule(writeScaleSchedule(scales)), scales);
 * ```
 *
 * @throws RangeError if the schedule holds NaN or breaks the format in a way that
 * {@linkcode parseScaleSchedule} would refuse; the message names the field.
 * @category Calibration
 */
export function writeScaleSchedule(schedule: ScaleSchedule): string {
  const content = {
    format: schedule.format,
    version: schedule.version,
    imageShape: schedule.imageShape,
    machine: schedule.machine,
    padding: schedule.padding,
    noiseSchedule: schedule.noiseSchedule,
    metric: schedule.metric,
    ...schedule.window && { window: schedule.window },
    aggregate: schedule.aggregate,
    candidates: schedule.candidates,
    labels: schedule.labels,
    ...schedule.timeGrid && { timeGrid: schedule.timeGrid },
    steps: schedule.steps?.map((step: ScaleStep) => ({
      step: step.step,
      t: step.t,
      signal: step.signal,
      sigma: step.sigma,
      patchSize: step.patchSize,
      ...step.perClass && { perClass: step.perClass },
      ...step.profile && { profile: step.profile },
      perSample: step.perSample,
      ...step.certainty !== undefined && { certainty: step.certainty },
      ...step.interval && { interval: step.interval },
      ...step.images !== undefined && { images: step.images },
      similarity: step.similarity,
    })),
    ...schedule.refinement && { refinement: schedule.refinement },
    provenance: schedule.provenance,
    ...schedule.edited && { edited: true },
  };
  const plain: unknown = JSON.parse(writeJsonText(content));
  const text = writeJsonText({ ...content, checksum: checksumOf(plain) });
  const own = [schedule.machine, schedule.metric, schedule.timeGrid ?? "uniform"];
  const problem = findProblem(plain, own);
  if (problem !== undefined) throw new ArgumentError(`Cannot write the scale schedule: ${problem}`);
  return text;
}

/**
 * Options of {@linkcode parseScaleSchedule}.
 *
 * @category Calibration
 */
export interface ParseScaleScheduleOptions {
  /** Names of your own that it may hold besides those of this package: of a machine, a metric, a time grid. */
  readonly own?: readonly string[] | undefined;
  /** Characters that the text may have. Default 2^25, 32 million. */
  readonly maxText?: number | undefined;
}

/**
 * Reads a scale schedule from JSON text.
 *
 * The text is checked against `data/scale_schedule.schema.json`, then field against field: steps
 * ascend from 1 to n with t = step / n (on another grid: with t), scales are candidates, and every table has its rows and columns.
 * Files may be edited by hand: what is `edited` then is that of the schedule, known by a checksum.
 *
 * @example
 * ```ts
 * import { DataFormatError, parseScaleSchedule } from "@els/toolkit/machines";
 * import { assertThrows } from "@std/assert";
 *
 * const text = '{ "format": "els-scale-schedule", "version": 1 }';
 * assertThrows(() => parseScaleSchedule(text, "mine.json"), DataFormatError, "mine.json: imageShape");
 * ```
 *
 * @param source Path, or a name for the text, for error messages.
 * @throws DataFormatError that names the first offending field, what was found and what was expected.
 * @category Calibration
 */
export function parseScaleSchedule(
  text: string,
  source = "scale schedule",
  options: ParseScaleScheduleOptions = {},
): ScaleSchedule {
  const { own = [], maxText = 2 ** 25 } = options;
  let value: unknown;
  try {
    value = parseJson(text, { source, what: "the scale schedule", maxText });
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof SyntaxError)) throw error;
    throw new DataFormatError(source, `not JSON: ${cause.message}`, { cause });
  }
  modernize(value);
  const problem = findProblem(value, own);
  if (problem !== undefined) throw new DataFormatError(source, problem);
  const { $schema: _, checksum, ...schedule } = value as ScaleSchedule & {
    readonly $schema?: string;
    readonly checksum?: string;
  };
  const edited = checksum !== undefined && checksum !== checksumOf(schedule);
  return edited ? { ...schedule, edited } : schedule;
}

/** CRC-32 of what a schedule says; layout and order of its fields do not count. */
function checksumOf(content: unknown): string {
  const crc = crc32(new TextEncoder().encode(canonical(content)));
  return `crc32:${crc.toString(16).padStart(8, "0")}`;
}

/** JSON with the fields of objects in the order of their names; nesting is limited by the reader. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = asObject(value);
  if (fields === undefined) return JSON.stringify(value);
  const names = Object.keys(fields).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(fields[name])}`).join()}}`;
}

/**
 * Brings a file of the first releases into the form of today: there a patch size was called kernelSize, and
 * the refinement lay in `provenance.config`.
 */
function modernize(value: unknown): void {
  const file = asObject(value);
  const config = asObject(asObject(file?.provenance)?.config);
  if (file !== undefined && config?.refinement !== undefined && file.refinement === undefined) {
    file.refinement = config.refinement;
    delete config.refinement;
  }
  for (const list of [file?.steps, asObject(file?.refinement)?.trials]) {
    if (!Array.isArray(list)) continue;
    for (const entry of list.map(asObject)) {
      if (entry?.kernelSize === undefined || entry.patchSize !== undefined) continue;
      entry.patchSize = entry.kernelSize;
      delete entry.kernelSize;
    }
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
}

function findProblem(value: unknown, own: readonly string[]): string | undefined {
  const { format, version } = (value ?? {}) as Partial<ScaleSchedule>;
  if (format !== "els-scale-schedule") {
    return `format is ${show(format)}, expected "els-scale-schedule"; this is no scale schedule`;
  }
  if (version !== 1 && version !== 2) {
    return `version is ${
      show(version)
    }, expected 1 or 2; it was written by another release of the toolkit`;
  }
  if (!validate(value)) return describe(value, validate.errors![0]!);
  const schedule = value as ScaleSchedule;
  return findUnknownName(schedule, own) ?? findBadNoise(schedule) ?? findInconsistency(schedule);
}

/** A name that neither this package nor the reader knows: a slip of the pen, most often. */
function findUnknownName(
  { machine, metric, window = "box", timeGrid = "uniform" }: ScaleSchedule,
  own: readonly string[],
): string | undefined {
  const names: readonly [field: string, name: string, known: readonly string[]][] = [
    ["machine", machine, machineNames],
    ["metric", metric, similarityNames],
    ["window", window, windowNames],
    ["timeGrid", timeGrid, timeGridNames],
  ];
  const unknown = names.find(([, name, known]) => !known.includes(name) && !own.includes(name));
  if (unknown === undefined) return undefined;
  const [field, name, known] = unknown;
  return `${field} is ${show(name)}, expected one of ${
    known.map(show).join(", ")
  }, or a name of your ` +
    "own that the reader is told of";
}

/** Parameters that the noise schedule does not take; one that is not known here says for itself. */
function findBadNoise({ noiseSchedule: { name, parameters } }: ScaleSchedule): string | undefined {
  if (!scheduleNames.includes(name)) return undefined;
  try {
    createSchedule(name, parameters);
    return undefined;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return `noiseSchedule: ${error.message}`;
  }
}

/** One line for the first breach of the JSON Schema. */
function describe(
  value: unknown,
  { instancePath, keyword, params, message }: SchemaBreach,
): string {
  const keys = instancePath.split("/").slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = keys.map((key) => /^\d+$/.test(key) ? `[${key}]` : `.${key}`)
    .join("").replace(/^\./, "");
  const found = keys.reduce((part, key) => (part as Record<string, unknown>)[key], value);
  const inside = path === "" ? "" : `${path}.`;
  if (keyword === "required") return `${inside}${params["missingProperty"]} is missing`;
  if (keyword === "additionalProperties") {
    return `${inside}${params["additionalProperty"]} is not a field of this format`;
  }
  const expected = keyword === "enum"
    ? `one of ${(params["allowedValues"] as unknown[]).map(show).join(", ")}`
    : keyword === "type"
    ? [params["type"]].flat().join(" or ")
    : message.replace("must NOT have fewer than", "at least")
      .replace("must NOT have more than", "at most")
      .replace("must match", "a match of").replace(/^must be /, "");
  return `${path || "the whole"} is ${show(found)}, expected ${expected}`;
}

/** What a JSON Schema cannot say. */
function findInconsistency(schedule: ScaleSchedule): string | undefined {
  const { candidates, labels, steps, imageShape: [height, width], window } = schedule;
  const ofSecond = window !== undefined || steps.some(({ perClass }) => perClass !== undefined);
  if (ofSecond !== (schedule.version === 2)) {
    return `version is ${schedule.version}, expected ${ofSecond ? 2 : 1} ${
      ofSecond ? "with" : "without"
    } a window or scales of single classes`;
  }
  // From any pixel a patch of this size covers the whole image: a larger one changes nothing.
  const largest = 2 * Math.max(height, width) - 1;
  for (const [i, k] of candidates.entries()) {
    const field = `candidates[${i}] is ${k}, expected`;
    if (window === undefined && !isPatchSize(k)) return `${field} an odd number`;
    if (k > largest) return `${field} at most ${largest} for images of ${height} x ${width}`;
    if (i > 0 && k <= candidates[i - 1]!) return `${field} more than ${candidates[i - 1]}`;
  }
  const samples = steps.reduce((most, { perSample }) => Math.max(most, perSample.length), 0);
  if (labels !== null && labels.length !== samples) {
    return `labels has ${labels.length} entries, expected ${samples}, one for each sample`;
  }
  const columns = new Map(candidates.map((k, column) => [k, column]));
  const among = `one of the candidates ${candidates.slice(0, 12).join(", ")}${
    candidates.length > 12 ? ", …" : ""
  }`;
  for (const [i, entry] of steps.entries()) {
    const at = `steps[${i}]`;
    const { step, t, patchSize, perSample, similarity } = entry;
    if (step !== i + 1) return `${at}.step is ${step}, expected ${i + 1}`;
    // A decimal of nine digits is as good as the fraction: schedules may be written by hand.
    const expected = timeOf(schedule.timeGrid, step / steps.length);
    if (expected !== undefined && Math.abs(t - expected) > 1e-9) {
      const rule = (schedule.timeGrid ?? "uniform") === "uniform"
        ? "step / n"
        : `on the ${schedule.timeGrid} grid`;
      return `${at}.t is ${t}, expected ${rule} = ${expected}`;
    }
    if (i > 0 && t <= steps[i - 1]!.t) {
      return `${at}.t is ${t}, expected more than ${steps[i - 1]!.t}, that of the step before`;
    }
    if (!columns.has(patchSize)) {
      return `${at}.patchSize is ${patchSize}, expected ${among}`;
    }
    const problem = findBadWindow(entry, window) ?? findBadClasses(entry, steps[0]!, columns);
    if (problem !== undefined) return `${at}.${problem}`;
    if (perSample.length === 0 && samples > 0) {
      return `${at}.perSample has 0 entries, expected those of one sample at least`;
    }
    if (similarity.length !== perSample.length) {
      return `${at}.similarity has ${similarity.length} entries, expected ${perSample.length}, one for ` +
        "each sample of perSample";
    }
    for (const [sample, row] of similarity.entries()) {
      const best = perSample[sample]!;
      const column = columns.get(best);
      if (column === undefined) {
        return `${at}.perSample[${sample}] is ${best}, expected ${among}`;
      }
      if (row.length !== candidates.length) {
        return `${at}.similarity[${sample}] has ${row.length} entries, expected ` +
          `${candidates.length}, one for each candidate`;
      }
      if (row[column] === null) {
        return `${at}.similarity[${sample}] is null at ${best}, expected a number: ` +
          `it is the best scale of that sample`;
      }
    }
  }
  return undefined;
}

/** A profile where no window needs one, or none where one does. */
function findBadWindow(
  { profile }: ScaleStep,
  window: ScaleSchedule["window"],
): string | undefined {
  if ((profile !== undefined) !== (window === "gradient")) {
    return `profile is ${profile === undefined ? "missing" : "there"}, expected ${
      window === "gradient" ? "one for a gradient window" : "none but for a gradient window"
    }`;
  }
  if (profile === undefined || profile[0] === 1) return undefined;
  return `profile[0] is ${profile[0]}, expected 1`;
}

/** Scales of classes that are no candidates, or of others than those of the first step. */
function findBadClasses(
  { perClass, patchSize }: ScaleStep,
  first: ScaleStep,
  columns: ReadonlyMap<number, number>,
): string | undefined {
  const labels = perClass?.map(({ label }) => label);
  const expected = first.perClass?.map(({ label }) => label);
  if (labels?.join() !== expected?.join()) {
    return `perClass is of the classes ${show(labels)}, expected ${
      show(expected)
    }, as at the first step`;
  }
  for (const [i, { label, patchSize: own }] of (perClass ?? []).entries()) {
    if (i > 0 && label <= labels![i - 1]!) {
      return `perClass[${i}].label is ${label}, expected more than ${labels![i - 1]}`;
    }
    if (!columns.has(own)) {
      return `perClass[${i}].patchSize is ${own}, expected a candidate such as ${patchSize}`;
    }
  }
  return undefined;
}

/** Time at u = step / n; undefined where it depends on the noise schedule, or the grid is somebody's own. */
function timeOf(name: string | undefined, u: number): number | undefined {
  const grid = timeGrids.find((grid) => grid.name === (name ?? "uniform"));
  return grid !== undefined && "at" in grid ? grid.at(u) : undefined;
}

function show(value: unknown): string {
  // Short lists are shown whole.
  const text = Array.isArray(value) && value.length < 20 ? JSON.stringify(value) : undefined;
  if (value === undefined) return "missing";
  return text !== undefined && text.length <= 60 ? text : quoted(value);
}
