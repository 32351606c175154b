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
  /**
   * Links that are left out: of an archive all, since what they lead to need not be in it, of a folder those
   * that lead back.
   */
  readonly links: number;
  /** Whether it is an archive. */
  readonly isArchive: boolean;
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
 * Links to files are followed wherever they lead, as folders made of links are common; so are links to
 * folders, but for those that lead back to where they lie. Whatever else has a name, such as a pipe, a
 * device or a link that leads nowhere, is listed too: whoever wants to read it is told.
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
  const { paths, links } = await listFiles(path, maxItems);
  return {
    source: path,
    paths,
    links,
    isArchive: false,
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
    isArchive: true,
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
  const files: { readonly name: string; readonly size: number; bytes?: Uint8Array }[] = [];
  let links = 0;
  let held = 0;
  const members = readTar(await streamFile(path), {
    ...{ source: path, maxItems, maxBytes: 2 ** 40 },
    wanted(name, size) {
      if (!wanted(name) || size > maxBytes) return false;
      if ((held += size) <= maxHeldBytes) return true;
      throw new DataFormatError(path, "its images do not fit into memory together; unpack it");
    },
    passedOver: ({ name, size, isFile }) => isFile ? files.push({ name, size }) : links++,
  });
  for await (const { name, bytes } of members) files.push({ name, size: bytes.length, bytes });
  return {
    source: path,
    paths: files.map(({ name }) => name),
    links,
    isArchive: true,
    read(index) {
      const { name, size, bytes } = files[index]!;
      const source = `${path}/${name}`;
      checkLimit("maxBytes", size, { source, what: "the file", allowed: maxBytes });
      if (bytes === undefined) throw new DataFormatError(source, "it was passed over");
      return Promise.resolve(bytes);
    },
    confirm: () => Promise.resolve(),
  };
}

/** A folder that has still to be listed. */
interface WaitingFolder {
  /** Its path below the root. */
  readonly below: string;
  /** Where the links on the way to it lead. */
  readonly through: readonly string[];
}

/** Links to folders that may lie on one way: more could lead around and around. */
const mostLinks = 3;

/** Paths of all that is no folder below a folder, and how many links were not followed. */
async function listFiles(
  root: string,
  maxItems: number,
): Promise<{ readonly paths: string[]; readonly links: number }> {
  const paths: string[] = [];
  let links = 0;
  // A list, not recursion: folders may be nested as deep as a path is long.
  for (const waiting: WaitingFolder[] = [{ below: "", through: [] }]; waiting.length > 0;) {
    const { below, through } = waiting.pop()!;
    const entries = await readFolder(join(root, below));
    for (const { name, isDirectory, isSymlink } of entries) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) waiting.push({ below: path, through });
      else if (!isSymlink || await kindOf(join(root, path)) !== "folder") paths.push(path);
      else {
        const target = await elsewhere(join(root, below), join(root, path), [root, ...through]);
        if (target === undefined || through.length === mostLinks) links++;
        else waiting.push({ below: path, through: [...through, target] });
      }
    }
    const found = paths.length + waiting.length;
    checkLimit("maxItems", found, { source: root, what: "the folder", allowed: maxItems });
  }
  return { paths, links };
}

/**
 * Where a link to a folder leads; undefined if that is around the folder that it lies in, or one of those
 * that led there.
 */
async function elsewhere(
  folder: string,
  link: string,
  through: readonly string[],
): Promise<string | undefined> {
  const { realpath } = await fileSystem();
  const target = await realpath(link);
  const ways = await Promise.all([folder, ...through].map((each) => realpath(each)));
  const leadsBack = ways.some((way) =>
    `${way}/`.startsWith(target.endsWith("/") ? target : `${target}/`)
  );
  return leadsBack ? undefined : target;
}
