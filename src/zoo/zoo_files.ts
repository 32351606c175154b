/** The bytes of the zoo's files, from wherever they lie, compared with their checksums. */
import { DataFormatError, ToolkitError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { sha256Hex } from "../core/sha256.ts";
import type { ZooFile } from "./zoo_index.ts";

/**
 * Where the zoo's files are read from.
 *
 * @category Zoo
 */
export interface ZooOptions {
  /** Address of a folder that holds the same files; default: that of this package. */
  readonly base?: string | URL | undefined;
  /** Gives the bytes at an address, in place of reading a file or fetching. They are verified all the same. */
  readonly read?: ((url: URL, file: ZooFile) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
}

/** The zoo's folder in this package. */
export const zooFolder: URL = new URL("../../data/zoo/", import.meta.url);

/**
 * Reads a file of the zoo.
 *
 * @throws DataFormatError if what lies there is something else, or nothing does.
 * @throws ToolkitError if it has to be fetched and cannot.
 */
export async function readZooFile(
  file: ZooFile,
  { base = zooFolder, read = readAddress }: ZooOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(file.address, base);
  const bytes = await read(url, file);
  const sha256 = await sha256Hex(bytes);
  if (sha256 === file.sha256) return bytes;
  const problem = bytes.length === file.bytes
    ? `its SHA-256 is ${sha256.slice(0, 12)}.., expected ${file.sha256.slice(0, 12)}..`
    : `${bytes.length} bytes, expected ${file.bytes}`;
  throw new DataFormatError(nameOf(url), `not the file that the zoo's index lists: ${problem}`, {
    remedy: takeAgain,
  });
}

const takeAgain = () => "take it again from where the package came from";

/** Reads a file, or fetches what has an address on the network. */
export async function readAddress(url: URL, file: ZooFile): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol !== "file:") return await fetchBytes(url, file);
  try {
    return await readRegularFile(url);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "ENOENT") throw error;
    throw new DataFormatError(nameOf(url), "a file of the zoo is missing", {
      remedy: takeAgain,
      cause: error,
    });
  }
}

/** Fetches at most a byte more than expected: whoever serves another file does not fill the memory. */
async function fetchBytes(url: URL, { bytes }: ZooFile): Promise<Uint8Array<ArrayBuffer>> {
  const fail = (why: string, cause?: unknown) =>
    new ToolkitError(`Cannot fetch ${url.href}: ${why}; check the connection`, { cause });
  const response = await fetch(url).catch((error) => {
    throw fail((error as Error).message, error);
  });
  if (!response.ok) throw fail(`the server answers ${response.status}`);
  const into = new Uint8Array(bytes + 1);
  let at = 0;
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw fail((error as Error).message, error);
    });
    if (done) return into.slice(0, at);
    const part = value.subarray(0, into.length - at);
    into.set(part, at);
    at += part.length;
    if (at === into.length) {
      await reader.cancel();
      return into;
    }
  }
}

/** Path of a file, address of anything else. */
function nameOf(url: URL): string {
  return url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href;
}
