import { ArgumentError } from "../core/errors.ts";
import { cosine } from "./cosine.ts";
import { cosineLegacy } from "./cosine_legacy.ts";
import { edm } from "./edm.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { ve } from "./ve.ts";
import { vpLinear } from "./vp_linear.ts";

const makers: Readonly<
  Record<string, (parameters: Readonly<Record<string, number>>) => NoiseSchedule>
> = {
  cosine_legacy: cosineLegacy,
  cosine,
  vp_linear: vpLinear,
  ve,
  edm,
};

/** Names that {@linkcode createSchedule} knows. */
export const scheduleNames: readonly string[] = Object.keys(makers);

/**
 * Makes a noise schedule from its name and parameters, as weights and scale schedules record them.
 *
 * @param name One of {@linkcode scheduleNames}.
 * @param parameters Those that differ from the defaults, such as `{ betaMax: 12 }`.
 * @throws RangeError if the name or a parameter is unknown, or a parameter is out of range.
 *
 * @example
 * ```ts
 * import { createSchedule } from "@els/toolkit";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal, sigma } = createSchedule("cosine_legacy");
 * assertAlmostEquals(signal(0.5) ** 2 + sigma(0.5) ** 2, 1);
 * ```
 */
export function createSchedule(
  name: string,
  parameters: Readonly<Record<string, number>> = {},
): NoiseSchedule {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined) {
    throw new ArgumentError(
      `Cannot make the noise schedule "${name}": expected one of ${scheduleNames.join(", ")}`,
    );
  }
  const schedule = make(parameters);
  for (const key of Object.keys(parameters)) {
    if (!Object.hasOwn(schedule.parameters, key)) {
      const known = Object.keys(schedule.parameters).join(", ") || "none";
      throw new ArgumentError(
        `Cannot make the noise schedule "${name}": unknown parameter "${key}", it takes ${known}`,
      );
    }
  }
  return schedule;
}
