import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { partOfPath } from "./array_images.ts";
import { downloadsFolder, locateDataset } from "./locate_files.ts";
import { kindOf } from "./open_files.ts";
import { readRegularFile } from "../core/file_system.ts";
import { searchFiles } from "./search_files.ts";
import type { DatasetSource, Split } from "./source.ts";
import { openSvhn } from "./svhn.ts";

const folders = [join(downloadsFolder(), "svhn")];
/** A variable of the extra part, 531,131 images, and slack. */
const mostBytes = 2 ** 31;

/** SVHN (Netzer et al. 2011), its cropped digits: `train_32x32.mat` and `test_32x32.mat`, or one such file. */
export const svhnSource: DatasetSource = {
  name: "svhn",
  about: {
    what: "digits of house numbers, 73,257 + 26,032, color, 32 x 32, 10 classes",
    license: "non-commercial use only; the authors ask to cite Netzer et al. 2011",
    page: "http://ufldl.stanford.edu/housenumbers/",
  },
  folders,
  async open({ split, from, maxBytes = mostBytes }) {
    const place = await locateDataset("svhn", { from, folders });
    const path = await kindOf(place) === "file" ? fileOf(place, split) : await findIn(place, split);
    return openSvhn(await readRegularFile(path), { source: path, maxBytes });
  },
};

/** A file that was named, unless its name is that of the other part. */
function fileOf(path: string, split: Split): string {
  const own = partOfPath(basename(path)) ?? "train";
  if (own === split) return path;
  throw new DataFormatError(path, `by its name it is the ${own} part, not ${split}`, {
    remedy: (say) => `name the folder or file of that part with ${say.option("from")}`,
  });
}

async function findIn(folder: string, split: Split): Promise<string> {
  const wanted = `${split}_32x32.mat`;
  const { files } = await searchFiles(folder, {
    wanted: (name) => name.toLowerCase() === wanted,
    enough: (found) => found.length > 0,
  });
  const [first, second] = files;
  if (first === undefined) {
    throw new DataFormatError(folder, `no ${wanted} in it or in the folders below`, {
      remedy: (say) => `${say.fetch("svhn")}, or name the file with ${say.option("from")}`,
    });
  }
  if (second !== undefined) {
    throw new DataFormatError(
      folder,
      `both ${quoted(first.path)} and ${quoted(second.path)} in it`,
      {
        remedy: (say) => `name one of them with ${say.option("from")}`,
      },
    );
  }
  return first.source;
}
