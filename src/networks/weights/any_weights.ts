import { DataFormatError } from "../../core/errors.ts";
import { sha256Hex } from "../../core/sha256.ts";
import { isSafetensors, parseSafetensors } from "../../formats/safetensors.ts";
import { kindBesideSafetensors } from "../../formats/file_kind.ts";
import { isPickle } from "../../formats/torch_file.ts";
import { isTorch } from "../../formats/torch_magic.ts";
import { foreignFileOf, readForeignFile } from "../foreign/foreign_networks.ts";
import { readTorchWeights, type ReadTorchWeightsOptions } from "./torch_weights.ts";
import { readWeights, type TrainedNetwork } from "./weights.ts";

/**
 * Whether bytes are a network that another program saved: of PyTorch in `.pt`, as a bare state dict in
 * safetensors, or one of the kinds in `foreign/`.
 *
 * @category Networks
 */
export function isForeignNetwork(bytes: Uint8Array, path: string): boolean {
  if (isTorch(bytes) || isPickle(bytes) || foreignFileOf(bytes, path) !== undefined) return true;
  return (/\.safetensors$/i.test(path) || isSafetensors(bytes)) &&
    parseSafetensors(bytes, path, { views: true }).metadata.format !== "els-network";
}

/**
 * Where something that another program saved comes from, as provenance keeps it.
 *
 * @category Networks
 */
export async function importedFrom(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ readonly importedFrom: string; readonly importedSha256: string }> {
  const name = path.split(/[\\/]/).at(-1)!;
  return { importedFrom: name, importedSha256: await sha256Hex(bytes) };
}

/**
 * Reads weights, this package's or PyTorch's, told apart by their bytes.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   readAnyWeights,
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
 * const bytes = writeWeights({ network, parameters, schedule, training: {} });
 * const again = await readAnyWeights(bytes, "weights.safetensors");
 * assertEquals(again.parameters, parameters);
 * ```
 *
 * @param path Path, or a name for the bytes.
 * @throws DataFormatError if the bytes are damaged.
 * @throws CheckpointMismatchError if they do not describe a network that is known here.
 *
 * @category Networks
 */
export async function readAnyWeights(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  options: ReadTorchWeightsOptions = {},
): Promise<TrainedNetwork> {
  if (!isForeignNetwork(bytes, path)) {
    checkKind(bytes, path);
    return readWeights(bytes, path);
  }
  const training = { ...options.training, ...await importedFrom(path, bytes) };
  if (foreignFileOf(bytes, path) !== undefined) {
    const trained = await readForeignFile(bytes, path);
    return { ...trained, training: { ...trained.training, ...training } };
  }
  return readTorchWeights(bytes, path, { ...options, training });
}

/** Refuses what is plainly a file of another kind, before it is called damaged. */
function checkKind(bytes: Uint8Array, path: string): void {
  const kind = kindBesideSafetensors(bytes);
  if (kind === undefined) return;
  throw new DataFormatError(
    path,
    `it is ${kind}; expected a network: safetensors, or what PyTorch saved (.pt, .pkl)`,
  );
}
