/** What the cells of the study of stable targets say together: means over seeds, with intervals. */
import { mean } from "../../src/core/statistics.ts";
import type { TargetRecord } from "./run_cell.ts";

/** A number with its 95 % interval; without one where a single value is known. */
export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Values behind it. */
  readonly count: number;
}

/** 97.5 % quantiles of Student's t for 1, 2, .. degrees of freedom. */
const quantiles = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086],
];

/** Standard deviation with divisor n - 1; 0 of a single value. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Mean with the 95 % interval of Student's t: what few values of a normal spread tell of their mean. */
export function estimateOf(values: readonly number[]): Estimate {
  const value = mean(values);
  const count = values.length;
  if (count < 2) return { value, low: null, high: null, count };
  // Beyond the table within 1 %.
  const t = quantiles[count - 2] ?? 1.96 + 2.4 / (count - 1);
  const half = t * deviation(values) / Math.sqrt(count);
  return { value, low: value - half, high: value + half, count };
}

/** The same of logarithms, told as a factor. */
function factorOf(logarithms: readonly number[]): Estimate {
  const { value, low, high, count } = estimateOf(logarithms);
  const exp = (x: number | null) => x === null ? null : Math.exp(x);
  return { value: Math.exp(value), low: exp(low), high: exp(high), count };
}

/** Distances at one step over the seeds. */
export interface StepSummary {
  readonly step: number;
  readonly mean: number;
  /** Standard deviation over seeds. */
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
}

/** A process with one size of reference batch. */
export interface RowSummary {
  readonly process: string;
  readonly references: number;
  readonly seeds: readonly number[];
  readonly steps: readonly StepSummary[];
  /** Error of xHat0 at the end. */
  readonly error: Estimate;
  /** Mean loss over the second half of the steps, mean over seeds. */
  readonly loss: number;
  /** Its deviation from step to step. */
  readonly lossDeviation: number;
  /** That of the norm of gradients, divided by its mean. */
  readonly gradientSpread: number;
  /** Final distance as a factor of that of n = 1, of the same seeds; null for n = 1, or without it. */
  readonly better: Estimate | null;
  /** Steps that n = 1 takes to its final distance, divided by the steps that these take to it. */
  readonly faster: Estimate | null;
  /** Seeds that never come to it. */
  readonly slower: number;
}

/** All of it. */
export interface TargetSummary {
  readonly rows: readonly RowSummary[];
  /** For each size above 1: its final distance as a factor of that of n = 1, over processes and seeds. */
  readonly pooled: readonly { readonly references: number; readonly better: Estimate }[];
}

const lastOf = ({ measures }: TargetRecord) => measures.at(-1)!;

/**
 * The step at which a distance is first reached, logarithms of both taken as linear between measurements.
 *
 * @returns undefined if it never is; the first measured step if that is below it already.
 */
export function stepAt({ measures }: Pick<TargetRecord, "measures">, distance: number) {
  const at = measures.findIndex(({ frechet }) => frechet <= distance);
  if (at < 0) return undefined;
  const here = measures[at]!;
  const before = measures[at - 1];
  if (before === undefined) return here.step;
  const share = Math.log(before.frechet / distance) / Math.log(before.frechet / here.frechet);
  return before.step * (here.step / before.step) ** share;
}

const lateOf = (values: readonly number[]) => values.slice(Math.floor(values.length / 2));

/** Deviation from step to step over the second half: slow changes are left out. */
export function stepDeviation(values: readonly number[]): number {
  const late = lateOf(values);
  const changes = late.slice(1).map((value, i) => value - late[i]!);
  // Two independent values differ by the root of two times their deviation.
  return Math.sqrt(mean(changes.map((change) => change ** 2)) / 2);
}

function rowOf(own: readonly TargetRecord[], plain: readonly TargetRecord[]): RowSummary {
  const { process, references } = own[0]!;
  const pairs = own.flatMap((record) => {
    const other = plain.find(({ seed }) => seed === record.seed);
    return other === undefined || references === 1 ? [] : [[record, other] as const];
  });
  const gains = pairs.flatMap(([record, other]) => {
    const step = stepAt(record, lastOf(other).frechet);
    return step === undefined ? [] : [Math.log(lastOf(other).step / step)];
  });
  return {
    ...{ process, references, seeds: own.map(({ seed }) => seed) },
    steps: own[0]!.measures.map(({ step }, i) => {
      const distances = own.map(({ measures }) => measures[i]!.frechet);
      return {
        ...{ step, mean: mean(distances), deviation: deviation(distances) },
        ...{ least: Math.min(...distances), most: Math.max(...distances) },
      };
    }),
    error: estimateOf(own.map((record) => lastOf(record).error)),
    loss: mean(own.map(({ loss }) => mean(lateOf(loss)))),
    lossDeviation: mean(own.map(({ loss }) => stepDeviation(loss))),
    gradientSpread: mean(
      own.map(({ gradientNorm }) => stepDeviation(gradientNorm) / mean(lateOf(gradientNorm))),
    ),
    better: pairs.length === 0 ? null : factorOf(logRatios(pairs)),
    faster: gains.length === 0 ? null : factorOf(gains),
    slower: pairs.length - gains.length,
  };
}

const logRatios = (pairs: readonly (readonly [TargetRecord, TargetRecord])[]) =>
  pairs.map(([record, other]) => Math.log(lastOf(record).frechet / lastOf(other).frechet));

/** Puts finished cells together. Those of one process and size have the same steps. */
export function summarize(records: readonly TargetRecord[]): TargetSummary {
  const keyOf = ({ process, references }: TargetRecord) => `${process} ${references}`;
  const plainOf = (process: string) =>
    records.filter((record) => record.process === process && record.references === 1);
  const rows = [...new Set(records.map(keyOf))].map((key) => {
    const own = records.filter((record) => keyOf(record) === key);
    return rowOf(own, plainOf(own[0]!.process));
  });
  const sizes = [...new Set(records.map(({ references }) => references))].filter((n) => n > 1);
  const pooled = sizes.sort((a, b) => a - b).flatMap((references) => {
    const pairs = records.filter((record) => record.references === references).flatMap((record) => {
      const other = plainOf(record.process).find(({ seed }) => seed === record.seed);
      return other === undefined ? [] : [[record, other] as const];
    });
    return pairs.length === 0 ? [] : [{ references, better: factorOf(logRatios(pairs)) }];
  });
  return { rows, pooled };
}
