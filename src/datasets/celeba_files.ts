import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { defaultMaxPixels, maxPictureBytes } from "../formats/pixel_limit.ts";
import { centerCrop, withChannels } from "./adjust.ts";
import {
  celebaPart,
  celebaRecordBytes,
  celebaRecordSize,
  openCelebaRecords,
} from "./celeba_records.ts";
import { createImageDecoder } from "./decode_image.ts";
import { openFileTree } from "./image_files.ts";
import { readImages, type ReadImagesOptions } from "./image_folder_files.ts";
import { downloadsFolder, listFolder, locateDataset } from "./locate_files.ts";
import { kindOf, withFile } from "./open_files.ts";
import { packRecords } from "./pack_records_files.ts";
import { separatePlanes } from "./planes.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";
import type { DatasetSource, OpenDataset, Split } from "./source.ts";

const archiveName = "img_align_celeba.zip";
const packedName = "celeba_32.bin";
const folders = [join(downloadsFolder(), "celeba")];

/** Height and width of the aligned images, and of the square that is cut out of their center. */
const aligned = { height: 218, width: 178, crop: 140 } as const;

/**
 * CelebA's aligned faces (Liu et al., ICCV 2015): the centered 140 x 140 of each 178 x 218 image, resized
 * with antialiasing, as in arXiv 2412.20292. From the folder `img_align_celeba` or its zip archive, or
 * from packed records: the red, green and blue plane of a 32 x 32 image each, as `deno task data` makes
 * them. There are no classes.
 *
 * Where the whole set is there, it is divided into its official parts (of which the second, for
 * validation, is not used); any other number of images is a training part.
 */
export const celebaSource: DatasetSource = {
  name: "celeba",
  about: {
    what: "aligned faces, 162,770 + 19,962, color, 178 x 218, no classes",
    license: "non-commercial research only, by the authors' agreement; do not pass it on",
    page: "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
  },
  folders,
  archive: {
    files: [{
      name: archiveName,
      bytes: 1_443_490_838,
      checksum: {
        algorithm: "sha256",
        hex: "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
      },
    }],
    byHand: `read the agreement on the authors' page, download ${archiveName} ` +
      '("Align&Cropped Images") from there',
    async unpack([archive], { folder, abort, onProgress }) {
      const { files, order } = await listAligned(archive!);
      const recipe = await celebaRecipe(celebaRecordSize);
      await packRecords(order.length, {
        ...{ target: join(folder, packedName), recordBytes: celebaRecordBytes, abort, onProgress },
        async read(start, end) {
          const { pixels } = await readImages(files, order.slice(start, end), recipe);
          const records = new Uint8Array(pixels.length);
          for (let at = 0; at < pixels.length; at += celebaRecordBytes) {
            records.set(separatePlanes(pixels.subarray(at, at + celebaRecordBytes), 3), at);
          }
          return records;
        },
      });
    },
  },
  async open({ split, size, from }) {
    let path = await locateDataset("celeba", { from, folders });
    if (await kindOf(path) === "folder") {
      const inside = (await listFolder(path)).map(({ name }) => name);
      const found = [packedName, archiveName].find((name) => inside.includes(name));
      if (found !== undefined) path = join(path, found);
    }
    return path.endsWith(".bin")
      ? await openCelebaRecords((work) => withFile(path, work), { source: path, split, size })
      : await openAligned(path, { split, size });
  },
};

/** The paths of aligned images, in the order of their numbers. */
async function listAligned(path: string) {
  const files = await openFileTree(path, { maxBytes: maxPictureBytes(defaultMaxPixels) });
  const order = files.paths
    .map((name, index) => ({ name: basename(name), index, hidden: /(^|\/)(\.|__)/.test(name) }))
    .filter(({ name, hidden }) => !hidden && /\.(jpe?g|png)$/i.test(name))
    .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
    .map(({ index }) => index);
  if (order.length === 0) {
    throw new DataFormatError(path, "no JPEG or PNG images, expected those of img_align_celeba");
  }
  const listed = new Set(order);
  await files.confirm([...files.paths.keys()].filter((index) => !listed.has(index)));
  return { files, order };
}

async function openAligned(
  path: string,
  { split, size }: { readonly split: Split; readonly size: number },
): Promise<OpenDataset> {
  const { files, order } = await listAligned(path);
  const [start, end] = celebaPart(split, { count: order.length, source: path });
  const recipe = await celebaRecipe(size);
  return {
    labels: new Uint8Array(end - start),
    classNames: [],
    read: (indices) =>
      readImages(files, Array.from(indices, (index) => order[start + index]!), recipe),
  };
}

/** How an aligned image becomes one of `size` x `size`. */
async function celebaRecipe(size: number): Promise<ReadImagesOptions> {
  return {
    decode: await createImageDecoder(),
    prepare(image: ByteImages, source: string) {
      const [, height, width] = image.shape;
      if (height !== aligned.height || width !== aligned.width) {
        throw new DataFormatError(
          source,
          `${width} x ${height} pixels, expected CelebA's aligned 178 x 218; ` +
            "for other images use the data set folder",
        );
      }
      const face = centerCrop(withChannels(image, 3), {
        height: aligned.crop,
        width: aligned.crop,
      });
      return resizeBilinear(face, { height: size, width: size });
    },
  };
}
