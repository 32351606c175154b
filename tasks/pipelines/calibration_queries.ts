/** What a calibration asks beside the network's trajectory: held-out images with noise. */
import type { CalibrationQueries } from "../../src/calibration/held_out_queries.ts";
import { gatherImages, type ImageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { CommandError } from "../cli/command.ts";

/** Held-out images that a calibration asks about. */
export interface HeldOutPlan {
  /** Whether the network answers, or the clean images do. */
  readonly kind: Exclude<CalibrationQueries, "trajectory">;
  /** As many as there may be samples, `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Class of each; absent: unconditional. */
  readonly labels?: readonly number[];
  /** Where they come from, for the schedule and for the run. */
  readonly source: {
    readonly dataset: string;
    readonly split: string;
    readonly sha256: string;
    /** Classes of the images, where some are named. */
    readonly classes?: readonly number[];
  };
}

/**
 * Chooses images of a data set by a seed, of some classes where these are named.
 *
 * @throws CommandError if there are not as many.
 */
export function heldOutPlan(
  data: ImageDataset,
  { kind, samples, seed, classes, labels }: {
    readonly kind: HeldOutPlan["kind"];
    readonly samples: number;
    readonly seed: number;
    /** Classes that the network knows; 0: it is not conditional. */
    readonly classes: number;
    readonly labels: readonly number[] | undefined;
  },
): HeldOutPlan {
  const all = Array.from({ length: data.images.shape[0] }, (_, i) => i)
    .filter((i) => labels === undefined || labels.includes(data.labels[i]!));
  if (all.length < samples) {
    throw new CommandError(
      `${data.label ?? data.name} has ${all.length} held-out images${
        labels === undefined ? "" : ` of the classes ${labels.join(", ")}`
      }, and ${samples} are asked about; name others with --held-out-from, or lower --samples`,
    );
  }
  const order = new Random(seed, "held-out images").permutation(all.length);
  const chosen = Array.from({ length: samples }, (_, i) => all[order[i]!]!);
  return {
    kind,
    images: gatherImages(data.images, chosen),
    ...classes > 0 && { labels: chosen.map((i) => data.labels[i]!) },
    source: {
      dataset: data.name,
      split: data.split,
      sha256: data.sha256,
      ...labels && { classes: labels },
    },
  };
}

/** What the scales were calibrated on, in words; empty for trajectories. */
export function queriesText(heldOut: HeldOutPlan | undefined): string {
  if (heldOut === undefined) return "";
  return heldOut.kind === "noised"
    ? ", on held-out images with noise"
    : ", against clean held-out images";
}
