/** Images as what a canvas takes: RGBA bytes. */
import type { ImageShape } from "../../core/image_batch.ts";
import type { MachineName } from "../../machines/machine_table.ts";
import { machineDefinitions } from "../../machines/machine_table.ts";

/** A picture: `[height, width]` of RGBA. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]`. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * An image `[H, W, C]` as a picture: C = 3 in color, else the first channel in gray.
 *
 * @param range The value that is white; -range is black.
 */
export function pictureOf(
  image: Float32Array,
  { shape: [height, width, channels], range = 1 }: {
    readonly shape: ImageShape;
    readonly range?: number;
  },
): Picture {
  const data = new Uint8ClampedArray(4 * height * width);
  const colored = channels === 3;
  const factor = 127.5 / range;
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < 3; c++) {
      data[4 * p + c] = 127.5 + factor * image[p * channels + (colored ? c : 0)]!;
    }
    data[4 * p + 3] = 255;
  }
  return { width, height, data };
}

/** The value that is white in a noisy image: about two standard deviations of its noise from the brightest. */
export function noisyRange({ signal, sigma }: { readonly signal: number; readonly sigma: number }) {
  return Math.max(1, signal + 1.6 * sigma);
}

/** Whether a machine's windows go on at the other side of the image. */
export function isCyclic(machine: MachineName): boolean {
  const definition = machineDefinitions[machine];
  return "rule" in definition && ["shifts", "interior", "wrapped"].includes(definition.rule);
}

/** A place in an image. */
export type Place = readonly [row: number, column: number];

/** A rectangle in an image, in pixels. */
export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The k x k window around a pixel, as the rectangles of it that lie in the image: one, or up to four where it
 * goes on at the other side; the whole image for machines without a patch size.
 */
export function windowAt(
  [row, column]: Place,
  { machine, patchSize, shape: [height, width] }: {
    readonly machine: MachineName;
    readonly patchSize: number | null;
    readonly shape: ImageShape;
  },
): Rectangle[] {
  if (patchSize === null) return [{ row: 0, column: 0, rows: height, columns: width }];
  const spans = isCyclic(machine) ? wrappedSpans : cutSpans;
  return spans(row, { k: patchSize, size: height }).flatMap(([top, rows]) =>
    spans(column, { k: patchSize, size: width })
      .map(([left, columns]) => ({ row: top, column: left, rows, columns }))
  );
}

type Span = readonly [first: number, count: number];

function cutSpans(center: number, { k, size }: { k: number; size: number }): Span[] {
  const radius = (k - 1) / 2;
  const first = Math.max(0, center - radius), last = Math.min(size - 1, center + radius);
  return [[first, last - first + 1]];
}

function wrappedSpans(center: number, { k, size }: { k: number; size: number }): Span[] {
  if (k >= size) return [[0, size]];
  const first = (center - (k - 1) / 2 + size) % size;
  return first + k <= size ? [[first, k]] : [[first, size - first], [0, first + k - size]];
}

/** A training patch as a picture, and where its center lies in it. */
export interface PatchPicture extends Picture {
  readonly center: Place;
}

/**
 * The training patch around a place as it is compared with the query's: k x k, transparent where it leaves an
 * image that does not wrap; with k of the image's size and more, and for machines without one, the whole
 * image (of ES shifted, so that the patch's center lies where the query's pixel does).
 */
export function patchPicture(
  image: Float32Array,
  { at: [row, column], query, machine, patchSize, shape }: {
    readonly at: Place;
    /** The query's pixel. */
    readonly query: Place;
    readonly machine: MachineName;
    readonly patchSize: number | null;
    readonly shape: ImageShape;
  },
): PatchPicture {
  const [height, width] = shape;
  const cyclic = isCyclic(machine);
  const whole = patchSize === null;
  const [rows, columns] = whole || patchSize > Math.max(height, width)
    ? [height, width]
    : [patchSize, patchSize];
  // Where the picture's first pixel lies in the training image.
  const [top, left] = whole
    ? [row - query[0], column - query[1]]
    : rows === patchSize
    ? [row - (rows - 1) / 2, column - (columns - 1) / 2]
    : [0, 0];
  const channels = shape[2], colored = channels === 3;
  const data = new Uint8ClampedArray(4 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let v = top + y, u = left + x;
      if (cyclic) [v, u] = [(v + height) % height, (u + width) % width];
      else if (v < 0 || v >= height || u < 0 || u >= width) continue;
      const p = (v * width + u) * channels, to = 4 * (y * columns + x);
      for (let c = 0; c < 3; c++) data[to + c] = 127.5 + 127.5 * image[p + (colored ? c : 0)]!;
      data[to + 3] = 255;
    }
  }
  return { width: columns, height: rows, data, center: [row - top, column - left] };
}
