/** The features of FID: pool3 of the Inception network of a file that the user has. */
import { readRegularFile } from "../../src/core/file_system.ts";
import { gatherImages, type ImageShape } from "../../src/core/image_batch.ts";
import {
  inceptionFeatures,
  inceptionProbabilities,
} from "../../src/networks/inception/inception_features.ts";
import {
  type InceptionNetwork,
  readInception,
} from "../../src/networks/inception/inception_weights.ts";
import { CommandError } from "../cli/command.ts";
import type { FeatureKind } from "./quality_features.ts";

/**
 * The features of a file.
 *
 * @throws CommandError if there is no file, or images are neither gray nor of three colors.
 */
export async function inceptionKind(
  path: string | undefined,
  [, , channels]: ImageShape,
): Promise<FeatureKind> {
  if (path === undefined) {
    throw new CommandError(
      "--features inception needs the weights of pt_inception-2015-12-05, which this package does " +
        "not ship: name the file with --inception",
    );
  }
  if (channels !== 1 && channels !== 3) {
    throw new CommandError(
      `--features inception takes images of 1 or 3 channels, these have ${channels}`,
    );
  }
  return kindOfNetwork(await readInception(await readRegularFile(path), path), path);
}

/** The features of a network: made image by image, and kept as they come, since each takes a second. */
export function kindOfNetwork(network: InceptionNetwork, path: string): FeatureKind {
  const { sha256, published, features: width } = network;
  return {
    name: "inception",
    about: `pool3 (${width} values) of the Inception network of ${path}, SHA-256 ${sha256}, ` +
      (published
        ? "the published inception-2015-12-05"
        : "not the published file: distances by it are called neither FID nor KID"),
    identity: sha256,
    rowsPerImage: 1,
    slow: true,
    ...published && { names: { frechet: "FID", kernel: "KID" } },
    of: async (images, { abort, kept, onProgress }) => {
      using store = await kept(width);
      const done = new Set(store.done);
      const missing = Array.from({ length: images.shape[0] }, (_, i) => i)
        .filter((i) => !done.has(i));
      await inceptionFeatures(network, gatherImages(images, missing), {
        abort,
        onBatch: (rows, first) =>
          store.writeBatch(
            new Map(
              Array.from({ length: rows.length / width }, (_, i) => [
                missing[first + i]!,
                { features: rows.subarray(i * width, (i + 1) * width) },
              ]),
            ),
          ),
        onProgress: (some) => onProgress(done.size + some),
      });
      const { data } = store.all("features");
      const features = { data, shape: [images.shape[0], width] as const };
      return { features, probabilities: inceptionProbabilities(network, features) };
    },
  };
}
