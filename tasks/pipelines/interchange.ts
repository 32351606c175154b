/** Files of other programs as the commands take them: what is in a file, told from its bytes. */
import { join } from "@std/path";
import { readRegularFile } from "../../src/core/file_system.ts";
import { isMissing } from "../../src/datasets/open_files.ts";
import { isNpy } from "../../src/formats/npy.ts";
import { isNpz } from "../../src/formats/npz.ts";
import {
  holdsScales,
  parseScaleList,
  scaleListTimes,
  scaleListWindow,
} from "../../src/calibration/scale_list.ts";
import { scaleListGrid } from "../../src/calibration/scale_list_grid.ts";
import type { ScaleAggregate, ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { isPickle, parsePickle, parseTorch } from "../../src/formats/torch_file.ts";
import { isSafetensors } from "../../src/formats/safetensors.ts";
import { isTorch } from "../../src/formats/torch_magic.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { importScales, type ScaleIndexing } from "../../src/calibration/import_scales.ts";
import { importedFrom, readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { foreignFileOf } from "../../src/networks/foreign/foreign_networks.ts";
import {
  networkFromTorch,
  type ReadTorchWeightsOptions,
} from "../../src/networks/weights/torch_weights.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { timeGrid, type TimeGridName } from "../../src/samplers/time_grid.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import type { ImageShape } from "../../src/core/image_batch.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { checkArtifact } from "../../src/runs/artifacts.ts";
import type { RunKind } from "../../src/runs/find_run.ts";
import { CommandError } from "../cli/command.ts";
import { locate } from "./locate.ts";
import { isNetworkFolder, loadNetworkFolder, refusePartOfFolder } from "./network_folder.ts";
import { isZooWord, zooInput } from "./zoo.ts";

/** What a file holds. */
export type Content =
  | { readonly kind: "network"; readonly network: TrainedNetwork }
  | { readonly kind: "schedule"; readonly schedule: ScaleSchedule }
  | { readonly kind: "scales"; readonly scales: readonly number[] };

/** Runs that hold what can be converted. */
const convertibleRuns: RunKind = {
  noun: "training run or calibration",
  commands: ["train", "calibrate"],
};

/** A file, also of the zoo, or the one in a run's folder that its command is known for. */
export async function readInput(
  word: string,
  { out = "runs" }: { readonly out?: string } = {},
): Promise<{ readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }> {
  if (isZooWord(word)) return await zooInput(word);
  const given = await locate(word, { out, kind: convertibleRuns });
  if (!(await Deno.stat(given)).isDirectory) {
    refusePartOfFolder(given);
    return { path: given, bytes: await readRegularFile(given) };
  }
  for (const name of ["scale_schedule.json", "weights.safetensors"]) {
    const path = join(given, name);
    const bytes = await readRegularFile(path).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (bytes === undefined) continue;
    await checkArtifact(path, await sha256Hex(bytes));
    return { path, bytes };
  }
  throw new CommandError(
    `${given} holds neither scale_schedule.json nor weights.safetensors, nor a network of diffusers: ` +
      "give a file, or the folder of a finished calibration or training run",
  );
}

/**
 * Whatever `convert` takes: a network that another program saved in a folder, or what a file holds.
 *
 * @param options What a file does not tell; for a folder, nothing of it but the training record.
 */
export async function readInputContent(
  word: string,
  options: ReadTorchWeightsOptions & { readonly aggregate: ScaleAggregate },
): Promise<{ readonly path: string; readonly bytes?: Uint8Array<ArrayBuffer> } & Content> {
  if (!isZooWord(word) && await isNetworkFolder(word)) {
    const network = await loadNetworkFolder(word);
    const training = { ...network.training, ...options.training };
    return { path: word, kind: "network", network: { ...network, training } };
  }
  const file = await readInput(word);
  return { ...file, ...await readContent(file.bytes, file.path, options) };
}

/** Reads the file that {@linkcode readInput} found. */
export async function readContent(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  { aggregate, ...options }: ReadTorchWeightsOptions & { readonly aggregate: ScaleAggregate },
): Promise<Content> {
  if (isNpz(bytes)) return { kind: "scales", scales: parseScaleList(bytes, path, { aggregate }) };
  if (foreignFileOf(bytes, path) !== undefined) {
    return { kind: "network", network: await readAnyWeights(bytes, path, options) };
  }
  if (isTorch(bytes) || isPickle(bytes)) {
    const value = isTorch(bytes) ? parseTorch(bytes, path) : parsePickle(bytes, path);
    if (holdsScales(value)) {
      return { kind: "scales", scales: parseScaleList(bytes, path, { aggregate }) };
    }
    const training = { ...options.training, ...await importedFrom(path, bytes) };
    const state = torchStateDict(value, path, { part: options.part });
    return { kind: "network", network: networkFromTorch(state, path, { ...options, training }) };
  }
  if (/\.safetensors$/i.test(path) || isSafetensors(bytes)) {
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
  /** The times that the list is for; by default those that it holds, or uniform ones. */
  readonly grid: TimeGridName | undefined;
}

/** A schedule of a bare list that came from a file (or, without a path, from the command line). */
export async function scheduleOfList(
  scales: readonly number[],
  context: ScaleListContext,
  file: { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined,
): Promise<ScaleSchedule> {
  const name = scaleListGrid(file && scaleListTimes(file.bytes, file.path), {
    ...context,
    steps: scales.length,
    source: file?.path,
  });
  return importScales(scales, {
    ...context,
    window: file && scaleListWindow(file.bytes, file.path),
    grid: { name, times: timeGrid(name, { steps: scales.length, schedule: context.schedule }) },
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
  if (given.includes(",") && !(await Deno.stat(given).then(() => true, () => false))) {
    throw new CommandError(
      `--scales is ${JSON.stringify(given)}: neither a file nor a list of odd scales such as 3,5,9`,
    );
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
