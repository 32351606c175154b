/** Images that are read tile by tile, as often as they are needed, and never held together. */
import { ArgumentError } from "./errors.ts";
import { concatBatches, type ImageBatch, sliceBatch } from "./image_batch.ts";

/**
 * Which images of a stream are read, and how.
 *
 * @category Images
 */
export interface TilesOptions {
  /** First image; 0 when absent. */
  readonly from?: number;
  /** One after the last image; all when absent. */
  readonly to?: number;
  /** Stops the reading; it then throws the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Training images that need not fit into memory: they come in tiles, in the same order each time.
 *
 * @category Images
 */
export interface ImageStream {
  /** `[N, H, W, C]` of all images. */
  readonly shape: ImageBatch["shape"];
  /** Class of each image, for predictions by class. */
  readonly labels?: ArrayLike<number> | undefined;
  /** What tells these images from others (hexadecimal), the same wherever they are read. */
  readonly sha256: string;
  /**
   * Reads images in order, each time anew. A tile is the reader's: it does not change afterwards.
   *
   * @throws RangeError if the range does not lie within the stream.
   */
  tiles(options?: TilesOptions): AsyncIterable<ImageBatch>;
}

/**
 * Options of {@linkcode imageStream}: images by their places, or tiles one after another.
 *
 * @category Images
 */
export type ImageStreamOptions =
  & Pick<ImageStream, "shape" | "labels" | "sha256">
  & {
    /** Bytes of a tile, as float32 values; by default 16 MiB for each core, 64 to 512 MiB. */
    readonly tileBytes?: number | undefined;
  }
  & (
    | {
      /** Reads images `from` (inclusive) to `to` (exclusive), in [-1, 1]; may be asked for any range. */
      read(from: number, to: number, options?: Pick<TilesOptions, "abort">): //
      ImageBatch | Promise<ImageBatch>;
    }
    | {
      /** All images from the first on, in tiles of any size; called for each pass. */
      tiles(): AsyncIterable<ImageBatch>;
    }
  );

/**
 * Makes a stream of images, for data sets that are larger than memory: machines take one in place of images.
 *
 * What is held of it at a time are two tiles, one in work and the next being read.
 *
 * @example A million images that are made when they are needed
 * ```ts
 * import { createMachine, createSchedule, imageBatch, imageStream, Random } from "@els/toolkit/machines";
 *
 * const images = imageStream({
 *   shape: [1_000_000, 8, 8, 1],
 *   sha256: "normal-noise-1",
 *   read(from, to) {
 *     const one = (i: number) => [...new Random(i).normals(64)];
 *     const values = Array.from({ length: to - from }, (_, i) => one(from + i)).flat();
 *     return imageBatch(Float32Array.from(values), [to - from, 8, 8, 1]);
 *   },
 * });
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * console.log(machine.imageShape); // [8, 8, 1]; predict reads them tile by tile
 * ```
 *
 * @throws RangeError if the shape is none of images, or labels do not fit it.
 * @category Images
 */
export function imageStream(options: ImageStreamOptions): ImageStream {
  const { shape, labels, sha256 } = options;
  const [images, height, width, channels] = shape;
  if (shape.length !== 4 || !shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new ArgumentError(
      `Cannot make a stream of images of shape [${shape.join(", ")}]: expected positive integers ` +
        "[N, H, W, C]",
    );
  }
  if (labels !== undefined && labels.length !== images) {
    throw new ArgumentError(
      `Cannot make a stream of ${images} images: found ${labels.length} labels`,
    );
  }
  const { tileBytes = defaultTileBytes() } = options;
  if (!(tileBytes >= 1)) {
    throw new ArgumentError(
      `Cannot read tiles of ${tileBytes} bytes: expected a positive number`,
    );
  }
  const perTile = Math.max(1, Math.floor(tileBytes / (4 * height * width * channels)));
  return {
    ...{ shape, labels, sha256 },
    async *tiles({ from = 0, to = images, abort } = {}) {
      if (!(Number.isSafeInteger(from) && from >= 0 && from <= to && to <= images)) {
        throw new ArgumentError(`Cannot read images ${from} to ${to} of a stream of ${images}`);
      }
      const source = "read" in options
        ? readTiles(options, { from, to, perTile, abort })
        : passOver(options.tiles(), { from, to, images });
      for await (const tile of source) {
        abort?.throwIfAborted();
        checkTileShape(tile, shape);
        yield tile;
      }
    },
  };
}

/** Whether training images are a stream; else they are held. */
export function isImageStream(images: ImageBatch | ImageStream): images is ImageStream {
  return "tiles" in images && typeof images.tiles === "function";
}

/**
 * Some images of a stream as a stream: those of one process among several.
 *
 * @example
 * ```ts
 * import { holdStream, streamPart, textureStream } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const part = streamPart(textureStream({ images: 1000, size: 8 }), { from: 250, to: 500 });
 * assertEquals((await holdStream(part)).shape, [250, 8, 8, 1]);
 * ```
 *
 * @param range Its first image, and one after its last.
 * @throws RangeError if the range does not lie within the stream.
 * @category Images
 */
export function streamPart(
  stream: ImageStream,
  range: { readonly from: number; readonly to: number },
): ImageStream {
  const { from, to } = range;
  const { shape: [images, ...image], labels, sha256 } = stream;
  if (!(Number.isSafeInteger(from) && from >= 0 && from <= to && to <= images)) {
    throw new ArgumentError(`Cannot take images ${from} to ${to} of a stream of ${images}`);
  }
  return {
    shape: [to - from, ...image],
    labels: labels && partOf(labels, from, to),
    sha256: `${sha256}:${from}-${to}`,
    tiles: (options = {}) =>
      stream.tiles({
        from: from + (options.from ?? 0),
        to: from + (options.to ?? to - from),
        abort: options.abort,
      }),
  };
}

/**
 * Images that are held, as a stream.
 *
 * @example
 * ```ts
 * import { bytesToImages, streamOf, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 6, size: 8 }));
 * const stream = streamOf(images, { sha256: "textures" });
 * for await (const tile of stream.tiles({ from: 4 })) assertEquals(tile.shape, [2, 8, 8, 1]);
 * ```
 *
 * @param options What tells the images from others, their classes, and bytes of a tile.
 * @category Images
 */
export function streamOf(
  images: ImageBatch,
  options: Pick<ImageStreamOptions, "labels" | "sha256" | "tileBytes">,
): ImageStream {
  const { labels, sha256, tileBytes } = options;
  return imageStream({
    ...{ shape: images.shape, labels, sha256, tileBytes },
    read: (from, to) => sliceBatch(images, from, to),
  });
}

const partOf = (labels: ArrayLike<number>, from: number, to: number): ArrayLike<number> =>
  ArrayBuffer.isView(labels)
    ? (labels as Uint8Array).subarray(from, to)
    : Array.from({ length: to - from }, (_, i) => labels[from + i]!);

/** Several portions of a backend for each thread. */
function defaultTileBytes(): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  return 2 ** 24 * Math.min(32, Math.max(4, cores));
}

