/** Similarities of some samples at one step of their trajectories. */
import { gatherImages, type ImageBatch } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import type { GrowingDenoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { compareScales } from "./compare_scales.ts";
import { type RaceResult, raceScales, type RaceScalesOptions } from "./image_race.ts";
import { searchScales, type SearchScalesOptions } from "./scale_search.ts";
import type { Similarities } from "./similarity.ts";

/** What is compared at a step, and how. */
export interface StepWork<Machine extends MultiScaleDenoiser = MultiScaleDenoiser> {
  readonly machine: Machine;
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  /** All metrics that are kept, and the one that scales are chosen by. */
  readonly metrics: readonly Metric[];
  readonly metric: Metric;
  /** Noisy images of the samples `[B, H, W, C]`, and the network's eps there. */
  readonly x: ImageBatch;
  readonly eps: ImageBatch;
  readonly t: number;
  /** Class of each sample. */
  readonly labels: readonly number[] | undefined;
  /** Number of the first sample, for messages. */
  readonly first: number;
  readonly abort: AbortSignal | undefined;
  /** Called with the fraction of the step that is done. */
  readonly report: (fraction: number) => void;
}

/**
 * Evaluates candidates with all training images.
 *
 * @param options.start Index of each sample's best candidate at the step before; null to evaluate all.
 * @returns Similarities `[samples][candidates]`; null where not evaluated.
 */
export function searchStep(
  work: StepWork,
  { start, line }: Pick<SearchScalesOptions<Similarities>, "start" | "line">,
): Promise<(Similarities | null)[][]> {
  const { machine, candidates, metric, x, t, labels, abort, report } = work;
  return searchScales({
    samples: x.shape[0],
    candidates: candidates.length,
    metric,
    start,
    line,
    evaluate: async ({ samples, candidates: indices, from, to }) => {
      const predictions = await machine.predictScales(gatherImages(x, samples), t, {
        scales: indices.map((index) => candidates[index]!),
        onProgress: (fraction) => report(from + (to - from) * fraction),
        labels: labels && samples.map((index) => labels[index]!),
        abort,
      });
      return compared(work, { samples, indices, predictions });
    },
  });
}

/** Evaluates candidates with more and more training images, until enough is known. */
export function raceStep(
  work: StepWork<GrowingDenoiser>,
  { enough }: Pick<RaceScalesOptions<Similarities>, "enough">,
): Promise<RaceResult<Similarities>> {
  const { machine, candidates, metric, x, t, labels, abort, report } = work;
  const growing = machine.growScales(x, t, { labels });
  return raceScales({
    samples: x.shape[0],
    candidates: candidates.length,
    metric,
    images: growing.images,
    enough,
    evaluate: async ({ samples, candidates: indices, images, from, to }) => {
      const predictions = await growing.grow({
        images,
        queries: samples,
        scales: indices.map((index) => candidates[index]!),
        onProgress: (fraction) => report(from + (to - from) * fraction),
        abort,
      });
      return compared(work, { samples, indices, predictions });
    },
  });
}

function compared(
  { machine, candidates, metrics, x, eps, t, first }: StepWork,
  { samples, indices, predictions }: {
    readonly samples: readonly number[];
    readonly indices: readonly number[];
    readonly predictions: readonly ImageBatch[];
  },
): Similarities[][] {
  return compareScales(gatherImages(eps, samples), {
    ...{ x: gatherImages(x, samples), t, predictions, machine, metrics },
    candidates: indices.map((index) => candidates[index]!),
    samples: samples.map((index) => first + index),
  });
}
