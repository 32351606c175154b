/** NumPy's `.npz` files: zip archives of `.npy` files. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { parseNpy } from "./npy.ts";
import { bytesFor, checkLimit, type ReadLimits } from "./read_limits.ts";
import type { StoredTensor } from "./stored_tensor.ts";
import { readZipDirectory, readZipEntry } from "./zip.ts";

/** Whether bytes begin as a `.npz` file does: a zip archive whose first file is a `.npy` file. */
export function isNpz(bytes: Uint8Array): boolean {
  if (!(bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4)) return false;
  const length = (bytes[26] ?? 0) + 256 * (bytes[27] ?? 0);
  return String.fromCharCode(...bytes.subarray(26 + length, 30 + length)) === ".npy";
}

/**
 * The arrays of a `.npz` file.
 *
 * @category Formats
 */
export interface NpzArchive {
  /** Names of the arrays, in the file's order. */
  readonly names: readonly string[];
  /**
   * Unpacks one array.
   *
   * @throws ReadLimitError if it unpacks to more than `maxBytes`.
   * @throws DataFormatError if there is none of this name, it is damaged, or holds no numbers.
   */
  read(name: string): StoredTensor;
}

/**
 * Options of {@linkcode parseNpz}.
 *
 * @category Formats
 */
export interface ParseNpzOptions extends Pick<ReadLimits, "maxBytes" | "maxItems"> {
  /** Path, or a name for the bytes, for error messages. */
  readonly source?: string;
}

/**
 * Reads the list of arrays in what `numpy.savez` or `numpy.savez_compressed` wrote. An array is unpacked when
 * it is asked for; what else is in the file does not matter.
 *
 * @example
 * ```ts
 * import { parseNpz, writeNpy } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 * import { zipSync } from "fflate";
 *
 * const x = { dtype: "F32", shape: [1, 2], data: Float32Array.of(3, 4) } as const;
 * const archive = parseNpz(zipSync({ "x.npy": writeNpy(x) }), { source: "two.npz" });
 * assertEquals(archive.names, ["x"]);
 * assertEquals(archive.read("x"), x);
 * ```
 *
 * @throws ReadLimitError if it has more than `maxItems` files (50,000).
 * @throws DataFormatError if it is no zip archive, or a damaged one.
 * @category Formats
 */
export function parseNpz(bytes: Uint8Array, options: ParseNpzOptions = {}): NpzArchive {
  const { source = "npz", maxItems, maxBytes: allowed = 2 * bytesFor(bytes.length) } = options;
  const entries = readZipDirectory(bytes, { source, maxItems });
  const names = [...entries.keys()].filter((name) => name.endsWith(".npy"));
  return {
    names: names.map((name) => name.slice(0, -".npy".length)),
    read(name) {
      const entry = entries.get(`${name}.npy`);
      if (entry === undefined) throw new DataFormatError(source, `no array ${quoted(name)} in it`);
      checkLimit("maxBytes", entry.size, { source, what: `its array ${quoted(name)}`, allowed });
      return parseNpy(readZipEntry(bytes, entry, source), `${source}/${name}.npy`);
    },
  };
}
