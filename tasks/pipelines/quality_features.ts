/** What images are compared by: features, by the names that flags have for them. */
import type { ImageBatch, ImageShape } from "../../src/core/image_batch.ts";
import { readRegularFile } from "../../src/core/file_system.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { patchFeatures, pixelFeatures } from "../../src/evaluation/quality/image_features.ts";
import type { Features } from "../../src/evaluation/quality/features.ts";
import { classify } from "../../src/networks/classifiers/classify.ts";
import {
  readClassifier,
  type TrainedClassifier,
} from "../../src/networks/classifiers/classifier_weights.ts";
import type { ImageStore } from "../../src/runs/image_store.ts";
import { classifierEntries, findClassifier, loadClassifier } from "../../src/zoo/classifiers.ts";
import { CommandError } from "../cli/command.ts";
import { inceptionKind } from "./quality_inception.ts";

/** Names of features. */
export const featureNames = ["classifier", "pixels", "patches", "inception"] as const;

/** Name of features. */
export type FeatureName = (typeof featureNames)[number];

/** Features of images, and class probabilities where they come from a classifier. */
export interface ImageFeatures {
  readonly features: Features;
  readonly probabilities?: Features;
}

/** One way to make features. */
export interface FeatureKind {
  readonly name: FeatureName;
  /** What they are, so that a number is never told without it. */
  readonly about: string;
  /** Whatever decides them, for the run's identity. */
  readonly identity: string;
  /** Rows for each image. */
  readonly rowsPerImage: number;
  /** Each image takes so long that shards make the features of their own. */
  readonly slow?: true;
  /** Names that distances by these features have earned, in place of those that say what they are. */
  readonly names?: { readonly frechet: string; readonly kernel: string };
  /** Makes them. */
  readonly of: (images: ImageBatch, options: FeatureOptions) => Promise<ImageFeatures>;
}

/** How features are made. */
export interface FeatureOptions {
  readonly abort: AbortSignal;
  /** Opens the file in which features that take long are kept, so many values of each image. */
  readonly kept: (width: number) => Promise<ImageStore>;
  readonly onProgress: (done: number) => void;
}

/** Patches of each image, and their size, for features. */
const [patchesPerImage, patchSize] = [8, 7];

/**
 * The features of names.
 *
 * @throws CommandError if a name is none, or there is no classifier of these images.
 */
export async function featureKinds(
  names: string | undefined,
  { dataset, imageShape, classifier, inception }: {
    readonly dataset: string;
    readonly imageShape: ImageShape;
    readonly classifier: string | undefined;
    readonly inception: string | undefined;
  },
): Promise<FeatureKind[]> {
  const shipped = classifierEntries.some(({ name, architecture }) =>
    name === dataset && architecture.imageShape.join() === imageShape.join()
  );
  const usual = classifier !== undefined || shipped ? "classifier,patches" : "pixels,patches";
  const wanted = [...new Set((names ?? usual).split(",").map((name) => name.trim()))];
  return await Promise.all(wanted.map((name) => {
    switch (name) {
      case "classifier":
        return classifierKind(classifier, { dataset, imageShape, shipped });
      case "inception":
        return inceptionKind(inception, imageShape);
      case "pixels":
        return {
          name,
          about: "the pixels themselves",
          identity: name,
          rowsPerImage: 1,
          of: (images: ImageBatch) => Promise.resolve({ features: pixelFeatures(images) }),
        };
      case "patches":
        return {
          name,
          about: `${patchesPerImage} patches of ${patchSize} x ${patchSize} pixels of each image`,
          identity: `${patchesPerImage} of ${patchSize}`,
          rowsPerImage: patchesPerImage,
          of: (images: ImageBatch) =>
            Promise.resolve({
              features: patchFeatures(images, {
                patchSize,
                patches: patchesPerImage * images.shape[0],
              }),
            }),
        };
      default:
        throw new CommandError(
          `--features names ${JSON.stringify(name)}, expected some of ${featureNames.join(", ")}`,
        );
    }
  }));
}

/** The last hidden layer of a classifier: one that ships, or that of a file. */
async function classifierKind(
  path: string | undefined,
  { dataset, imageShape, shipped }: {
    readonly dataset: string;
    readonly imageShape: ImageShape;
    readonly shipped: boolean;
  },
): Promise<FeatureKind> {
  if (path === undefined && !shipped) {
    throw new CommandError(
      `There is no classifier of ${dataset} for images of ${
        imageShape.join(" x ")
      }: give one with ` +
        "--classifier, or other features with --features pixels,patches",
    );
  }
  const { trained, from, sha256 } = await foundClassifier(path, dataset);
  const { architecture, features } = trained.classifier;
  if (architecture.imageShape.join() !== imageShape.join()) {
    throw new CommandError(
      `${from} takes images of ${architecture.imageShape.join(" x ")}, these are ${
        imageShape.join(" x ")
      }`,
    );
  }
  return {
    name: "classifier",
    about: `last hidden layer (${features} values) of ${from}`,
    identity: sha256,
    rowsPerImage: 1,
    of: (images, { abort, onProgress }) => classify(trained, images, { abort, onProgress }),
  };
}

async function foundClassifier(
  path: string | undefined,
  dataset: string,
): Promise<
  { readonly trained: TrainedClassifier; readonly from: string; readonly sha256: string }
> {
  if (path !== undefined) {
    const bytes = await readRegularFile(path);
    return { trained: readClassifier(bytes, path), from: path, sha256: await sha256Hex(bytes) };
  }
  const { weights: { sha256 }, accuracy } = findClassifier(dataset);
  return {
    trained: await loadClassifier(dataset),
    from:
      `the classifier of ${dataset} that ships (${
        (100 * accuracy).toFixed(1)
      } % right on held-out ` +
      "images)",
    sha256,
  };
}
