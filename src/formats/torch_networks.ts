/** The networks in a checkpoint: where each stands, its tensors, and which one is meant. */
import { DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { isDangerous } from "./pickle_dangers.ts";
import {
  attributesOf,
  attributesOfDictionaries,
  dictionaryOf,
  isPickleGlobal,
  PickledObject,
} from "./pickled_object.ts";
import {
  checkLimit,
  defaultMaxDepth,
  defaultMaxText,
  LimitMeter,
  type ReadLimits,
} from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { describe, isStoredTensor } from "./torch_values.ts";

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
  /** What stands under names of the state dict and is no tensor, in a few words each. */
  readonly others?: ReadonlyMap<string, string>;
  /** Attributes of the dictionary, which are no entries of it. */
  readonly attributes?: ReadonlyMap<unknown, unknown>;
  /** Where in the file it stands, such as "ema"; absent: it is all that the file holds. */
  readonly place?: string;
  /** Where the file has networks, this one among them. */
  readonly places?: readonly string[];
}

/**
 * Options of {@linkcode torchStateDict}.
 *
 * @category Formats
 */
export interface TorchStateDictOptions extends Pick<ReadLimits, "maxItems" | "maxDepth"> {
  /**
   * Which of several networks, by the name under which the file has it. Default: the average of the weights
   * where there is one, else the first of the usual names.
   */
  readonly part?: string | undefined;
}

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
  "generator",
  "unet",
  "denoiser",
  "diffusion",
];

/** Whether a name is that of an average of a network's weights, as trainings keep beside them. */
export function namesAverage(name: string): boolean {
  return /(^|[._])(\w*ema|swa|avg|averaged?|shadow|polyak)([._]|$)|_ema|ema_/i.test(name);
}

/** Whether a network's place is the one that was asked for: by its whole name, or by one part of it. */
export function isPart(place: string, part: string): boolean {
  return place === part || place.split(".").includes(part) || place === `${part}.`;
}

/**
 * Finds the network in what `parseTorch` or `parsePickle` read: a dictionary of tensors, one under some key of
 * a checkpoint, or that of a whole module.
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
 * @throws DataFormatError if there is none, or several of which none is usual and none was asked for.
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
    const whole = networkAt(found, { ...options, source: place });
    if (whole?.module) return whole;
    const within = entriesOf(found);
    const parts = within === undefined ? [] : partsOf(within, { ...options, source: place });
    if (parts.length > 0) return chosen(parts, { source, part: options.part });
    if (whole) return whole;
    const key = usualKeys.find((each) => entriesOf(within?.get(each)) !== undefined);
    if (key === undefined) break;
    [found, place] = [within!.get(key), `${place} (${key})`];
  }
  if (found instanceof PickledObject && found.type.name.startsWith("__torch__.")) {
    throw new DataFormatError(
      place,
      "it is a program of TorchScript (torch.jit), which is not run; save the state_dict() of its model",
    );
  }
  throw new DataFormatError(
    place,
    `it holds ${
      dangerIn(found) ?? describe(found)
    }, expected a network: a module, or a state dict ` +
      "of tensors",
  );
}

/** Checkpoints in checkpoints; one that contains itself has no end. */
const deepestCheckpoint = 8;

interface Part extends TorchStateDict {
  readonly place: string;
}

/** What a dictionary or object has by name. */
function entriesOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  const found = dictionaryOf(value);
  if (found !== undefined) return found;
  return value instanceof PickledObject && value.state !== undefined
    ? attributesOf(value)
    : undefined;
}

/** The first thing that Python would run among the values of a dictionary, in a few words. */
function dangerIn(value: unknown): string | undefined {
  for (const [key, inner] of entriesOf(value) ?? []) {
    const type = inner instanceof PickledObject ? inner.type : inner;
    if (isPickleGlobal(type) && isDangerous(type.name)) {
      return `${quoted(type.name, 60)} under ${quoted(key, 40)}, which was not run`;
    }
  }
  return undefined;
}

