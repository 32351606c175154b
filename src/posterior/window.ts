/** How much the pixels around a pixel count when patches are compared. */
import { ArgumentError } from "../core/errors.ts";

/**
 * Names of windows whose shape is a formula: with d the distance from the pixel along an axis and w the width,
 * which is the full width at half height in pixels, an offset weighs u(dy) u(dx) with u(d)
 *
 * - `box`: 1 up to (w - 1) / 2, then falling to 0 within a pixel: an odd w is the w x w patch of the paper;
 * - `trapezoid`: 1 up to w / 4, then falling to 0 at 3 w / 4: the box, blurred by one of half its width;
 * - `gaussian`: `exp(-ln 2 (2 d / w)^2)`;
 * - `super`: `exp(-ln 2 (2 d / w)^4)`, a bell with a flat top.
 *
 * @category Posterior
 */
export type WindowShape = "box" | "trapezoid" | "gaussian" | "super";

/**
 * A window whose shape was measured, such as the mean absolute gradient of a network's output.
 *
 * @category Posterior
 */
export interface ProfileWindow {
  /** Marks it as what it is. */
  readonly shape: "gradient";
  /** u(0), u(1), ..: not negative, u(0) positive. Taken relative to u(0), and stretched to the width. */
  readonly profile: ArrayLike<number>;
}

/**
 * The window of a machine: weights P(d) in [0, 1] of offsets d, 1 at the pixel itself, with which
 * `D = sum_d P(d) |x(p + d) - signal y(q + d)|^2` stands in the softmax. P(dy, dx) = u(dy) u(dx). Its scale is
 * a width, any number from 1 on.
 *
 * @category Posterior
 */
export type Window = WindowShape | ProfileWindow;

/**
 * Names of the windows whose shape is a formula.
 *
 * @category Posterior
 */
export const windowShapes: readonly WindowShape[] = ["box", "trapezoid", "gaussian", "super"];

/**
 * Checks a window.
 *
 * @throws RangeError if there is no such shape, or if a profile has a value that cannot be a weight.
 */
export function checkWindow(window: Window): void {
  if (typeof window === "string") {
    if (windowShapes.includes(window)) return;
    throw new ArgumentError(
      `Cannot use the window ${JSON.stringify(window)}: expected one of ${
        windowShapes.join(", ")
      }, or a profile`,
    );
  }
  const { profile } = window;
  const wrong = Array.from(profile).findIndex((weight, d) =>
    !(weight >= 0 && weight < Infinity) || (d === 0 && weight === 0)
  );
  if (wrong < 0 && profile.length > 0) return;
  throw new ArgumentError(
    `Cannot use a ${window.shape} window: ` +
      (profile.length === 0
        ? "its profile is empty"
        : `value ${wrong} of its profile is ${profile[wrong]}, expected a ${
          wrong === 0 ? "positive number" : "number from 0 on"
        }`),
  );
}
