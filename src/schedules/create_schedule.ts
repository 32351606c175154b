import { ArgumentError } from "../core/errors.ts";
import { cosine } from "./cosine.ts";
import { cosineLegacy } from "./cosine_legacy.ts";
import { edm } from "./edm.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { ve } from "./ve.ts";
import { vpLinear } from "./vp_linear.ts";

/**
 * A noise schedule under the name that weights and scale schedules record.
 *
 * @category Noise schedules
 */
export interface NoiseScheduleDefinition {
  /** Name of the schedules that it makes. */
  readonly name: string;
  /** Makes one from its parameters; those that are absent have their defaults. */
  readonly create: (parameters: Readonly<Record<string, number>>) => NoiseSchedule;
}

const builtIn: readonly NoiseScheduleDefinition[] = [
  { name: "cosine_legacy", create: cosineLegacy },
  { name: "cosine", create: cosine },
  { name: "vp_linear", create: vpLinear },
  { name: "ve", create: ve },
  { name: "edm", create: edm },
];

const known = new Map(builtIn.map((definition) => [definition.name, definition]));
const names = [...known.keys()];

/**
 * Names that {@linkcode createSchedule} knows; those of {@linkcode registerSchedule} join them.
 *
 * @category Noise schedules
 */
export const scheduleNames: readonly string[] = names;

/**
 * Makes a noise schedule of your own known by its name, so that weights and scale schedules that were made
 * with it can be read. To train and to sample it need not be known: pass the object.
 *
 * @throws RangeError if the name is that of a schedule of this package, or if what `create` makes by default
 * has another name or is no noise schedule: signal and sigma positive and finite above t = 0, and their
 * ratio never falling.
 *
 * @example
 * ```ts
 * import { createSchedule, type NoiseSchedule, registerSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * registerSchedule({
 *   name: "linear_sigma",
 *   create: ({ sigmaMax = 10 }): NoiseSchedule => ({
 *     name: "linear_sigma",
 *     parameters: { sigmaMax },
 *     signal: () => 1,
 *     sigma: (t) => sigmaMax * t,
 *   }),
 * });
 * assertEquals(createSchedule("linear_sigma", { sigmaMax: 4 }).sigma(0.5), 2);
 * ```
 * @category Noise schedules
 */
export function registerSchedule(definition: NoiseScheduleDefinition): void {
  const { name } = definition;
  const fail = (problem: string) => {
    throw new ArgumentError(`Cannot register the noise schedule "${name}": ${problem}`);
  };
  if (builtIn.some((each) => each.name === name)) {
    fail("the name is that of a schedule of this package; give it another");
  }
  const schedule = definition.create({});
  if (schedule.name !== name) fail(`create gives one named "${schedule.name}", expected "${name}"`);
  let level = 0;
  for (let i = 1; i <= 16; i++) {
    const t = i / 16;
    const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
    for (const [what, value] of [["signal", signal], ["sigma", sigma]] as const) {
      if (!(value > 0 && value < Infinity)) {
        fail(`${what}(${t}) is ${value}, expected a positive number`);
      }
    }
    if (sigma / signal < level) {
      fail(
        `sigma / signal falls to ${sigma / signal} at t = ${t}, expected noise that grows with t`,
      );
    }
    level = sigma / signal;
  }
  if (!known.has(name)) names.push(name);
  known.set(name, definition);
}

/**
 * Makes a noise schedule from its name and parameters, as weights and scale schedules record them.
 *
 * @param name One of {@linkcode scheduleNames}.
 * @param parameters Those that differ from the defaults, such as `{ betaMax: 12 }`.
 * @throws RangeError if the name or a parameter is unknown, or a parameter is out of range.
 *
 * @example
 * ```ts
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal, sigma } = createSchedule("cosine_legacy");
 * assertAlmostEquals(signal(0.5) ** 2 + sigma(0.5) ** 2, 1);
 * ```
 * @category Noise schedules
 */
export function createSchedule(
  name: string,
  parameters: Readonly<Record<string, number>> = {},
): NoiseSchedule {
  const definition = known.get(name);
  if (definition === undefined) {
    throw new ArgumentError(
      `Cannot make the noise schedule "${name}": expected one of ${
        scheduleNames.join(", ")
      }; one of ` +
        "your own is made known with registerSchedule({ name, create })",
    );
  }
  const schedule = definition.create(parameters);
  for (const key of Object.keys(parameters)) {
    if (!Object.hasOwn(schedule.parameters, key)) {
      const takes = Object.keys(schedule.parameters).join(", ") || "none";
      throw new ArgumentError(
        `Cannot make the noise schedule "${name}": unknown parameter "${key}", it takes ${takes}`,
      );
    }
  }
  return schedule;
}
