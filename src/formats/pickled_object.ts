/** What stands for classes, functions and objects of Python: names and data, never code. */

/**
 * What a name that a pickle imports stands for.
 *
 * @category Formats
 */
export interface PickleGlobal {
  /** Python's full name, such as "collections.OrderedDict". */
  readonly name: string;
  /** What calling it gives; absent: the result is an inert {@linkcode PickledObject}. */
  readonly make?: (args: readonly unknown[]) => unknown;
  /** It is a mere name and must not be called. */
  readonly inert?: true;
}

/**
 * An instance of a class, or what a function would give, as its name, arguments and state: nothing of it
 * ever runs.
 *
 * @example
 * ```ts
 * import { PickledObject } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * // What parseTorch gives in place of a module of PyTorch, which it does not run.
 * const module = new PickledObject({ name: "torch.nn.modules.linear.Linear" }, []);
 * assertEquals(module.type.name, "torch.nn.modules.linear.Linear");
 * ```
 *
 * @category Formats
 */
export class PickledObject {
  /** Its class, or the function that was to make it. */
  readonly type: PickleGlobal;
  /** What its constructor was given. */
  readonly args: readonly unknown[];
  /** Its attributes, usually a Map; undefined where the pickle sets none. */
  state: unknown;
  /** What it has by key, where its class is a kind of dictionary. */
  entries: Map<unknown, unknown> | undefined;
  /** What was appended or added to it, where its class is a kind of list or set. */
  items: unknown[] | undefined;

  /** Makes an object without state. */
  constructor(type: PickleGlobal, args: readonly unknown[]) {
    this.type = type;
    this.args = args;
  }
}

/**
 * Attributes that Python keeps beside the entries of a dictionary, such as the _metadata of a state dict: they
 * say nothing about values.
 */
export const attributesOfDictionaries: WeakMap<Map<unknown, unknown>, unknown> = new WeakMap();

/** Whether a value is a class or function by its name, not something made by calling it. */
export function isPickleGlobal(value: unknown): value is PickleGlobal {
  return typeof value === "object" && value !== null && !(value instanceof PickledObject) &&
    "name" in value && typeof value.name === "string";
}

/**
 * The attributes of an object; empty where it has none. Python keeps them in a dictionary, of which classes
 * with slots have a second one.
 *
 * @example
 * ```ts
 * import { attributesOf, PickledObject } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const args = new PickledObject({ name: "argparse.Namespace" }, []);
 * args.state = new Map([["lr", 1e-3]]);
 * assertEquals(attributesOf(args).get("lr"), 1e-3);
 * ```
 *
 * @category Formats
 */
export function attributesOf(object: PickledObject): ReadonlyMap<unknown, unknown> {
  const { state } = object;
  if (state instanceof Map) return state;
  if (!Array.isArray(state) || state.length !== 2) return new Map();
  const [own, slots] = state as readonly unknown[];
  if (!(own instanceof Map || own === null) || !(slots instanceof Map)) return new Map();
  return new Map([...own ?? [], ...slots]);
}

/**
 * A value as a dictionary: a Map itself, or what an object of a kind of dictionary has; undefined for anything
 * else.
 *
 * @example
 * ```ts
 * import { dictionaryOf, PickledObject } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const settings = new PickledObject({ name: "dnnlib.util.EasyDict" }, []);
 * settings.entries = new Map([["resolution", 32]]);
 * assertEquals(dictionaryOf(settings)?.get("resolution"), 32);
 * assertEquals(dictionaryOf([1, 2]), undefined);
 * ```
 *
 * @category Formats
 */
export function dictionaryOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  return value instanceof Map ? value : value instanceof PickledObject ? value.entries : undefined;
}
