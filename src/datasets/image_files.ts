/** Listing and reading the files below a folder, or in a zip or tar archive. */
import { join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { fileSystem, readRegularFile } from "../core/file_system.ts";
import { checkLimit } from "../formats/read_limits.ts";
import { explained, kindOf, readFolder, streamFile, withFile } from "./open_files.ts";
import { readTar } from "./tar.ts";
import { openZip } from "./zip_files.ts";

/** The files of a folder or an archive. */
export interface FileTree {
  /** Path of the folder or archive. */
  readonly source: string;
  /** Paths of the files below it, with "/" between parts. */
  readonly paths: readonly string[];
  /** Links in an archive, which are left out: what they lead to need not be in it. */
  readonly links: number;
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
  /** Bytes that the wanted files of a tar archive may have together, since all are held. Default 2 GiB. */
  readonly maxHeldBytes?: number;
  /** Which files of a tar archive are going to be read; all by default. */
  readonly wanted?: (path: string) => boolean;
}

/**
 * Lists a folder with everything below it, or a zip or tar archive.
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
  options: FileTreeOptions,
): Promise<FileTree> {
  const { maxBytes, maxItems = 5_000_000 } = options;
  const kind = await kindOf(path);
  if (kind === undefined) throw new DataFormatError(path, "there is no such file or folder");
  if (kind === "file") return await openArchive(path, { ...options, maxItems });
  const paths = await listFiles(path, maxItems);
  return {
    source: path,
    paths,
    links: 0,
    read(index) {
      const file = join(path, paths[index]!);
      return explained(file, () => readRegularFile(file, { maxBytes }));
    },
    confirm: () => Promise.resolve(),
  };
}

/** First bytes of archives that are not read, as text. */
const otherArchives: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["a RAR archive", /^Rar!/],
  ["a 7z archive", /^7z\xbc\xaf/],
  ["compressed by xz", /^\xfd7zXZ/],
  ["compressed by bzip2", /^BZh/],
  ["compressed by zstd", /^\x28\xb5\x2f\xfd/],
];

/** Lists an archive, whose kind its first bytes tell. */
async function openArchive(
  path: string,
  options: FileTreeOptions & { readonly maxItems: number },
): Promise<FileTree> {
  const head = await withFile(path, (file) => file.read(0, 512));
  const text = String.fromCharCode(...head);
  if (/^(\xff\xd8\xff|\x89PNG|RIFF....WEBP|BM)/s.test(text)) {
    throw new DataFormatError(
      path,
      "this is a single picture, expected a folder, zip or tar of them",
      {
        remedy: (say) => `name its folder with ${say.option("from")}`,
      },
    );
  }
  const other = otherArchives.find(([, pattern]) => pattern.test(text));
  if (other !== undefined) {
    throw new DataFormatError(
      path,
      `this is ${other[0]}, expected a folder, zip or tar; unpack it`,
    );
  }
  const isTar = text.startsWith("\x1f\x8b") || text.slice(257, 262) === "ustar";
  return isTar ? await openTar(path, options) : await openZipTree(path, options);
}

async function openZipTree(
  path: string,
  options: FileTreeOptions & { readonly maxItems: number },
): Promise<FileTree> {
  const { entries: all, read, confirm } = await openZip(path, options);
  const entries = all.filter(({ isLink }) => !isLink);
  return {
    source: path,
    paths: entries.map(({ name }) => name),
    links: all.length - entries.length,
    read: (index) => read(entries[index]!),
    confirm: (indices) => confirm(indices.map((index) => entries[index]!)),
  };
}

/** A tar archive has no directory, and gzip no places: what is wanted is read at once, and held. */
async function openTar(
  path: string,
  { maxBytes, maxItems, maxHeldBytes = 2 ** 31, wanted = () => true }: FileTreeOptions & {
    readonly maxItems: number;
  },
): Promise<FileTree> {
  const files: { readonly name: string; readonly bytes: Uint8Array | undefined }[] = [];
  let links = 0;
  let held = 0;
  const members = readTar(await streamFile(path), {
    ...{ source: path, maxItems, maxBytes: 2 ** 40, wanted },
    passedOver: ({ name, isFile }) => isFile ? files.push({ name, bytes: undefined }) : links++,
  });
  for await (const { name, bytes } of members) {
    if ((held += bytes.length) > maxHeldBytes) {
      throw new DataFormatError(path, "its images do not fit into memory together; unpack it");
    }
    files.push({ name, bytes });
  }
  return {
    source: path,
    paths: files.map(({ name }) => name),
    links,
    read(index) {
      const { name, bytes } = files[index]!;
      if (bytes === undefined) throw new DataFormatError(`${path}/${name}`, "it was passed over");
      const source = `${path}/${name}`;
      checkLimit("maxBytes", bytes.length, { source, what: "the file", allowed: maxBytes });
      return Promise.resolve(bytes);
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
