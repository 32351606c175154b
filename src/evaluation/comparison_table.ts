import { ArgumentError } from "../core/errors.ts";
import { isBetter } from "../core/metric.ts";
import {
  PairedBootstrap,
  sampleDifferences,
  type SampleStatistic,
  summarizeDifferences,
} from "../core/paired_bootstrap.ts";
import { mean } from "../core/statistics.ts";
import { csvText } from "../formats/csv.ts";
import { type Agreement, agreementKey, type AgreementMeasure } from "./agreement.ts";
import type { AgreementTableOptions } from "./agreement_table.ts";
import type { ComparisonResult, SampleComparison } from "./compare_denoisers.ts";

/**
 * How machines are asked: each along its own trajectory, or at the network's x.
 *
 * @category Evaluation
 */
export type ComparisonWay = "own" | "single";

/** The values of {@linkcode ComparisonWay}. */
export const comparisonWays: readonly ComparisonWay[] = ["own", "single"];

/**
 * One row: one machine, asked in one way, at one step or in all, by one measure.
 *
 * @category Evaluation
 */
export interface ComparisonRow {
  /** Name of the machine. */
  readonly machine: string;
  /** How it was asked. */
  readonly way: ComparisonWay;
  /** The step, from 1 (lowest noise) to n; null: the final images, or the mean over single steps. */
  readonly step: number | null;
  /** Time of the step; null where there is none. */
  readonly t: number | null;
  /** Name of the measure. */
  readonly measure: string;
  /** Median or mean over the samples where the measure is defined; null if there are none. */
  readonly value: number | null;
  /** Lower end of its bootstrap interval. */
  readonly low: number | null;
  /** Upper end of its bootstrap interval. */
  readonly high: number | null;
  /** The same of the differences to the machine that all are held against, sample by sample. */
  readonly difference: number | null;
  /** Lower end of the difference's interval. */
  readonly differenceLow: number | null;
  /** Upper end of the difference's interval. */
  readonly differenceHigh: number | null;
  /** Samples where it is better than that machine. */
  readonly wins: number;
  /** Samples where it is worse. */
  readonly losses: number;
  /** Place among the machines: the best, not told apart from the best (0 lies in the interval of the differences). */
  readonly standing: "best" | "near" | "behind" | null;
  /** Samples where the measure is defined. */
  readonly samples: number;
  /** Samples left out because an image is constant, where the measure is undefined. */
  readonly undefinedSamples: number;
}

/**
 * The rows of a comparison, and how they were made.
 *
 * @category Evaluation
 */
export interface ComparisonTable {
  /** All rows: by way, steps from the lowest noise and then the summary, measure, machine. */
  readonly rows: readonly ComparisonRow[];
  /** What was taken over samples. */
  readonly statistic: SampleStatistic;
  /** Level of the intervals. */
  readonly level: number;
  /** The machine that the others are held against. */
  readonly against: string;
}

/**
 * Options of {@linkcode comparisonTable}.
 *
 * @category Evaluation
 */
export interface ComparisonTableOptions extends AgreementTableOptions {
  /** What is taken over samples; "median" by default. */
  readonly statistic?: SampleStatistic | undefined;
  /** Name of the machine that the others are held against; default: the best by r^2 of final images. */
  readonly against?: string | undefined;
}

/**
 * Values over samples with bootstrap intervals, all from the same resamples, and the differences to one machine
 * paired by sample: for own trajectories and single steps, at each step and in all.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   compareDenoisers,
 *   comparisonTable,
 *   createMachine,
 *   createSchedule,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using denoiser = createMachine("LS", { images, schedule, patchSize: 3 });
 * const machines = [{ name: "itself", denoiser }];
 * const result = await compareDenoisers(denoiser, machines, { steps: 1, samples: 2, seed: 1 });
 * const { rows, against } = comparisonTable(result, { resamples: 100 });
 * assertEquals(against, "itself");
 * assertEquals(rows.find(({ measure }) => measure === "MSE")!.value, 0);
 * ```
 *
 * @throws RangeError if an option is out of range, or there is no machine of that name.
 * @category Evaluation
 */
export function comparisonTable(
  result: ComparisonResult,
  options: ComparisonTableOptions = {},
): ComparisonTable {
  const { machines, measures, times } = result;
  const { statistic = "median", level = 0.95, resamples = 10_000, seed = 0 } = options;
  const bootstrap = new PairedBootstrap({ level, resamples, seed });
  const valuesOf = (machine: string, place: Place, measure: AgreementMeasure) =>
    result.samples[machine]!.map((sample) => valueAt(sample, place, agreementKey(measure)));
  const against = options.against ?? best(machines, (machine) => {
    const known = valuesOf(machine, { way: "own", step: null }, measures[1]!)
      .filter((value) => value !== null);
    return known.length === 0 ? null : bootstrap.statistic(known, statistic);
  }, { better: "higher" }) ?? machines[0]!;
  if (!machines.includes(against)) {
    throw new ArgumentError(
      `Cannot hold machines against ${against}: expected one of ${machines.join(", ")}`,
      { remedy: (say) => `name one of them with ${say.option("against")}` },
    );
  }
  const places = comparisonWays.flatMap((way) => [
    ...times.map((_, i): Place => ({ way, step: i + 1 })),
    { way, step: null } satisfies Place,
  ]);
  const rows = places.flatMap((place) =>
    measures.flatMap((measure) => {
      const all = new Map(machines.map((name) => [name, valuesOf(name, place, measure)]));
      const found = new Map(machines.map((name) => {
        const known = all.get(name)!.filter((value) => value !== null);
        const nothing = { value: null, low: null, high: null };
        return [name, known.length === 0 ? nothing : bootstrap.interval(known, statistic)];
      }));
      const first = best(machines, (name) => found.get(name)!.value, measure);
      return machines.map((machine): ComparisonRow => {
        const values = all.get(machine)!;
        const differencesFrom = (other: string) =>
          summarizeDifferences(
            sampleDifferences(values, all.get(other)!),
            bootstrap,
            statistic,
          );
        const difference = machine === against ? undefined : differencesFrom(against);
        const defined = values.filter((value) => value !== null).length;
        const higher = measure.better === "higher";
        return {
          ...{ machine, way: place.way, step: place.step, measure: measure.name },
          t: place.step === null ? null : times[place.step - 1]!,
          ...found.get(machine)!,
          difference: difference?.value ?? null,
          differenceLow: difference?.low ?? null,
          differenceHigh: difference?.high ?? null,
          wins: (higher ? difference?.above : difference?.below) ?? 0,
          losses: (higher ? difference?.below : difference?.above) ?? 0,
          standing: found.get(machine)!.value === null
            ? null
            : machine === first
            ? "best"
            : isNear(differencesFrom(first!))
            ? "near"
            : "behind",
          samples: defined,
          undefinedSamples: values.length - defined,
        };
      });
    })
  );
  return { rows, statistic, level, against };
}

