/** How near samples come to training images, and how near images do that nobody has seen. */
import { ToolkitError } from "../../src/core/errors.ts";
import { gatherImages, type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { crc32 } from "../../src/formats/crc32.ts";
import { nearestCopies } from "../../src/evaluation/quality/nearest_copies.ts";
import { stacked } from "./mosaic_sample.ts";
import type { KeptSample } from "./mosaic_sample.ts";
import type { Session } from "./session.ts";
import { channelsOf, folderOptions, type ImageFlags } from "./sources.ts";

/** Flags about images that nobody has seen. */
export interface HeldOutFlags extends ImageFlags {
  /** How many; 0: none. */
  readonly heldOutImages: number;
  /** File or folder that holds them. */
  readonly heldOutFrom?: string | undefined;
}

/** Images that neither network nor machines have seen. */
export interface HeldOut {
  readonly images: ImageBatch;
  /** Where they come from, in words. */
  readonly what: string;
}

/**
 * Finds images that nobody has seen: those of the named place; else, if the machines have exactly the
 * network's images, what their part of the data set holds besides; else the part for tests.
 *
 * @param options.tell Is told in a line why there are none.
 */
export async function loadHeldOut(
  flags: HeldOutFlags,
  { network, data, abort }: Pick<Session, "network" | "data" | "abort">,
  tell: (line: string) => void,
): Promise<HeldOut | undefined> {
  const { heldOutImages, heldOutFrom } = flags;
  if (heldOutImages === 0) return undefined;
  const { training } = network;
  const asTrained = data.name === training.dataset;
  const [, height, , channels] = data.images.shape;
  const from = flags.from ??
    (asTrained && typeof training.from === "string" ? training.from : undefined);
  const common = {
    ...folderOptions({ ...flags, split: undefined }),
    classes: flags.classes,
    size: height,
    channels: channelsOf(flags.colors ?? (asTrained ? training.colors : undefined)) ??
      (channels === 1 ? 1 : 3),
    maxPixels: flags.maxPixels,
    orAll: true,
    abort,
  } as const;
  const isKnown = holder(data.images);
  const unseen = (found: ImageDataset, what: string): HeldOut | undefined => {
    const { images } = found;
    const chosen = Array.from({ length: images.shape[0] }, (_, i) => i)
      .filter((i) => !isKnown(images, i))
      .slice(0, heldOutImages);
    return chosen.length === 0 ? undefined : { images: gatherImages(images, chosen), what };
  };
  const attempts: { readonly what: string; readonly load: () => Promise<ImageDataset> }[] = [];
  if (heldOutFrom !== undefined) {
    attempts.push({
      what: `images of ${heldOutFrom}`,
      load: () =>
        loadDataset(data.name, {
          ...common,
          split: "test",
          images: heldOutImages,
          from: heldOutFrom,
        }),
    });
  } else {
    if (data.sha256 === training.datasetSha256 && (data.split === "train")) {
      attempts.push({
        what: `images of ${data.label ?? data.name} that nobody has seen`,
        load: () =>
          loadDataset(data.name, {
            ...common,
            ...folderOptions({ ...training as ImageFlags, split: "train" }),
            classes: training.classes as number[] | undefined,
            images: data.images.shape[0] + heldOutImages,
            from,
          }),
      });
    }
    // A file says nothing of its part: it would be the same images again.
    if (from === undefined || await isFolder(from)) {
      attempts.push({
        what: `test images of ${data.label ?? data.name}`,
        load: () =>
          loadDataset(data.name, { ...common, split: "test", images: heldOutImages, from }),
      });
    }
  }
  let problem = "the data set has no others";
  for (const { what, load } of attempts) {
    try {
      const found = unseen(await load(), what);
      if (found !== undefined) return found;
    } catch (error) {
      const isTold = error instanceof ToolkitError || error instanceof Deno.errors.NotFound ||
        error instanceof RangeError;
      if (!isTold || heldOutFrom !== undefined) throw error;
      problem = error.message;
    }
  }
  tell(
    `Without held-out images, since ${problem}; name some with --held-out-from, or ask for none ` +
      "with --held-out-images 0",
  );
  return undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(path)).isDirectory;
}

