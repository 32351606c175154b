/** Listing and reading the files below a folder, or in a zip archive. */
import { join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { fileSystem, readRegularFile } from "../core/file_system.ts";
import { checkLimit } from "../formats/read_limits.ts";
import { explained, kindOf, readFolder } from "./open_files.ts";
import { openZip } from "./zip_files.ts";

/** The files of a folder or an archive. */
export interface FileTree {
  /** Path of the folder or archive. */
  readonly source: string;
  /** Paths of the files below it, with "/" between parts. */
  readonly paths: readonly string[];
  /**
   * Reads the whole file at `paths[index]`.
   *
   * @throws DataFormatError if it is no regular file, too large, or cannot be read.
   */
  read(index: number): Promise<Uint8Array>;
  /**
   * Checks that files which are not going to be read are called so: in an archive a damaged name could
   * hide an image.
   *
   * @throws DataFormatError if one is not.
   */
  confirm(indices: readonly number[]): Promise<void>;
}

/** Options of {@linkcode openFileTree}. */
export interface FileTreeOptions {
  /** Bytes that a file may have. */
  readonly maxBytes: number;
  /** Files that there may be. Default 5,000,000. */
  readonly maxItems?: number;
}

/**
 * Lists a folder with everything below it, or a zip archive.
 *
 * Links to files are followed wherever they lead, as folders made of links are common; so are links at
 * the top to folders, but for those that lead back to the folder itself or to what it lies in. Whatever
 * else has a name, such as a pipe, a device or a link that leads nowhere, is listed too: whoever wants
 * to read it is told.
 *
 * @throws DataFormatError if there is no such folder, a part of it may not be read, or a file is no
 * whole zip archive.
 * @throws ReadLimitError if there are more than `maxItems` files.
 */
export async function openFileTree(
  path: string,
  { maxBytes, maxItems = 5_000_000 }: FileTreeOptions,
): Promise<FileTree> {
  const kind = await kindOf(path);
  if (kind === undefined) throw new DataFormatError(path, "there is no such file or folder");
  if (kind === "file") {
    const { entries, read, confirm } = await openZip(path, { maxBytes, maxItems });
    return {
      source: path,
      paths: entries.map(({ name }) => name),
      read: (index) => read(entries[index]!),
      confirm: (indices) => confirm(indices.map((index) => entries[index]!)),
    };
  }
  const paths = await listFiles(path, maxItems);
  return {
    source: path,
    paths,
    read(index) {
      const file = join(path, paths[index]!);
      return explained(file, () => readRegularFile(file, { maxBytes }));
    },
    confirm: () => Promise.resolve(),
  };
}

/** Paths of all that is no folder below a folder. */
async function listFiles(root: string, maxItems: number): Promise<string[]> {
  const paths: string[] = [];
  // A list, not recursion: folders may be nested as deep as a path is long.
  for (const waiting = [""]; waiting.length > 0;) {
    const below = waiting.pop()!;
    const entries = await readFolder(join(root, below));
    for (const { name, isDirectory, isSymlink } of entries) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) waiting.push(path);
      else if (!isSymlink || await kindOf(join(root, path)) !== "folder") paths.push(path);
      // Deeper links could lead around in circles.
      else if (below === "" && await leadsElsewhere(root, path)) waiting.push(path);
    }
    const found = paths.length + waiting.length;
    checkLimit("maxItems", found, { source: root, what: "the folder", allowed: maxItems });
  }
  return paths;
}

/** Whether a link to a folder leads to one that is neither the root nor around it. */
async function leadsElsewhere(root: string, path: string): Promise<boolean> {
  const { realpath } = await fileSystem();
  const [from, to] = [await realpath(root), await realpath(join(root, path))];
  return !`${from}/`.startsWith(to.endsWith("/") ? to : `${to}/`);
}
