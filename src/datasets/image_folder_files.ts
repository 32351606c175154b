import { arrangeImages } from "./arrange_images.ts";
import { addRemedy, DataFormatError } from "../core/errors.ts";
import { defaultMaxPixels, maxPictureBytes } from "../formats/pixel_limit.ts";
import { datasetLabel } from "./dataset_label.ts";
import { createImageDecoder, type ImageDecoder } from "./decode_image.ts";
import { surveyLines } from "./folder_survey.ts";
import { type FileTree, openFileTree } from "./image_files.ts";
import { isImagePath, readableFormats } from "./image_paths.ts";
import { refuseContainer } from "./locate_files.ts";
import { PictureTally } from "./picture_tally.ts";
import type { ByteImages } from "./resize.ts";
import { MixedColorsError, squarePictures } from "./square_pictures.ts";
import type { DatasetSource, ReadImages, ReadOptions, UnreadableImage } from "./source.ts";

/**
 * Any folder, or zip or tar archive, of images: folders in it are classes, folders that are called as parts
 * usually are, such as `train` and `Test`, are parts of the set. The centered square of each image is
 * resized to the size asked for.
 */
export const imageFolderSource: DatasetSource = {
  name: "folder",
  about: {
    what: `any folder, zip or tar of ${readableFormats} images; folders in it are classes`,
    license: "that of the images",
  },
  splits: ["train", "validation", "test", "all"],
  async open(request) {
    const { size, channels, from, classesFrom, skipUnreadable = false } = request;
    const { split, part = split, maxPixels = defaultMaxPixels } = request;
    if (from === undefined) {
      throw new DataFormatError("folder", "no folder is named", {
        remedy: (say) => `name the folder or archive of images with ${say.option("from")}`,
      });
    }
    refuseContainer(from, "folder");
    const files = await openFileTree(from, {
      ...{ maxBytes: maxPictureBytes(maxPixels), wanted: isImagePath },
    });
    const { indices, labels, classNames, survey } = arrangeImages(files.paths, {
      ...{ split: part, classesFrom, source: from },
    });
    await files.confirm([...files.paths.keys()].filter((i) => !isImagePath(files.paths[i]!)));
    // Only now: where there are no files, the decoder need not be fetched either.
    const decode = await createImageDecoder({ maxPixels });
    const tally = new PictureTally({ size, channels });
    const prepare = squarePictures({ size, channels, tally });
    return {
      labels,
      classNames,
      choice: classNames.length > 0 ? "of each class" : "first",
      remarks: {
        opened: surveyLines(survey, { label: datasetLabel("folder", from), ...files }),
        read: () => tally.lines(),
      },
      read: (chosen, options) =>
        readImages(files, Array.from(chosen, (i) => indices[i]!), {
          ...{ decode, prepare, skipUnreadable, ...options },
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
export interface ReadImagesOptions extends ReadOptions {
  /** Decodes a file. */
  readonly decode: ImageDecoder;
  /** Brings each image to one shape; `source` is its path, for error messages. */
  readonly prepare: (image: ByteImages, source: string) => ByteImages;
  /** Leave out what cannot be read. Without it the error says how. */
  readonly skipUnreadable?: boolean;
}

/**
 * Reads, decodes and prepares images of a folder or archive into one stack, which is empty if none can be
 * read.
 */
export async function readImages(
  files: FileTree,
  indices: readonly number[],
  { decode, prepare, skipUnreadable, onProgress, abort }: ReadImagesOptions,
): Promise<ReadImages> {
  const unreadable: UnreadableImage[] = [];
  let shape: ByteImages["shape"] | undefined;
  let pixels: Uint8Array = new Uint8Array(0);
  let count = 0;
  for (const [at, index] of indices.entries()) {
    abort?.throwIfAborted();
    onProgress?.(at, indices.length);
    try {
      const image = prepare(await loadImage(files, index, decode), pathOf(files, index));
      if (shape === undefined) {
        shape = image.shape;
        pixels = new Uint8Array(indices.length * image.pixels.length);
      }
      pixels.set(image.pixels, count++ * image.pixels.length);
    } catch (error) {
      if (!(error instanceof DataFormatError) || error instanceof MixedColorsError) throw error;
      if (skipUnreadable) unreadable.push({ at, problem: error.message });
      else {
        if (skipUnreadable === false) {
          addRemedy(error, (say) => `leave out such files with ${say.option("skipUnreadable")}`);
        }
        throw error;
      }
    }
  }
  const [, h = 0, w = 0, c = 0] = shape ?? [];
  return {
    pixels: count === indices.length ? pixels : pixels.subarray(0, count * h * w * c),
    shape: [count, h, w, c],
    unreadable,
  };
}
