import { ArgumentError, ToolkitError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import { quoted } from "../core/quoted.ts";
import { sha256Hex } from "../core/sha256.ts";
import { withChannels } from "./adjust.ts";
import type { ImageDataset } from "./dataset.ts";
import { bytesToImages } from "./labeled_bytes.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";
import type { OpenDataset } from "./source.ts";
import { subsetIndices, type SubsetOptions } from "./subset.ts";

/**
 * Options of {@linkcode toImageDataset}.
 *
 * @category Data sets
 */
export interface ToImageDatasetOptions extends Omit<SubsetOptions, "what" | "classNames"> {
  /** Name in the registry. */
  readonly name: string;
  /** What people call it; absent: the name. */
  readonly label?: string | undefined;
  /** "train" or "test". */
  readonly split: string;
  /** Height and width wanted. */
  readonly size: number;
  /** 1 for gray, 3 for color; absent: as the set is. */
  readonly channels?: 1 | 3 | undefined;
}

/**
 * Chooses images, reads and resizes them and maps bytes to [-1, 1] by `v / 255 * 2 - 1`. Only the
 * chosen images are ever decoded, resized or held as floats.
 *
 * @example
 * ```ts
 * import { openInMemory, syntheticTextures, toImageDataset } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const opened = openInMemory(syntheticTextures({ images: 6, size: 8 }), ["a", "b", "c", "d"]);
 * const mine = await toImageDataset(opened, { name: "mine", split: "train", size: 8, classes: [1] });
 * assertEquals([...mine.labels], [1, 1]);
 * ```
 *
 * @throws RangeError as {@linkcode subsetIndices} and {@linkcode resizeBilinear} do, or if what was opened
 * contradicts itself: a label of no class, other images than were asked for.
 * @throws ToolkitError if there is not enough memory for the images.
 * @throws DataFormatError if a file of the set is damaged.
 * @category Data sets
 */
export async function toImageDataset(
  opened: OpenDataset,
  options: ToImageDatasetOptions,
): Promise<ImageDataset> {
  const { labels: all, classNames, read } = opened;
  const { name, label = name, split, size, channels, images: wanted, orAll, classes } = options;
  const indices = subsetIndices(all, {
    images: wanted,
    orAll,
    classes,
    classNames,
    what: `${label} ${split}`,
  });
  const labels = Uint8Array.from(indices, (index) => all[index]!);
  const stray = classNames.length === 0 ? -1 : labels.findIndex((n) => n >= classNames.length);
  if (stray >= 0) {
    throw new ArgumentError(
      `Cannot load ${label}: image ${indices[stray]} has the label ${
        labels[stray]
      }, expected 0 to ` +
        `${classNames.length - 1}`,
    );
  }
  const images = await orExplain(async () => {
    // Before anything is read: pages that are never touched cost nothing.
    checkRoom(indices.length * size * size * (channels ?? 1));
    const found = checkRead(await read(indices), {
      ...{ count: indices.length, channels, label },
    });
    const bytes = channels === undefined ? found : withChannels(found, channels);
    return bytesToImages(resizeBilinear(bytes, { height: size, width: size }));
  }, `${indices.length} images of ${size} x ${size}`);
  const sha256 = await datasetSha256(images, labels);
  return { name, label, split, images, labels, classNames, sha256 };
}

/** Checks what a data set gave, which may be somebody's own. */
function checkRead(
  found: ByteImages,
  { count, channels, label }: {
    readonly count: number;
    readonly channels: 1 | 3 | undefined;
    readonly label: string;
  },
): ByteImages {
  const { pixels, shape } = found;
  const whole = Array.isArray(shape) && shape.length === 4 &&
    shape.every((n) => Number.isSafeInteger(n) && n > 0);
  const [n, h, w, c] = whole ? shape : [0, 0, 0, 0];
  const convertible = channels === undefined || c === 1 || c === 3;
  const fits = whole && n === count && convertible && pixels instanceof Uint8Array &&
    pixels.length === n * h * w * c;
  if (fits) return found;
  throw new ArgumentError(
    `Cannot load ${label}: asked for ${count} images it gives the shape ${quoted(shape)} with ` +
      `${pixels?.length} bytes, expected [${count}, height, width, ${
        channels === undefined ? "channels" : "1 or 3"
      }] and a byte for each value`,
  );
}

/** Throws the engine's RangeError where there is no room for so many values. */
const checkRoom = (values: number): Float32Array => new Float32Array(values);

/** Says what memory was asked for where the engine only says that there is none. */
async function orExplain<T>(work: () => Promise<T>, what: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isFull = error instanceof RangeError && !(error instanceof ArgumentError) &&
      /allocation failed|array length/i.test(error.message);
    if (!isFull) throw error;
    throw new ToolkitError(`Cannot load ${what}: there is not enough memory for them`, {
      cause: error,
      remedy: (say) =>
        `take fewer with ${say.option("images")} or smaller ones with ${say.option("size")}`,
    });
  }
}

/**
 * SHA-256 (hex) that identifies images and labels: of a line that names the shape and the SHA-256 of
 * the float32 values (little-endian, `[N, H, W, C]`) and of the labels.
 */
export async function datasetSha256(images: ImageBatch, labels: Uint8Array): Promise<string> {
  checkImages(images);
  const line = `${images.shape.join("x")} ${await sha256Hex(images.data)} ${await sha256Hex(
    labels,
  )}`;
  return await sha256Hex(new TextEncoder().encode(line));
}
