/** Reading files in every runtime that has files: Deno, Node and those like it. */
import { DataFormatError } from "../core/errors.ts";
import { fileSystem, openRegularFile } from "../core/file_system.ts";

/** A file that is open. */
export interface OpenFile {
  /** Size in bytes. */
  size(): Promise<number>;
  /** The bytes from `offset` on, as many as asked for, or fewer where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a folder holds. */
export interface FolderEntry {
  readonly name: string;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
}

/** Whether a call failed because there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR";
}

/** What the system calls its troubles with a path, in words. */
const troubles: Readonly<Record<string, string>> = {
  EACCES: "permission to read it is denied",
  EPERM: "permission to read it is denied",
  ELOOP: "it is a link that leads in a circle",
  ENOENT: "it is missing, or a link that leads nowhere",
  ENOTDIR: "a part of its path is no folder",
  ENAMETOOLONG: "its path is too long for this system",
  EISDIR: "it is a folder, expected a regular file",
  EIO: "it cannot be read: the device or file system has an error",
};

/**
 * Does something with a path; what the system refuses is said in words.
 *
 * @throws DataFormatError for what the system refuses; other errors stay as they are.
 */
export async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const problem = typeof code === "string" ? troubles[code] : undefined;
    if (problem === undefined) throw error;
    throw new DataFormatError(path, problem, { cause: error });
  }
}

/**
 * Kind of what lies at a path; undefined if nothing does, or a link that leads nowhere or in a circle.
 *
 * @throws DataFormatError if the system does not let it be seen.
 */
export async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const { stat } = await fileSystem();
  return await explained(path, async () => {
    try {
      return (await stat(path)).isDirectory() ? "folder" : "file";
    } catch (error) {
      if (isMissing(error) || (error as { code?: unknown }).code === "ELOOP") return undefined;
      throw error;
    }
  });
}

/**
 * What a folder holds, in no order.
 *
 * @throws DataFormatError if the system does not let it be seen.
 */
export async function readFolder(path: string): Promise<FolderEntry[]> {
  const { readdir } = await fileSystem();
  const entries = await explained(path, () => readdir(path, { withFileTypes: true }));
  return entries.map((entry) => ({
    name: entry.name,
    isFile: entry.isFile(),
    isDirectory: entry.isDirectory(),
    isSymlink: entry.isSymbolicLink(),
  }));
}

/**
 * Opens a file for the time of some work.
 *
 * @throws DataFormatError if it is no regular file.
 */
export async function withFile<T>(
  path: string,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const handle = await openRegularFile(path);
  try {
    return await work({
      size: async () => (await handle.stat()).size,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        let at = 0;
        while (at < length) {
          const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
          if (bytesRead === 0) break;
          at += bytesRead;
        }
        return bytes.subarray(0, at);
      },
    });
  } finally {
    await handle.close();
  }
}

const chunkBytes = 2 ** 18;

/**
 * The bytes of a file as a stream, which closes the file when it ends or is canceled.
 *
 * @throws DataFormatError if it is no regular file.
 */
export async function streamFile(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const handle = await openRegularFile(path);
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(chunkBytes);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes);
      if (bytesRead > 0) return controller.enqueue(chunk.subarray(0, bytesRead));
      await handle.close();
      controller.close();
    },
    cancel: () => handle.close(),
  });
}

/**
 * Reads a part of a file.
 *
 * @throws DataFormatError if the file ends before it.
 */
export async function readExactly(
  file: OpenFile,
  { offset, length, source, problem }: {
    readonly offset: number;
    readonly length: number;
    /** Path, and what to say, if the file ends too early. */
    readonly source: string;
    readonly problem: string;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.read(offset, length);
  if (bytes.length < length) throw new DataFormatError(source, problem, offset + bytes.length);
  return bytes;
}