async function* readTiles(
  { read, shape: [, height, width, channels] }: Extract<ImageStreamOptions, { read: unknown }>,
  { from, to, perTile, abort }: {
    readonly from: number;
    readonly to: number;
    readonly perTile: number;
    readonly abort: AbortSignal | undefined;
  },
): AsyncGenerator<ImageBatch> {
  // Tiles end at multiples of their size, wherever the reading begins.
  for (let at = from; at < to;) {
    const end = Math.min(to, at - at % perTile + perTile);
    const tile = await read(at, end, { abort });
    if (tile.shape[0] !== end - at) {
      throw new ArgumentError(
        `Cannot read images ${at} to ${end} of a stream: found ${tile.shape[0]}, expected ` +
          `${end - at} of ${height} x ${width} x ${channels}`,
      );
    }
    yield tile;
    at = end;
  }
}

/** The tiles of some images out of those of all. */
async function* passOver(
  tiles: AsyncIterable<ImageBatch>,
  { from, to, images }: { readonly from: number; readonly to: number; readonly images: number },
): AsyncGenerator<ImageBatch> {
  let at = 0;
  for await (const tile of tiles) {
    const [count] = tile.shape;
    if (at + count > images) {
      throw new ArgumentError(
        `Cannot read a stream of ${images} images: it gives more, ${at + count} so far`,
      );
    }
    const [first, end] = [Math.max(from, at), Math.min(to, at + count)];
    if (first < end) yield sliceBatch(tile, first - at, end - at);
    at += count;
    // What follows is not asked for; of a whole pass the end is looked at.
    if (at >= to && to < images) return;
  }
  if (at < to) {
    throw new ArgumentError(`Cannot read a stream of ${images} images: it ends after ${at}`);
  }
}

function checkTileShape(tile: ImageBatch, shape: ImageBatch["shape"]): void {
  const [found, expected] = [tile.shape.slice(1).join(" x "), shape.slice(1).join(" x ")];
  if (found === expected) return;
  throw new ArgumentError(
    `Cannot read a stream of images of ${expected}: a tile has images of ${found}`,
  );
}

/**
 * All images of a stream at once, for sets that are small enough.
 *
 * @example
 * ```ts
 * import { holdStream, textureStream } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = await holdStream(textureStream({ images: 5, size: 8, channels: 3 }));
 * assertEquals(images.shape, [5, 8, 8, 3]);
 * ```
 *
 * @returns `[N, H, W, C]`.
 * @category Images
 */
export async function holdStream(stream: ImageStream): Promise<ImageBatch> {
  const tiles: ImageBatch[] = [];
  for await (const tile of stream.tiles()) tiles.push(tile);
  return concatBatches(tiles);
}
