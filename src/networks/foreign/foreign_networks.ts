import { ArgumentError, CheckpointMismatchError } from "../../core/errors.ts";
import { sha256Hex } from "../../core/sha256.ts";
import type { TrainedNetwork } from "../weights/weights.ts";
import { diffusersFolder } from "./diffusers_folder.ts";
import { edmPickle } from "./edm_pickle.ts";
import { onnxFile } from "./onnx/onnx_file.ts";
import {
  type ForeignFile,
  type ForeignFolder,
  lastName,
  type NetworkFolder,
} from "./foreign_network.ts";

/** Kinds of networks of other programs that lie in folders: an entry here, and every command takes them. */
export const foreignFolders: readonly ForeignFolder[] = [diffusersFolder];

/** Kinds that are one file, besides PyTorch's state dicts and modules (`readTorchWeights`). */
export const foreignFiles: readonly ForeignFile[] = [edmPickle, onnxFile];

/** The kind of a folder's network; undefined where it holds none that is known. */
export async function foreignFolderOf(folder: NetworkFolder): Promise<ForeignFolder | undefined> {
  for (const kind of foreignFolders) if (await kind.recognize(folder)) return kind;
  return undefined;
}

/** The kind of a file's network; undefined where it is none of these. */
export function foreignFileOf(bytes: Uint8Array, path: string): ForeignFile | undefined {
  return foreignFiles.find((kind) => kind.recognize(bytes, path));
}

/**
 * A network of a folder, and a checksum of all that was read of it.
 *
 * @category Networks
 */
export interface FolderNetwork extends TrainedNetwork {
  /** SHA-256 (hex) of the list of the files' names and checksums. */
  readonly sha256: string;
}

/**
 * Reads a network that another program saved in a folder: one of diffusers (`UNet2DModel` with a
 * scheduler's config).
 *
 * @example
 * ```ts
 * import { readNetworkFolder } from "@els/toolkit/networks";
 * import { assertRejects } from "@std/assert";
 *
 * // Files in memory; an empty folder holds no network.
 * const files = new Map<string, Uint8Array<ArrayBuffer>>();
 * const folder = {
 *   path: "ddpm-cifar10-32",
 *   has: (name: string) => Promise.resolve(files.has(name)),
 *   read: (name: string) => Promise.resolve(files.get(name)!),
 * };
 * await assertRejects(() => readNetworkFolder(folder), Error, "no network");
 * ```
 *
 * @returns The network, with where it is from in its training record.
 * @throws DataFormatError if a file is missing or damaged.
 * @throws CheckpointMismatchError if the folder holds no network that is known here, or files contradict
 * each other.
 * @category Networks
 */
export async function readNetworkFolder(folder: NetworkFolder): Promise<FolderNetwork> {
  const kind = await foreignFolderOf(folder);
  if (kind === undefined) {
    throw new CheckpointMismatchError(
      `${folder.path}: the folder holds no network of ${
        foreignFolders.map(({ title }) => title).join(", ")
      }`,
    );
  }
  const read = new Map<string, string>();
  const trained = await kind.read({
    ...folder,
    has: (name) => folder.has(name),
    async read(name) {
      const bytes = await folder.read(name);
      read.set(name, await sha256Hex(bytes));
      return bytes;
    },
  });
  const list = [...read].sort(([a], [b]) => a < b ? -1 : 1).map(([name, sum]) =>
    `${sum} ${name}\n`
  );
  const sha256 = await sha256Hex(new TextEncoder().encode(list.join("")));
  const origin = { importedFrom: lastName(folder.path), importedSha256: sha256 };
  return { ...trained, training: { ...trained.training, ...origin }, sha256 };
}

/** Reads a network that {@linkcode foreignFileOf} knows. */
export async function readForeignFile(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<TrainedNetwork> {
  const kind = foreignFileOf(bytes, path);
  if (kind === undefined) throw new ArgumentError(`${path} holds no network that is known here`);
  return await kind.read(bytes, path);
}
