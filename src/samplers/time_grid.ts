import { ArgumentError } from "../core/errors.ts";
import { rowOf } from "../core/row_of.ts";
import { ddpmDiscrete } from "../schedules/ddpm_discrete.ts";
import { noiseLevel, preservesVariance, timeAtLevel } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { requireTimesteps, timeOfStep } from "../schedules/timesteps.ts";

/**
 * The times of a reverse process with equal steps: `[1, (n - 1) / n, .., 1 / n, 0]`.
 *
 * @example
 * ```ts
 * import { uniformTimeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(uniformTimeGrid(4), [1, 0.75, 0.5, 0.25, 0]);
 * ```
 *
 * @param steps Number of steps n, a positive integer.
 * @returns n + 1 times, descending.
 * @throws RangeError if `steps` is not a positive integer.
 * @category Samplers
 */
export function uniformTimeGrid(steps: number): number[] {
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new ArgumentError(
      `Cannot make a time grid of ${steps} steps: expected a positive integer`,
    );
  }
  return Array.from({ length: steps + 1 }, (_, index) => (steps - index) / steps);
}

/**
 * Times that lie closer the nearer they are to t = 1: `t_i = 1 - (1 - i / n)^power`, i = n .. 0.
 *
 * A step from a time of nearly no signal turns an error of eps into sigma / signal times as large an
 * error of xHat0 (80 times at t = 1 of `cosine_legacy`), and the next time decides how much of it stays
 * in x. Short first steps keep little of it.
 *
 * @example
 * ```ts
 * import { powerTimeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(powerTimeGrid(4, 2), [1, 0.9375, 0.75, 0.4375, 0]);
 * ```
 *
 * @param steps Number of steps n, a positive integer.
 * @param power At least 1; 1 gives equal steps.
 * @returns n + 1 times, descending.
 * @throws RangeError if `steps` is not a positive integer, `power` is below 1, or times coincide.
 * @category Samplers
 */
export function powerTimeGrid(steps: number, power: number): number[] {
  if (!(power >= 1 && power < Infinity)) {
    throw new ArgumentError(`Cannot make a time grid of power ${power}: expected a number from 1`);
  }
  const times = uniformTimeGrid(steps).map((u) => u === 0 ? 0 : 1 - (1 - u) ** power);
  checkTimes(times);
  return times;
}

/**
 * Options of {@linkcode timeGrid}.
 *
 * @category Samplers
 */
export interface TimeGridOptions {
  /** Number of steps n. */
  readonly steps: number;
  /** The forward process, which `karras` needs to turn noise levels into times. */
  readonly schedule: NoiseSchedule;
}

/**
 * How the times of a reverse process are spread. One of your own is an object of this kind.
 *
 * @category Samplers
 */
export type TimeGrid =
  & {
    /** Name in records and on the command line. */
    readonly name: string;
    /** What it is, in a few words. */
    readonly description?: string | undefined;
  }
  & (
    | {
      /** The time at the fraction u = i / n of the steps, rising from 0 at u = 0 to 1 at u = 1. */
      readonly at: (u: number) => number;
    }
    | {
      /** The n + 1 times, strictly descending from 1 to 0. */
      readonly times: (options: TimeGridOptions) => readonly number[];
      /** Whether the first time may lie below 1, with noise that is a little too much for it. */
      readonly startsBelow1?: true;
    }
  );

/**
 * The grids of times, the default first.
 *
 * @category Samplers
 */
export const timeGrids = [
  { name: "uniform", description: "t = i / n, as published", at: (u: number): number => u },
  {
    name: "quadratic",
    description: "t = 1 - (1 - i / n)^2, closer near t = 1",
    at: (u: number): number => 1 - (1 - u) ** 2,
  },
  {
    name: "cubic",
    description: "t = 1 - (1 - i / n)^3, closer still",
    at: (u: number): number => 1 - (1 - u) ** 3,
  },
  {
    name: "karras",
    description: "even in the 7th root of the noise level",
    times: ({ steps, schedule }: TimeGridOptions): number[] => karrasTimeGrid(schedule, { steps }),
  },
  {
    name: "leading",
    description: "timesteps 0, T / n, 2 T / n, .. of ddpm_discrete, as diffusers",
    times: leadingTimes,
    startsBelow1: true,
  },
  {
    name: "linear-beta",
    description: "the noise of such timesteps of 1000 linear betas, on any process",
    times: linearBetaTimes,
    startsBelow1: true,
  },
] as const satisfies readonly TimeGrid[];

