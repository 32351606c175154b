import { ArgumentError } from "../../core/errors.ts";
import type { MeetingRecord } from "../../core/meeting_place.ts";
import type { PosteriorState } from "../patch_posterior.ts";

/** The arrays of a state, `logScale` and `sum` `[B, S, P]`, `acc` `[B, S, P, C]`, by name. */
export function arraysOfState(
  { shape, logScale, sum, acc }: PosteriorState,
): MeetingRecord["arrays"] {
  const cells = shape.slice(0, 3);
  return {
    logScale: { shape: cells, data: logScale },
    sum: { shape: cells, data: sum },
    acc: { shape, data: acc },
  };
}

/**
 * A state of its arrays.
 *
 * @throws RangeError if one is missing, or they do not fit each other.
 */
export function stateOfArrays(arrays: MeetingRecord["arrays"], source: string): PosteriorState {
  const { logScale, sum, acc } = arrays;
  const [queries, scales, pixels, channels] = acc?.shape ?? [];
  const cells = [queries, scales, pixels].join();
  if (
    logScale === undefined || sum === undefined || acc === undefined || acc.shape.length !== 4 ||
    logScale.shape.join() !== cells || sum.shape.join() !== cells
  ) {
    throw new ArgumentError(
      `Cannot read the state of a posterior: ${source} holds ${
        Object.entries(arrays).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`)
          .join(", ") || "no arrays"
      }, expected logScale and sum [B, S, P], and acc [B, S, P, C]`,
    );
  }
  return {
    shape: [queries!, scales!, pixels!, channels!],
    ...{ logScale: logScale.data, sum: sum.data, acc: acc.data },
  };
}
