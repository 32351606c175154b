import type { ImageBatch } from "../core/image_batch.ts";

/** Logarithm of the share of the largest weight below which a weight is lost in rounding. */
const negligible = -40;

/**
 * Mean of clean images by how well each explains a noisy one as a whole: sum w_i x_i / sum w_i with
 * w_i = exp(-|x - signal x_i|^2 / (2 sigma^2)), in double precision. It is the posterior mean of the ideal-score
 * machine; that computes weights at every pixel, since it is made for patches, and takes some twenty times as
 * long.
 *
 * @param x Values of the noisy image.
 * @param images Clean images of as many values each.
 * @param options.select Numbers of the images that take part; all of them where absent.
 * @returns As many values.
 */
export function referenceMean(
  x: Float32Array,
  images: ImageBatch,
  { signal, sigma, select }: {
    readonly signal: number;
    readonly sigma: number;
    readonly select?: Uint32Array | undefined;
  },
): Float32Array {
  const { data, shape: [all] } = images;
  const size = x.length;
  const count = select?.length ?? all;
  const logWeights = new Float64Array(count);
  let most = -Infinity;
  for (let i = 0; i < count; i++) {
    const at = (select === undefined ? i : select[i]!) * size;
    // Four sums that do not wait for each other.
    let [a, b, c, d] = [0, 0, 0, 0];
    let p = 0;
    for (; p + 3 < size; p += 4) {
      const da = x[p]! - signal * data[at + p]!;
      const db = x[p + 1]! - signal * data[at + p + 1]!;
      const dc = x[p + 2]! - signal * data[at + p + 2]!;
      const dd = x[p + 3]! - signal * data[at + p + 3]!;
      a += da * da;
      b += db * db;
      c += dc * dc;
      d += dd * dd;
    }
    for (; p < size; p++) a += (x[p]! - signal * data[at + p]!) ** 2;
    const distance = a + b + c + d;
    const logWeight = -distance / (2 * sigma * sigma);
    logWeights[i] = logWeight;
    if (logWeight > most) most = logWeight;
  }
  const sum = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const below = logWeights[i]! - most;
    if (below < negligible) continue;
    const weight = Math.exp(below);
    const at = (select === undefined ? i : select[i]!) * size;
    total += weight;
    for (let p = 0; p < size; p++) sum[p]! += weight * data[at + p]!;
  }
  return Float32Array.from(sum, (value) => value / total);
}
