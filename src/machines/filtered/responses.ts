/** Weights of posteriors, spread over the coordinates that they answer. */
import { ArgumentError } from "../../core/errors.ts";
import type { ImageShape } from "../../core/image_batch.ts";
import type { Filter } from "../filters.ts";

/** How weights of posteriors become weights of coordinates. */
export interface Response {
  /** Whether weights belong to pixels, with all channels, or to coordinates. */
  readonly of: "pixels" | "coordinates";
  /** Each coordinate is answered by the one posterior of its number. */
  readonly isIdentity: boolean;
  /** Means of the weights `[J]` of those posteriors that answer a coordinate. */
  spread(weights: Float64Array, out: Float64Array): void;
}

/**
 * The response of a filter on images of a shape.
 *
 * @throws RangeError if a coordinate has no answer.
 */
export function responseOf(filter: Filter, [height, width, channels]: ImageShape): Response {
  const pixels = height * width;
  switch (filter.kind) {
    case "ones":
      return { of: "pixels", isIdentity: false, spread: (weights, out) => out.fill(weights[0]!) };
    case "pixels":
    case "coordinates":
      return { of: filter.kind, isIdentity: true, spread: (weights, out) => out.set(weights) };
    case "boxes":
      return boxResponse(filter.size, { height, width });
    case "sets":
      return setResponse(filter, filter.of === "pixels" ? pixels : pixels * channels);
  }
}

/** How many of the boxes inside a row of pixels hold each of them. */
function coverage(length: number, size: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, i) => Math.min(i, length - size) - Math.max(0, i - size + 1) + 1,
  );
}

function boxResponse(
  size: number,
  { height, width }: { readonly height: number; readonly width: number },
): Response {
  const down = height - size + 1, across = width - size + 1;
  const rows = new Float64Array(down * width);
  const ofRow = coverage(height, size), ofColumn = coverage(width, size);
  const sums = new Float64Array(width);
  return {
    of: "pixels",
    isIdentity: false,
    spread: (weights, out) => {
      for (let v = 0; v < down; v++) {
        let sum = 0;
        for (let u = 0; u < width; u++) {
          if (u < across) sum += weights[v * across + u]!;
          if (u >= size) sum -= weights[v * across + u - size]!;
          rows[v * width + u] = sum;
        }
      }
      sums.fill(0);
      for (let v = 0; v < height; v++) {
        for (let u = 0; u < width; u++) {
          let sum = sums[u]!;
          if (v < down) sum += rows[v * width + u]!;
          if (v >= size) sum -= rows[(v - size) * width + u]!;
          sums[u] = sum;
          // Of weights that are gone, a rounding may be left.
          out[v * width + u] = Math.max(0, sum) / (ofRow[v]! * ofColumn[u]!);
        }
      }
    },
  };
}

function setResponse(
  { start, bounds, of }: Extract<Filter, { kind: "sets" }>,
  size: number,
): Response {
  const steps = new Float64Array(size + 1);
  const spreadSums = (weights: Float64Array) => {
    steps.fill(0);
    for (let j = 0; j + 1 < start.length; j++) {
      const weight = weights[j]!;
      if (weight === 0) continue;
      for (let r = 2 * start[j]!, end = 2 * start[j + 1]!; r < end; r += 2) {
        const from = bounds[r]!, to = bounds[r + 1]!;
        steps[from] = steps[from]! + weight;
        steps[to] = steps[to]! - weight;
      }
    }
    return steps;
  };
  const counts = new Float64Array(size);
  let count = 0;
  spreadSums(new Float64Array(start.length - 1).fill(1)).subarray(0, size).forEach((step, i) => {
    count += step;
    if (count === 0) {
      throw new ArgumentError(
        `Cannot answer ${of.slice(0, -1)} ${i}: no set of the response has it`,
      );
    }
    counts[i] = count;
  });
  return {
    of,
    isIdentity: false,
    spread: (weights, out) => {
      const changes = spreadSums(weights);
      let sum = 0;
      for (let i = 0; i < size; i++) {
        sum += changes[i]!;
        out[i] = Math.max(0, sum) / counts[i]!;
      }
    },
  };
}
