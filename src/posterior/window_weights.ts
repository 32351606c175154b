/**
 * Windows as numbers: the one form that every backend takes, whatever the shape.
 *
 * @module
 */
import type { ImageShape } from "../core/image_batch.ts";
import { isPatchSize } from "../core/patch_size.ts";
import type { PatchRule } from "./patch_posterior.ts";
import { checkWindow, type ProfileWindow, type Window } from "./window.ts";

/** The weights of a window at one width: P(dy, dx) = taps[|dy|] taps[|dx|]. */
export interface WindowWeights {
  /** By distance from the pixel along an axis, 0 to `radius`; 1 at 0. Beyond, weights are 0. */
  readonly taps: Float64Array;
  readonly radius: number;
  /**
   * How near a border a pixel may be and still count as interior, for the rules that ask: up to half height.
   * What is beyond may leave the image, and meets there what the rule's padding shows on both sides: zeros, or
   * the image wrapped around. For a k x k box (k - 1) / 2.
   */
  readonly reach: number;
}

/** Weights below are taken as 0, so that windows end. */
const cut = 1e-3;

/** The weight of a distance along an axis. */
function profileOf(window: Window, width: number): (d: number) => number {
  switch (window) {
    case "box":
      return (d) => clamp((width + 1) / 2 - d);
    case "trapezoid":
      // Sides of less than a pixel would let the width move nothing.
      return (d) => clamp(0.5 + (width / 2 - d) / Math.max(1, width / 2));
    case "gaussian":
      return (d) => Math.exp(-Math.LN2 * (2 * d / width) ** 2);
    case "super":
      return (d) => Math.exp(-Math.LN2 * (2 * d / width) ** 4);
    default:
      return stretched(window, width);
  }
}

function clamp(weight: number): number {
  return Math.min(1, Math.max(0, weight));
}

function stretched(window: ProfileWindow, width: number): (d: number) => number {
  const stretch = profileWidth(window) / width;
  return (d) => weightAt(window, d * stretch);
}

/** Between the weights of two distances; 0 beyond the last. */
function weightAt({ profile }: ProfileWindow, d: number): number {
  const below = Math.floor(d), part = d - below;
  return ((1 - part) * (profile[below] ?? 0) + part * (profile[below + 1] ?? 0)) / profile[0]!;
}

/**
 * The width at which a measured window is as it was measured: its full width at half height.
 *
 * @example
 * ```ts
 * import { profileWidth } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(profileWidth({ shape: "gradient", profile: [4, 3, 1] }), 3);
 * ```
 *
 * @throws RangeError if a value of the profile cannot be a weight.
 * @category Posterior
 */
export function profileWidth(window: ProfileWindow): number {
  checkWindow(window);
  const d = Array.from(window.profile).findIndex((_, d) => weightAt(window, d + 1) < 0.5);
  const here = weightAt(window, d), next = weightAt(window, d + 1);
  return 2 * (d + (here - 0.5) / (here - next));
}

/** A window's width, and the images and rule that it is used with. */
export interface WindowUse {
  readonly width: number;
  readonly rule: PatchRule;
  readonly imageShape: ImageShape;
}

/**
 * The weights of a window of some width, as far as they can matter: where images wrap around, no pixel is
 * met twice; where they end, nothing is beyond their far side.
 */
export function windowWeights(
  window: Window,
  { width, rule, imageShape: [height, columns] }: WindowUse,
): WindowWeights {
  const cyclic = rule === "interior" || rule === "wrapped";
  const farthest = cyclic
    ? Math.floor((Math.min(height, columns) - 1) / 2)
    : Math.max(height, columns) - 1;
  const profile = profileOf(window, width);
  let radius = 0;
  while (radius < farthest && profile(radius + 1) >= cut) radius++;
  const taps = Float64Array.from({ length: radius + 1 }, (_, d) => profile(d));
  return { taps, radius, reach: reachOf(width) };
}

/** The farthest offset along an axis that weighs one half or more. */
function reachOf(width: number): number {
  return Math.floor(width / 2);
}

/** The k x k box of the paper. */
export function boxWeights(k: number): WindowWeights {
  const radius = (k - 1) / 2;
  return { taps: new Float64Array(radius + 1).fill(1), radius, reach: radius };
}

/**
 * Whether scales are sizes of the k x k patches of the paper, which have kernels of their own: no window was
 * asked for, or one that comes to the same.
 */
export function isPlainBox(window: Window | undefined, scales: readonly number[]): boolean {
  return window === undefined || (window === "box" && scales.every((width) => isPatchSize(width)));
}

/** The weights at each scale of a request. */
export function weightsOf(
  { window, rule, scales }: {
    readonly window?: Window | undefined;
    readonly rule: PatchRule;
    readonly scales: readonly number[];
  },
  imageShape: ImageShape,
): readonly WindowWeights[] {
  return isPlainBox(window, scales)
    ? scales.map(boxWeights)
    : scales.map((width) => windowWeights(window!, { width, rule, imageShape }));
}