/** Where something was measured. */
type Place = Pick<ComparisonRow, "way" | "step">;

function valueAt(
  { end, own, single }: SampleComparison,
  { way, step }: Place,
  key: string,
): number | null {
  const at = (agreement: Agreement) => agreement[key] ?? null;
  if (step !== null) return at((way === "own" ? own : single)[step - 1]!);
  if (way === "own") return at(end);
  const steps = single.map(at).filter((value) => value !== null);
  return steps.length < single.length ? null : mean(steps);
}

/** The name with the best value, the first of several; undefined if none has one. */
function best(
  names: readonly string[],
  valueOf: (name: string) => number | null,
  measure: Pick<AgreementMeasure, "better">,
): string | undefined {
  let found: { readonly name: string; readonly value: number } | undefined;
  for (const name of names) {
    const value = valueOf(name);
    if (value === null) continue;
    if (found === undefined || isBetter(measure, [value, found.value])) found = { name, value };
  }
  return found?.name;
}

function isNear({ low, high }: { readonly low: number | null; readonly high: number | null }) {
  return low === null || high === null || (low <= 0 && high >= 0);
}

/**
 * The table as CSV with a header; empty where undefined.
 *
 * @example
 * ```ts
 * import { comparisonCsv } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const row = {
 *   machine: "LS",
 *   way: "own",
 *   step: null,
 *   t: null,
 *   measure: "r^2",
 *   value: 0.75,
 *   low: 0.7,
 *   high: 0.8,
 *   difference: -0.2,
 *   differenceLow: -0.25,
 *   differenceHigh: -0.15,
 *   wins: 1,
 *   losses: 19,
 *   standing: "behind",
 *   samples: 20,
 *   undefinedSamples: 0,
 * } as const;
 * const table = { rows: [row], statistic: "median", level: 0.95, against: "bbELS" } as const;
 * assertStringIncludes(comparisonCsv(table), "LS,own,,,r^2,median,0.75,0.7,0.8,0.95,bbELS,-0.2");
 * ```
 *
 * @category Evaluation
 */
export function comparisonCsv(table: ComparisonTable): string {
  const { rows, statistic, level, against } = table;
  return csvText([
    [
      ...["machine", "way", "step", "t", "measure", "statistic", "value", "low", "high", "level"],
      ...["against", "difference", "difference_low", "difference_high", "wins", "losses"],
      ...["standing", "samples", "undefined_samples"],
    ],
    ...rows.map((row) => [
      ...[row.machine, row.way, row.step, row.t, row.measure, statistic],
      ...[row.value, row.low, row.high, level, against],
      ...[row.difference, row.differenceLow, row.differenceHigh, row.wins, row.losses],
      ...[row.standing, row.samples, row.undefinedSamples],
    ]),
  ]);
}

/**
 * Every sample by every machine, way, step and measure as CSV with a header; empty where undefined.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   compareDenoisers,
 *   comparisonSamplesCsv,
 *   createMachine,
 *   createSchedule,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using denoiser = createMachine("LS", { images, schedule, patchSize: 3 });
 * const machines = [{ name: "itself", denoiser }];
 * const result = await compareDenoisers(denoiser, machines, { steps: 1, samples: 1, seed: 1 });
 * const lines = comparisonSamplesCsv(result).trimEnd().split("\n");
 * assertEquals(lines.map((line) => line.split(",").slice(0, 5).join()), [
 *   "sample,label,machine,way,step",
 *   "0,,itself,own,1",
 *   "0,,itself,own,",
 *   "0,,itself,single,1",
 * ]);
 * ```
 *
 * @category Evaluation
 */
export function comparisonSamplesCsv(result: ComparisonResult): string {
  const { machines, measures, samples, times } = result;
  return csvText([
    ["sample", "label", "machine", "way", "step", "t", ...measures.map(({ name }) => name)],
    ...machines.flatMap((machine) =>
      samples[machine]!.flatMap(({ sample, label, own, end, single }) => {
        const line = (way: ComparisonWay, step: number | null, agreement: Agreement) => [
          ...[sample, label, machine, way, step, step === null ? null : times[step - 1]!],
          ...measures.map((measure) => agreement[agreementKey(measure)] ?? null),
        ];
        return [
          ...own.map((each, i) => line("own", i + 1, each)),
          line("own", null, end),
          ...single.map((each, i) => line("single", i + 1, each)),
        ];
      })
    ),
  ]);
}
