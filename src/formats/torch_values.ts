/** What is in a `.pt` file: a network's state dict, or a list of numbers. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { PickledObject } from "./pickle.ts";
import {
  checkLimit,
  defaultMaxDepth,
  defaultMaxText,
  LimitMeter,
  type ReadLimits,
} from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { numpyArray } from "./torch_globals.ts";

/**
 * A network as a `.pt` file holds it.
 *
 * @category Formats
 */
export interface TorchStateDict {
  /** Parameters and buffers by PyTorch's names, in its layouts (convolutions `[out, in, k, k]`). */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The whole module, if the file holds one rather than a state dict: an inert record. */
  readonly module?: PickledObject;
}

/**
 * Options of {@linkcode torchStateDict}.
 *
 * @category Formats
 */
export type TorchStateDictOptions = Pick<ReadLimits, "maxItems" | "maxDepth">;

/** Where checkpoints keep a state dict or module among other things, in the order of preference. */
const usualKeys = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "network",
  "net",
  "backbone",
  "weights",
  "params",
];

/** Whether a value is a tensor as this package holds them. */
export function isStoredTensor(value: unknown): value is StoredTensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value;
}

/** The attributes of a module; empty where it has none. */
export function attributesOf({ state }: PickledObject): ReadonlyMap<unknown, unknown> {
  return state instanceof Map ? state : new Map();
}

/**
 * Finds the state dict in what `parseTorch` read: the dictionary itself, one under a usual key such
 * as "model_state_dict", or that of a whole module.
 *
 * @example
 * ```ts
 * import { parseTorch, torchStateDict, writeTorchStateDict } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = writeTorchStateDict(new Map([["bias", bias]]));
 * const { tensors } = torchStateDict(parseTorch(bytes), "weights.pt");
 * assertEquals(tensors.get("bias"), bias);
 * ```
 *
 * @throws ReadLimitError if modules are nested deeper than `maxDepth` (100), as those are that contain
 * themselves, or there are more than `maxItems` modules and tensors (100,000): a module that others
 * share counts once for each of its names.
 * @throws DataFormatError if there is none.
 * @category Formats
 */
export function torchStateDict(
  value: unknown,
  source = "pt",
  options: TorchStateDictOptions = {},
): TorchStateDict {
  let [found, place] = [value, source];
  for (let depth = 0;; depth++) {
    if (depth === deepestCheckpoint) {
      throw new DataFormatError(
        source,
        `its dictionaries are nested ${depth} levels deep, expected a network within fewer`,
      );
    }
    if (found instanceof PickledObject) {
      const tensors = tensorsOf(found, { ...options, source: place });
      if (tensors.size > 0) return { tensors, module: found };
    }
    if (!(found instanceof Map)) break;
    const tensors = asTensors(found);
    if (tensors !== undefined) return { tensors };
    const within: ReadonlyMap<unknown, unknown> = found;
    const key = usualKeys.find((each) => {
      const inner = within.get(each);
      return inner instanceof Map || inner instanceof PickledObject;
    });
    if (key === undefined) break;
    [found, place] = [within.get(key), `${place} (${key})`];
  }
  throw new DataFormatError(
    place,
    `it holds ${describe(found)}, expected a network: a module, or a state dict of tensors`,
  );
}

/** Checkpoints in checkpoints; one that contains itself has no end. */
const deepestCheckpoint = 8;

/** A dictionary of nothing but tensors by name. */
function asTensors(value: ReadonlyMap<unknown, unknown>): Map<string, StoredTensor> | undefined {
  if (value.size === 0) return undefined;
  for (const [name, tensor] of value) {
    if (typeof name !== "string" || !isStoredTensor(tensor)) return undefined;
  }
  return new Map(value) as Map<string, StoredTensor>;
}

/** Modules and tensors of a network; large language models have some thousands. */
const usualModules = 100_000;

/** Parameters and buffers of a module and of those in it, in PyTorch's order and by its names. */
function tensorsOf(
  root: PickledObject,
  { source, maxItems = usualModules, maxDepth = defaultMaxDepth }: TorchStateDictOptions & {
    readonly source: string;
  },
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const what = "the network, whose modules may contain each other,";
  const visits = new LimitMeter("maxItems", { source, what, allowed: maxItems });
  const names = new LimitMeter("maxText", { source, what, allowed: defaultMaxText });
  const pending = [{ module: root, prefix: "", depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { module, prefix, depth } = next;
    visits.take(1);
    checkLimit("maxDepth", depth, { source, what, allowed: maxDepth });
    const attributes = attributesOf(module);
    const members = (name: string) => {
      const found = attributes.get(name);
      return found instanceof Map ? [...found as Map<unknown, unknown>] : [];
    };
    const full = (name: unknown) => {
      if (typeof name !== "string") {
        throw new DataFormatError(source, `a part of the network is called ${quoted(name)}`);
      }
      names.take(prefix.length + name.length + 1);
      return `${prefix}${name}`;
    };
    for (const [name, tensor] of [...members("_parameters"), ...members("_buffers")]) {
      if (!isStoredTensor(tensor)) continue;
      visits.take(1);
      tensors.set(full(name), tensor);
    }
    const children = members("_modules").flatMap(([name, child]) =>
      child instanceof PickledObject
        ? [{ module: child, prefix: `${full(name)}.`, depth: depth + 1 }]
        : []
    );
    pending.push(...children.toReversed());
  }
  return tensors;
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
  if (value instanceof PickledObject) return `an object of ${oneLine(value.type.name, 60)}`;
  if (value instanceof Map) {
    const keys = [...value.keys()].slice(0, 4).map((key) => quoted(key, 24));
    return `a dictionary${keys.length > 0 ? ` of ${keys.join(", ")}` : ""}`;
  }
  if (isStoredTensor(value)) return `a tensor of shape ${quoted(value.shape)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "bigint") return "a whole number of more than 53 bits";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
