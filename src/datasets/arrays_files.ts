import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { isNpy, parseNpy } from "../formats/npy.ts";
import { parseNpz } from "../formats/npz.ts";
import type { StoredTensor } from "../formats/stored_tensor.ts";
import { centerCrop } from "./adjust.ts";
import { imagesOfArray, labelsOfArray, namesOfPart } from "./array_images.ts";
import { classLabels } from "./class_labels.ts";
import { listFolder, locateDataset } from "./locate_files.ts";
import { kindOf } from "./open_files.ts";
import { type DatasetSource, openInMemory, type SplitName } from "./source.ts";

/** Named arrays, of one file or of several. */
interface Arrays {
  readonly names: readonly string[];
  read(name: string): StoredTensor | Promise<StoredTensor>;
}

/** Bytes that a file may have, and an array may unpack to. */
const mostBytes = 2 ** 32;

/**
 * Images in the arrays of a `.npz` file, of the `.npy` files of a folder, or of one `.npy` file: `[N, H, W]`
 * or `[N, H, W, C]`, with labels beside them. The centered square of each is taken.
 */
export const arraysSource: DatasetSource = {
  name: "arrays",
  about: {
    what: "images in NumPy's .npz or .npy files, [N, H, W] or [N, H, W, C], with labels",
    license: "that of the images",
  },
  splits: ["train", "validation", "test"],
  async open({ split, part = split, from, maxBytes }) {
    if (from === undefined) {
      throw new DataFormatError("arrays", "no file is named", {
        remedy: (say) => `name the .npz or .npy file with ${say.option("from")}`,
      });
    }
    const arrays = await openArrays(await locateDataset("arrays", { from, folders: [] }), maxBytes);
    const names = namesOfPart(arrays.names, { part: part === "all" ? split : part, source: from });
    const { images, labels: labelName } = names;
    const { told, ...found } = imagesOfArray(await arrays.read(images), `${from} (${images})`);
    const [count, height, width] = found.shape;
    const labels = labelName === undefined ? undefined : labelsOfArray(
      await arrays.read(labelName),
      { count, source: `${from} (${labelName})` },
    );
    const classes = labels === undefined ? 0 : await classesOf(arrays, { labels, source: from });
    const side = Math.min(height, width);
    const square = height === width ? found : centerCrop(found, { height: side, width: side });
    const opened = openInMemory(
      { ...square, labels: classLabels(labels ?? new Uint8Array(count), Math.max(1, classes)) },
      Array.from({ length: classes }, (_, label) => `${label}`),
    );
    const lines = [
      `${basename(from)}: ${images}, ${told}`,
      labelName === undefined
        ? "  no labels"
        : `  ${labelName}: ${new Set(labels).size} different labels of ${classes} classes`,
    ];
    const choice = classes > 0 ? "of each class" : "first";
    return { ...opened, choice, remarks: { opened: lines, read: () => [] } };
  },
};

/** How many classes all parts together have, so that a label means the same in each. */
async function classesOf(
  arrays: Arrays,
  { labels, source }: { readonly labels: readonly number[]; readonly source: string },
): Promise<number> {
  let most = maximum(labels);
  for (const part of ["train", "validation", "test"] as const satisfies SplitName[]) {
    try {
      const { labels: name } = namesOfPart(arrays.names, { part, source });
      if (name === undefined) continue;
      most = Math.max(most, maximum(labelsOfArray(await arrays.read(name), { source })));
    } catch (error) {
      // What is not used does not decide.
      if (!(error instanceof DataFormatError)) throw error;
    }
  }
  return most + 1;
}

const maximum = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);

async function openArrays(path: string, maxBytes: number | undefined): Promise<Arrays> {
  if (await kindOf(path) === "folder") {
    const files = (await listFolder(path)).map(({ name }) => name)
      .filter((name) => name.toLowerCase().endsWith(".npy"));
    if (files.length === 0) {
      throw new DataFormatError(path, "no .npy file in this folder", {
        remedy: (say) => `name a .npz or .npy file with ${say.option("from")}`,
      });
    }
    return {
      names: files.map((name) => name.slice(0, -".npy".length)),
      async read(name) {
        const file = join(path, files.find((each) => each.slice(0, -".npy".length) === name)!);
        return parseNpy(await readRegularFile(file, { maxBytes: maxBytes ?? mostBytes }), file);
      },
    };
  }
  const bytes = await readRegularFile(path, { maxBytes: mostBytes });
  if (isNpy(bytes)) return { names: ["images"], read: () => parseNpy(bytes, path) };
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    return parseNpz(bytes, { source: path, maxBytes: maxBytes ?? mostBytes });
  }
  throw new DataFormatError(path, "it begins as neither .npz nor .npy files do");
}
