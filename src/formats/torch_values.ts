/** What is in a `.pt` file besides networks: tensors, arrays, lists of numbers. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { isDangerous } from "./pickle_dangers.ts";
import { isPickleGlobal, PickledObject } from "./pickled_object.ts";
import type { StoredTensor } from "./safetensors.ts";
import { numpyArray } from "./torch_globals.ts";

/** Whether a value is a tensor as this package holds them. */
export function isStoredTensor(value: unknown): value is StoredTensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value;
}

/**
 * A tensor or an array of NumPy, as a pickle or a file of PyTorch holds it; undefined for anything else.
 *
 * @example
 * ```ts
 * import { parseTorch, tensorOf, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * // A list is none.
 * assertEquals(tensorOf(parseTorch(writeTorchList([3, 5]))), undefined);
 * ```
 *
 * @throws RangeError if it is a damaged array, or one that holds no numbers.
 * @category Formats
 */
export function tensorOf(value: unknown): StoredTensor | undefined {
  return isStoredTensor(value) ? value : numpyArray(value);
}

/**
 * A list, or a table of rows, of numbers.
 *
 * @category Formats
 */
export interface NumberTable {
  /** `[n]` of a list, `[rows, columns]` of a table. */
  readonly shape: readonly [number] | readonly [number, number];
  /** Row by row. */
  readonly values: readonly number[];
}

/**
 * Reads numbers out of what `parseTorch` or `parseNpy` gave: lists, tuples, tensors or arrays, nested
 * or of single numbers, integers or floats.
 *
 * @example
 * ```ts
 * import { numberTable } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(numberTable([[1, 2], [3, 4]]), { shape: [2, 2], values: [1, 2, 3, 4] });
 * ```
 *
 * @throws DataFormatError if it is something else, rows differ in length, or there are no numbers.
 * @category Formats
 */
export function numberTable(value: unknown, source = "list"): NumberTable {
  const fail = (problem: string): never => {
    throw new DataFormatError(source, `${problem}, expected a list of numbers`);
  };
  const rows = numbersIn(value, { depth: 0, left: { numbers: maxNumbers }, fail });
  if (!Array.isArray(rows)) return fail(`it holds ${describe(value)}`);
  if (rows.length === 0) return fail("the list is empty");
  const flat = rows.map((row) => typeof row === "number" ? [row] : row);
  const columns = flat[0]!.length;
  const values = flat.flat();
  if (!values.every((n): n is number => typeof n === "number")) {
    return fail("the list is nested more than twice");
  }
  if (flat.some((row) => row.length !== columns) || columns === 0) {
    return fail("the rows differ in length or are empty");
  }
  return {
    shape: rows.some((row) => typeof row !== "number") ? [rows.length, columns] : [rows.length],
    values,
  };
}

const maxNumbers = 1_000_000;

type Nested = number | Nested[];

/** Plain numbers in plain lists; a list of tensors of one value each is a list of numbers. */
function numbersIn(
  value: unknown,
  { depth, left, fail }: {
    depth: number;
    left: { numbers: number };
    fail: (problem: string) => never;
  },
): Nested {
  if (depth > 2) fail("the list is nested more than twice");
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  // A list may contain another one many times without being long itself.
  const count = (numbers: number) => {
    left.numbers -= numbers;
    if (left.numbers < 0) fail(`there are more than ${maxNumbers} numbers`);
  };
  if (Array.isArray(value)) {
    count(value.length);
    return value.map((item) => numbersIn(item, { depth: depth + 1, left, fail }));
  }
  const tensor = value instanceof PickledObject ? arrayOf(value, fail) : value;
  if (!isStoredTensor(tensor)) return fail(`it holds ${describe(value)}`);
  count(tensor.data.length);
  const numbers = Array.from(tensor.data, Number);
  const single = numbers.length === 1 && (depth > 0 || tensor.shape.length === 0);
  if (single) return numbers[0]!;
  const [rows, columns, ...more] = tensor.shape;
  if (more.length > 0) return fail(`a tensor has shape ${quoted(tensor.shape)}`);
  if (columns === undefined) return numbers;
  return Array.from(
    { length: rows! },
    (_, i) => numbers.slice(i * columns, (i + 1) * columns),
  );
}

/** A NumPy array; the problem, if it is damaged, is told as the list's. */
function arrayOf(value: PickledObject, fail: (problem: string) => never): StoredTensor | undefined {
  try {
    return numpyArray(value);
  } catch (error) {
    if (error instanceof ArgumentError) return fail(error.message);
    throw error;
  }
}

/** What a value is, in a few words. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing (None)";
  if (value instanceof PickledObject) {
    const name = oneLine(value.type.name, 60);
    return isDangerous(name)
      ? `a call of ${quoted(name)}, which was not run`
      : `an object of ${name}`;
  }
  if (isPickleGlobal(value)) return `the name ${quoted(value.name, 60)}`;
  if (value instanceof Map) {
    const keys = [...value.keys()].slice(0, 4).map((key) => quoted(key, 24));
    return `a dictionary${keys.length > 0 ? ` of ${keys.join(", ")}` : ""}`;
  }
  if (isStoredTensor(value)) return `a tensor of shape ${quoted(value.shape)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "bigint") return "a whole number of more than 53 bits";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
