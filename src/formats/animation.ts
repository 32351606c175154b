/** What animated formats have in common. */
import { ArgumentError } from "../core/errors.ts";
import type { RgbaPixels } from "./rgba_pixels.ts";

/** Widest and highest that a GIF may be; for us an animated PNG, too. */
const LARGEST = 65_535;

/** The size of a picture, if it can be added to an animation of pictures of a size. */
export function checkAnimationSize(
  what: string,
  { width, height, data }: RgbaPixels,
  first: Pick<RgbaPixels, "width" | "height"> | undefined,
): Pick<RgbaPixels, "width" | "height"> {
  const whole = [width, height].every((side) =>
    Number.isInteger(side) && side >= 1 && side <= LARGEST
  );
  if (!whole || data.length !== 4 * width * height) {
    throw new ArgumentError(
      `Cannot add a picture of ${width} x ${height} with ${data.length} values to the ${what}: ` +
        `expected sides of 1 to ${LARGEST} and 4 values for each pixel`,
    );
  }
  if (first !== undefined && (first.width !== width || first.height !== height)) {
    throw new ArgumentError(
      `Cannot add a picture of ${width} x ${height} to the ${what}: the first one has ` +
        `${first.width} x ${first.height}, expected the same`,
    );
  }
  return first ?? { width, height };
}

/** Counts time in the units of a format, so that rounding does not add up. */
export class AnimationClock {
  readonly #what: string;
  readonly #unit: number;
  readonly #longest: number;
  #milliseconds = 0;

  /**
   * @param what The format, for messages.
   * @param options.unit Milliseconds of a unit.
   * @param options.longest Milliseconds that a picture may stand at most.
   */
  constructor(what: string, options: { readonly unit: number; readonly longest: number }) {
    this.#what = what;
    this.#unit = options.unit;
    this.#longest = options.longest;
  }

  /** The time that has been added, in units. */
  get now(): number {
    return Math.round(this.#milliseconds / this.#unit);
  }

  /** Adds the time of a picture. @returns When it begins, in units. */
  add(milliseconds: number): number {
    if (!(milliseconds > 0 && milliseconds <= this.#longest)) {
      throw new ArgumentError(
        `Cannot show a picture of the ${this.#what} for ${milliseconds} ms: expected more than 0, ` +
          `at most ${this.#longest}`,
      );
    }
    const { now } = this;
    this.#milliseconds += milliseconds;
    return now;
  }
}
