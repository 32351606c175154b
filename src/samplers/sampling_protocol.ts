import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { SamplerDefinition, SamplerName } from "./samplers.ts";
import { type TimeGrid, timeGrid, type TimeGridName } from "./time_grid.ts";

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
  /** Number of the first of them, where they are a share of more; absent: 0. */
  readonly first?: number | undefined;
  /** Class of each sample; absent: unconditional. */
  readonly labels?: readonly number[] | undefined;
}

/**
 * Options of {@linkcode sampleLabels}.
 *
 * @category Samplers
 */
export interface SampleLabelsOptions {
  /** Number of classes that the network knows; 0: it is not conditional. */
  readonly classes: number;
  /** Number of samples. */
  readonly samples: number;
  /** The classes that samples have in turn; absent: all. */
  readonly labels?: readonly number[] | undefined;
}

/**
 * The class of each sample, the wanted ones in turn.
 *
 * @example
 * ```ts
 * import { sampleLabels } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sampleLabels({ classes: 3, samples: 5 }), [0, 1, 2, 0, 1]);
 * assertEquals(sampleLabels({ classes: 3, samples: 2, labels: [2] }), [2, 2]);
 * assertEquals(sampleLabels({ classes: 0, samples: 5 }), undefined);
 * ```
 *
 * @returns Undefined for a network without classes.
 * @throws RangeError if labels are given for a network without classes, or one is not among them.
 *
 * @category Samplers
 */
export function sampleLabels(options: SampleLabelsOptions): number[] | undefined {
  const { classes, samples, labels } = options;
  if (classes === 0) {
    if (labels === undefined) return undefined;
    throw new ArgumentError("Cannot label samples: the network is not conditional", {
      remedy: (say) => `leave out ${say.option("labels")}`,
    });
  }
  const turn = labels ?? Array.from({ length: classes }, (_, label) => label);
  const wrong = turn.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (wrong !== undefined || turn.length === 0) {
    throw new ArgumentError(
      `Cannot label samples with ${wrong ?? "nothing"}: the network has classes 0 to ${
        classes - 1
      }`,
    );
  }
  return Array.from({ length: samples }, (_, i) => turn[i % turn.length]!);
}

/**
 * A protocol checked against what it is for, with the class of each sample said outright.
 *
 * @example
 * ```ts
 * import { cosineLegacy, fitProtocol } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const protocol = { sampler: "ddim", grid: "cubic", steps: 6, seed: 1, samples: 3 } as const;
 * const { labels } = fitProtocol(protocol, { schedule: cosineLegacy(), classes: 2 });
 * assertEquals(labels, [0, 1, 0]);
 * ```
 *
 * @param options.schedule The forward process, by which some grids find their times.
 * @param options.classes Number of classes that the network knows; 0: it is not conditional.
 * @throws RangeError if the times cannot be had, or the labels do not fit.
 *
 * @category Samplers
 */
export function fitProtocol(
  protocol: SamplingProtocol,
  options: { readonly schedule: NoiseSchedule; readonly classes: number },
): SamplingProtocol {
  const { sampler, grid, steps, networkSteps, seed, samples, labels } = protocol;
  const { schedule, classes } = options;
  for (const n of new Set([steps, networkSteps ?? steps])) timeGrid(grid, { schedule, steps: n });
  return {
    ...{ sampler, grid, steps, seed, samples },
    ...networkSteps !== undefined && { networkSteps },
    labels: sampleLabels({ classes, samples, labels }),
  };
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
  /** Number of the first of them, where they are a share of more; 0 by default. Its noise is what it has there. */
  readonly first?: number | undefined;
  /** Seed of the noise x_T, and of what a stochastic sampler adds. */
  readonly seed: number;
  /** Noise to start from, `[samples, H, W, C]`, in place of the seed's. */
  readonly xT?: ImageBatch | undefined;
  /** Class label of each sample, or one for all. */
  readonly labels?: number | ArrayLike<number> | undefined;
}
