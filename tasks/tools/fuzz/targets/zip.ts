/** Zip archives in memory, as PyTorch's files are. */
import { readZipDirectory, readZipEntry } from "../../../../src/formats/zip.ts";
import type { FuzzTarget } from "../target.ts";
import { zipInput, zipSeeds, zipTokens } from "../zip_builder.ts";

/** See above. */
export const target: FuzzTarget = {
  about: "zip archives in memory",
  file: "a.zip",
  tokens: zipTokens,
  seeds: zipSeeds,
  isProtected: true,
  read: (bytes, source) =>
    [...readZipDirectory(bytes, { source })].map((
      [name, entry],
    ) => [name, readZipEntry(bytes, entry, source)]),
  structured: zipInput,
};
