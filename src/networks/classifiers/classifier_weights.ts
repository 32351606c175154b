/** Trained classifiers as files. */
import { CheckpointMismatchError, isToolkitError } from "../../core/errors.ts";
import { quoted } from "../../core/quoted.ts";
import { parseSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import { type FlatParameters, fromStateDict, toStateDict } from "../weights/parameters.ts";
import { parseMetadata } from "../weights/parse_metadata.ts";
import { type Classifier, type ClassifierArchitecture, createClassifier } from "./classifier.ts";

const FORMAT = "els-classifier";
const VERSION = "1";

/**
 * A classifier with weights.
 *
 * @category Networks
 */
export interface TrainedClassifier {
  /** The classifier. */
  readonly classifier: Classifier;
  /** Its parameters. */
  readonly parameters: FlatParameters;
  /** How it was trained: free data for provenance. */
  readonly training: Readonly<Record<string, unknown>>;
}

/**
 * Writes a classifier that describes itself, as safetensors.
 *
 * @example
 * ```ts
 * import {
 *   createClassifier,
 *   initialParameters,
 *   Random,
 *   readClassifier,
 *   writeClassifier,
 * } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const classifier = createClassifier({
 *   kind: "small-convolutional",
 *   imageShape: [8, 8, 1],
 *   classes: 2,
 *   widths: [8],
 * });
 * const parameters = initialParameters(classifier.parameters, new Random(1));
 * const bytes = writeClassifier({ classifier, parameters, training: { epochs: 0 } });
 * assertEquals(readClassifier(bytes, "mine").parameters, parameters);
 * ```
 *
 * @param options.half Store 16-bit floats, half the size and about three digits. Default false.
 * @category Networks
 */
export function writeClassifier(
  trained: TrainedClassifier,
  options: { readonly half?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { classifier, parameters, training } = trained;
  const dtype = options.half ? "F16" as const : "F32" as const;
  const arrays = [...toStateDict(classifier.parameters, parameters)]
    .map(([name, { shape, data }]) => [name, { dtype, shape, data }] as const);
  return writeSafetensors(new Map(arrays), {
    checksum: true,
    metadata: {
      format: FORMAT,
      version: VERSION,
      architecture: JSON.stringify(classifier.architecture),
      training: JSON.stringify(training),
    },
  });
}

/**
 * Reads what {@linkcode writeClassifier} wrote.
 *
 * @example
 * ```ts
 * import { readClassifier } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * // One that ships with this package.
 * const bytes = await Deno.readFile("data/classifiers/mnist.safetensors");
 * assertEquals(readClassifier(bytes, "mnist.safetensors").classifier.features, 64);
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws DataFormatError if the bytes are no intact safetensors file.
 * @throws CheckpointMismatchError if they hold something else than a classifier of ours.
 * @category Networks
 */
export function readClassifier(bytes: Uint8Array, source: string): TrainedClassifier {
  const { tensors, metadata } = parseSafetensors(bytes, source);
  if (metadata.format !== FORMAT || metadata.version !== VERSION) {
    throw new CheckpointMismatchError(
      `${source}: the metadata's format is ${quoted(metadata.format)} of version ${
        quoted(metadata.version)
      }, expected "${FORMAT}" of version ${VERSION}`,
    );
  }
  const classifier = describedClassifier(metadata.architecture ?? "", source);
  const arrays = new Map<string, { shape: readonly number[]; data: ArrayLike<number> }>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== "F32" && dtype !== "F16") {
      throw new CheckpointMismatchError(`${source}: ${name} is ${dtype}, weights are F32 or F16`);
    }
    arrays.set(name, { shape, data });
  }
  const training = parseMetadata(metadata.training ?? "{}", "its training record", source);
  return {
    classifier,
    parameters: fromStateDict(classifier.parameters, arrays, source),
    training: isRecord(training) ? training : {},
  };
}

/** The classifier of a description; weights must fit it, so that no size in it is believed unseen. */
function describedClassifier(text: string, source: string): Classifier {
  const described = parseMetadata(text, "its architecture", source);
  const { kind, imageShape, classes, widths } = isRecord(described) ? described : {};
  const numbers = (value: unknown, most: number): value is number[] =>
    Array.isArray(value) && value.length <= most &&
    value.every((each) => Number.isInteger(each) && each > 0 && each <= 4096);
  if (
    kind !== "small-convolutional" || !numbers(imageShape, 3) || imageShape.length !== 3 ||
    !numbers([classes], 1) || !numbers(widths, 8)
  ) {
    throw new CheckpointMismatchError(
      `${source}: the architecture ${quoted(text)} is none of a classifier`,
    );
  }
  try {
    return createClassifier(
      { kind, imageShape, classes, widths } as unknown as ClassifierArchitecture,
    );
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    throw new CheckpointMismatchError(`${source}: ${(error as Error).message}`, { cause: error });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
