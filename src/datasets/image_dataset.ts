import { ArgumentError, DataFormatError, ToolkitError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import { quoted } from "../core/quoted.ts";
import { sha256Hex } from "../core/sha256.ts";
import { withChannels } from "./adjust.ts";
import { type ClassLabels, classLabels } from "./class_labels.ts";
import type { ImageDataset } from "./dataset.ts";
import { bytesToImages } from "./labeled_bytes.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";
import type { OpenDataset, ReadOptions } from "./source.ts";
import { unreadableLines } from "./unreadable_lines.ts";
import { subsetIndices, type SubsetOptions } from "./subset.ts";

/**
 * Options of {@linkcode toImageDataset}.
 *
 * @category Data sets
 */
export interface ToImageDatasetOptions
  extends Omit<SubsetOptions, "what" | "classNames" | "except">, ReadOptions {
  /** Name in the registry. */
  readonly name: string;
  /** What people call it; absent: the name. */
  readonly label?: string | undefined;
  /** "train", "test", or another part. */
  readonly split: string;
  /** Height and width wanted. */
  readonly size: number;
  /** 1 for gray, 3 for color; absent: as the set is. */
  readonly channels?: 1 | 3 | undefined;
  /** Is told, a line each, what people should know about the set. */
  readonly tell?: ((line: string) => void) | undefined;
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
  const { labels: all, classNames } = opened;
  const { name, label = name, split, size, channels, tell = () => {} } = options;
  opened.remarks?.opened.forEach(tell);
  const choose = (except: ReadonlySet<number>) =>
    subsetIndices(all, {
      ...options,
      ...{ choice: options.choice ?? opened.choice, except, classNames, what: `${label} ${split}` },
    });
  const chosen = choose(new Set());
  if (options.images !== undefined && opened.choice !== undefined && chosen.length < all.length) {
    tell(choiceText(chosen.length, { ...options, choice: options.choice ?? opened.choice }));
  }
  const stray = classNames.length === 0 ? -1 : chosen.find((i) => all[i]! >= classNames.length);
  if (stray !== undefined && stray >= 0) {
    throw new ArgumentError(
      `Cannot load ${label}: image ${stray} has the label ${all[stray]}, expected 0 to ` +
        `${classNames.length - 1}`,
    );
  }
  const { indices, images } = await orExplain(async () => {
    // Before anything is read: pages that are never touched cost nothing.
    checkRoom(chosen.length * size * size * (channels ?? 1));
    const read = await readChosen(opened, { ...options, chosen, choose, label, tell });
    const bytes = channels === undefined ? read.found : withChannels(read.found, channels);
    const resized = resizeBilinear(bytes, { height: size, width: size });
    return { indices: read.indices, images: bytesToImages(resized) };
  }, `${chosen.length} images of ${size} x ${size}`);
  opened.remarks?.read().forEach(tell);
  const labels = classLabels(Array.from(indices, (index) => all[index]!), classNames.length);
  const sha256 = await datasetSha256(images, labels);
  return { name, label, split, images, labels, classNames, sha256 };
}

/** Which images are taken, in words. */
function choiceText(
  count: number,
  { choice, imagesSeed = 1 }: Pick<ToImageDatasetOptions, "choice" | "imagesSeed">,
): string {
  const which = choice === "first"
    ? "the first ones"
    : `of each class its share, chosen at random by the seed ${imagesSeed}`;
  return `  taken: ${count.toLocaleString("en")} images, ${which}`;
}

/**
 * Reads what was chosen; others take the places of images that cannot be read.
 *
 * @returns The images, and their indices, ascending.
 * @throws DataFormatError if none can be read.
 */
async function readChosen(
  opened: OpenDataset,
  { chosen, choose, channels, label, tell, onProgress, abort }: ReadOptions & {
    readonly chosen: Uint32Array;
    readonly choose: (except: ReadonlySet<number>) => Uint32Array;
    readonly channels?: 1 | 3 | undefined;
    readonly label: string;
    readonly tell: (line: string) => void;
  },
): Promise<{ readonly indices: Uint32Array; readonly found: ByteImages }> {
  const problems = new Map<number, string>();
  const stacks: { readonly indices: Uint32Array; readonly found: ByteImages }[] = [];
  const have = new Set<number>();
  let indices = chosen;
  try {
    for (let wanted = chosen; wanted.length > 0;) {
      const read = await opened.read(wanted, { onProgress, abort });
      const bad = new Map((read.unreadable ?? []).map(({ at, problem }) => [at, problem]));
      const good = wanted.filter((_, at) => !bad.has(at));
      if (good.length > 0) {
        const found = checkRead(read, { count: good.length, channels, label });
        stacks.push({ indices: good, found });
      }
      good.forEach((index) => have.add(index));
      bad.forEach((problem, at) => problems.set(wanted[at]!, problem));
      if (bad.size === 0) break;
      indices = choose(new Set(problems.keys()));
      wanted = indices.filter((index) => !have.has(index));
    }
  } finally {
    unreadableLines([...problems.values()]).forEach(tell);
  }
  if (indices.length === 0) {
    const [first = "there are none"] = problems.values();
    throw new DataFormatError(label, `none of its images can be read: ${first}`);
  }
  const only = stacks[0];
  if (stacks.length === 1 && only!.indices.length === indices.length) return only!;
  return { indices, found: gathered(stacks, indices) };
}

/** Images out of several stacks, in the order of `indices`. */
function gathered(
  stacks: readonly { readonly indices: Uint32Array; readonly found: ByteImages }[],
  indices: Uint32Array,
): ByteImages {
  const [, h, w, c] = stacks[0]!.found.shape;
  const values = h * w * c;
  const places = new Map(
    stacks.flatMap(({ indices, found }) =>
      Array.from(
        indices,
        (index, i) => [index, found.pixels.subarray(i * values, (i + 1) * values)] as const,
      )
    ),
  );
  const pixels = new Uint8Array(indices.length * values);
  indices.forEach((index, i) => pixels.set(places.get(index)!, i * values));
  return { pixels, shape: [indices.length, h, w, c] };
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
export async function datasetSha256(images: ImageBatch, labels: ClassLabels): Promise<string> {
  checkImages(images);
  const line = `${images.shape.join("x")} ${await sha256Hex(images.data)} ${await sha256Hex(
    labels,
  )}`;
  return await sha256Hex(new TextEncoder().encode(line));
}
