/**
 * Explanations of all pixels of one query, as bytes. Candidates go rank by rank and pixel by pixel: neighboring
 * pixels often copy neighboring pixels of one image, and then have the same image and the same shift.
 */
import { ArgumentError } from "../../core/errors.ts";
import type { ImageBatch } from "../../core/image_batch.ts";
import { fromHalfBits, toHalfBits } from "../../formats/half_precision.ts";
import type { StoredTensor } from "../../formats/stored_tensor.ts";
import type { Explanation } from "../../machines/explanation.ts";
import { arrayOf, type Block } from "./blocks.ts";
import { fromPlanes, toPlanes } from "./byte_planes.ts";

/** Training images whose weights are kept of a query, the heaviest. */
const imagesKept = 32;
/** Entropies are kept as multiples of this many nats. */
const entropyUnit = 1 / 4096;
/** Number of a training image where there is none. */
const noImage = 0xffff;

const plane = (data: Uint8Array<ArrayBuffer>): StoredTensor => ({
  dtype: "U8",
  shape: [data.length],
  data,
});

/**
 * An explanation as arrays of a block, under `prefix`.
 *
 * @throws RangeError if it is not of one query's pixels in their order, or has 65,535 training images or more.
 */
export function storeExplanation(
  explanation: Explanation,
  prefix: string,
): Map<string, StoredTensor> {
  const { shape: [queries, pixels, top], xHat0: { shape: [, height, width] } } = explanation;
  const images = explanation.imageWeights[0]?.length ?? 0;
  if (queries !== 1 || pixels !== height * width || images >= noImage) {
    throw new ArgumentError(
      `Cannot store an explanation of ${queries} queries, ${pixels} pixels, ${images} images: expected ` +
        `one query, all ${height * width} pixels, fewer than ${noImage} images`,
    );
  }
  const cells = pixels * top;
  const image = new Uint16Array(cells), shift = new Int16Array(cells);
  const weight = new Float32Array(cells);
  for (let rank = 0, to = 0; rank < top; rank++) {
    for (let pixel = 0; pixel < pixels; pixel++, to++) {
      const at = pixel * top + rank;
      const isThere = explanation.image[at]! >= 0;
      image[to] = isThere ? explanation.image[at]! : noImage;
      shift[to] = isThere ? explanation.row[at]! * width + explanation.column[at]! - pixel : 0;
      weight[to] = explanation.weight[at]!;
    }
  }
  const entropies = (values: Float64Array) =>
    Uint16Array.from(values, (value) => Math.min(0xffff, Math.round(value / entropyUnit)));
  const weights = explanation.imageWeights[0]!;
  const heaviest = Array.from(weights.keys())
    .sort((a, b) => weights[b]! - weights[a]! || a - b)
    .slice(0, imagesKept)
    .filter((index) => weights[index]! > 0);
  return new Map<string, StoredTensor>([
    [`${prefix}image`, plane(toPlanes(image))],
    [`${prefix}shift`, plane(toPlanes(shift))],
    [`${prefix}weight`, plane(toPlanes(toHalfBits(weight)))],
    [`${prefix}rest`, plane(toPlanes(toHalfBits(Float32Array.from(explanation.rest))))],
    [`${prefix}entropy`, plane(toPlanes(entropies(explanation.entropy)))],
    [`${prefix}imageEntropy`, plane(toPlanes(entropies(explanation.imageEntropy)))],
    [`${prefix}images`, {
      dtype: "I32",
      shape: [heaviest.length],
      data: Int32Array.from(heaviest),
    }],
    [`${prefix}imageWeights`, {
      dtype: "F32",
      shape: [heaviest.length],
      data: Float32Array.from(heaviest, (index) => weights[index]!),
    }],
  ]);
}

/** What an explanation is of; it is not stored twice. */
export interface ExplainedQuery {
  readonly t: number;
  /** 1 for machines without a scale. */
  readonly patchSize: number;
  /** The denoised image, `[1, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** Number of training images. */
  readonly images: number;
  readonly labels: ArrayLike<number> | undefined;
}

/**
 * The explanation that {@linkcode storeExplanation} put under a prefix. Weights have 11 bits, entropies an error
 * of 1/8192 nats, and of the training images the 32 heaviest have their weight, others 0.
 */
export function restoreExplanation(
  block: Block,
  prefix: string,
  query: ExplainedQuery,
): Explanation {
  const { t, patchSize, xHat0, images, labels } = query;
  const [, height, width] = xHat0.shape;
  const pixels = height * width;
  const planes = (name: string) => fromPlanes(arrayOf(block, `${prefix}${name}`, "U8"));
  const images16 = planes("image"), shifts = new Int16Array(planes("shift").buffer);
  const weights = fromHalfBits(planes("weight"));
  const cells = images16.length, top = cells / pixels;
  const image = new Int32Array(cells), row = new Int32Array(cells), column = new Int32Array(cells);
  const weight = new Float64Array(cells);
  for (let rank = 0, from = 0; rank < top; rank++) {
    for (let pixel = 0; pixel < pixels; pixel++, from++) {
      const at = pixel * top + rank, isThere = images16[from]! !== noImage;
      const position = pixel + shifts[from]!;
      image[at] = isThere ? images16[from]! : -1;
      row[at] = isThere ? Math.floor(position / width) : -1;
      column[at] = isThere ? position % width : -1;
      weight[at] = weights[from]!;
    }
  }
  const entropies = (name: string) =>
    Float64Array.from(planes(name), (value) => value * entropyUnit);
  const entropy = entropies("entropy"), imageEntropy = entropies("imageEntropy");
  const imageWeights = new Float64Array(images);
  const kept = arrayOf(block, `${prefix}imageWeights`, "F32");
  arrayOf(block, `${prefix}images`, "I32").forEach((index, i) => imageWeights[index] = kept[i]!);
  return {
    shape: [1, pixels, top],
    t,
    patchSize,
    xHat0,
    pixels: Array.from({ length: pixels }, (_, p) => [Math.floor(p / width), p % width] as const),
    image,
    row,
    column,
    weight,
    rest: Float64Array.from(fromHalfBits(planes("rest"))),
    entropy,
    imageEntropy,
    effectivePatches: entropy.map(Math.exp),
    effectiveImages: imageEntropy.map(Math.exp),
    imageWeights: [imageWeights],
    ...labels && { labels },
  };
}
