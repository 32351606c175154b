/** Networks that PyTorch saved, as ours. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import { attributesOf, isPickleGlobal, PickledObject } from "../../formats/pickled_object.ts";
import {
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
} from "../../formats/safetensors.ts";
import { isPickle, parsePickle, parseTorch } from "../../formats/torch_file.ts";
import { isTorch } from "../../formats/torch_magic.ts";
import {
  isPart,
  namesAverage,
  type TorchStateDict,
  torchStateDict,
} from "../../formats/torch_networks.ts";
import { createSchedule } from "../../schedules/create_schedule.ts";
import type { NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { createNetwork, parseArchitecture } from "../architectures/architecture.ts";
import type { Padding } from "../layers/conv2d_implementation.ts";
import { fromStateDict, type StoredArray } from "./parameters.ts";
import type { Network } from "../network.ts";
import { parseMetadata } from "./parse_metadata.ts";
import { inferArchitecture, type InferredArchitecture } from "./torch_architecture.ts";
import { checkLayers } from "./torch_layers.ts";
import { describedNetwork, type TrainedNetwork } from "./weights.ts";
import { descriptionAttribute } from "./write_torch_weights.ts";

/**
 * What a bare state dict does not tell. A whole module tells it; what is given must then agree.
 *
 * @category Networks
 */
export interface ReadTorchWeightsOptions {
  /** What the convolutions see outside the image. */
  readonly padding?: Padding | undefined;
  /** Height and width of the images that it was trained on. */
  readonly imageSize?: number | undefined;
  /** The forward process that it was trained on; the public code's is `cosine_legacy`. */
  readonly schedule?: NoiseSchedule | undefined;
  /** How it was trained, as far as it is known: free data for provenance. */
  readonly training?: Readonly<Record<string, unknown>>;
  /**
   * Which of several networks in a checkpoint, by the name under which it stands. Default: the average of the
   * weights, where there is one.
   */
  readonly part?: string | undefined;
  /** Is told which of several networks was taken (then with the option that takes another), and what was left out. */
  readonly onNote?: ((note: string, option?: "part") => void) | undefined;
}

/** Noise schedules of the public code by the name of their function. */
const schedulesByFunction: Readonly<Record<string, string>> = {
  cosine_noise_schedule: "cosine_legacy",
};

/**
 * Reads the public code's ResNet or UNet (arXiv 2412.20292) as PyTorch saved it: a `.pt` file of a
 * whole module, as its training script writes it, or of a state dict; or a state dict in safetensors.
 * Nothing in the file is run.
 *
 * Width, layers, kernel, classes and normalization are told from names and shapes; padding, image size
 * and noise schedule from the module, or else they must be given.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   readTorchWeights,
 *   toStateDict,
 * } from "@els/toolkit/networks";
 * import { writeTorchStateDict } from "@els/toolkit/formats";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters: specs } = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const flat = initialParameters(specs, new Random(1));
 * const tensors = [...toStateDict(specs, flat)].map(([name, array]) =>
 *   [name, { dtype: "F32", ...array }] as const
 * );
 * // What a file of tensors does not say has to be told.
 * const { network } = readTorchWeights(writeTorchStateDict(new Map(tensors)), "model.pt", {
 *   padding: "zeros",
 *   imageSize: 8,
 *   schedule: createSchedule("cosine_legacy"),
 * });
 * assertEquals(network.architecture.kind, "resnet");
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws DataFormatError if the bytes are no intact file of a network.
 * @throws CheckpointMismatchError if it is another network, something that cannot be told is not
 * given, or what is given contradicts the file.
 * @category Networks
 */
export function readTorchWeights(
  bytes: Uint8Array,
  source: string,
  options: ReadTorchWeightsOptions = {},
): TrainedNetwork {
  const { part } = options;
  const state = isTorch(bytes)
    ? torchStateDict(parseTorch(bytes, source), source, { part })
    : isPickle(bytes)
    ? torchStateDict(parsePickle(bytes, source), source, { part })
    : stateDictOf(parseSafetensors(bytes, source, { views: true }));
  return networkFromTorch(state, source, options);
}

/**
 * A network of what {@linkcode torchStateDict} found; for the rest see {@linkcode readTorchWeights}.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   networkFromTorch,
 *   Random,
 *   toStateDict,
 * } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters: specs } = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const flat = initialParameters(specs, new Random(1));
 * const tensors = [...toStateDict(specs, flat)].map(([name, array]) =>
 *   [name, { dtype: "F32", ...array }] as const
 * );
 * const { parameters } = networkFromTorch({ tensors: new Map(tensors) }, "mine", {
 *   padding: "zeros",
 *   imageSize: 8,
 *   schedule: createSchedule("cosine_legacy"),
 * });
 * assertEquals(parameters, flat);
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if it is another network, something that cannot be told is not
 * given, or what is given contradicts the file.
 * @category Networks
 */
