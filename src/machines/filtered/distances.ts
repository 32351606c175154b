/** Squared differences, summed over what a precision compares. */
import type { ImageShape } from "../../core/image_batch.ts";
import type { Filter } from "../filters.ts";

/** Sums of squares over the coordinates of each posterior. */
export interface Distances {
  /** Number J of posteriors. */
  readonly posteriors: number;
  /** Writes the sums of each posterior of squares `[H, W, C]`. */
  sum(squares: Float64Array, out: Float64Array): void;
}

/** Adds the channels of each pixel. */
export function channelSums(
  values: Float64Array,
  { channels, out }: { readonly channels: number; readonly out: Float64Array },
): Float64Array {
  if (channels === 1) return values;
  for (let p = 0, i = 0; p < out.length; p++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[i++]!;
    out[p] = sum;
  }
  return out;
}

/** The distances of a precision on images of a shape. */
export function distancesOf(precision: Filter, shape: ImageShape): Distances {
  const [height, width, channels] = shape;
  const pixels = height * width;
  const ofPixels = new Float64Array(pixels);
  const perPixel = (squares: Float64Array) => channelSums(squares, { channels, out: ofPixels });
  switch (precision.kind) {
    case "ones":
      return {
        posteriors: 1,
        sum: (squares, out) => {
          let sum = 0;
          for (let i = 0; i < squares.length; i++) sum += squares[i]!;
          out[0] = sum;
        },
      };
    case "pixels":
      return { posteriors: pixels, sum: (squares, out) => out.set(perPixel(squares)) };
    case "coordinates":
      return { posteriors: pixels * channels, sum: (squares, out) => out.set(squares) };
    case "boxes":
      return boxDistances(precision.size, { height, width, perPixel });
    case "sets": {
      const { start, bounds, of } = precision;
      const prefix = new Float64Array((of === "pixels" ? pixels : pixels * channels) + 1);
      return {
        posteriors: start.length - 1,
        sum: (squares, out) => {
          const values = of === "pixels" ? perPixel(squares) : squares;
          for (let i = 0; i < values.length; i++) prefix[i + 1] = prefix[i]! + values[i]!;
          for (let j = 0; j < out.length; j++) {
            let sum = 0;
            for (let r = 2 * start[j]!, end = 2 * start[j + 1]!; r < end; r += 2) {
              sum += prefix[bounds[r + 1]!]! - prefix[bounds[r]!]!;
            }
            out[j] = sum;
          }
        },
      };
    }
  }
}

/** Sums over the boxes inside, by running sums along rows, then along columns. */
function boxDistances(
  size: number,
  { height, width, perPixel }: {
    readonly height: number;
    readonly width: number;
    readonly perPixel: (squares: Float64Array) => Float64Array;
  },
): Distances {
  const down = height - size + 1, across = width - size + 1;
  const rows = new Float64Array(height * across);
  return {
    posteriors: down * across,
    sum: (squares, out) => {
      boxSums(perPixel(squares), { height, width, size, rows, out });
    },
  };
}

/** Sums over all boxes inside a plane `[H, W]`; running sums lose nothing that matters in float64. */
function boxSums(
  values: Float64Array,
  { height, width, size, rows, out }: {
    readonly height: number;
    readonly width: number;
    readonly size: number;
    readonly rows: Float64Array;
    readonly out: Float64Array;
  },
): void {
  const down = height - size + 1, across = width - size + 1;
  for (let row = 0; row < height; row++) {
    let sum = 0;
    const at = row * width;
    for (let u = 0; u < size - 1; u++) sum += values[at + u]!;
    for (let u = 0; u < across; u++) {
      sum += values[at + u + size - 1]!;
      rows[row * across + u] = sum;
      sum -= values[at + u]!;
    }
  }
  for (let u = 0; u < across; u++) {
    let sum = 0;
    for (let v = 0; v < size; v++) sum += rows[v * across + u]!;
    out[u] = sum;
  }
  for (let v = 1; v < down; v++) {
    const at = v * across, before = at - across, last = (v + size - 1) * across;
    for (let u = 0; u < across; u++) {
      out[at + u] = out[before + u]! - rows[before + u]! + rows[last + u]!;
    }
  }
}
