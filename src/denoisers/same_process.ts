import { ArgumentError } from "../core/errors.ts";
import { isSameNoise, noiseAt } from "../schedules/noise_level.ts";
import type { Denoiser } from "./denoiser.ts";

/** Options of {@linkcode checkSameProcess}. */
export interface SameProcessOptions {
  /** Times at which the noise levels must be equal. */
  readonly times: readonly number[];
}

/**
 * Checks that two denoisers can be compared: the same image shape and the same noise levels.
 *
 * @throws RangeError that names both if they differ.
 */
export function checkSameProcess(
  network: Denoiser,
  machine: Denoiser,
  { times }: SameProcessOptions,
): void {
  const [a, b] = [network.imageShape, machine.imageShape];
  if (a.some((size, axis) => size !== b[axis])) {
    throw new ArgumentError(
      `Cannot compare ${machine.name} to ${network.name}: it takes images of ${
        b.join(" x ")
      }, ${network.name} of ${a.join(" x ")}`,
    );
  }
  const [s, r] = [network.schedule, machine.schedule];
  for (const t of times) {
    // Schedules of different code may differ by rounding.
    if (!isSameNoise(noiseAt(s, t), noiseAt(r, t), 1e-9)) {
      throw new ArgumentError(
        `Cannot compare ${machine.name} (schedule ${r.name}) to ${network.name} (schedule ` +
          `${s.name}): at t = ${t} sigma is ${r.sigma(t)} and ${s.sigma(t)}, signal ${
            r.signal(t)
          } and ${s.signal(t)}; expected the same`,
      );
    }
  }
}
