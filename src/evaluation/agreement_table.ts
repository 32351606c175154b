import { bootstrapMedian } from "../core/statistics.ts";
import { csvText } from "../formats/csv.ts";
import {
  agreementKey,
  type AgreementMeasure,
  agreementMeasures,
  agreementNames,
} from "./agreement.ts";
import type { AgreementResult } from "./evaluate.ts";

/**
 * Options of {@linkcode agreementTable}.
 *
 * @category Evaluation
 */
export interface AgreementTableOptions {
  /** Level of the bootstrap intervals, in (0, 1); 0.95 by default. */
  readonly level?: number;
  /** Number of bootstrap resamples; 10,000 by default. */
  readonly resamples?: number;
  /** Seed of the bootstrap; 0 by default. */
  readonly seed?: number;
}

/**
 * One row: one machine by one measure.
 *
 * @category Evaluation
 */
export interface AgreementRow {
  /** Name of the machine. */
  readonly machine: string;
  /** Name of the measure. */
  readonly measure: string;
  /** Median over the samples where the measure is defined; null if there are none. */
  readonly median: number | null;
  /** Lower end of the median's bootstrap interval. */
  readonly low: number | null;
  /** Upper end of the median's bootstrap interval. */
  readonly high: number | null;
  /** Level of the interval. */
  readonly level: number;
  /** Samples where the measure is defined. */
  readonly samples: number;
  /** Samples left out because an image is constant, where the measure is undefined. */
  readonly undefinedSamples: number;
  /** DDIM steps of the machine. */
  readonly steps: number;
  /** DDIM steps of the network. */
  readonly networkSteps: number;
}

/**
 * Medians over samples with bootstrap intervals: a row for each machine and measure (r, r^2, R^2).
 *
 * @example
 * ```ts
 * import {
 *   agreementTable,
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   evaluateAgreement,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using denoiser = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * const machines = [{ name: "itself", denoiser }];
 * const result = await evaluateAgreement(denoiser, machines, { steps: 1, samples: 2, seed: 1 });
 * const [r] = agreementTable(result, { resamples: 100 });
 * assertEquals([r!.machine, r!.measure, r!.samples], ["itself", "r", 2]);
 * ```
 *
 * @throws RangeError if level, resamples or seed are out of range.
 * @category Evaluation
 */
export function agreementTable(
  result: AgreementResult,
  options: AgreementTableOptions = {},
): AgreementRow[] {
  const { machines, samples, steps, networkSteps, measures = agreementMeasures } = result;
  const { level = 0.95, resamples = 10_000, seed = 0 } = options;
  return machines.flatMap((machine) =>
    measures.map((measure): AgreementRow => {
      const values = samples
        .map(({ agreement }) => agreement[machine]![agreementKey(measure)])
        .filter((value) => value !== null && value !== undefined);
      const { median, low, high } = values.length === 0
        ? { median: null, low: null, high: null }
        : bootstrapMedian(values, { seed, resamples, level });
      return {
        machine,
        measure: measure.name,
        median,
        low,
        high,
        level,
        samples: values.length,
        undefinedSamples: samples.length - values.length,
        steps,
        networkSteps,
      };
    })
  );
}

/**
 * The table as CSV with a header, one line per machine and measure; empty where undefined.
 *
 * @example
 * ```ts
 * import { agreementCsv } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const row = {
 *   machine: "bbELS",
 *   measure: "r",
 *   median: 0.97,
 *   low: 0.95,
 *   high: 0.98,
 *   level: 0.95,
 *   samples: 20,
 *   undefinedSamples: 0,
 *   steps: 6,
 *   networkSteps: 6,
 * };
 * assertStringIncludes(agreementCsv([row]), "bbELS,r,0.97,0.95,0.98");
 * ```
 *
 * @category Evaluation
 */
export function agreementCsv(rows: readonly AgreementRow[]): string {
  return csvText([
    [
      "machine",
      "measure",
      "median",
      "low",
      "high",
      "level",
      "samples",
      "undefined_samples",
      "steps",
      "network_steps",
    ],
    ...rows.map((row) => [
      row.machine,
      row.measure,
      row.median,
      row.low,
      row.high,
      row.level,
      row.samples,
      row.undefinedSamples,
      row.steps,
      row.networkSteps,
    ]),
  ]);
}

