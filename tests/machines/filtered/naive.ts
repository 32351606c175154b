/** A machine of filters as its equation says, in float64 and with dense filters: slow, and plain to read. */
import type { ImageBatch, ImageShape } from "../../../src/core/image_batch.ts";
import type { Filter, FilterLevel } from "../../../src/machines/filters.ts";

/** The filter as a dense matrix `[J, n]` of zeros and ones. */
export function denseFilter(filter: Filter, [height, width, channels]: ImageShape): number[][] {
  const n = height * width * channels;
  const row = (has: (i: number) => boolean) => Array.from({ length: n }, (_, i) => has(i) ? 1 : 0);
  const pixel = (i: number) => Math.floor(i / channels);
  switch (filter.kind) {
    case "ones":
      return [row(() => true)];
    case "pixels":
      return Array.from({ length: height * width }, (_, p) => row((i) => pixel(i) === p));
    case "coordinates":
      return Array.from({ length: n }, (_, q) => row((i) => i === q));
    case "boxes": {
      const { size } = filter;
      const rows: number[][] = [];
      for (let v = 0; v + size <= height; v++) {
        for (let u = 0; u + size <= width; u++) {
          rows.push(row((i) => {
            const y = Math.floor(pixel(i) / width) - v, x = pixel(i) % width - u;
            return y >= 0 && y < size && x >= 0 && x < size;
          }));
        }
      }
      return rows;
    }
    case "sets": {
      const { start, bounds, of } = filter;
      return Array.from({ length: start.length - 1 }, (_, j) =>
        row((i) => {
          const place = of === "pixels" ? pixel(i) : i;
          for (let r = start[j]!; r < start[j + 1]!; r++) {
            if (place >= bounds[2 * r]! && place < bounds[2 * r + 1]!) return true;
          }
          return false;
        }));
    }
  }
}

/** `sum_j R_j E_j` of one noisy image. */
export function naiveMean(
  x: ArrayLike<number>,
  { images, precision, response, level: { signal, sigma } }: {
    readonly images: ImageBatch;
    readonly precision: Filter;
    readonly response: Filter;
    readonly level: FilterLevel;
  },
): number[] {
  const [count, ...shape] = images.shape, n = x.length;
  const p = denseFilter(precision, shape), r = denseFilter(response, shape);
  const out = new Array<number>(n).fill(0);
  const answers = Array.from({ length: n }, (_, i) => r.reduce((sum, row) => sum + row[i]!, 0));
  p.forEach((row, j) => {
    const logits = Array.from({ length: count }, (_, image) => {
      let distance = 0;
      row.forEach((weight, i) =>
        distance += weight * (x[i]! - signal * images.data[image * n + i]!) ** 2
      );
      return -distance / (2 * sigma ** 2);
    });
    const largest = Math.max(...logits);
    const sum = logits.reduce((all, logit) => all + Math.exp(logit - largest), 0);
    logits.forEach((logit, image) => {
      const weight = Math.exp(logit - largest) / sum;
      for (let i = 0; i < n; i++) {
        out[i]! += r[j]![i]! / answers[i]! * weight * images.data[image * n + i]!;
      }
    });
  });
  return out;
}
