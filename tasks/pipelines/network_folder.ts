/** Folders in which other programs saved networks, on disk. */
import { basename, dirname, join } from "@std/path";
import { readRegularFile } from "../../src/core/file_system.ts";
import type { NetworkFolder } from "../../src/networks/foreign/foreign_network.ts";
import {
  type FolderNetwork,
  foreignFolderOf,
  readNetworkFolder,
} from "../../src/networks/foreign/foreign_networks.ts";
import { CommandError } from "../cli/command.ts";

function folderAt(path: string): NetworkFolder {
  return {
    path,
    has: (name) => Deno.stat(join(path, name)).then(({ isFile }) => isFile, () => false),
    read: (name) => readRegularFile(join(path, name)),
  };
}

/** Whether a folder on disk holds a network that another program saved. */
export async function isNetworkFolder(path: string): Promise<boolean> {
  return await foreignFolderOf(folderAt(path)) !== undefined;
}

/** Reads such a folder. */
export function loadNetworkFolder(path: string): Promise<FolderNetwork> {
  return readNetworkFolder(folderAt(path));
}

/**
 * Refuses one file of several that are a network together: what lies beside it may not even be read.
 *
 * @throws CommandError that names the folder.
 */
export function refusePartOfFolder(file: string): void {
  if (!/^diffusion_pytorch_model.*\.(safetensors|bin)$/.test(basename(file))) return;
  const folder = dirname(file);
  throw new CommandError(
    `${file} is one file of a network of diffusers, whose configs lie beside it: give the folder, ${
      basename(folder) === "unet" ? dirname(folder) : folder
    }`,
  );
}