/**
 * Every sample's r, r^2 and R^2 as CSV with a header; empty where undefined or unconditional.
 *
 * @example
 * ```ts
 * import {
 *   agreementSamplesCsv,
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   evaluateAgreement,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using denoiser = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * const machines = [{ name: "itself", denoiser }];
 * const result = await evaluateAgreement(denoiser, machines, { steps: 1, samples: 1, seed: 1 });
 * assertStringIncludes(agreementSamplesCsv(result), "0,,itself,");
 * ```
 *
 * @category Evaluation
 */
export function agreementSamplesCsv(result: AgreementResult): string {
  const { machines, samples, measures = agreementMeasures } = result;
  return csvText([
    ["sample", "label", "machine", ...measures.map(({ name }) => name)],
    ...samples.flatMap(({ sample, label, agreement }) =>
      machines.map((machine) => [
        sample,
        label,
        machine,
        ...measures.map((measure) => agreement[machine]![agreementKey(measure)] ?? null),
      ])
    ),
  ]);
}

/** A median with its interval, as tables have it: "0.968 [0.956, 0.975]". */
export function medianText(
  { median, low, high }: Pick<AgreementRow, "median" | "low" | "high">,
): string {
  return median === null
    ? "undefined"
    : `${median.toFixed(3)} [${low!.toFixed(3)}, ${high!.toFixed(3)}]`;
}

/** The row of a machine and a measure; undefined if it is not there. */
export function findMedian<T extends Pick<AgreementRow, "machine" | "measure">>(
  rows: readonly T[],
  { machine, measure }: { readonly machine: string | undefined; readonly measure: string },
): T | undefined {
  return rows.find((row) => row.machine === machine && row.measure === measure);
}

/** Medians of a machine with their intervals, by {@linkcode agreementNames}. */
export function medianCells(
  rows: readonly Pick<AgreementRow, "machine" | "measure" | "median" | "low" | "high">[],
  machine: string,
): string[] {
  return agreementNames.map((measure) => {
    const row = findMedian(rows, { machine, measure });
    return row === undefined ? "undefined" : medianText(row);
  });
}

/**
 * The table for a terminal: a line per machine, a column per measure, median and interval in each,
 * and a last line that says what was compared.
 *
 * @example
 * ```ts
 * import { agreementText } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const row = {
 *   machine: "bbELS",
 *   measure: "r",
 *   median: 0.968,
 *   low: 0.956,
 *   high: 0.975,
 *   level: 0.95,
 *   samples: 20,
 *   undefinedSamples: 0,
 *   steps: 6,
 *   networkSteps: 6,
 * };
 * assertStringIncludes(agreementText([row], { network: "resnet" }), "0.968 [0.956, 0.975]");
 * ```
 *
 * @param network Name of the network, the reference.
 * @category Evaluation
 */
export function agreementText(
  rows: readonly AgreementRow[],
  options: { readonly network: string },
): string {
  const { network } = options;
  const first = rows[0];
  if (first === undefined) return `${network}: no machine was compared\n`;
  const cell = (row: AgreementRow) =>
    medianText(row) + (row.median !== null && row.undefinedSamples > 0 ? "*" : "");
  const machines = [...new Set(rows.map(({ machine }) => machine))];
  const names = [...new Set(rows.map(({ measure }) => measure))];
  const lines = [
    ["machine", ...names],
    ...machines.map((machine) => [
      machine,
      ...names.map((name) => {
        const row = findMedian(rows, { machine, measure: name });
        return row === undefined ? "" : cell(row);
      }),
    ]),
  ];
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length))
  );
  const table = lines.map((line) =>
    line.map((text, column) => text.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  const total = first.samples + first.undefinedSamples;
  const known: readonly AgreementMeasure[] = agreementMeasures;
  const definitions = known.flatMap(({ definition, name }) =>
    definition !== undefined && names.includes(name) ? [definition] : []
  );
  const notes = [
    `Median over ${total} sample${total === 1 ? "" : "s"} [${
      Number((100 * first.level).toFixed(3))
    }% bootstrap interval]; reference ${network} at ${first.networkSteps} steps, ` +
    `machines at ${first.steps}.`,
    ...definitions.length > 0 ? [`${definitions.join("; ")}.`] : [],
  ];
  if (rows.some(({ undefinedSamples }) => undefinedSamples > 0)) {
    notes.push(
      "*: without the samples where an image is constant, so that the measure is undefined.",
    );
  }
  return [...table, "", ...notes].join("\n") + "\n";
}