export function networkFromTorch(
  stateDict: TorchStateDict,
  source: string,
  options: ReadTorchWeightsOptions = {},
): TrainedNetwork {
  const { tensors: all, module, place } = stateDict;
  const { padding, imageSize, schedule } = options;
  for (const [name, what] of stateDict.others ?? []) {
    if (!/(^|\.)(weight|bias)$/.test(name)) continue;
    throw new CheckpointMismatchError(
      `${source}: ${oneLine(name, 80)} is ${what}, expected a tensor`,
    );
  }
  const known = knownNetwork(stateDict, source, options);
  if (known !== undefined) return known;
  // One name may be that of the checkpoint's entry, or of a network within it.
  const { part } = options;
  const inner = part !== undefined && place !== undefined && isPart(place, part) ? undefined : part;
  const inferred = inferArchitecture(all, source, { part: inner });
  const { kind, channels, classes, fields, tensors, prefix } = inferred;
  const told = module ? readModule(module) : {};
  const missing: { readonly what: string; readonly option: string; readonly hint: string }[] = [];
  const settle = <T>(
    what: string,
    { given, told, option, hint }: {
      given: T | undefined;
      told: T | undefined;
      option: string;
      hint: string;
    },
  ): T | undefined => {
    if (given !== undefined && told !== undefined && given !== told) {
      throw new CheckpointMismatchError(
        `${source}: the network has ${what} ${told}, but ${given} was asked for`,
      );
    }
    const value = given ?? told;
    if (value === undefined) missing.push({ what, option, hint });
    return value;
  };
  const side = settle("image size", {
    given: imageSize,
    told: told.imageSize,
    option: "imageSize",
    hint: "32 in the public code",
  });
  const edges = settle<string>("padding", {
    given: padding,
    told: told.padding,
    option: "padding",
    hint: "zeros or circular",
  });
  const noise = settle("noise schedule", {
    given: schedule?.name,
    told: told.schedule,
    option: "schedule",
    hint: told.function === undefined
      ? "cosine_legacy in the public code"
      : `its own is the function ${oneLine(told.function, 60)}, which is not run`,
  });
  if (missing.length > 0) {
    throw new CheckpointMismatchError(
      `${source}: it does not tell the network's ${
        missing.map(({ what }) => what).join(", ")
      }, as whole modules do`,
      {
        remedy: (say) =>
          `convert it with ${
            missing.map(({ option, hint }) => `${say.option(option)} (${hint})`).join(", ")
          }`,
      },
    );
  }
  const architecture = {
    kind,
    imageShape: [side, side, channels],
    ...fields,
    padding: edges,
    classes,
  };
  const described = parseArchitecture(JSON.stringify(architecture), source);
  if (module) checkLayers(module, { prefix, architecture: described, source });
  const network = createNetwork(described);
  const arrays = floatArrays(tensors, { network, source });
  const parameters = fromStateDict(network.parameters, arrays, source);
  tellChoice(stateDict, inferred, { network, options });
  return {
    network,
    parameters,
    schedule: schedule ?? createSchedule(noise!),
    training: trainingOf(stateDict, inferred.prefixes.length > 1 ? prefix : "", options),
  };
}

/** Bare arrays in safetensors as a state dict. */
function stateDictOf({ tensors, others }: Safetensors): TorchStateDict {
  return { tensors, ...others.size > 0 && { others } };
}

/** The arrays that the network needs; of the others only those that may be weights, for it to refuse. */
function floatArrays(
  tensors: ReadonlyMap<string, StoredTensor>,
  { network, source }: { readonly network: Network; readonly source: string },
): Map<string, StoredArray> {
  const needed = new Set(network.parameters.map(({ name }) => name));
  const arrays = new Map<string, StoredArray>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype === "F32" || dtype === "F16" || dtype === "F64") {
      arrays.set(name, { shape, data: data as Float32Array | Float64Array });
    } else if (needed.has(name)) {
      throw new CheckpointMismatchError(`${source}: ${name} is ${dtype}, weights are floats`);
    }
  }
  return arrays;
}

/** A network that describes itself in an attribute of its state dict, as those that are written here do. */
function knownNetwork(
  { attributes, tensors, module, ...stateDict }: TorchStateDict,
  source: string,
  options: ReadTorchWeightsOptions,
): TrainedNetwork | undefined {
  const text = module ? undefined : attributes?.get(descriptionAttribute);
  if (typeof text !== "string") return undefined;
  const metadata = parseMetadata(text, "the description of the network", source);
  const isTexts = typeof metadata === "object" && metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string");
  if (!isTexts) {
    throw new CheckpointMismatchError(`${source}: the description of the network is damaged`);
  }
  const found = describedNetwork(metadata as Record<string, string>, source, {
    arrays(network) {
      const [first] = network.parameters;
      const prefix = [...tensors.keys()].find((name) => name.endsWith(first!.name))
        ?.slice(0, -first!.name.length) ?? "";
      const bare = [...tensors].map(([name, tensor]) =>
        [name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor] as const
      );
      return floatArrays(new Map(bare), { network, source });
    },
  });
  const { imageShape: [height], padding } = found.network.architecture;
  const given: readonly (readonly [string, unknown, unknown])[] = [
    ["padding", padding, options.padding],
    ["image size", height, options.imageSize],
    ["noise schedule", found.schedule.name, options.schedule?.name],
  ];
  for (const [what, told, asked] of given) {
    if (asked === undefined || asked === told) continue;
    throw new CheckpointMismatchError(
      `${source}: the network has ${what} ${told}, but ${asked} was asked for`,
    );
  }
  const training = trainingOf({ tensors, ...stateDict }, "", options);
  return { ...found, training: { ...found.training, ...training } };
}

