/** What kind of file bytes are, for messages about those of another kind than was expected. */

/** How files begin, and what they are. */
const beginnings: readonly (readonly [string, string])[] = [
  ["\x93NUMPY", "an array of NumPy (.npy)"],
  ["PK\x03\x04", "a zip archive"],
  ["PK\x05\x06", "an empty zip archive"],
  ["\x1f\x8b", "compressed by gzip"],
  ["BZh", "compressed by bzip2"],
  ["\xfd7zXZ", "compressed by xz"],
  ["\x28\xb5\x2f\xfd", "compressed by zstd"],
  ["7z\xbc\xaf", "a 7z archive"],
  ["\x89HDF\r\n", "an HDF5 file, as Keras and MATLAB write them"],
  ["MATLAB 5.0", "a file of MATLAB"],
  ["\x89PNG", "a PNG picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["GIF8", "a GIF picture"],
  ["PAR1", "a table in parquet"],
  ["GGUF", "a network in GGUF"],
  ["%PDF", "a PDF document"],
  [
    "version https://git-lfs",
    "a pointer of Git LFS; the file itself was not fetched (git lfs pull)",
  ],
  ["<!DOCTYPE", "a page of HTML, as a failed download leaves it"],
  ["<!doctype", "a page of HTML, as a failed download leaves it"],
  ["<html", "a page of HTML, as a failed download leaves it"],
  ["<?xml", "XML"],
];

/** The kind of a file by how it begins, as the object of "it is"; undefined where that tells nothing. */
export function fileKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "empty";
  const begin = String.fromCharCode(...bytes.subarray(0, 32));
  const found = beginnings.find(([start]) => begin.startsWith(start))?.[1];
  if (found !== undefined) return found;
  if (bytes[0] === 0x80 && bytes[1]! <= 5) return "a Python pickle";
  if (String.fromCharCode(...bytes.subarray(257, 262)) === "ustar") return "a tar archive";
  const text = begin.trimStart();
  if (text.startsWith("{") || text.startsWith("[")) return "JSON";
  return /^[\t\n\r\x20-\x7e]+$/.test(begin) ? "text" : undefined;
}

/** The kind of a file that is plainly no safetensors, whose header, after its length, is JSON. */
export function kindBesideSafetensors(bytes: Uint8Array): string | undefined {
  return bytes[8] === 0x7b ? undefined : fileKind(bytes);
}
