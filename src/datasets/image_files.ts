/** Listing and reading the files below a folder, or in a zip archive. */
import { join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { kindOf, readFolder } from "./open_files.ts";
import { openZip } from "./zip_files.ts";

/** The files of a folder or an archive. */
export interface FileTree {
  /** Path of the folder or archive. */
  readonly source: string;
  /** Paths of the files below it, with "/" between parts. */
  readonly paths: readonly string[];
  /** Reads the whole file at `paths[index]`. */
  read(index: number): Promise<Uint8Array>;
}

/**
 * Lists a folder with everything below it, or a zip archive. Links to files and to folders at the top
 * are followed.
 *
 * @throws DataFormatError if there is no such folder, or a file that is no whole zip archive.
 */
export async function openFileTree(path: string): Promise<FileTree> {
  const kind = await kindOf(path);
  if (kind === undefined) throw new DataFormatError(path, "there is no such file or folder");
  if (kind === "file") {
    const archive = await openZip(path);
    return {
      source: path,
      paths: archive.entries.map(({ name }) => name),
      read: (index) => archive.read(archive.entries[index]!),
    };
  }
  const paths: string[] = [];
  await collect(path, "", paths);
  return {
    source: path,
    paths,
    read: (index) => readRegularFile(join(path, paths[index]!)),
  };
}

async function collect(root: string, below: string, paths: string[]): Promise<void> {
  for (const { name, isDirectory, isFile, isSymlink } of await readFolder(join(root, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory) await collect(root, path, paths);
    else if (isFile) paths.push(path);
    else if (isSymlink) {
      const kind = await kindOf(join(root, path));
      if (kind === "file") paths.push(path);
      // Deeper links could lead around in circles.
      else if (kind === "folder" && below === "") await collect(root, path, paths);
    }
  }
}
