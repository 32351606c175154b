import { ArgumentError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { cosine } from "./cosine.ts";
import { cosineLegacy } from "./cosine_legacy.ts";
import { ddpmDiscrete, type DdpmDiscreteParameters } from "./ddpm_discrete.ts";
import { edm } from "./edm.ts";
import type { NoiseParameters, NoiseSchedule } from "./noise_schedule.ts";
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

/** A schedule whose parameters may be words and lists. */
interface KnownSchedule {
  readonly name: string;
  readonly create: (parameters: NoiseParameters) => NoiseSchedule;
}

/** One whose parameters are numbers. */
function numeric({ name, create }: NoiseScheduleDefinition): KnownSchedule {
  return {
    name,
    create(parameters) {
      for (const [key, value] of Object.entries(parameters)) {
        if (typeof value === "number") continue;
        throw new ArgumentError(
          `Cannot make the noise schedule "${name}": ${oneLine(key, 40)} is ${
            quoted(value)
          }, expected a number`,
        );
      }
      return create(parameters as Readonly<Record<string, number>>);
    },
  };
}

/** One whose parameters are numbers, words and lists, as the type of each says. */
function typed(
  { name, create, types }: KnownSchedule & {
    readonly types: Readonly<Record<string, "number" | "string" | "list">>;
  },
): KnownSchedule {
  return {
    name,
    create(parameters) {
      for (const [key, value] of Object.entries(parameters)) {
        const expected = types[key];
        const found = Array.isArray(value) && value.every((each) => typeof each === "number")
          ? "list"
          : typeof value;
        if (expected === undefined || found === expected) continue;
        throw new ArgumentError(
          `Cannot make the noise schedule "${name}": ${key} is ${quoted(value)}, expected a ${
            { number: "number", string: "word", list: "list of numbers" }[expected]
          }`,
        );
      }
      return create(parameters);
    },
  };
}

const builtIn: readonly KnownSchedule[] = [
  numeric({ name: "cosine_legacy", create: cosineLegacy }),
  numeric({ name: "cosine", create: cosine }),
  numeric({ name: "vp_linear", create: vpLinear }),
  typed({
    name: "ddpm_discrete",
    types: {
      ...{ betaSchedule: "string", timesteps: "number", betaStart: "number", betaEnd: "number" },
      betas: "list",
    },
    create: (parameters) => ddpmDiscrete(parameters as DdpmDiscreteParameters),
  }),
  numeric({ name: "ve", create: ve }),
  numeric({ name: "edm", create: edm }),
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
  known.set(name, numeric(definition));
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
  parameters: NoiseSchedule["parameters"] = {},
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
