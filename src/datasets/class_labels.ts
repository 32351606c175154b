import { ArgumentError } from "../core/errors.ts";

/**
 * Class of each image: 8 bits where there are at most 256 classes, else 16.
 *
 * @category Data sets
 */
export type ClassLabels = Uint8Array | Uint16Array;

/** Classes that there may be. */
export const mostClasses = 2 ** 16;

/**
 * Labels in as few bits as the number of classes needs.
 *
 * @throws RangeError if there are more than 65,536 classes.
 */
export function classLabels(labels: ArrayLike<number>, classes: number): ClassLabels {
  if (classes > mostClasses) {
    throw new ArgumentError(
      `Cannot label images by ${classes} classes: expected at most ${mostClasses}`,
    );
  }
  return classes <= 256 ? Uint8Array.from(labels) : Uint16Array.from(labels);
}
