/** Mean and second moments of training images, in float64. */
import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import type { MachineParameters } from "../machine_parameters.ts";
import type { SourceImages } from "../filters.ts";

/** Options of what is computed of a source. */
export interface StatisticsOptions {
  readonly parameters: MachineParameters;
  readonly abort?: AbortSignal | undefined;
}

/** Most bytes that one matrix may take: what engines give one array, and machines rarely have twice. */
const matrixLimit = 2 ** 32;

/** Number of candidates. */
export function sourceCount({ images, select }: SourceImages): number {
  return select?.length ?? images.shape[0];
}

/** Where the values of candidate i begin. */
export function sourceOffset({ images, select }: SourceImages, i: number): number {
  const [, h, w, c] = images.shape;
  return (select === undefined ? i : select[i]!) * h * w * c;
}

/** Mean image, `[H, W, C]`. */
export function meanImage(source: SourceImages): Float64Array {
  const { images: { data, shape: [, h, w, c] } } = source;
  const n = h * w * c, count = sourceCount(source);
  const mean = new Float64Array(n);
  for (let i = 0; i < count; i++) {
    const at = sourceOffset(source, i);
    for (let j = 0; j < n; j++) mean[j] = mean[j]! + data[at + j]!;
  }
  for (let j = 0; j < n; j++) mean[j] = mean[j]! / count;
  return mean;
}

/** What the sum of squares of N images is divided by; of one image there is no variance to be unbiased. */
export function covarianceDivisor(count: number, { covariance }: MachineParameters): number {
  return covariance === "population" ? count : Math.max(1, count - 1);
}

/** Whether pairs of images are fewer than pairs of coordinates: then those are computed with. */
export function isGramSmaller(count: number, coordinates: number): boolean {
  return count < coordinates;
}

/**
 * Bytes of the matrices of the covariance of N images of n coordinates.
 */
export function covarianceBytes(
  { count, coordinates }: { readonly count: number; readonly coordinates: number },
): number {
  const side = Math.min(count, coordinates);
  // With the Gram matrix the centered images are kept, too.
  return 8 * (side ** 2 + (isGramSmaller(count, coordinates) ? count * coordinates : 0));
}

/** A square of float64, or one line that says why not. */
export function allocateMatrix(
  rows: number,
  columns: number,
  what: string,
): Float64Array<ArrayBuffer> {
  const bytes = 8 * rows * columns;
  const refused = () =>
    new ArgumentError(
      `Cannot compute ${what}: its ${rows} x ${columns} numbers take ${
        (bytes / 2 ** 30).toPrecision(3)
      } GB`,
      { remedy: (say) => `take fewer with ${say.option("images")}` },
    );
  if (bytes > matrixLimit) throw refused();
  try {
    return new Float64Array(rows * columns);
  } catch {
    throw refused();
  }
}

/** Centered images, `[N, n]`. */
export function centeredImages(source: SourceImages, mean: Float64Array): Float64Array {
  const n = mean.length, count = sourceCount(source);
  const centered = allocateMatrix(count, n, "the centered images");
  for (let i = 0; i < count; i++) {
    const at = sourceOffset(source, i);
    for (let j = 0; j < n; j++) centered[i * n + j] = source.images.data[at + j]! - mean[j]!;
  }
  return centered;
}

/** Images that are multiplied together. */
const block = 64;

/** Covariance of all coordinates, lower triangle of `[n, n]`. */
export async function covarianceOf(
  source: SourceImages,
  { mean, parameters, abort }: StatisticsOptions & { readonly mean: Float64Array },
): Promise<Float64Array> {
  const n = mean.length, count = sourceCount(source);
  const divisor = covarianceDivisor(count, parameters);
  const matrix = allocateMatrix(n, n, "the covariance");
  const turn = eventLoopTurns();
  const rows = new Float64Array(block * n);
  for (let first = 0; first < count; first += block) {
    const some = Math.min(block, count - first);
    for (let b = 0; b < some; b++) {
      const at = sourceOffset(source, first + b);
      for (let j = 0; j < n; j++) {
        rows[b * n + j] = (source.images.data[at + j]! - mean[j]!) / Math.sqrt(divisor);
      }
    }
    for (let i = 0; i < n; i++) {
      addOuterRow(matrix, { row: i, n, rows, count: some });
      if (i % 64 === 63) await turn();
    }
    abort?.throwIfAborted();
  }
  return matrix;
}

/** Adds row `row` of the products of some rows, up to the diagonal: four at a time for one pass over it. */
export function addOuterRow(
  matrix: Float64Array,
  { row, n, rows, count }: {
    readonly row: number;
    readonly n: number;
    readonly rows: Float64Array;
    readonly count: number;
  },
): void {
  const at = row * n;
  let b = 0;
  for (; b + 3 < count; b += 4) {
    const b0 = b * n, b1 = b0 + n, b2 = b1 + n, b3 = b2 + n;
    const a0 = rows[b0 + row]!, a1 = rows[b1 + row]!, a2 = rows[b2 + row]!, a3 = rows[b3 + row]!;
    if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue;
    for (let j = 0; j <= row; j++) {
      matrix[at + j] = matrix[at + j]! + a0 * rows[b0 + j]! + a1 * rows[b1 + j]! +
        a2 * rows[b2 + j]! + a3 * rows[b3 + j]!;
    }
  }
  for (; b < count; b++) {
    const other = b * n, factor = rows[other + row]!;
    for (let j = 0; j <= row; j++) matrix[at + j] = matrix[at + j]! + factor * rows[other + j]!;
  }
}

/** Inner products of centered images over the divisor, lower triangle of `[N, N]`. */
export async function gramOf(
  centered: Float64Array,
  { count, parameters, abort }: StatisticsOptions & { readonly count: number },
): Promise<Float64Array> {
  const n = centered.length / count;
  const divisor = covarianceDivisor(count, parameters);
  const matrix = allocateMatrix(count, count, "the products of images");
  const turn = eventLoopTurns();
  for (let i = 0; i < count; i++) {
    const a = i * n;
    for (let j = 0; j <= i; j += 2) {
      const b = j * n, c = j + 1 <= i ? b + n : b;
      let sum = 0, other = 0;
      for (let k = 0; k < n; k++) {
        const value = centered[a + k]!;
        sum += value * centered[b + k]!;
        other += value * centered[c + k]!;
      }
      matrix[i * count + j] = sum / divisor;
      if (j + 1 <= i) matrix[i * count + j + 1] = other / divisor;
    }
    await turn();
    abort?.throwIfAborted();
  }
  return matrix;
}
