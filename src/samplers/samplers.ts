import { rowOf } from "../core/row_of.ts";
import { churn } from "./churn.ts";
import { ddim } from "./ddim.ts";
import { ddpm } from "./ddpm.ts";
import { euler } from "./euler.ts";
import { heun } from "./heun.ts";
import type { Sampler } from "./sampler.ts";

/**
 * A sampler and what must be known to use it. One of your own is an object of this kind.
 *
 * @category Samplers
 */
export interface SamplerDefinition {
  /** Name in records and on the command line. */
  readonly name: string;
  /** The function, with its own options at their defaults. */
  readonly sample: Sampler;
  /** Whether it adds noise on the way; false where absent. */
  readonly stochastic?: boolean | undefined;
  /** Whether it asks the denoiser at times between those of the grid; false where absent. */
  readonly offGrid?: boolean | undefined;
  /** What it is, in a few words. */
  readonly description?: string | undefined;
  /** How often a step asks the denoiser; 1 where absent. */
  readonly predictions?: number | undefined;
}

/**
 * The samplers, the default first.
 *
 * @category Samplers
 */
export const samplerTable = [
  { name: "ddim", sample: ddim, stochastic: false, offGrid: false, description: "first order" },
  {
    name: "euler",
    sample: euler,
    stochastic: false,
    offGrid: false,
    description: "DDIM as an ODE step",
  },
  {
    name: "heun",
    sample: heun,
    stochastic: false,
    offGrid: false,
    description: "second order",
    predictions: 2,
  },
  {
    name: "ddpm",
    sample: ddpm,
    stochastic: true,
    offGrid: false,
    description: "ancestral, adds noise",
  },
  {
    name: "churn",
    sample: churn,
    stochastic: true,
    offGrid: true,
    description: "EDM's stochastic Heun, adds noise",
    predictions: 2,
  },
] as const satisfies readonly SamplerDefinition[];

/**
 * Name of a sampler that this package has.
 *
 * @category Samplers
 */
export type SamplerName = (typeof samplerTable)[number]["name"];

/**
 * Names of the samplers, as commands take them.
 *
 * @category Samplers
 */
export const samplerNames: readonly SamplerName[] = samplerTable.map(({ name }) => name);

/**
 * Every sampler by its name.
 *
 * @category Samplers
 */
export const samplers: Readonly<Record<SamplerName, SamplerDefinition>> = Object.fromEntries(
  samplerTable.map((row) => [row.name, row]),
) as Record<SamplerName, SamplerDefinition>;

/**
 * The sampler of a name; one of your own stands for itself.
 *
 * @throws RangeError that lists the names.
 */
export function samplerDefinition(given: SamplerName | SamplerDefinition): SamplerDefinition {
  return rowOf<SamplerDefinition>(given, { table: samplerTable, what: "sampler" });
}
