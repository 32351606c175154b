/** Half and twice the size by a filter, as the networks of Song et al. (arXiv 2011.13456) do it. */
import * as tf from "@tensorflow/tfjs";
import { joinColumns, splitColumns } from "./columns.ts";
import type { Padding } from "./conv2d_implementation.ts";
import { pad } from "./pad.ts";
import { nearestUpsample } from "./upsample.ts";

/** A filter along one axis, of an even number of taps: [1, 1] takes means of pairs. */
export type ResampleFilter = readonly number[];

/** Pixels beyond the edge that the filter reaches when the image is halved. */
export function filterReach(filter: ResampleFilter): number {
  return filter.length / 2 - 1;
}

/** The taps so that they add up to `sum`. */
function normalized(filter: ResampleFilter, sum: number): number[] {
  const total = filter.reduce((all, tap) => all + tap, 0);
  return filter.map((tap) => sum * tap / total);
}

/** `sum of weight x part`, without the terms of weight 0. */
function weighted(terms: readonly (readonly [number, () => tf.Tensor3D])[]): tf.Tensor3D {
  return terms.filter(([weight]) => weight !== 0)
    .map(([weight, part]) => weight === 1 ? part() : tf.mul<tf.Tensor3D>(part(), weight))
    .reduce((sum, part) => tf.add(sum, part));
}

/** `[n, pairs of rows, 2 x values]` to `[n, rows, values]`, rows as many as half without the reach. */
function halveRows(x: tf.Tensor3D, filter: ResampleFilter): tf.Tensor3D {
  const [n, pairs, both] = x.shape;
  const rows = pairs - filterReach(filter);
  const values = both / 2;
  const parts = splitColumns(x, [values, values]);
  const taps = normalized(filter, 1);
  return weighted(taps.map((tap, k) => [
    tap,
    () => tf.slice(parts[k % 2]!, [0, k >> 1, 0], [n, rows, values]),
  ]));
}

/**
 * Half the size: the filter along both axes, then every second pixel.
 *
 * @param x Images that have their border already, `[B, H + 2 reach, W + 2 reach, C]`; H and W even.
 * @returns `[B, H / 2, W / 2, C]`.
 */
export function halveBordered(x: tf.Tensor4D, filter: ResampleFilter): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const reach = filterReach(filter);
  const rows = halveRows(tf.reshape(x, [b, h / 2, 2 * w * c]), filter);
  const height = h / 2 - reach;
  const pixels = halveRows(tf.reshape(rows, [b * height, w / 2, 2 * c]), filter);
  return tf.reshape(pixels, [b, height, w / 2 - reach, c]);
}

/**
 * Half the size, with what `padding` says outside the image.
 *
 * @param x `[B, H, W, C]`, H and W even.
 * @returns `[B, H / 2, W / 2, C]`.
 */
export function halve(x: tf.Tensor4D, filter: ResampleFilter, padding: Padding): tf.Tensor4D {
  return halveBordered(pad(x, filterReach(filter), padding), filter);
}

/** `[n, rows + 2 border, values]` to `[n, rows, 2 x values]`: two rows beside each other for each. */
function doubleRows(x: tf.Tensor3D, filter: ResampleFilter, border: number): tf.Tensor3D {
  const [n, bordered, values] = x.shape;
  const rows = bordered - 2 * border;
  const taps = normalized(filter, 2);
  const reach = filterReach(filter);
  // Row 2 a + odd sees row a + shift through tap reach + odd - 2 shift.
  const row = (odd: 0 | 1) =>
    weighted(taps.flatMap((tap, k) => {
      const shift = (reach + odd - k) / 2;
      return Number.isInteger(shift)
        ? [[tap, () => tf.slice(x, [0, border + shift, 0], [n, rows, values])] as const]
        : [];
    }));
  return joinColumns([row(0), row(1)]);
}

/**
 * Twice the size: zeros between the pixels, then the filter with four times its weight; [1, 1] copies
 * each pixel to a square.
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, 2 H, 2 W, C]`.
 */
export function double(x: tf.Tensor4D, filter: ResampleFilter, padding: Padding): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  if (filter.length === 2 && filter[0] === filter[1]) return nearestUpsample(x);
  const border = Math.ceil(filterReach(filter) / 2);
  const wide = w + 2 * border;
  const bordered = tf.reshape(pad(x, border, padding), [b, h + 2 * border, wide * c]);
  const rows = doubleRows(bordered as tf.Tensor3D, filter, border);
  const pixels = doubleRows(tf.reshape(rows, [b * 2 * h, wide, c]), filter, border);
  return tf.reshape(pixels, [b, 2 * h, 2 * w, c]);
}
