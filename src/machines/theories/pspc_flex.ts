import { ArgumentError } from "../../core/errors.ts";
import { runsOf } from "../filtered/runs.ts";
import type { Filter, FilterContext, Theory } from "../filters.ts";

/** Shares published for the 18 steps of EDM's sampler, from the highest noise to the lowest. */
const publishedShares = [
  ...[1, 1, 1, 1, 1, 1, 1, 0.7, 0.7],
  ...[0.5, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3],
];

/** The published share at the step of the nearest noise level, sigma / signal. */
export function publishedShare(level: number): number {
  const [highest, lowest] = [80 ** (1 / 7), 0.002 ** (1 / 7)];
  const away = publishedShares.map((_, i) => {
    const sigma = (highest + i / (publishedShares.length - 1) * (lowest - highest)) ** 7;
    return Math.abs(Math.log(sigma / level));
  });
  return publishedShares[away.indexOf(Math.min(...away))]!;
}

/**
 * For each pixel, itself and the fewest pixels of the image that hold with it a share of the gradient map
 * around it; of equal ones the first by rows.
 */
export function gradientSets(
  map: ArrayLike<number>,
  { height, width, share }: {
    readonly height: number;
    readonly width: number;
    readonly share: number;
  },
): Filter {
  const side = Math.sqrt(map.length), radius = (side - 1) / 2;
  if (!Number.isInteger(radius)) {
    throw new ArgumentError(
      `Cannot use a gradient map of ${map.length} values: expected an odd number of rows and as many columns`,
    );
  }
  const offsets = Array.from({ length: map.length }, (_, i) => i)
    .filter((i) => map[i]! > 0)
    .sort((a, b) => map[b]! - map[a]! || a - b)
    .map((i) => [Math.floor(i / side) - radius, i % side - radius, map[i]!] as const);
  const sets: number[][] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const inside = offsets.filter(([dy, dx]) =>
        row + dy >= 0 && row + dy < height && column + dx >= 0 && column + dx < width
      );
      const total = inside.reduce((sum, [, , value]) => sum + value, 0);
      const own = row * width + column;
      const set = [own];
      let held = inside.find(([dy, dx]) => dy === 0 && dx === 0)?.[2] ?? 0;
      for (const [dy, dx, value] of inside) {
        // A rounding of the sum must not add a pixel.
        if (held >= share * total * (1 - 1e-12)) break;
        if (dy === 0 && dx === 0) continue;
        held += value;
        set.push((row + dy) * width + column + dx);
      }
      sets.push(set.sort((a, b) => a - b));
    }
  }
  return { kind: "sets", of: "pixels", ...runsOf(sets) };
}

function precision({ t, signal, sigma, imageShape, parameters }: FilterContext): Filter {
  const { gradientMaps, theta = publishedShare(sigma / signal) } = parameters;
  if (gradientMaps === undefined) {
    throw new ArgumentError(
      "Cannot predict with PSPC_flex: it has no gradient maps of a network, expected some of " +
        "measureReceptiveField",
      { remedy: (say) => `give them as ${say.option("gradientMaps")}` },
    );
  }
  const { map } = gradientMaps.reduce((best, each) =>
    Math.abs(each.t - t) < Math.abs(best.t - t) ? each : best
  );
  return gradientSets(map, { height: imageShape[0], width: imageShape[1], share: theta });
}

/**
 * Patch set posterior composites over flexible sets (Niedoba et al., arXiv 2411.19339): the pixels that carry
 * a share theta of a network's mean absolute input gradient, in place of a square.
 */
export const pspcFlex: Theory<"PSPC_flex"> = {
  name: "PSPC_flex",
  description:
    "patch set posterior composite: the pixels that a network's gradient looks at, averaged",
  precision,
  response: "precision",
  source: "images",
  parameters: ["theta", "gradientMaps"],
};
