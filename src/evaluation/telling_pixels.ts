import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";

/**
 * Options of {@linkcode tellingPixels}.
 *
 * @category Evaluation
 */
export interface TellingPixelsOptions {
  /** Which of the images; 0 when absent. */
  readonly query?: number;
  /** Pixels to choose; 3 when absent. */
  readonly count?: number;
}

/**
 * Chooses pixels worth looking at: where an image is not flat, and far from each other. The first has the
 * largest standard deviation of values within 2 pixels; each further one the largest product of that and
 * the distance to the nearest that is chosen. Of equal ones the first by row, then by column.
 *
 * @example
 * ```ts
 * import { imageBatch, tellingPixels } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const data = new Float32Array(10 * 10).fill(-1);
 * data[22] = data[77] = 1; // row 2, column 2 and row 7, column 7
 * const pixels = tellingPixels(imageBatch(data, [1, 10, 10, 1]), { count: 2 });
 * assertEquals(pixels, [[0, 0], [9, 9]]);
 * ```
 *
 * @returns Row and column of each, in the order of their choice.
 * @throws RangeError if there is no such image, or it has fewer pixels.
 * @category Evaluation
 */
export function tellingPixels(
  images: ImageBatch,
  options: TellingPixelsOptions = {},
): (readonly [row: number, column: number])[] {
  const { query = 0, count = 3 } = options;
  const [queries, height, width] = images.shape;
  if (!(Number.isInteger(query) && query >= 0 && query < queries)) {
    throw new ArgumentError(`Cannot look at image ${query}: there are ${queries}`);
  }
  if (!(Number.isInteger(count) && count >= 0 && count <= height * width)) {
    throw new ArgumentError(
      `Cannot choose ${count} pixels: expected an integer from 0 to ${height * width}`,
    );
  }
  const detail = deviations(images, query);
  const gap = new Float64Array(height * width).fill(1);
  const chosen: (readonly [number, number])[] = [];
  while (chosen.length < count) {
    let best = -1, most = -1;
    for (let pixel = 0; pixel < detail.length; pixel++) {
      const isChosen = chosen.some(([y, x]) => y * width + x === pixel);
      // In a flat image the gaps alone decide.
      const worth = (detail[pixel]! + 1e-9) * gap[pixel]!;
      if (isChosen || worth <= most) continue;
      best = pixel;
      most = worth;
    }
    const row = Math.floor(best / width), column = best % width;
    for (let pixel = 0; pixel < gap.length; pixel++) {
      const distance = Math.hypot(Math.floor(pixel / width) - row, pixel % width - column);
      gap[pixel] = chosen.length === 0 ? distance : Math.min(gap[pixel]!, distance);
    }
    chosen.push([row, column]);
  }
  return chosen;
}

/** How far around a pixel it is looked. */
const radius = 2;

/** Standard deviation of the values around each pixel, over all channels. */
function deviations({ data, shape }: ImageBatch, query: number): Float64Array {
  const [, height, width, channels] = shape;
  const first = query * height * width * channels;
  return Float64Array.from({ length: height * width }, (_, pixel) => {
    const y = Math.floor(pixel / width), x = pixel % width;
    let count = 0, sum = 0, squares = 0;
    for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
      for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
        for (let c = 0; c < channels; c++) {
          const value = data[first + (v * width + u) * channels + c]!;
          count++;
          sum += value;
          squares += value * value;
        }
      }
    }
    return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  });
}
