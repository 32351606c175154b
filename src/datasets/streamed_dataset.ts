/** Data sets whose images are read tile by tile. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { eventLoopTurns } from "../core/event_loop.ts";
import { type ImageStream, imageStream } from "../core/image_stream.ts";
import { sha256Hex } from "../core/sha256.ts";
import { withChannels } from "./adjust.ts";
import { classLabels } from "./class_labels.ts";
import type { ImageDataset } from "./dataset.ts";
import type { ToImageDatasetOptions } from "./image_dataset.ts";
import { bytesToImages } from "./labeled_bytes.ts";
import { resizeBilinear } from "./resize.ts";
import type { OpenDataset } from "./source.ts";
import { subsetIndices } from "./subset.ts";

/**
 * A data set whose images are read when they are needed.
 *
 * @category Data sets
 */
export interface StreamedDataset extends Omit<ImageDataset, "images" | "sha256"> {
  /** Images `[N, H, W, C]` in [-1, 1], tile by tile. */
  readonly images: ImageStream;
  /**
   * SHA-256 (hex) over name, part, shape, labels and choice of images: of what was asked for and found without
   * reading the pixels, the same on every machine. It is not that of `ImageDataset`.
   */
  readonly sha256: string;
}

/** Options of {@linkcode toStreamedDataset}. */
export interface ToStreamedDatasetOptions extends Omit<ToImageDatasetOptions, keyof Reading> {
  /** Bytes of a tile; see `ImageStreamOptions`. */
  readonly tileBytes?: number | undefined;
}

type Reading = Pick<ToImageDatasetOptions, "onProgress" | "abort">;

/** Images that are read and resized at a time, between which other work gets its turn. */
const perTurn = 256;

/**
 * Chooses images as `toImageDataset` does, and reads them when they are asked for.
 *
 * @throws RangeError as `toImageDataset` does.
 */
export async function toStreamedDataset(
  opened: OpenDataset,
  options: ToStreamedDatasetOptions,
): Promise<StreamedDataset> {
  const { labels: all, classNames } = opened;
  const { name, label = name, split, size, channels, tell = () => {}, tileBytes } = options;
  opened.remarks?.opened.forEach(tell);
  const indices = subsetIndices(all, {
    ...options,
    ...{ choice: options.choice ?? opened.choice, classNames, what: `${label} ${split}` },
  });
  const labels = classLabels(Array.from(indices, (index) => all[index]!), classNames.length);
  const read = async (from: number, to: number, { abort }: Pick<Reading, "abort"> = {}) => {
    const stack = await opened.read(indices.subarray(from, to), { abort });
    const [problem] = stack.unreadable ?? [];
    if (problem !== undefined) {
      throw new DataFormatError(
        label,
        `image ${from + problem.at} of a stream cannot be read: ${problem.problem}`,
      );
    }
    if (stack.shape[0] !== to - from) {
      throw new ArgumentError(
        `Cannot stream ${label}: asked for ${to - from} images it gives ${stack.shape[0]}`,
      );
    }
    const bytes = channels === undefined ? stack : withChannels(stack, channels);
    return bytesToImages(resizeBilinear(bytes, { height: size, width: size }));
  };
  // Sets of mixed images have as many channels as they are asked for, others as many as their first image.
  const { shape: [, height, width, depth] } = await read(0, 1);
  const shape = [indices.length, height, width, depth] as const;
  const sha256 = await sha256Hex(new TextEncoder().encode([
    ...["stream 1", label, split, shape.join("x")],
    ...[await sha256Hex(indices), await sha256Hex(labels)],
  ].join("\n")));
  const images = imageStream({
    ...{ shape, labels, sha256, tileBytes },
    async read(from, to, { abort } = {}) {
      const values = height * width * depth;
      const data = new Float32Array((to - from) * values);
      const turns = eventLoopTurns(8);
      const step = opened.readsMany ? to - from : perTurn;
      for (let at = from; at < to; at += step) {
        const end = Math.min(to, at + step);
        data.set((await read(at, end, { abort })).data, (at - from) * values);
        abort?.throwIfAborted();
        await turns();
      }
      return { data, shape: [to - from, height, width, depth] };
    },
  });
  return { name, label, split, images, labels, classNames, sha256 };
}
