import { DataFormatError, ReadLimitError, ToolkitError } from "./errors.ts";
import type { RuntimeScope } from "./runtime.ts";

/**
 * Node's functions for files, which Deno and Bun have too. Imported when needed: a browser has none, and
 * would look for the module on the network.
 *
 * @throws ToolkitError where there are no files.
 */
export async function fileSystem(): Promise<typeof import("node:fs/promises")> {
  if ((globalThis as RuntimeScope).process?.versions?.node === undefined) {
    throw new ToolkitError("Cannot read a file: this runtime has none", {
      remedy: () => "pass what is in memory",
    });
  }
  return await import("node:fs/promises");
}

/** What lies at a path, as far as it is no plain file. */
interface Kind {
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
}

/** Devices and pipes can be read without end, or make whoever opens them wait for ever. */
function checkRegular(kind: Kind, path: string | URL): void {
  if (kind.isFile()) return;
  const found = kind.isDirectory()
    ? "a folder"
    : kind.isFIFO()
    ? "a pipe"
    : kind.isSocket()
    ? "a socket"
    : "a device";
  throw new DataFormatError(`${path}`, `it is ${found}, expected a regular file`);
}

/**
 * Opens a regular file for reading; links to one are followed.
 *
 * @throws DataFormatError if it is a folder, a device, a pipe or a socket: none of these is opened.
 * @throws Error of the system (`code: "ENOENT"` and others) if it is missing or may not be read.
 */
export async function openRegularFile(
  path: string | URL,
): Promise<import("node:fs/promises").FileHandle> {
  const { constants, open, stat } = await fileSystem();
  checkRegular(await stat(path), path);
  // What is there may have changed since: without waiting even if it is a pipe now, and looked at again.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    checkRegular(await handle.stat(), path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Memory for a file; a sparse one can say that it has more bytes than there is memory. */
function memoryFor(size: number, path: string | URL): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (error) {
    throw new DataFormatError(`${path}`, `its ${size} bytes do not fit into memory`, {
      cause: error,
    });
  }
}

/** Options of {@linkcode readRegularFile}. */
export interface ReadRegularFileOptions {
  /** Most bytes that it may have. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads a whole regular file; links to one are followed.
 *
 * @throws DataFormatError if it is a folder, a device, a pipe or a socket.
 * @throws ReadLimitError if it has more than `maxBytes`.
 * @throws Error of the system (`code: "ENOENT"` and others) if it is missing or may not be read.
 */
export async function readRegularFile(
  path: string | URL,
  { maxBytes = 2 ** 32 }: ReadRegularFileOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) {
      throw new ReadLimitError(`${path}`, `the file has ${size} bytes, more than ${maxBytes}`, {
        limit: "maxBytes",
        needed: size,
        allowed: maxBytes,
      });
    }
    const bytes = memoryFor(size, path);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at === size ? bytes : bytes.slice(0, at);
  } finally {
    await handle.close();
  }
}
