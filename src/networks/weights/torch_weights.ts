/** Networks that PyTorch saved, as ours. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { attributesOf, PickledObject } from "../../formats/pickled_object.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { parseTorch } from "../../formats/torch_file.ts";
import { isTorch } from "../../formats/torch_magic.ts";
import { type TorchStateDict, torchStateDict } from "../../formats/torch_networks.ts";
import { createSchedule } from "../../schedules/create_schedule.ts";
import type { NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { createNetwork, parseArchitecture } from "../architectures/architecture.ts";
import type { Padding } from "../layers/conv2d_implementation.ts";
import { fromStateDict, type StoredArray } from "./parameters.ts";
import { inferArchitecture } from "./torch_architecture.ts";
import type { TrainedNetwork } from "./weights.ts";

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
  const state = isTorch(bytes)
    ? torchStateDict(parseTorch(bytes, source), source)
    : { tensors: parseSafetensors(bytes, source).tensors };
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
  const { tensors: all, module } = stateDict;
  const { padding, imageSize, schedule, training = {} } = options;
  const { kind, channels, classes, fields, tensors } = inferArchitecture(all, source);
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
    hint: "cosine_legacy in the public code",
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
  const network = createNetwork(parseArchitecture(JSON.stringify(architecture), source));
  const arrays = new Map<string, StoredArray>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "F64") {
      throw new CheckpointMismatchError(`${source}: ${name} is ${dtype}, weights are floats`);
    }
    arrays.set(name, { shape, data: Float32Array.from(data as Float32Array | Float64Array) });
  }
  return {
    network,
    parameters: fromStateDict(network.parameters, arrays, source),
    schedule: schedule ?? createSchedule(noise!),
    training,
  };
}

/** What the attributes of the public code's DDIM module, and of its convolutions, tell. */
function readModule(module: PickledObject): {
  padding?: string;
  imageSize?: number;
  schedule?: string;
} {
  const attributes = attributesOf(module);
  const size = attributes.get("default_imsize");
  const noise = attributes.get("noise_schedule") as { readonly name?: unknown } | undefined;
  const schedule = typeof noise?.name === "string"
    ? schedulesByFunction[noise.name.split(".").at(-1)!]
    : undefined;
  const padding = paddingOf(module);
  return {
    ...typeof size === "number" && { imageSize: size },
    ...schedule !== undefined && { schedule },
    ...padding !== undefined && { padding },
  };
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