/** The training record, with the part of the checkpoint that was taken. */
function trainingOf(
  { place, places = [] }: TorchStateDict,
  prefix: string,
  { training = {} }: ReadTorchWeightsOptions,
): Readonly<Record<string, unknown>> {
  const part = prefix !== "" ? prefix.replace(/\.$/, "") : places.length > 1 ? place : undefined;
  return { ...training, ...part !== undefined && { importedPart: part } };
}

/** Tells which of several networks was taken, and what of the file was left out. */
function tellChoice(
  { tensors, others, place, places = [] }: TorchStateDict,
  { prefix, prefixes }: InferredArchitecture,
  { network, options }: { readonly network: Network; readonly options: ReadTorchWeightsOptions },
): void {
  const { onNote, part } = options;
  if (onNote === undefined) return;
  const names = prefixes.length > 1 ? prefixes.map((each) => each.replace(/\.$/, "")) : places;
  const taken = prefixes.length > 1 ? prefix.replace(/\.$/, "") : place;
  if (names.length > 1 && taken !== undefined && part === undefined) {
    const why = namesAverage(taken) ? "the average of the weights" : "the usual name";
    onNote(
      `it holds ${names.length} networks, ${
        oneLine(names.map((name) => quoted(name, 40)).join(", "), 120)
      }; ${quoted(taken, 40)}, ${why}, is read`,
      "part",
    );
  }
  const used = new Set(network.parameters.map(({ name }) => prefix + name));
  const left = [...tensors.keys(), ...others?.keys() ?? []].filter((name) =>
    !used.has(name) && !prefixes.some((each) => each !== prefix && name.startsWith(each))
  );
  if (left.length === 0) return;
  onNote(
    `${left.length} of its entries ${
      left.length === 1 ? "is" : "are"
    } no part of the network and ` +
      `left out: ${oneLine(left.slice(0, 3).map((name) => quoted(name, 40)).join(", "), 120)}${
        left.length > 3 ? ", .." : ""
      }`,
  );
}

/** What the attributes of the public code's DDIM module, and of its convolutions, tell. */
function readModule(module: PickledObject): {
  padding?: string;
  imageSize?: number;
  schedule?: string;
  function?: string;
} {
  const attributes = attributesOf(innermostWrapper(module));
  const size = attributes.get("default_imsize");
  const noise = attributes.get("noise_schedule");
  const name = isPickleGlobal(noise)
    ? noise.name
    : noise instanceof PickledObject
    ? noise.type.name
    : undefined;
  const own = isPickleGlobal(noise) ? name!.slice(name!.lastIndexOf(".") + 1) : "";
  const schedule = Object.hasOwn(schedulesByFunction, own) ? schedulesByFunction[own] : undefined;
  const padding = paddingOf(module);
  return {
    ...typeof size === "number" && { imageSize: size },
    ...schedule !== undefined ? { schedule } : name !== undefined && { function: name },
    ...padding !== undefined && { padding },
  };
}

/** The module that has the public code's attributes: itself, or one in wrappers that hand everything on. */
function innermostWrapper(root: PickledObject): PickledObject {
  let module = root;
  for (let depth = 0; depth < 4 && !attributesOf(module).has("noise_schedule"); depth++) {
    const inner = attributesOf(module).get("_modules");
    const child = inner instanceof Map ? inner.get("module") ?? inner.get("_orig_mod") : undefined;
    if (!(child instanceof PickledObject)) break;
    module = child;
  }
  return module;
}

/** Padding mode of the first convolution inside a module. */
function paddingOf(root: PickledObject): string | undefined {
  // Modules may share others, or contain themselves: each is looked at once.
  const seen = new Set<PickledObject>();
  const pending = [root];
  for (let module = pending.pop(); module !== undefined; module = pending.pop()) {
    if (seen.has(module)) continue;
    seen.add(module);
    const attributes = attributesOf(module);
    const mode = attributes.get("padding_mode");
    if (module.type.name.endsWith(".Conv2d") && typeof mode === "string") return mode;
    const children = attributes.get("_modules");
    if (!(children instanceof Map)) continue;
    const inner = [...(children as ReadonlyMap<unknown, unknown>).values()];
    for (const child of inner.reverse()) if (child instanceof PickledObject) pending.push(child);
  }
  return undefined;
}
