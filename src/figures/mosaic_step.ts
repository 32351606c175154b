import type { ImageBatch } from "../core/image_batch.ts";
import type { Explanation } from "../machines/explanation.ts";

/**
 * A reverse step of a machine as the figures of a mosaic need it: one sample, all its pixels.
 *
 * @category Figures
 */
export interface MosaicStep extends Omit<Explanation, "imageWeights" | "labels"> {
  /** The noisy image before the step, `[1, H, W, C]`. */
  readonly x: ImageBatch;
}

/**
 * What a machine made of a sample, and how: the figures of a mosaic are about one such.
 *
 * @category Figures
 */
export interface MosaicTrace {
  /** Name of the machine. */
  readonly machine: string;
  /** Its steps, from noise to image. */
  readonly steps: readonly MosaicStep[];
  /** The final image, `[1, H, W, C]`. */
  readonly image: ImageBatch;
  /** Whether opposite borders touch for it: shifts go the shorter way round. */
  readonly wrap: boolean;
}