/** The bytes of an image. */
function bytesOf({ data, shape }: ImageBatch, i: number): Uint8Array {
  const length = data.byteLength / shape[0];
  return new Uint8Array(data.buffer, data.byteOffset + i * length, length);
}

/** Says of an image whether a set has it. */
function holder(set: ImageBatch): (images: ImageBatch, i: number) => boolean {
  const places = Map.groupBy(
    Array.from({ length: set.shape[0] }, (_, i) => i),
    (i) => crc32(bytesOf(set, i)),
  );
  return (images, i) => {
    const own = bytesOf(images, i);
    return places.get(crc32(own))?.some((place) => {
      const other = bytesOf(set, place);
      return own.every((value, at) => value === other[at]);
    }) ?? false;
  };
}

/** Which images of a set are nearest, and their Euclidean distances: `[Q, n]`. */
export interface NearestImages {
  readonly shape: readonly [images: number, found: number];
  readonly image: Int32Array;
  readonly distance: Float64Array;
}

/** The plain distance: images lie where they lie. */
const inPlace = { shift: 0, mirror: false } as const;

/** Images of one kind with the training images that are nearest to each. */
export interface NearestOf {
  readonly label: string;
  readonly images: ImageBatch;
  readonly nearest: NearestImages;
}

/** What is known of how near things come. */
export interface Nearness {
  /** Network, machines, and held-out images if there are some: each with its nearest training images. */
  readonly groups: readonly NearestOf[];
  /** The held-out images' nearest among themselves. */
  readonly amongHeldOut?: NearestImages | undefined;
  readonly heldOut: HeldOut | undefined;
}

/** Name of the group of held-out images. */
export const heldOutLabel = "held out";

/** Looks for the nearest training images of everything. */
export async function findNearest(
  samples: readonly KeptSample[],
  { session, heldOut }: { readonly session: Session; readonly heldOut: HeldOut | undefined },
): Promise<Nearness> {
  const { data, abort, progress } = session;
  const machines = samples[0]!.machines.map(({ machine }, m) => ({
    label: machine as string,
    images: stacked(samples.map(({ machines }) => machines[m]!.image)),
  }));
  const all = [
    { label: "network", images: stacked(samples.map(({ network }) => network.image)) },
    ...machines,
    ...heldOut === undefined ? [] : [{ label: heldOutLabel, images: heldOut.images }],
  ];
  const bar = progress.start({
    label: "nearest",
    total: all.reduce((sum, { images }) => sum + images.shape[0], 0),
    unit: "images",
  });
  const groups: NearestOf[] = [];
  let before = 0;
  for (const { label, images } of all) {
    const nearest = await nearestCopies(images, data.images, {
      ...{ ...inPlace, count: 3, abort },
      onProgress: (done) => bar.update(before + done),
    });
    before += images.shape[0];
    groups.push({ label, images, nearest });
  }
  bar.finish();
  const amongHeldOut = heldOut === undefined
    ? undefined
    : await nearestOthers(heldOut.images, abort);
  return { groups, amongHeldOut, heldOut };
}

/** The nearest other image of each of a set; undefined where there is none. */
async function nearestOthers(
  images: ImageBatch,
  abort: AbortSignal,
): Promise<NearestImages | undefined> {
  const count = images.shape[0];
  if (count < 2) return undefined;
  // Each image is its own nearest, unless another is the same.
  const { image, distance } = await nearestCopies(images, images, { ...inPlace, count: 2, abort });
  const places = Array.from({ length: count }, (_, i) => image[2 * i] === i ? 2 * i + 1 : 2 * i);
  return {
    shape: [count, 1],
    image: Int32Array.from(places, (place) => image[place]!),
    distance: Float64Array.from(places, (place) => distance[place]!),
  };
}

/** Distance to the nearest training image, of each image of a group. */
export function nearestDistances(
  { nearest: { shape: [count, found], distance } }: NearestOf,
): number[] {
  return Array.from({ length: count }, (_, i) => distance[i * found]!);
}

/** The first images of a batch. */
export function firstImages(images: ImageBatch, count: number): ImageBatch {
  return sliceBatch(images, 0, Math.min(count, images.shape[0]));
}
