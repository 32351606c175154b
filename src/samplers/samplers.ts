import { churn } from "./churn.ts";
import { ddim } from "./ddim.ts";
import { ddpm } from "./ddpm.ts";
import { euler } from "./euler.ts";
import { heun } from "./heun.ts";
import type { Sampler } from "./sampler.ts";

/** Names of the samplers. */
export type SamplerName = "ddim" | "euler" | "heun" | "ddpm" | "churn";

/** A sampler and what must be known to choose it. */
export interface SamplerDefinition {
  /** The function, with its own options at their defaults. */
  readonly sample: Sampler;
  /** Whether it adds noise on the way. */
  readonly stochastic: boolean;
  /** Whether it asks the denoiser at times between those of the grid. */
  readonly offGrid: boolean;
  /** What it is, in a few words. */
  readonly description: string;
}

/** Every sampler by its name. */
export const samplers: Readonly<Record<SamplerName, SamplerDefinition>> = {
  ddim: { sample: ddim, stochastic: false, offGrid: false, description: "first order" },
  euler: { sample: euler, stochastic: false, offGrid: false, description: "DDIM as an ODE step" },
  heun: { sample: heun, stochastic: false, offGrid: false, description: "second order" },
  ddpm: { sample: ddpm, stochastic: true, offGrid: false, description: "ancestral" },
  churn: { sample: churn, stochastic: true, offGrid: true, description: "EDM's stochastic Heun" },
};

/** Names of the samplers, as commands take them. */
export const samplerNames: readonly [SamplerName, ...SamplerName[]] = [
  "ddim",
  "euler",
  "heun",
  "ddpm",
  "churn",
];
