/** Files of other programs as the commands take them: what is in a file, told from its bytes. */
import { basename, join } from "@std/path";
import { sha256Hex } from "../../src/array/sha256.ts";
import { isNpy } from "../../src/formats/npy.ts";
import { PickledObject } from "../../src/formats/pickle.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { parseScaleList } from "../../src/formats/scale_list.ts";
import type {
  MachineName,
  ScaleAggregate,
  ScaleSchedule,
} from "../../src/formats/scale_schedule.ts";
import { parseScaleSchedule } from "../../src/formats/scale_schedule_json.ts";
import { isTorch, parseTorch } from "../../src/formats/torch_file.ts";
import { attributesOf, torchStateDict } from "../../src/formats/torch_values.ts";
import { importScales, type ScaleIndexing } from "../../src/machines/import_scales.ts";
import {
  networkFromTorch,
  readTorchWeights,
  type ReadTorchWeightsOptions,
} from "../../src/networks/torch_weights.ts";
import { readWeights, type TrainedNetwork } from "../../src/networks/weights.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import type { ImageShape } from "../../src/array/image_batch.ts";
import { CommandError } from "../cli/command.ts";

/** What a file holds. */
export type Content =
  | { readonly kind: "network"; readonly network: TrainedNetwork }
  | { readonly kind: "schedule"; readonly schedule: ScaleSchedule }
  | { readonly kind: "scales"; readonly scales: readonly number[] };

/** A file, or the one in a run's folder that its command is known for. */
export async function readInput(
  given: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const info = await Deno.stat(given).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new CommandError(`${JSON.stringify(given)}: there is no such file or folder`);
  });
  if (!info.isDirectory) return { path: given, bytes: await Deno.readFile(given) };
  for (const name of ["scale_schedule.json", "weights.safetensors"]) {
    const bytes = await Deno.readFile(join(given, name)).catch(() => undefined);
    if (bytes) return { path: join(given, name), bytes };
  }
  throw new CommandError(
    `${given} holds neither scale_schedule.json nor weights.safetensors: give a file, or the folder ` +
      "of a finished calibration or training run",
  );
}

/** Where a network that PyTorch saved comes from, as its provenance keeps it. */
export async function importedFrom(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Record<string, unknown>> {
  return { importedFrom: basename(path), importedSha256: await sha256Hex(bytes) };
}

/** Whether bytes are a network that PyTorch saved, in `.pt` or as a bare state dict in safetensors. */
export function isForeignNetwork(bytes: Uint8Array, path: string): boolean {
  if (isTorch(bytes)) return true;
  return /\.safetensors$/i.test(path) &&
    parseSafetensors(bytes, path).metadata.format !== "els-network";
}

/** Reads weights, ours or PyTorch's. */
export async function readAnyWeights(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  options: ReadTorchWeightsOptions = {},
): Promise<TrainedNetwork> {
  if (!isForeignNetwork(bytes, path)) return readWeights(bytes, path);
  const training = { ...options.training, ...await importedFrom(path, bytes) };
  return readTorchWeights(bytes, path, { ...options, training });
}

/** Reads whatever `convert` takes. */
export async function readContent(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  { aggregate, ...options }: ReadTorchWeightsOptions & { readonly aggregate: ScaleAggregate },
): Promise<Content> {
  if (isTorch(bytes)) {
    const value = parseTorch(bytes, path);
    const module = value instanceof PickledObject && attributesOf(value).has("_modules");
    if (!module && !(value instanceof Map)) {
      return { kind: "scales", scales: parseScaleList(bytes, path, { aggregate }) };
    }
    const training = { ...options.training, ...await importedFrom(path, bytes) };
    const state = torchStateDict(value, path);
    return { kind: "network", network: networkFromTorch(state, path, { ...options, training }) };
  }
  if (/\.safetensors$/i.test(path)) {
    return { kind: "network", network: await readAnyWeights(bytes, path, options) };
  }
  if (!isNpy(bytes) && bytes.find((byte) => byte > 32) === 0x7b) {
    const schedule = parseScaleSchedule(new TextDecoder().decode(bytes), path);
    return { kind: "schedule", schedule };
  }
  return { kind: "scales", scales: parseScaleList(bytes, path, { aggregate }) };
}

/** What makes a schedule of a bare list. */
export interface ScaleListContext {
  readonly machine: MachineName;
  readonly imageShape: ImageShape;
  readonly padding: "zeros" | "circular";
  readonly schedule: NoiseSchedule;
  readonly aggregate: ScaleAggregate;
  readonly indexing: ScaleIndexing;
}

/** A schedule of a bare list that came from a file (or, without a path, from the command line). */
export async function scheduleOfList(
  scales: readonly number[],
  context: ScaleListContext,
  file: { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined,
): Promise<ScaleSchedule> {
  return importScales(scales, {
    ...context,
    provenance: createProvenance({
      seed: 0,
      config: {
        ...file ? await importedFrom(file.path, file.bytes) : { importedFrom: "command line" },
        indexing: context.indexing,
      },
    }),
  });
}

/**
 * Scales as a user gives them to a command, for a network that tells the rest: a bare list in a file
 * (.pt, .npy, .csv, .json) or written out, such as 3,3,5,7.
 */
export async function loadScaleList(
  given: string,
  context: ScaleListContext,
): Promise<{ readonly path: string; readonly schedule: ScaleSchedule }> {
  if (/^\s*\d+(\s*,\s*\d+)*\s*$/.test(given)) {
    const scales = parseScaleList(new TextEncoder().encode(given), "--scales");
    return { path: "--scales", schedule: await scheduleOfList(scales, context, undefined) };
  }
  const file = await readInput(given);
  const { aggregate } = context;
  const content = await readContent(file.bytes, file.path, { aggregate });
  if (content.kind === "network") {
    throw new CommandError(`--scales is ${given}, which holds a network; expected scales`);
  }
  const schedule = content.kind === "schedule"
    ? content.schedule
    : await scheduleOfList(content.scales, context, file);
  return { path: file.path, schedule };
}