/**
 * Times of diffusers' "leading" timesteps: every (T / n)-th from 0, rounded down, in reverse, and then the
 * clean image. For 10 steps of 1000: 900, 800, .., 0.
 */
function leadingTimes({ steps, schedule }: TimeGridOptions): number[] {
  const timesteps = requireTimesteps(schedule, "leading times");
  if (!(Number.isSafeInteger(steps) && steps >= 1 && steps <= timesteps)) {
    throw new ArgumentError(
      `Cannot make leading times of ${steps} steps: expected 1 to ${timesteps}, the timesteps of ` +
        schedule.name,
    );
  }
  const ratio = Math.floor(timesteps / steps);
  const times = Array.from(
    { length: steps },
    (_, i) => timeOfStep(timesteps, (steps - 1 - i) * ratio),
  );
  return [...times, 0];
}

/**
 * The times at which a process has the noise levels sigma / signal of "leading" timesteps of the discrete process
 * of Ho et al., 1000 betas from 0.0001 to 0.02: DDIM as public comparisons run it, for networks of another
 * process.
 */
function linearBetaTimes({ steps, schedule }: TimeGridOptions): number[] {
  if (!preservesVariance(schedule)) {
    // Its first level is not that of the noise which sampling starts from.
    throw new ArgumentError(
      `Cannot make times at the noise of linear betas for ${schedule.name}: expected a process that ` +
        "preserves variance",
    );
  }
  const betas = linearBetas ??= ddpmDiscrete();
  const times = leadingTimes({ steps, schedule: betas }).slice(0, -1);
  return [...times.map((t) => timeAtLevel(schedule, noiseLevel(betas, t))), 0];
}

/** Made when it is asked for first. */
let linearBetas: NoiseSchedule | undefined;

/**
 * Name of a grid that this package has.
 *
 * @category Samplers
 */
export type TimeGridName = (typeof timeGrids)[number]["name"];

/**
 * Names of the grids, the default first.
 *
 * @category Samplers
 */
export const timeGridNames: readonly TimeGridName[] = timeGrids.map(({ name }) => name);

/**
 * The grid of a name; one of your own stands for itself.
 *
 * @throws RangeError that lists the names.
 */
export function timeGridDefinition(given: TimeGridName | TimeGrid): TimeGrid {
  return rowOf<TimeGrid>(given, { table: timeGrids, what: "time grid" });
}

/**
 * Reads the name of a grid, as schedules of scales carry it.
 *
 * @example
 * ```ts
 * import { parseTimeGridName } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTimeGridName("cubic"), "cubic");
 * ```
 *
 * @throws RangeError that lists the names.
 * @category Samplers
 */
export function parseTimeGridName(text: string): TimeGridName {
  const { name } = rowOf<TimeGrid>(text, { table: timeGrids, what: "time grid" });
  return name as TimeGridName;
}

/**
 * The times of a reverse process on a grid: `uniform` (t = i/n), `quadratic` or `cubic`
 * ({@linkcode powerTimeGrid} of power 2 or 3), `karras` ({@linkcode karrasTimeGrid}, rho = 7), `leading`
 * (diffusers' on `ddpm_discrete`: timesteps 900, 800, .., 0 for 10 of 1000, then the clean image),
 * `linear-beta` (the noise of those timesteps, 1000 linear betas, on any process that preserves variance), or
 * one of your own.
 *
 * @example
 * ```ts
 * import { createSchedule, timeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = createSchedule("cosine_legacy");
 * assertEquals(timeGrid("quadratic", { steps: 2, schedule }), [1, 0.75, 0]);
 * // One of your own.
 * const mine = { name: "mine", at: (u: number) => u ** 2 };
 * assertEquals(timeGrid(mine, { steps: 2, schedule }), [1, 0.25, 0]);
 * ```
 *
 * @param grid One of {@linkcode timeGridNames}, or a grid of your own.
 * @returns n + 1 times from 1 to 0, strictly descending; those of `leading` and `linear-beta` begin somewhat below 1.
 * @throws RangeError if the number of steps or the schedule does not allow it, or a grid of your own gives other times.
 * @category Samplers
 */
