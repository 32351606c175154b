import { CheckpointMismatchError, isToolkitError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import {
  checkPreconditioning,
  type NetworkPrediction,
  type Preconditioning,
  preconditioningKinds,
} from "../../denoisers/preconditioning.ts";
import { parseSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import { createSchedule, scheduleNames } from "../../schedules/create_schedule.ts";
import type { NoiseParameters, NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { createNetwork, parseArchitecture } from "../architectures/architecture.ts";
import type { Network } from "../network.ts";
import { type FlatParameters, fromStateDict, type StoredArray, toStateDict } from "./parameters.ts";
import { parseMetadata } from "./parse_metadata.ts";

const FORMAT = "els-network";
const VERSION = "1";

/**
 * A network with weights, as a weights file describes it.
 *
 * @category Networks
 */
export interface TrainedNetwork {
  /** The network. */
  readonly network: Network;
  /** Its parameters. */
  readonly parameters: FlatParameters;
  /** The forward process that it was trained on. */
  readonly schedule: NoiseSchedule;
  /** What it predicts; eps by default. */
  readonly prediction?: NetworkPrediction;
  /** What stands between the network and noisy images; `none` by default. */
  readonly preconditioning?: Preconditioning;
  /** How far from 0 values of clean images are believed, see `Denoiser`; absent: however far. */
  readonly clip?: number | undefined;
  /** How it was trained: free data for provenance. */
  readonly training: Readonly<Record<string, unknown>>;
}

/**
 * Writes weights that describe themselves: safetensors whose arrays carry the names and the layout
 * of the public PyTorch code, and whose metadata rebuilds the network and its noise schedule.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   readWeights,
 *   writeWeights,
 * } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const bytes = writeWeights({ network, parameters, schedule, training: { steps: 0 } });
 * assertEquals(readWeights(bytes, "mine").training, { steps: 0 });
 * ```
 *
 * @param options.half Store 16-bit floats, half the size and about three digits. Default false.
 * @category Networks
 */
export function writeWeights(
  trained: TrainedNetwork,
  options: { readonly half?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { network, parameters } = trained;
  const { half = false } = options;
  const arrays = [...toStateDict(network.parameters, parameters)].map(([name, { shape, data }]) =>
    [name, { dtype: half ? "F16" as const : "F32" as const, shape, data }] as const
  );
  return writeSafetensors(new Map(arrays), { checksum: true, metadata: networkMetadata(trained) });
}

/** What a file says of a network besides its parameters, as texts. */
export function networkMetadata(trained: TrainedNetwork): Record<string, string> {
  const { network, schedule, prediction = "eps", preconditioning, training } = trained;
  return {
    format: FORMAT,
    version: VERSION,
    architecture: JSON.stringify(network.architecture),
    noiseSchedule: JSON.stringify({ name: schedule.name, parameters: schedule.parameters }),
    prediction,
    ...preconditioning && preconditioning.kind !== "none" &&
      { preconditioning: JSON.stringify(preconditioning) },
    ...trained.clip !== undefined && { clip: `${trained.clip}` },
    training: JSON.stringify(training),
  };
}

/**
 * Options of {@linkcode readWeights}.
 *
 * @category Networks
 */
export interface ReadWeightsOptions {
  /** The network that the weights are of, where it is one of your own. Its architecture must be the file's. */
  readonly network?: Network | undefined;
}

/**
 * Reads weights written by {@linkcode writeWeights}.
 *
 * @example
 * ```ts
 * import { networkDenoiser, readWeights, startBackend } from "@els/toolkit";
 * import { assertEquals } from "@std/assert";
 *
 * // The network of the quickstart, as it ships with this package.
 * const bytes = await Deno.readFile("data/zoo/mnist-resnet-zeros/weights.safetensors");
 * const trained = readWeights(bytes, "weights.safetensors");
 * assertEquals(trained.network.architecture.padding, "zeros");
 * await startBackend("wasm");
 * const denoiser = networkDenoiser(trained);
 * denoiser.dispose();
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws DataFormatError if the bytes are no intact safetensors file.
 * @throws CheckpointMismatchError if they hold something else than a network of ours, or name a noise
 * schedule that is not known.
 * @category Networks
 */
export function readWeights(
  bytes: Uint8Array,
  source: string,
  options: ReadWeightsOptions = {},
): TrainedNetwork {
  const { tensors, metadata } = parseSafetensors(bytes, source, { views: true });
  const arrays = () => {
    const found = new Map<string, StoredArray>();
    for (const [name, { dtype, shape, data }] of tensors) {
      if (dtype !== "F32" && dtype !== "F16") {
        throw new CheckpointMismatchError(`${source}: ${name} is ${dtype}, weights are F32 or F16`);
      }
      found.set(name, { shape, data });
    }
    return found;
  };
  return describedNetwork(metadata, source, { arrays, network: options.network });
}

/**
 * The network that metadata describe, with parameters.
 *
 * @param options.arrays Its parameters, once it is known.
 * @param options.network The network itself, where it is one of the caller's own.
 */
export function describedNetwork(
  metadata: Readonly<Record<string, string>>,
  source: string,
  options: {
    readonly arrays: (network: Network) => ReadonlyMap<string, StoredArray>;
    readonly network?: Network | undefined;
  },
): TrainedNetwork {
  if (metadata.format !== FORMAT) {
    throw new CheckpointMismatchError(
      `${source}: the metadata's format is ${quoted(metadata.format)}, expected "${FORMAT}"; ` +
        "give the weights.safetensors of a training run",
    );
  }
  if (metadata.version !== VERSION) {
    throw new CheckpointMismatchError(
      `${source}: weights version ${
        quoted(metadata.version)
      }, this release reads version ${VERSION}`,
    );
  }
  const network = options.network === undefined
    ? createNetwork(parseArchitecture(metadata.architecture ?? "", source))
    : checkArchitecture(options.network, { described: metadata.architecture, source });
  const described = parseObject(metadata.noiseSchedule, "noise schedule", source);
  const schedule = readSchedule(described, source);
  return {
    network,
    parameters: fromStateDict(network.parameters, options.arrays(network), source),
    schedule,
    ...readFormulation(metadata, source),
    ...metadata.clip !== undefined && { clip: readClip(metadata.clip, source) },
    training: parseObject(metadata.training ?? "{}", "training", source),
  };
}

/** Whether a network is the one that a file describes. */
function checkArchitecture(
  network: Network,
  { described, source }: { readonly described: string | undefined; readonly source: string },
): Network {
  const found = parseObject(described, "description of the network", source);
  const expected = JSON.parse(JSON.stringify(network.architecture)) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const [there, here] = [found[key], expected[key]].map((value) => JSON.stringify(value));
    if (there !== here) {
      const shown = (text: string | undefined) => oneLine(text ?? "missing", 60);
      throw new CheckpointMismatchError(
        `${source}: the network's ${oneLine(key, 40)} is ${
          shown(there)
        }, that of the given network ` +
          shown(here),
      );
    }
  }
  return network;
}

/** The forward process that the network was trained on. */
function readSchedule(
  { name, parameters = {} }: Readonly<Record<string, unknown>>,
  source: string,
): NoiseSchedule {
  if (typeof name !== "string" || !scheduleNames.includes(name)) {
    throw new CheckpointMismatchError(
      `${source}: the network was trained on the noise schedule ${quoted(name)}, which is none of ${
        scheduleNames.join(", ")
      }; make it known with registerSchedule({ name, create }) first`,
    );
  }
  if (!isRecord(parameters)) {
    throw new CheckpointMismatchError(
      `${source}: the noise schedule's parameters is ${
        quoted(parameters)
      }, expected names with values`,
    );
  }
  try {
    return createSchedule(name, parameters as NoiseParameters);
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    throw new CheckpointMismatchError(`${source}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the network predicts and what is around it; files that do not say so predict eps. */
function readFormulation(
  { prediction = "eps", preconditioning = '{"kind":"none"}' }: Readonly<Record<string, string>>,
  source: string,
): { prediction: NetworkPrediction; preconditioning: Preconditioning } {
  const kinds: readonly string[] = ["eps", "x0", "v"];
  if (!kinds.includes(prediction)) {
    throw new CheckpointMismatchError(
      `${source}: the network predicts ${quoted(prediction)}, this release knows ${
        kinds.join(", ")
      }`,
    );
  }
  const found = parseObject(preconditioning, "preconditioning", source);
  if (!preconditioningKinds.some((kind) => kind === found.kind)) {
    throw new CheckpointMismatchError(
      `${source}: the preconditioning is ${quoted(found.kind)}, this release knows ${
        preconditioningKinds.join(", ")
      }`,
    );
  }
  const parts = {
    prediction: prediction as NetworkPrediction,
    preconditioning: found as unknown as Preconditioning,
  };
  try {
    checkPreconditioning(parts.prediction, parts.preconditioning);
  } catch (error) {
    throw new CheckpointMismatchError(`${source}: ${(error as Error).message}`);
  }
  return parts;
}

function readClip(text: string, source: string): number {
  const clip = text.trim() === "" ? NaN : Number(text);
  if (clip > 0 && clip < Infinity) return clip;
  throw new CheckpointMismatchError(
    `${source}: the network's clip is ${quoted(text)}, expected a positive number`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(text: string | undefined, what: string, source: string) {
  const value = text === undefined ? undefined : parseMetadata(text, `the ${what}`, source);
  if (isRecord(value)) return value;
  throw new CheckpointMismatchError(
    `${source}: the metadata's ${what} is ${value === undefined ? "missing" : quoted(value)}, ` +
      "expected fields with their values",
  );
}
