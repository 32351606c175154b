/** Looking for the files of a data set below a folder or in an archive: a few levels deep, and no further. */
import { join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { fileSystem, readRegularFile } from "../core/file_system.ts";
import { openFileTree } from "./image_files.ts";
import { explained, type FolderEntry, kindOf, readFolder } from "./open_files.ts";

/** A file that was found. */
export interface FoundFile {
  /** Path below what was searched, with "/" between parts. */
  readonly path: string;
  /** Path for error messages. */
  readonly source: string;
  /**
   * Reads all of it.
   *
   * @throws DataFormatError if it is no regular file or cannot be read.
   */
  read(): Promise<Uint8Array>;
}

/** What a search found. */
export interface FoundFiles {
  /** The wanted files, those of upper levels first, then by path. */
  readonly files: readonly FoundFile[];
  /** Names of some files that were not wanted, for messages. */
  readonly others: readonly string[];
  /** Folders that were looked into. */
  readonly folders: number;
  /** Whether more lies there than is looked at. */
  readonly isCut: boolean;
}

/** Options of {@linkcode searchFiles}. */
export interface SearchOptions {
  /** Whether a file is looked for, by its name. */
  readonly wanted: (name: string) => boolean;
  /** Whether what upper levels hold is enough; then lower ones are not looked at. */
  readonly enough?: (files: readonly FoundFile[]) => boolean;
  /** Levels of folders below the one that is searched. Default 5. */
  readonly maxDepth?: number;
  /** Files and folders that are looked at. Default 100,000. */
  readonly maxItems?: number;
  /** Bytes that a file of an archive may unpack to. Default 2 GiB. */
  readonly maxBytes?: number | undefined;
}

const isHidden = (name: string) => name.startsWith(".") || name === "__MACOSX";

/**
 * Searches a folder, level by level, or a zip or tar archive. Hidden files are passed over; links are followed, but
 * for those that lead back.
 *
 * @throws DataFormatError if a folder may not be read, or a file is no archive.
 */
export async function searchFiles(root: string, options: SearchOptions): Promise<FoundFiles> {
  return await kindOf(root) === "file"
    ? await searchArchive(root, options)
    : await searchFolder(root, options);
}

/** Bytes of a file in an archive. */
const mostBytes = 2 ** 31;
/** Names that a message has room for. */
const mostOthers = 5;

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

async function searchFolder(
  root: string,
  { wanted, enough = () => false, maxDepth = 5, maxItems = 100_000 }: SearchOptions,
): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const others: string[] = [];
  const visited = new Set([await realPathOf(root)]);
  let [level, items, folders] = [[""], 0, 0];
  for (let depth = 0; level.length > 0 && depth <= maxDepth; depth++) {
    const below: string[] = [];
    for (const folder of level) {
      folders++;
      for (const { name, isDirectory, isSymlink } of await entriesOf(root, folder)) {
        if (isHidden(name)) continue;
        if (++items > maxItems) return { files, others, folders, isCut: true };
        const path = folder === "" ? name : `${folder}/${name}`;
        const kind = isSymlink ? await kindOf(join(root, path)) : isDirectory ? "folder" : "file";
        if (kind === "folder") {
          if (!isSymlink || await isNew(join(root, path), visited)) below.push(path);
        } else if (kind === "file") {
          if (wanted(name)) files.push(fileIn(root, path));
          else others.push(path);
        }
      }
      others.splice(mostOthers);
    }
    files.sort((a, b) => levelOf(a) - levelOf(b) || compare(a.path, b.path));
    if (enough(files)) return { files, others, folders, isCut: false };
    level = below.sort(compare);
  }
  return { files, others, folders, isCut: level.length > 0 };
}

/** What a folder holds; one below the root that may not be read has nothing to say. */
async function entriesOf(root: string, folder: string): Promise<FolderEntry[]> {
  try {
    return await readFolder(join(root, folder));
  } catch (error) {
    if (folder === "" || !(error instanceof DataFormatError)) throw error;
    return [];
  }
}

const levelOf = ({ path }: FoundFile) => path.split("/").length;

async function realPathOf(path: string): Promise<string> {
  const { realpath } = await fileSystem();
  return await explained(path, () => realpath(path));
}

/** Whether a link leads to a folder that neither was searched already nor holds one that was. */
async function isNew(link: string, visited: Set<string>): Promise<boolean> {
  const target = await realPathOf(link);
  const inside = target.endsWith("/") ? target : `${target}/`;
  if ([...visited].some((each) => `${each}/`.startsWith(inside))) return false;
  visited.add(target);
  return true;
}

function fileIn(root: string, path: string): FoundFile {
  const source = join(root, path);
  return { path, source, read: () => explained(source, () => readRegularFile(source)) };
}

async function searchArchive(
  root: string,
  { wanted, maxDepth = 5, maxItems = 1_000_000, maxBytes }: SearchOptions,
): Promise<FoundFiles> {
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const tree = await openFileTree(root, {
    ...{ maxBytes: maxBytes ?? mostBytes, maxItems, wanted: (path) => wanted(nameOf(path)) },
  });
  const inside = tree.paths.map((path, index) => ({ path, index, names: path.split("/") }))
    .map((each) => ({ ...each, names: each.names.filter((name) => name !== ".") }))
    .filter(({ names }) => !names.some(isHidden) && names.length <= maxDepth + 1);
  const isWanted = ({ names }: { names: readonly string[] }) => wanted(names.at(-1)!);
  return {
    files: inside.filter(isWanted).map(({ names, path, index }) => ({
      path: names.join("/"),
      source: `${root}/${path}`,
      read: () => tree.read(index),
    })).sort((a, b) => levelOf(a) - levelOf(b) || compare(a.path, b.path)),
    others: inside.filter((each) => !isWanted(each)).slice(0, mostOthers).map(({ path }) => path),
    folders: new Set(inside.map(({ names }) => names.slice(0, -1).join("/"))).size,
    isCut: false,
  };
}
