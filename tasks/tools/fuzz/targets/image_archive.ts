/** Zip archives of images, read as a data set. */
import { zipSync } from "fflate";
import type { Random } from "../../../../src/core/random.ts";
import { arrangeImages } from "../../../../src/datasets/arrange_images.ts";
import { createImageDecoder } from "../../../../src/datasets/decode_image.ts";
import { isImagePath } from "../../../../src/datasets/image_paths.ts";
import { readImages } from "../../../../src/datasets/image_folder_files.ts";
import { readZip } from "../../../../src/datasets/zip_files.ts";
import { noise, oneIn } from "../bytes.ts";
import { flatJpeg } from "../jpeg_builder.ts";
import { pick } from "../mutate.ts";
import { pngData, pngFile, pngHeader, pngRows } from "../png_builder.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const decode = await createImageDecoder({ maxPixels: 1e6 });

/** A flat picture of 4 x 4 as a file, and its gray. */
function flatPicture(random: Random): { readonly bytes: Uint8Array; readonly gray: number } {
  if (oneIn(random, 3)) return { bytes: flatJpeg({ width: 4, height: 4 }), gray: 128 };
  const gray = random.integer(256);
  const kind = { width: 4, height: 4, depth: 8, type: 0, interlaced: oneIn(random, 2) };
  const rows = pngRows(new Array<number>(16).fill(gray), kind);
  return { bytes: pngFile(pngHeader(kind), pngData(rows)), gray };
}

function archive(random: Random, files: Readonly<Record<string, Uint8Array>>) {
  return new Uint8Array(
    zipSync(files, { level: pick(random, [0, 6]), mtime: new Date(1980, 0, 1) }),
  );
}

/** Pictures in two classes. */
function randomSet(random: Random) {
  const names = ["cat/1.png", "cat/2.jpg", "dog/1.png"].slice(0, 2 + random.integer(2));
  const pictures = names.map((name) => ({ name, ...flatPicture(random) }));
  const files = Object.fromEntries(pictures.map(({ name, bytes }) => [name, bytes]));
  const classNames = names.length === 3 ? ["cat", "dog"] : [];
  const value = {
    labels: Uint8Array.from(names, (name) => Math.max(0, classNames.indexOf(name.slice(0, 3)))),
    classNames,
    pixels: Uint8Array.from(pictures.flatMap(({ gray }) => new Array<number>(16).fill(gray))),
  };
  return { files, value };
}

/** What must be refused, among the files of a good archive. */
const wrong: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  "no picture": (random) => noise(random, 40),
  "a picture cut off": (random) => {
    const { bytes } = flatPicture(random);
    // The end marker alone may be missing of a JPEG.
    return bytes.subarray(0, random.integer(bytes.length - 3));
  },
  "a picture that declares too much": () => flatJpeg({ width: 9000, height: 9000, blocks: 9 }),
  "an empty picture": () => new Uint8Array(0),
  "another format": () => new TextEncoder().encode("GIF89a and more"),
};

function structured(random: Random): FuzzInput {
  const { files, value } = randomSet(random);
  if (oneIn(random, 2)) {
    const more = oneIn(random, 2)
      ? { "readme.txt": noise(random, 20), ".DS_Store": noise(random, 9) }
      : {};
    return { bytes: archive(random, { ...more, ...files }), note: "good", expected: reads(value) };
  }
  const note = pick(random, Object.keys(wrong));
  const name = pick(random, Object.keys(files));
  const bytes = archive(random, { ...files, [name]: wrong[note]!(random) });
  return { bytes, note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "zip archives of images",
  file: "birds.zip",
  isProtected: true,
  tokens: ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "\xff\xd8", "\x89PNG", ".png"],
  seeds: (random) => Array.from({ length: 4 }, () => archive(random, randomSet(random).files)),
  async read(bytes, source) {
    const { entries, read, confirm } = await readZip((work) =>
      work({
        size: () => Promise.resolve(bytes.length),
        read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
      }), { source, maxBytes: 8e6 });
    const paths = entries.map(({ name }) => name);
    const { indices, labels, classNames } = arrangeImages(paths, { split: "train", source });
    await confirm(entries.filter(({ name }) => !isImagePath(name)));
    const tree = {
      source,
      paths,
      ...{ links: 0, isArchive: true },
      read: (index: number) => read(entries[index]!),
      confirm: () => Promise.resolve(),
    };
    const { pixels } = await readImages(tree, indices, {
      decode,
      prepare: (image) => image,
    });
    return { labels, classNames: [...classNames], pixels };
  },
  structured,
};
