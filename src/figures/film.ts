/** A film of the reverse process: a network and a machine side by side, from the same noise. */
import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";

/**
 * The two images that a film has beside each other, `[1, H, W, C]` each, values in [-1, 1].
 *
 * @category Figures
 */
export interface FilmPair {
  /** The network's. */
  readonly network: ImageBatch;
  /** The machine's. */
  readonly machine: ImageBatch;
}

/**
 * The noisy images at a time.
 *
 * @category Figures
 */
export interface FilmPoint {
  /** Time. */
  readonly t: number;
  /** Standard deviation of the noise at this time. */
  readonly sigma: number;
  /** Noisy images. */
  readonly x: FilmPair;
}

/**
 * The training patch that has the largest part of a pixel.
 *
 * @category Figures
 */
export interface FilmPatch {
  /** Its training image, `[1, H, W, C]`. */
  readonly trainingImage: ImageBatch;
  /** Number of the training image. */
  readonly image: number;
  /** Row of the patch's center. */
  readonly row: number;
  /** Column of the patch's center. */
  readonly column: number;
  /** Part that it has of the pixel. */
  readonly weight: number;
  /** How many patches take part in the pixel: exp(entropy). */
  readonly effectivePatches: number;
  /** Class of the training image, in a word. */
  readonly label?: string | undefined;
}

/**
 * One reverse step.
 *
 * @category Figures
 */
export interface FilmStep extends FilmPoint {
  /** The clean images that network and machine expect. */
  readonly xHat0: FilmPair;
  /** Agreement of the two, r² or another number up to 1; null where it is not defined. */
  readonly agreement: number | null;
  /** Patch size k of the machine; absent where it compares whole images. */
  readonly patchSize?: number | undefined;
  /** The training patch that has most of the machine's pixel. */
  readonly patch: FilmPatch;
  /** The way to the next step, as `ddimPath` gives it; the noisy images of the next step are not among them. */
  readonly path: readonly FilmPoint[];
}

/**
 * What a film shows, as plain data.
 *
 * @category Figures
 */
export interface Film {
  /** Line above everything. */
  readonly title: string;
  /** Line below the title, such as which network, which machine, how many training images. */
  readonly subtitle?: string | undefined;
  /** Name of the machine, such as "bbELS". */
  readonly machine: string;
  /** The pixel that the window is around, row and column. */
  readonly pixel: readonly [row: number, column: number];
  /** Whether the window goes on at the opposite border, as with circular padding. Default false. */
  readonly wraps?: boolean | undefined;
  /** Whether training patches do, too. Default false. */
  readonly trainingWraps?: boolean | undefined;
  /** The steps, from noise to image. */
  readonly steps: readonly FilmStep[];
  /** What comes out in the end, and how well it agrees. */
  readonly final: FilmPoint & { readonly agreement: number | null };
}

/**
 * A moment of a film: the beginning of a step (`point` -1), a point on its way, or the end (a `step` after
 * the last).
 *
 * @category Figures
 */
export interface FilmMoment {
  /** Number of the step, from 0. */
  readonly step: number;
  /** Number of the point on the step's way; -1 for its beginning. */
  readonly point: number;
  /** How long it is shown. */
  readonly milliseconds: number;
}

/**
 * Options of {@linkcode filmMoments}.
 *
 * @category Figures
 */
export interface FilmMomentsOptions {
  /** Seconds that each step stands still at its beginning; default 0.6. */
  readonly still?: number | undefined;
  /** Seconds of each step's way; default 0.5. */
  readonly moving?: number | undefined;
  /** Seconds that the end is shown; default 3. */
  readonly end?: number | undefined;
}

/**
 * The moments of a film in their order: each step stands still, so that one can look at it, then moves on,
 * and the end stays.
 *
 * @example
 * ```ts
 * import { type Film, filmMoments } from "@els/toolkit/figures";
 * import { imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const image = imageBatch(new Float32Array(9), [1, 3, 3, 1]);
 * const point = { t: 1, sigma: 1, x: { network: image, machine: image } };
 * const patch = { trainingImage: image, image: 7, row: 1, column: 1, weight: 0.5, effectivePatches: 2 };
 * const film: Film = {
 *   title: "One step",
 *   machine: "ELS",
 *   pixel: [1, 1],
 *   steps: [{ ...point, xHat0: point.x, agreement: 0.9, patchSize: 3, patch, path: [point] }],
 *   final: { ...point, t: 0, agreement: 0.9 },
 * };
 * assertEquals(filmMoments(film).map(({ milliseconds }) => milliseconds), [600, 500, 3000]);
 * ```
 *
 * @throws RangeError if the film has no steps, or a time is not positive.
 * @category Figures
 */
export function filmMoments(film: Film, options: FilmMomentsOptions = {}): FilmMoment[] {
  const { still = 0.6, moving = 0.5, end = 3 } = options;
  checkFilm(film);
  for (const [what, seconds] of Object.entries({ still, moving, end })) {
    if (!(seconds > 0 && seconds <= 60)) {
      throw new ArgumentError(
        `Cannot make a film with ${what} of ${seconds} seconds: expected more than 0, at most 60`,
      );
    }
  }
  return [
    ...film.steps.flatMap(({ path }, step) => [
      { step, point: -1, milliseconds: 1000 * (path.length === 0 ? still + moving : still) },
      ...path.map((_, point) => ({ step, point, milliseconds: 1000 * moving / path.length })),
    ]),
    { step: film.steps.length, point: -1, milliseconds: 1000 * end },
  ];
}

/** @throws RangeError if a film cannot be drawn. */
export function checkFilm({ steps, final, pixel: [row, column] }: Film): void {
  const first = steps[0];
  if (first === undefined) throw new ArgumentError("Cannot make a film without steps");
  const [, height, width, channels] = first.x.network.shape;
  const pairs = steps.flatMap(({ x, xHat0, path, patch }) => [
    ...[x, xHat0, ...path.map((point) => point.x)],
    { network: patch.trainingImage, machine: patch.trainingImage },
  ]);
  for (const { network, machine } of [...pairs, final.x]) {
    for (const image of [network, machine]) {
      checkImages(image);
      if (image.shape.join() !== [1, height, width, channels].join()) {
        throw new ArgumentError(
          `Cannot make a film of images [${
            image.shape.join(", ")
          }] beside [1, ${height}, ${width}, ` +
            `${channels}]: expected one image of the same shape each`,
        );
      }
    }
  }
  const inside = Number.isInteger(row) && Number.isInteger(column) && row >= 0 && row < height &&
    column >= 0 && column < width;
  if (!inside) {
    throw new ArgumentError(
      `Cannot draw the window at pixel ${row},${column}: expected a row from 0 to ${
        height - 1
      } and a ` +
        `column from 0 to ${width - 1}`,
    );
  }
}