/** The module or the dictionary of tensors that a value is; undefined if it is neither. */
function networkAt(
  value: unknown,
  options: TorchStateDictOptions & { readonly source: string },
): TorchStateDict | undefined {
  if (value instanceof PickledObject) {
    const { tensors, others } = tensorsOf(value, options);
    if (tensors.size > 0) return { tensors, ...others.size > 0 && { others }, module: value };
  }
  const dictionary = dictionaryOf(value);
  if (dictionary === undefined) return undefined;
  const tensors = new Map<string, StoredTensor>();
  const others = new Map<string, string>();
  for (const [name, inner] of dictionary) {
    if (typeof name !== "string") return undefined;
    const tensor = isStoredTensor(inner) ? inner : undefined;
    if (tensor) tensors.set(name, tensor);
    else others.set(name, describe(inner));
  }
  if (tensors.size === 0) return undefined;
  const attributes = value instanceof Map ? attributesOfDictionaries.get(value) : undefined;
  return {
    tensors,
    ...others.size > 0 && { others },
    ...attributes instanceof Map && { attributes },
  };
}

/** Whether tensors can be those of a network: some have several axes, unlike losses and counters. */
const isNetwork = ({ tensors }: TorchStateDict) =>
  [...tensors.values()].some(({ shape }) => shape.length > 1);

/** The networks under the keys of a checkpoint, and one level below. */
function partsOf(
  within: ReadonlyMap<unknown, unknown>,
  options: TorchStateDictOptions & { readonly source: string },
): Part[] {
  const parts: Part[] = [];
  for (const [key, value] of within) {
    if (typeof key !== "string" || isMachinery(key)) continue;
    const own = networkAt(value, options);
    if (own && isNetwork(own)) {
      parts.push({ ...own, place: key });
      continue;
    }
    for (const [inner, deeper] of entriesOf(value) ?? []) {
      if (typeof inner !== "string" || isMachinery(inner)) continue;
      const found = networkAt(deeper, options);
      if (found && isNetwork(found)) parts.push({ ...found, place: `${key}.${inner}` });
    }
  }
  return parts;
}

/** Keys of what is needed to go on with a training, and the inside of modules. */
const isMachinery = (key: string) =>
  /optim|sched|scaler|^_|callback|loops|^(state|param_groups)$/i.test(key);

/** The part that was asked for; else the average, the first of the usual names, or the only one. */
function chosen(
  parts: readonly Part[],
  { source, part }: { readonly source: string; readonly part: string | undefined },
): TorchStateDict {
  const places = parts.map(({ place }) => place);
  const asked = part === undefined ? undefined : parts.find(({ place }) => isPart(place, part));
  const rank = ({ place }: Part) => {
    const at = usualKeys.findIndex((key) => isPart(place, key));
    return at < 0 ? usualKeys.length : at;
  };
  const usual = parts.toSorted((a, b) => rank(a) - rank(b))[0]!;
  // One network may hold several of its own, of which the caller finds the part by its names.
  const found = asked ?? parts.find(({ place }) => namesAverage(place)) ??
    (parts.length === 1 || rank(usual) < usualKeys.length ? usual : undefined);
  if (found === undefined || (part !== undefined && asked === undefined && parts.length > 1)) {
    const list = oneLine(places.map((place) => quoted(place, 40)).join(", "), 120);
    throw new DataFormatError(
      source,
      part === undefined
        ? `it holds several networks, ${list}`
        : `it holds no network ${quoted(part, 40)}, but ${list}`,
      { remedy: (say) => `name one with ${say.option("part")}` },
    );
  }
  return { ...found, places };
}

/** Modules and tensors of a network; large language models have some thousands. */
const usualModules = 100_000;

/** Parameters and buffers of a module and of those in it, in PyTorch's order and by its names. */
function tensorsOf(
  root: PickledObject,
  { source, maxItems = usualModules, maxDepth = defaultMaxDepth }: TorchStateDictOptions & {
    readonly source: string;
  },
): { readonly tensors: Map<string, StoredTensor>; readonly others: Map<string, string> } {
  const tensors = new Map<string, StoredTensor>();
  const others = new Map<string, string>();
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
      // A layer without bias has None for it.
      if (tensor === null) continue;
      visits.take(1);
      if (isStoredTensor(tensor)) tensors.set(full(name), tensor);
      else if (typeof name === "string") others.set(full(name), describe(tensor));
    }
    const children = members("_modules").flatMap(([name, child]) =>
      child instanceof PickledObject
        ? [{ module: child, prefix: `${full(name)}.`, depth: depth + 1 }]
        : []
    );
    pending.push(...children.toReversed());
  }
  return { tensors, others };
}