export function timeGrid(grid: TimeGridName | TimeGrid, options: TimeGridOptions): number[] {
  const { steps } = options;
  const definition = timeGridDefinition(grid);
  const times = "at" in definition
    ? uniformTimeGrid(steps).map((u) => definition.at(u))
    : [...definition.times(options)];
  checkTimes(times);
  const begins = times[0] === 1 || ("startsBelow1" in definition && definition.startsBelow1);
  if (times.length === steps + 1 && begins && times[steps] === 0) return times;
  throw new ArgumentError(
    `Cannot use the time grid ${definition.name}: for ${steps} steps it has ${times.length} times from ` +
      `${times[0]} to ${times.at(-1)}, expected ${steps + 1} from 1 to 0`,
  );
}

/**
 * Options of {@linkcode karrasTimeGrid}.
 *
 * @category Samplers
 */
export interface KarrasTimeGridOptions {
  /** Number of steps n, at least 2. */
  readonly steps: number;
  /** Exponent, at least 1; larger: finer steps at low noise. 7 by default. */
  readonly rho?: number;
  /** Least noise level (sigma / signal) above 0; by default 0.002, or the process's own least. */
  readonly minLevel?: number;
  /** Noise level to start at; by default that of t = 1. */
  readonly maxLevel?: number;
}

/**
 * The times at which a process passes through the grid of Karras et al. (arXiv 2206.00364, equation 5):
 * n noise levels sigma / signal from `maxLevel` to `minLevel`, whose rho-th roots are evenly spaced, then
 * t = 0.
 *
 * On the `edm` schedule with its own rho these are the sigmas of the paper, 80 to 0.002 and 0; every
 * other schedule is stepped through the same levels.
 *
 * @example
 * ```ts
 * import { edm, karrasTimeGrid, noiseLevel } from "@els/toolkit/machines";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const schedule = edm();
 * const times = karrasTimeGrid(schedule, { steps: 3 });
 * assertEquals([times.length, times[0], times.at(-1)], [4, 1, 0]);
 * assertAlmostEquals(noiseLevel(schedule, times[0]!), 80);
 * ```
 *
 * @returns n + 1 times, strictly descending.
 * @throws RangeError if an option is out of range, or levels are too close to be told apart.
 * @category Samplers
 */
export function karrasTimeGrid(
  schedule: NoiseSchedule,
  options: KarrasTimeGridOptions,
): number[] {
  const { steps, rho = 7, minLevel, maxLevel } = options;
  if (!Number.isSafeInteger(steps) || steps < 2) {
    throw new ArgumentError(
      `Cannot make a Karras time grid of ${steps} steps: expected an integer from 2`,
    );
  }
  if (!(rho >= 1 && rho <= 100)) {
    throw new ArgumentError(`Cannot make a Karras time grid: rho is ${rho}, expected 1 to 100`);
  }
  const top = maxLevel ?? noiseLevel(schedule, 1);
  const bottom = minLevel ?? Math.max(0.002, noiseLevel(schedule, Number.EPSILON));
  if (!(bottom > 0 && bottom < top)) {
    throw new ArgumentError(
      `Cannot make a Karras time grid from level ${top} to ${bottom}: expected a positive end ` +
        "below the start",
    );
  }
  const [from, to] = [top ** (1 / rho), bottom ** (1 / rho)];
  const times = Array.from({ length: steps }, (_, i) => {
    if (i === 0 && maxLevel === undefined) return 1;
    if (i === steps - 1) return timeAtLevel(schedule, bottom);
    return timeAtLevel(schedule, i === 0 ? top : (from + i / (steps - 1) * (to - from)) ** rho);
  });
  times.push(0);
  checkTimes(times);
  return times;
}

/**
 * Checks that times can be stepped through in reverse.
 *
 * @param times At least two, strictly descending, in [0, 1].
 * @throws RangeError that names the first time at fault.
 */
export function checkTimes(times: readonly number[]): void {
  if (times.length < 2) {
    throw new ArgumentError(`Cannot sample on ${times.length} times: expected at least two`);
  }
  times.forEach((t, index) => {
    if (!(t >= 0 && t <= 1)) {
      throw new ArgumentError(`Cannot sample: times[${index}] is ${t}, expected 0 <= t <= 1`);
    }
    if (index > 0 && !(t < times[index - 1]!)) {
      throw new ArgumentError(
        `Cannot sample: times[${index}] = ${t} does not lie below times[${index - 1}] = ${
          times[index - 1]
        }, expected strictly descending times`,
      );
    }
  });
}
