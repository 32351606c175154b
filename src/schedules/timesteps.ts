/**
 * Numbers of the steps of a discrete process beside times: step n of T, n = 0 .. T - 1, is at
 * t = (n + 1) / T, and t = 0 is before all of them.
 */
import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";

/** The step at a time, t T - 1: a whole number where t was made from one, whatever the division rounded. */
export function timestepAt(timesteps: number, t: number): number {
  const step = t * timesteps - 1;
  const whole = Math.round(step);
  return Math.abs(step - whole) <= 4 * Number.EPSILON * timesteps ? whole : step;
}

/** The time of a step. */
export function timeOfStep(timesteps: number, step: number): number {
  return (step + 1) / timesteps;
}

/** Number of steps of a process; undefined where it is a continuous one. */
export function timestepsOf({ parameters }: NoiseSchedule): number | undefined {
  const { timesteps, betas } = parameters;
  if (Array.isArray(betas)) return betas.length;
  return typeof timesteps === "number" ? timesteps : undefined;
}

/**
 * Number of steps of a process that has some.
 *
 * @throws RangeError if it is a continuous one.
 */
export function requireTimesteps(schedule: NoiseSchedule, what: string): number {
  const timesteps = timestepsOf(schedule);
  if (timesteps !== undefined) return timesteps;
  throw new ArgumentError(
    `Cannot make ${what} for ${schedule.name}, which has no discrete timesteps; expected ddpm_discrete`,
  );
}
