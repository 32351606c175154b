import { ArgumentError } from "../core/errors.ts";
import { measureBy, type Metric } from "../core/metric.ts";
import { rowOf } from "../core/row_of.ts";
import { determination, pearson } from "../core/statistics.ts";

/**
 * A measure of how well a prediction agrees with a reference, and its place in tables.
 *
 * @category Evaluation
 */
export interface AgreementMeasure extends Metric {
  /** Field of {@linkcode Agreement} that holds it; the name where absent. */
  readonly key?: string | undefined;
  /** What it is, in a few words under a table. */
  readonly definition?: string | undefined;
}

/**
 * The measures of agreement, the network's image being the reference.
 *
 * Pearson's r is null where reference or prediction is constant, and so is its square, which sees
 * neither the sign of r nor scale and offset. R^2 = 1 - SSres / SStot is at most 1, negative where the
 * reference's own mean predicts better, and null where the reference is constant.
 *
 * @category Evaluation
 */
export const agreementMeasures = [
  { name: "r", key: "r", better: "higher", definition: "r: Pearson", of: correlation },
  { name: "r^2", key: "rSquared", better: "higher", definition: "r^2 = r * r", of: rSquared },
  {
    name: "R^2",
    key: "determination",
    better: "higher",
    definition: "R^2 = 1 - SSres / SStot",
    of: coefficientOfDetermination,
  },
] as const satisfies readonly AgreementMeasure[];

/**
 * Name of a measure that this package has.
 *
 * @category Evaluation
 */
export type AgreementName = (typeof agreementMeasures)[number]["name"];

/**
 * Names of the measures.
 *
 * @category Evaluation
 */
export const agreementNames: readonly AgreementName[] = agreementMeasures.map(({ name }) => name);

/**
 * How well a prediction agrees with a reference, by the measures' keys; null where not defined.
 *
 * @category Evaluation
 */
export type Agreement =
  & Readonly<Record<(typeof agreementMeasures)[number]["key"], number | null>>
  & Readonly<Record<string, number | null>>;

/** Field of {@linkcode Agreement} that holds a measure. */
export function agreementKey({ key, name }: AgreementMeasure): string {
  return key ?? name;
}

/**
 * The measure of a name; one of your own stands for itself.
 *
 * @throws RangeError that lists the names.
 */
export function agreementMeasure(given: AgreementName | AgreementMeasure): AgreementMeasure {
  return rowOf<AgreementMeasure>(given, { table: agreementMeasures, what: "measure of agreement" });
}

/**
 * Options of {@linkcode agreement}.
 *
 * @category Evaluation
 */
export interface AgreementOptions {
  /** By which measures; default: all of {@linkcode agreementMeasures}. */
  readonly measures?: readonly AgreementMeasure[] | undefined;
}

/**
 * Agreement of two images over all pixels and channels, summed in double precision.
 *
 * @example
 * ```ts
 * import { agreement } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { r, rSquared, determination } = agreement([1, 2, 3], [2, 3, 4]);
 * assertAlmostEquals(r!, 1);
 * assertAlmostEquals(rSquared!, 1);
 * // Off by one everywhere.
 * assertAlmostEquals(determination!, -0.5);
 * ```
 *
 * @param reference The network's output, H * W * C values; SStot is its sum of squares about its mean.
 * @param prediction The theory's output, as many values.
 * @throws RangeError if the lengths differ or are zero, or a value is not finite.
 * @category Evaluation
 */
export function agreement(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
  options: AgreementOptions = {},
): Agreement {
  const { measures = agreementMeasures } = options;
  const n = reference.length;
  if (prediction.length !== n || n === 0) {
    throw new ArgumentError(
      `Cannot measure agreement: ${n} reference and ${prediction.length} predicted values, ` +
        `expected equally many and at least one`,
    );
  }
  const values = measures.map((measure) =>
    [agreementKey(measure), measureBy(measure, [reference, prediction])] as const
  );
  return Object.fromEntries(values) as Agreement;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const r = pearson(a, b);
  return Number.isNaN(r) ? null : r;
}

function rSquared(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const r = correlation(a, b);
  return r === null ? null : r * r;
}

function coefficientOfDetermination(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
): number | null {
  const value = determination(reference, prediction);
  return Number.isNaN(value) ? null : value;
}
