/** The sets of images that are measured, and those that they are compared with. */
import { gatherImages, type ImageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { CommandError } from "../cli/command.ts";
import type { Reading } from "./reading.ts";
import { channelsOf, type ImageFlags, type LoadedNetwork } from "./sources.ts";

/** A set of images that is measured. */
export interface MeasuredSet {
  readonly name: string;
  readonly images: ImageBatch;
}

/** Name of the set of other training images: what can be reached. */
export const floorName = "training images";
/** Name of the set of held-out images that are none of those compared with: what real images do. */
export const controlName = "other held-out";

/**
 * Held-out images of the network's data set: its test part, or that of a file.
 *
 * @throws CommandError if there are none of the network's size.
 */
export async function loadHeldOut(
  { network, training, path }: LoadedNetwork,
  flags: ImageFlags & Reading & {
    readonly heldOutFrom?: string | undefined;
    readonly heldOutImages?: number | undefined;
  },
): Promise<ImageDataset> {
  const asTrained = flags.dataset === undefined || flags.dataset === training["dataset"];
  const name = flags.dataset ?? training["dataset"];
  if (typeof name !== "string") {
    throw new CommandError(`${path} does not say what it was trained on; name it with --dataset`);
  }
  const [height, width, channels] = network.architecture.imageShape;
  const { maxPixels, tell, onProgress, abort } = flags;
  const data = await loadDataset(name, {
    split: "test",
    from: flags.heldOutFrom ?? flags.from,
    size: height,
    channels: channelsOf(flags.colors ?? (asTrained ? training["colors"] : undefined)),
    classes: flags.classes ?? (asTrained ? training["classes"] as number[] | undefined : undefined),
    ...{ maxPixels, tell, onProgress, abort },
  });
  const found = data.images.shape.slice(1);
  if (found.join() !== [height, width, channels].join()) {
    throw new CommandError(
      `Held-out images of ${name} are ${
        found.join(" x ")
      }, the network makes ${height} x ${width} ` +
        `x ${channels}; name others with --held-out-from`,
    );
  }
  return data;
}

/** So many images of a set, chosen by a seed; all, where there are no more. */
export function chosenImages(
  images: ImageBatch,
  { count, seed, stream }: {
    readonly count: number;
    readonly seed: number;
    readonly stream: string;
  },
): ImageBatch {
  const [all] = images.shape;
  if (all <= count) return images;
  return gatherImages(images, new Random(seed, stream).permutation(all).subarray(0, count));
}

/** Held-out images to compare with, and others beside them, where there are so many more. */
export function heldOutSets(
  images: ImageBatch,
  { count, controls, seed }: {
    readonly count: number;
    readonly controls: number;
    readonly seed: number;
  },
): { readonly heldOut: ImageBatch; readonly control: ImageBatch | undefined } {
  const stream = "held-out images";
  const heldOut = chosenImages(images, { count, seed, stream });
  if (images.shape[0] < count + controls) return { heldOut, control: undefined };
  const order = new Random(seed, stream).permutation(images.shape[0]);
  return { heldOut, control: gatherImages(images, order.subarray(count, count + controls)) };
}
