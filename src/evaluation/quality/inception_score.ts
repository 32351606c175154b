import { ArgumentError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import type { Features } from "./features.ts";

/**
 * Options of {@linkcode inceptionScore}.
 *
 * @category Quality
 */
export interface InceptionScoreOptions {
  /** Parts that the images are dealt to. Default 10. */
  readonly splits?: number;
  /** Seed of the dealing. Default 0. */
  readonly seed?: number;
}

/**
 * An inception score.
 *
 * @category Quality
 */
export interface InceptionScore {
  /** Mean over the parts, from 1 to the number of classes. */
  readonly score: number;
  /** Standard deviation over the parts; 0 where there is one. */
  readonly deviation: number;
  /** Parts. */
  readonly splits: number;
}

/**
 * Inception score: exp of the mean Kullback-Leibler divergence of each image's class probabilities from the
 * mean probabilities, mean over 10 parts (Salimans et al. 2016, arXiv 1606.03498). High where a classifier
 * is sure of each image and all classes occur; it does not see whether images look like the data set's, so
 * name the classifier with it. Small parts give smaller scores.
 *
 * @example Two classes, each image surely of one
 * ```ts
 * import { features, inceptionScore } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * const sure = features(Float64Array.of(1, 0, 0, 1, 1, 0, 0, 1), [4, 2]);
 * assertEquals(inceptionScore(sure, { splits: 1 }).score, 2);
 * ```
 *
 * @param probabilities `[n, classes]`: rows that sum to 1.
 * @throws RangeError if there are fewer images than parts, or a row is no distribution.
 * @category Quality
 */
export function inceptionScore(
  probabilities: Features,
  options: InceptionScoreOptions = {},
): InceptionScore {
  const { splits = 10, seed = 0 } = options;
  const { data, shape: [rows, classes] } = probabilities;
  if (!Number.isInteger(splits) || splits < 1 || rows < splits) {
    throw new ArgumentError(
      `Cannot make an inception score of ${rows} images in ${splits} parts: expected at least ` +
        "an image for each part",
    );
  }
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const value = data[row * classes + k]!;
      if (!(value >= 0)) sum = NaN;
      sum += value;
    }
    // Probabilities in single precision sum to one within some roundings.
    if (!(Math.abs(sum - 1) < 1e-3)) {
      throw new ArgumentError(
        `Cannot make an inception score: the probabilities of image ${row} sum to ${sum}, ` +
          "expected 1",
      );
    }
  }
  const order = new Random(seed, "inception score").permutation(rows);
  const scores = Array.from({ length: splits }, (_, split) => {
    const [from, to] = [split, split + 1].map((edge) => Math.floor(edge * rows / splits));
    return scoreOf(probabilities, order.subarray(from!, to!));
  });
  const score = scores.reduce((sum, value) => sum + value, 0) / splits;
  const squares = scores.reduce((sum, value) => sum + (value - score) ** 2, 0);
  return { score, deviation: Math.sqrt(squares / splits), splits };
}

function scoreOf({ data, shape: [, classes] }: Features, rows: Uint32Array): number {
  const mean = new Float64Array(classes);
  for (const row of rows) {
    for (let k = 0; k < classes; k++) mean[k]! += data[row * classes + k]! / rows.length;
  }
  let divergence = 0;
  for (const row of rows) {
    for (let k = 0; k < classes; k++) {
      const p = data[row * classes + k]!;
      // 0 log 0 is 0.
      if (p > 0) divergence += p * Math.log(p / mean[k]!);
    }
  }
  return Math.exp(divergence / rows.length);
}
