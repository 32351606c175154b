/** CIFAR's Python version: pickles of a dictionary of labels and of an array of pixels. Nothing of them runs. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { unpickle } from "../formats/pickle.ts";
import { bytesFor, LimitMeter } from "../formats/read_limits.ts";
import type { StoredTensor } from "../formats/stored_tensor.ts";
import { numpyArray, torchGlobals } from "../formats/torch_globals.ts";
import { describe, isStoredTensor } from "../formats/torch_values.ts";
import { type CifarFile, cifarRecordBytes, cifarValues } from "./cifar_records.ts";

/** Values of a pickle: 50,000 labels, and names of files as bytes, which count most. */
const mostItems = 10_000_000;

/** Whether bytes begin as a pickle does: no record of the binary version begins with such a label. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1]! <= 5 || bytes[0] === 0x28;
}

/**
 * Reads a batch of the Python version into the records of the binary one.
 *
 * @param bytes The whole file.
 * @throws ReadLimitError if it makes more values than such a batch needs.
 * @throws DataFormatError if it is no pickle, or none of such a batch.
 */
export function cifarPythonRecords(
  bytes: Uint8Array,
  { set, source, records }: CifarFile,
): Uint8Array {
  const fail = (problem: string): never => {
    throw new DataFormatError(source, problem);
  };
  const allowed = bytesFor(bytes.length);
  const memory = new LimitMeter("maxBytes", { source, what: "the pickle", allowed });
  const load = () => {
    throw new ArgumentError("it holds a file of torch.save");
  };
  const { value } = unpickle(bytes, {
    ...{ source, maxItems: mostItems, find: torchGlobals({ memory, load }) },
  });
  if (!(value instanceof Map)) {
    return fail(`the pickle holds ${describe(value)}, expected a dictionary`);
  }
  // In Python 2 the keys are strings, in Python 3 often bytes.
  const batch = new Map([...value].map(([key, held]) => [textOf(key), held] as const));
  const keys = ["data", ...set.labels.map(({ key }) => key)];
  if (!keys.every((key) => batch.has(key))) {
    return fail(
      `the pickle holds ${describe(batch)}, expected ${keys.join(", ")} as ${set.title}'s Python ` +
        "version has them",
    );
  }
  const held = batch.get("data");
  const data = arrayOf(held, fail);
  const [count = 0, values] = data?.shape ?? [];
  if (data?.dtype !== "U8" || data.shape.length !== 2 || values !== cifarValues || count === 0) {
    return fail(
      `its data is ${describe(data ?? held)}, expected bytes of shape [images, ${cifarValues}]`,
    );
  }
  if (records !== undefined && count !== records) fail(`${count} images, expected ${records}`);
  const recordBytes = cifarRecordBytes(set);
  memory.take(count * recordBytes);
  const out = new Uint8Array(count * recordBytes);
  for (const [j, { key, classes }] of set.labels.entries()) {
    const labels = numbersOf(batch.get(key), fail);
    if (labels?.length !== count) {
      return fail(`${labels?.length ?? "no"} ${key}, expected one for each of ${count} images`);
    }
    labels.forEach((label, i) => {
      if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
        fail(`${key} has ${quoted(label)} for image ${i}, expected 0 to ${classes - 1}`);
      }
      out[i * recordBytes + j] = label;
    });
  }
  for (let i = 0; i < count; i++) {
    const pixels = data.data.subarray(i * cifarValues, (i + 1) * cifarValues) as Uint8Array;
    out.set(pixels, i * recordBytes + set.labels.length);
  }
  return out;
}

const textOf = (key: unknown): unknown =>
  key instanceof Uint8Array ? String.fromCharCode(...key.subarray(0, 100)) : key;

/** An array of NumPy's; undefined for anything else. */
function arrayOf(value: unknown, fail: (problem: string) => never): StoredTensor | undefined {
  if (isStoredTensor(value)) return value;
  try {
    return numpyArray(value);
  } catch (error) {
    if (error instanceof ArgumentError) return fail(error.message);
    throw error;
  }
}

/** A list of numbers, or an array of one axis; undefined for anything else. */
function numbersOf(
  value: unknown,
  fail: (problem: string) => never,
): readonly number[] | undefined {
  if (Array.isArray(value)) return value as number[];
  const array = arrayOf(value, fail);
  return array?.shape.length === 1 ? Array.from(array.data, Number) : undefined;
}
