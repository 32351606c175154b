/** What a machine's prediction is made of, as plain data. */
import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { ExplanationState } from "../posterior/patch_posterior.ts";

/**
 * Options of `Machine.explain`.
 *
 * @category Machines
 */
export interface ExplainOptions {
  /** Pixels to explain, row and column; all when absent. */
  readonly pixels?: readonly (readonly [row: number, column: number])[] | undefined;
  /** Candidates to name of each pixel, the heaviest first, 1 to 64; 8 when absent. */
  readonly top?: number | undefined;
  /** Patch size k instead of the machine's own. */
  readonly patchSize?: number | undefined;
  /** Class of all queries or of each; candidates are the training images of that class. */
  readonly labels?: number | ArrayLike<number> | undefined;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the part of the work that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Which training patches made each pixel of a prediction: B queries, E explained pixels, M candidates named.
 *
 * @category Machines
 */
export interface Explanation {
  /** `[B, E, M]` as numbers of each. */
  readonly shape: readonly [queries: number, pixels: number, top: number];
  /** Time of the queries. */
  readonly t: number;
  /** Patch size k; 1 for machines without a scale. */
  readonly patchSize: number;
  /** The prediction that is explained, `[B, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** The explained pixels, `[E]`. */
  readonly pixels: readonly (readonly [row: number, column: number])[];
  /** Training image of each candidate, `[B, E, M]`; -1 where there are fewer. */
  readonly image: Int32Array;
  /** Row of the center of its patch, `[B, E, M]`. */
  readonly row: Int32Array;
  /** Column of the center of its patch, `[B, E, M]`. */
  readonly column: Int32Array;
  /** Its weight, `[B, E, M]`: the part that it has of the prediction. */
  readonly weight: Float64Array;
  /** Weight of all candidates that are not named, `[B, E]`. */
  readonly rest: Float64Array;
  /** Entropy of the weights of candidates, `[B, E]`, in nats. */
  readonly entropy: Float64Array;
  /** Entropy of the weights of training images, each the sum over its patches, `[B, E]`, in nats. */
  readonly imageEntropy: Float64Array;
  /** exp(entropy): how many patches take part, `[B, E]`. */
  readonly effectivePatches: Float64Array;
  /** exp(imageEntropy): how many training images take part, `[B, E]`. */
  readonly effectiveImages: Float64Array;
  /** Of each query, the weight of every training image, `[N]`, as mean over the explained pixels. */
  readonly imageWeights: readonly Float64Array[];
  /** Class of each training image, where the machine has labels. */
  readonly labels?: ArrayLike<number> | undefined;
}

/**
 * One training patch that takes part in a pixel.
 *
 * @category Machines
 */
export interface ExplainedPatch {
  /** Training image. */
  readonly image: number;
  /** Row of the patch's center. */
  readonly row: number;
  /** Column of the patch's center. */
  readonly column: number;
  /** Rows and columns from the pixel to the patch's center. */
  readonly shift: readonly [rows: number, columns: number];
  /** Part that it has of the prediction. */
  readonly weight: number;
  /** Class of the training image, where the machine has labels. */
  readonly label?: number;
}

/**
 * Options of {@linkcode explainedPatches}.
 *
 * @category Machines
 */
export interface ExplainedPatchesOptions {
  /** Which of the queries; 0 when absent. */
  readonly query?: number;
  /** Which of the explained pixels, in their order; 0 when absent. */
  readonly pixel?: number;
}

/**
 * The patches of one pixel, the heaviest first; of equal ones the lower image, row, column.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   cosineLegacy,
 *   createMachine,
 *   explainedPatches,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("ELS", { images, schedule: cosineLegacy(), patchSize: 5 });
 * // Training images with hardly any noise are made of their own patches.
 * const explanation = await machine.explain(images, 0.02, { pixels: [[3, 4]], top: 2 });
 * const [patch] = explainedPatches(explanation, { query: 1 });
 * assertEquals([patch!.image, patch!.row, patch!.column, patch!.shift], [1, 3, 4, [0, 0]]);
 * ```
 *
 * @throws RangeError if there is no such query or pixel.
 * @category Machines
 */
export function explainedPatches(
  explanation: Explanation,
  options: ExplainedPatchesOptions = {},
): ExplainedPatch[] {
  const { query = 0, pixel = 0 } = options;
  const { shape: [queries, pixels, top], image, row, column, weight, labels } = explanation;
  if (!(Number.isInteger(query) && query >= 0 && query < queries)) {
    throw new ArgumentError(`Cannot look at query ${query}: there are ${queries}`);
  }
  if (!(Number.isInteger(pixel) && pixel >= 0 && pixel < pixels)) {
    throw new ArgumentError(`Cannot look at explained pixel ${pixel}: there are ${pixels}`);
  }
  const [pixelRow, pixelColumn] = explanation.pixels[pixel]!;
  const first = (query * pixels + pixel) * top;
  return Array.from({ length: top }, (_, i) => first + i)
    .filter((i) => image[i]! >= 0)
    .map((i) => ({
      image: image[i]!,
      row: row[i]!,
      column: column[i]!,
      shift: [row[i]! - pixelRow, column[i]! - pixelColumn],
      weight: weight[i]!,
      ...(labels && { label: labels[image[i]!]! }),
    }));
}

/** The states of some queries each, and which, as one explanation. */
export function explanationOf(
  states: readonly { readonly members: readonly number[]; readonly state: ExplanationState }[],
  { pixels, width, images, ...known }: {
    readonly pixels: Explanation["pixels"];
    /** Columns of an image. */
    readonly width: number;
    /** Number of training images. */
    readonly images: number;
  } & Pick<Explanation, "shape" | "t" | "patchSize" | "xHat0" | "labels">,
): Explanation {
  const [queries, count, top] = known.shape;
  const cells = queries * count;
  const explanation = {
    ...known,
    pixels,
    image: new Int32Array(cells * top).fill(-1),
    row: new Int32Array(cells * top).fill(-1),
    column: new Int32Array(cells * top).fill(-1),
    weight: new Float64Array(cells * top),
    rest: new Float64Array(cells),
    entropy: new Float64Array(cells),
    imageEntropy: new Float64Array(cells),
    effectivePatches: new Float64Array(cells),
    effectiveImages: new Float64Array(cells),
    imageWeights: Array.from({ length: queries }, () => new Float64Array(images)),
  };
  for (const { members, state } of states) {
    members.forEach((query, b) => {
      for (let e = 0; e < count; e++) {
        const from = b * count + e, to = query * count + e;
        // The sum that weights are relative to was rounded otherwise than they were.
        const mass = state.mass[from]!, logMass = Math.log(mass);
        let rest = 1;
        for (let i = 0; i < top; i++) {
          const logWeight = state.logWeight[from * top + i]!;
          if (logWeight === -Infinity) continue;
          const at = to * top + i, position = state.position[from * top + i]!;
          explanation.image[at] = state.image[from * top + i]!;
          explanation.row[at] = Math.floor(position / width);
          explanation.column[at] = position % width;
          explanation.weight[at] = Math.exp(logWeight - logMass);
          rest -= explanation.weight[at]!;
        }
        // Roundings of weights that are all there is may leave a little less than nothing.
        explanation.rest[to] = Math.max(0, rest);
        explanation.entropy[to] = Math.max(0, state.entropy[from]! / mass + logMass);
        explanation.imageEntropy[to] = Math.max(0, state.imageEntropy[from]! / mass + logMass);
        explanation.effectivePatches[to] = Math.exp(explanation.entropy[to]!);
        explanation.effectiveImages[to] = Math.exp(explanation.imageEntropy[to]!);
      }
      state.imageWeights[b]!.forEach((weight, image) => {
        explanation.imageWeights[query]![image] = weight / Math.max(1, count);
      });
    });
  }
  return explanation;
}
