/** What every machine is made of: precision, response, source (Niedoba 2026, arXiv 2605.24192). */
import type { ImageBatch, ImageShape } from "../core/image_batch.ts";
import type { MachineParameters } from "./machine_parameters.ts";

/**
 * For each of J posteriors, coordinates of an image that belong to it; all count the same.
 *
 * - `ones`: J = 1, all coordinates;
 * - `pixels`: posterior j has the channels of pixel j;
 * - `coordinates`: posterior j has the one coordinate j, in the order of `[H, W, C]`;
 * - `boxes`: the `size` x `size` boxes that lie wholly inside the image, by their upper left corner;
 * - `sets`: any sets, of pixels with all channels or of coordinates, as runs of consecutive ones:
 *   posterior j has the runs `start[j]` to `start[j + 1]` (exclusive), and run r goes from
 *   `bounds[2 r]` to `bounds[2 r + 1]` (exclusive).
 *
 * @category Machines
 */
export type Filter =
  | { readonly kind: "ones" }
  | { readonly kind: "pixels" }
  | { readonly kind: "coordinates" }
  | { readonly kind: "boxes"; readonly size: number }
  | {
    readonly kind: "sets";
    readonly of: "pixels" | "coordinates";
    readonly start: Uint32Array;
    readonly bounds: Uint32Array;
  };

/**
 * The forward process at a time: x = signal x0 + sigma eps.
 *
 * @category Machines
 */
export interface FilterLevel {
  /** Time in [0, 1]. */
  readonly t: number;
  /** Factor of the clean image, positive. */
  readonly signal: number;
  /** Standard deviation of the noise, positive. */
  readonly sigma: number;
}

/**
 * Training images that a source is made of.
 *
 * @category Machines
 */
export interface SourceImages {
  /** Images `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Only these of them (a class); all when absent. */
  readonly select?: Uint32Array | undefined;
}

/**
 * What filters may depend on.
 *
 * @category Machines
 */
export interface FilterContext extends FilterLevel {
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /** Scale k; 1 for machines without one. */
  readonly patchSize: number;
  /** The training images. */
  readonly source: SourceImages;
  /** Parameters of the machine. */
  readonly parameters: MachineParameters;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * A distribution in place of the training images, whose posterior mean has a closed form.
 *
 * @category Machines
 */
export interface FittedSource {
  /** Name of the distribution. */
  readonly name: string;
  /** Fits it to training images. */
  fit(source: SourceImages, options: {
    readonly parameters: MachineParameters;
    readonly abort?: AbortSignal | undefined;
  }): Promise<FittedPosterior>;
}

/**
 * A fitted distribution.
 *
 * @category Machines
 */
export interface FittedPosterior {
  /**
   * Posterior mean of the clean image.
   *
   * @param x One noisy image, `[H, W, C]`.
   * @returns `[H, W, C]`.
   */
  mean(x: Float64Array, level: FilterLevel): Float64Array;
  /** The same of several noisy images, where that is faster than one after the other. */
  means?(list: readonly Float64Array[], level: FilterLevel): Float64Array[];
}

/**
 * A machine as its three fields: `xHat0 = sum_j R_j E_j`, where `E_j` is the posterior mean over the source
 * with weights `exp(-sum_c P_j(c) (x - signal y)_c^2 / (2 sigma^2))`, `P_j` the precision and `R_j` the
 * response, of which those that answer the same coordinate share it equally.
 *
 * Such a machine runs on one engine: a new theory is a definition, not new code.
 *
 * @example A theory of one's own: each pixel is told by its row of the image
 * ```ts
 * import {
 *   bytesToImages,
 *   cosineLegacy,
 *   createMachine,
 *   type FilteredMachineDefinition,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const rows: FilteredMachineDefinition = {
 *   name: "rows",
 *   description: "the whole row of a pixel, at the same place",
 *   precision: ({ imageShape: [height, width] }) => ({
 *     kind: "sets",
 *     of: "pixels",
 *     start: Uint32Array.from({ length: height + 1 }, (_, row) => row),
 *     bounds: Uint32Array.from({ length: 2 * height }, (_, i) => Math.ceil(i / 2) * width),
 *   }),
 *   response: "precision",
 *   source: "images",
 * };
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine(rows, { images, schedule: cosineLegacy() });
 * assertEquals((await machine.predict(images, 0.5)).shape, [4, 8, 8, 1]);
 * ```
 *
 * @category Machines
 */
export interface FilteredMachineDefinition {
  /** Name in tables. */
  readonly name: string;
  /** What the machine is, in a few words. */
  readonly description: string;
  /** P_j: which coordinates are compared. */
  readonly precision: Filter | ((context: FilterContext) => Filter | Promise<Filter>);
  /** R_j: which coordinates are answered; `precision`: the same that are compared. */
  readonly response: Filter | "precision";
  /** What the posteriors are over: training images at their own place, or a distribution fitted to them. */
  readonly source: "images" | FittedSource;
  /**
   * Noise that is added to x, one image `[H, W, C]` for each of M posteriors whose mean is the answer: the
   * source is then smoothed. Only with filters of `ones`.
   */
  readonly perturbations?: (context: FilterContext) => readonly Float64Array[];
  /** Largest scale k on images of a shape; absent: the machine has no scale. */
  readonly largestScale?: (imageShape: ImageShape) => number;
  /** Bytes of memory that it takes beside the training images. */
  readonly bytes?: (source: {
    /** Number of training images. */
    readonly count: number;
    /** Height, width, channels. */
    readonly imageShape: ImageShape;
  }) => number;
  /** Names of the parameters that it takes. */
  readonly parameters?: readonly (keyof MachineParameters)[];
}

/**
 * A definition of this package, by its name.
 *
 * @category Machines
 */
export type Theory<Name extends string> = FilteredMachineDefinition & { readonly name: Name };
