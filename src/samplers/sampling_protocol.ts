import type { ImageBatch } from "../core/image_batch.ts";
import type { SamplerDefinition, SamplerName } from "./samplers.ts";
import type { TimeGrid, TimeGridName } from "./time_grid.ts";

/**
 * How images are made from noise: the same protocol gives the same noise, times and classes to every
 * denoiser, so that what two of them make can be compared.
 *
 * @category Samplers
 */
export interface SamplingProtocol {
  /** The sampler of all denoisers. */
  readonly sampler: SamplerName;
  /** How the times are spread. */
  readonly grid: TimeGridName;
  /** Reverse steps n. */
  readonly steps: number;
  /** Steps of the network where they differ from the machine's; absent: `steps`. */
  readonly networkSteps?: number | undefined;
  /** Seed of the noise x_T, and of what a stochastic sampler adds. */
  readonly seed: number;
  /** Number of samples. */
  readonly samples: number;
  /** Class of each sample; absent: unconditional. */
  readonly labels?: readonly number[] | undefined;
}

/**
 * A {@linkcode SamplingProtocol} as functions take it: with defaults, or with noise of one's own.
 *
 * @category Samplers
 */
export interface SamplingProtocolOptions {
  /** The sampler of network and machine alike, or one of your own; "ddim" by default. */
  readonly sampler?: SamplerName | SamplerDefinition | undefined;
  /** How the times are spread, or a grid of your own; "uniform" by default. */
  readonly grid?: TimeGridName | TimeGrid | undefined;
  /** Reverse steps n of the machine, and of the network unless `networkSteps` is given. */
  readonly steps: number;
  /**
   * Steps of the network; as many as the machine's by default. A stochastic sampler needs as many: its
   * noise belongs to the steps.
   */
  readonly networkSteps?: number | undefined;
  /** Number of samples. */
  readonly samples: number;
  /** Seed of the noise x_T, and of what a stochastic sampler adds. */
  readonly seed: number;
  /** Noise to start from, `[samples, H, W, C]`, in place of the seed's. */
  readonly xT?: ImageBatch | undefined;
  /** Class label of each sample, or one for all. */
  readonly labels?: number | ArrayLike<number> | undefined;
}
