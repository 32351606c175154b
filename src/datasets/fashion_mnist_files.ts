import { join } from "@std/path";
import { pairRemarks, parseIdxPair } from "./idx_pair.ts";
import { findIdxPair } from "./idx_search_files.ts";
import { downloadsFolder, locateDataset } from "./locate_files.ts";
import { type DatasetSource, type OfficialFile, openInMemory } from "./source.ts";
import { verifySha256 } from "./verify.ts";

/** Names of FashionMNIST's classes. */
export const fashionMnistClassNames: readonly string[] = [
  ...["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"],
  ...["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
];

const folders = [
  join(downloadsFolder(), "fashion-mnist"),
  // Debian's package dataset-fashion-mnist.
  "/usr/share/datasets/fashion-mnist",
];

/** SHA-256 of what the files hold when they are not compressed. */
const contents: Readonly<Record<string, { readonly images: string; readonly labels: string }>> = {
  train: {
    images: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    labels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  },
  test: {
    images: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    labels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
};

const official = (name: string, bytes: number, hex: string): OfficialFile => ({
  name,
  url:
    `https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/${name}`,
  bytes,
  checksum: { algorithm: "md5", hex },
});

/**
 * FashionMNIST (Xiao, Rasul and Vollgraf, arXiv 1708.07747) at its own size, 28 x 28: from where
 * `deno task data` or Debian's package put it, checked against the known SHA-256, or from the IDX files
 * below a folder or in an archive.
 */
export const fashionMnistSource: DatasetSource = {
  name: "fashion-mnist",
  about: {
    what: "articles of clothing, 60,000 + 10,000, gray, 28 x 28, 10 classes",
    license: "MIT, Zalando SE",
    page: "https://github.com/zalandoresearch/fashion-mnist",
  },
  folders,
  archive: {
    files: [
      official("train-images-idx3-ubyte.gz", 26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
      official("train-labels-idx1-ubyte.gz", 29515, "25c81989df183df01b3e8a0aad5dffbe"),
      official("t10k-images-idx3-ubyte.gz", 4422102, "bef4ecab320f06d8554ea6380940ec79"),
      official("t10k-labels-idx1-ubyte.gz", 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
    ],
  },
  async open(request) {
    const { split, from } = request;
    const folder = await locateDataset("fashion-mnist", { from, folders });
    const pair = await findIdxPair(folder, {
      ...request,
      names: { set: "fashion-mnist", largestPart: 60_000 },
    });
    if (from === undefined) {
      for (const part of ["images", "labels"] as const) {
        const { bytes, source } = pair[part];
        await verifySha256(bytes, source, {
          expected: contents[split]![part],
          remedy: (say) =>
            `the file is damaged: fetch it anew or name other files with ${say.option("from")}`,
        });
      }
    }
    const opened = openInMemory(parseIdxPair(pair), fashionMnistClassNames);
    return from === undefined ? opened : { ...opened, remarks: pairRemarks(pair, "fashion-mnist") };
  },
};
