import { ArgumentError } from "../core/errors.ts";
import type { ReceptiveField } from "../networks/analysis/field_profile.ts";

/**
 * Checks that a receptive field can be drawn.
 *
 * @throws RangeError if there is no map, or one has a wrong size or values.
 */
export function checkField({ times, radius }: ReceptiveField): void {
  const size = (2 * radius + 1) ** 2;
  const wrong = times.find(({ map }) =>
    map.length !== size || !map.every((value) => Number.isFinite(value) && value >= 0)
  );
  if (times.length === 0 || wrong !== undefined) {
    throw new ArgumentError(
      `Cannot draw the receptive field: ${
        times.length === 0 ? "there are no times" : `the map at t = ${wrong!.t} is damaged`
      }, expected maps of ${size} numbers from zero`,
    );
  }
}

/** At most so many of a list, evenly spread, with both ends. */
export function evenly<T>(items: readonly T[], maxItems: number): T[] {
  if (items.length <= maxItems) return [...items];
  return Array.from(
    { length: maxItems },
    (_, i) => items[Math.round(i * (items.length - 1) / (maxItems - 1))]!,
  );
}
