/** What weights say of their training, as far as commands go by it. */
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { quoted } from "../../src/core/quoted.ts";
import type { ClassesFrom, SplitName } from "../../src/datasets/source.ts";

/** What commands go by; all else in the record is free. */
export interface TrainingRecord {
  /** Short name for folders and tables. */
  readonly name?: string;
  /** Data set by its name in the registry, the file or folder that it was in, and its checksum. */
  readonly dataset?: string;
  readonly from?: string;
  readonly datasetSha256?: string;
  /** So many images. */
  readonly images?: number;
  /** How a folder of images was read; no seed: the first images. */
  readonly imagesSeed?: number;
  readonly split?: SplitName;
  readonly classesFrom?: ClassesFrom;
  readonly skipUnreadable?: boolean;
  /** Images of these classes only. */
  readonly classes?: readonly number[];
  /** Names of the classes. */
  readonly classNames?: readonly string[];
  readonly colors?: "gray" | "rgb";
}

interface Rule {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const isText = (value: unknown) => typeof value === "string";
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf = (fits: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(fits);
const text: Rule = { expected: "text", fits: isText };
const oneOf = (...words: readonly string[]): Rule => ({
  expected: words.map((word) => `"${word}"`).join(" or "),
  fits: (value) => words.includes(value as string),
});

const rules: Readonly<Record<keyof TrainingRecord, Rule>> = {
  name: text,
  dataset: text,
  from: text,
  datasetSha256: {
    expected: "64 hexadecimal digits",
    fits: (value) => isText(value) && /^[0-9a-f]{64}$/.test(value as string),
  },
  images: { expected: "a positive integer", fits: (value) => isCount(value) && value !== 0 },
  classes: { expected: "a list of whole numbers", fits: listOf(isCount) },
  classNames: { expected: "a list of texts", fits: listOf(isText) },
  colors: oneOf("gray", "rgb"),
  imagesSeed: { expected: "a whole number", fits: isCount },
  split: oneOf("train", "validation", "test", "all"),
  classesFrom: oneOf("top", "parts", "none"),
  skipUnreadable: { expected: "true or false", fits: (value) => typeof value === "boolean" },
};

/**
 * The part of a training record that commands go by, checked.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if a field is something else than it should be. Fields may be missing.
 */
export function checkTrainingRecord(
  training: Readonly<Record<string, unknown>>,
  source: string,
): TrainingRecord {
  for (const [field, { expected, fits }] of Object.entries(rules)) {
    const value = training[field];
    if (value === undefined || fits(value)) continue;
    throw new CheckpointMismatchError(
      `${source}: the training's ${field} is ${quoted(value)}, expected ${expected}`,
    );
  }
  return training;
}
