import { centerCrop, withChannels } from "./adjust.ts";
import { arrangeImages, isImagePath } from "./arrange_images.ts";
import { DataFormatError } from "../core/errors.ts";
import { defaultMaxPixels, maxPictureBytes } from "../formats/pixel_limit.ts";
import { createImageDecoder, type ImageDecoder } from "./decode_image.ts";
import { type FileTree, openFileTree } from "./image_files.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";
import type { DatasetSource } from "./source.ts";

/**
 * Any folder, or zip archive, of JPEG and PNG images: folders in it are classes, folders `train` and
 * `test` are parts of the set. The centered square of each image is resized to the size asked for.
 */
export const imageFolderSource: DatasetSource = {
  name: "folder",
  about: {
    what: "any folder or zip of JPEG and PNG images of any size; folders in it are classes",
    license: "that of the images",
  },
  async open({ split, size, channels, from, maxPixels = defaultMaxPixels }) {
    if (from === undefined) {
      throw new DataFormatError("folder", "no folder is named", {
        remedy: (say) => `name the folder or zip archive of images with ${say.option("from")}`,
      });
    }
    const files = await openFileTree(from, { maxBytes: maxPictureBytes(maxPixels) });
    const { indices, labels, classNames } = arrangeImages(files.paths, { split, source: from });
    await files.confirm([...files.paths.keys()].filter((i) => !isImagePath(files.paths[i]!)));
    // Only now: where there are no files, the decoder need not be fetched either.
    const decode = await createImageDecoder({ maxPixels });
    const first = await loadImage(files, indices[0]!, decode);
    const wanted = channels ?? first.shape[3] as 1 | 3;
    const prepare = (image: ByteImages, source: string) => {
      const [, h, w, c] = image.shape;
      if (channels === undefined && c !== wanted) {
        const kind = (count: number) => count === 1 ? "gray" : "color";
        throw new DataFormatError(
          source,
          `this image is ${kind(c)}, the first one is ${kind(wanted)}`,
          {
            remedy: (say) =>
              `make them alike with ${say.option("channels", 1)} or ${say.option("channels", 3)}`,
          },
        );
      }
      const side = Math.min(h, w);
      const square = centerCrop(image, { height: side, width: side });
      return resizeBilinear(withChannels(square, wanted), { height: size, width: size });
    };
    return {
      labels,
      classNames,
      read: (chosen) =>
        readImages(files, Array.from(chosen, (i) => indices[i]!), {
          shape: [size, size, wanted],
          decode,
          prepare,
        }),
    };
  },
};

/** Reads and decodes one image of a folder or archive. */
async function loadImage(
  files: FileTree,
  index: number,
  decode: ImageDecoder,
): Promise<ByteImages> {
  return decode(await files.read(index), pathOf(files, index));
}

const pathOf = (files: FileTree, index: number) => `${files.source}/${files.paths[index]}`;

/** Options of {@linkcode readImages}. */
export interface ReadImagesOptions {
  /** `[H, W, C]` of every image once it is prepared. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** Decodes a file. */
  readonly decode: ImageDecoder;
  /** Brings an image to the shape; `source` is its path, for error messages. */
  readonly prepare: (image: ByteImages, source: string) => ByteImages;
}

/** Reads, decodes and prepares images of a folder or archive into one stack. */
export async function readImages(
  files: FileTree,
  indices: readonly number[],
  { shape: [h, w, c], decode, prepare }: ReadImagesOptions,
): Promise<ByteImages> {
  const pixels = new Uint8Array(indices.length * h * w * c);
  for (const [i, index] of indices.entries()) {
    const image = prepare(await loadImage(files, index, decode), pathOf(files, index));
    pixels.set(image.pixels, i * h * w * c);
  }
  return { pixels, shape: [indices.length, h, w, c] };
}
