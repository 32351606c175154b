import { median } from "../../core/statistics.ts";
import { copiedRegions, type ExplainedPixels } from "../copied_regions.ts";

/**
 * How much of a prediction was copied, pixel by pixel, at one time.
 *
 * @category Quality
 */
export interface LocalMemorization {
  /** Share of pixels whose heaviest candidate weighs more than a half, 0 to 1. */
  readonly copied: number;
  /** Pixels of the region that a pixel lies in, median over all pixels: pieces copied as a whole. */
  readonly regionPixels: number;
  /** Share of the image that its largest region takes, mean over images. */
  readonly largestRegion: number;
  /** Training images that the heaviest candidates of an image come from, mean over images. */
  readonly sources: number;
  /** Images that were looked at. */
  readonly images: number;
}

/**
 * What an explanation of a machine says about copying: share of pixels with one candidate above half of the
 * weight, and the regions that come from one training image at one shift ({@linkcode copiedRegions}).
 * Unlike a distance between images it sees mosaics: copies of parts, each from elsewhere.
 *
 * @example
 * ```ts
 * import { localMemorization } from "@els/toolkit/quality";
 * import {
 *   bytesToImages,
 *   cosineLegacy,
 *   createMachine,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * // The ideal score copies whole training images.
 * const { copied, largestRegion, sources } = localMemorization(await machine.explain(images, 0.02));
 * assertEquals([copied, largestRegion, sources], [1, 1, 1]);
 * ```
 *
 * @param explanation Of all pixels; one candidate of each is enough.
 * @param options.wrap Whether images are tori, as for ES, ELS and ELS_wrapped. Default false.
 * @category Quality
 */
export function localMemorization(
  explanation: ExplainedPixels,
  options: { readonly wrap?: boolean } = {},
): LocalMemorization {
  const { shape: [queries, count, top], weight, image } = explanation;
  let copied = 0;
  let [largest, sources] = [0, 0];
  const regionOfPixels: number[] = [];
  for (let query = 0; query < queries; query++) {
    const { regions } = copiedRegions(explanation, { ...options, query });
    const used = new Set<number>();
    for (let pixel = 0; pixel < count; pixel++) {
      const at = (query * count + pixel) * top;
      if (image[at]! >= 0) used.add(image[at]!);
      if (weight[at]! > 0.5) copied++;
    }
    sources += used.size;
    largest += Math.max(0, ...regions.map(({ pixels }) => pixels)) / count;
    for (const { pixels } of regions) {
      for (let i = 0; i < pixels; i++) regionOfPixels.push(pixels);
    }
  }
  return {
    copied: copied / (queries * count),
    regionPixels: regionOfPixels.length === 0 ? 0 : median(regionOfPixels),
    largestRegion: largest / queries,
    sources: sources / queries,
    images: queries,
  };
}
