/** Zip archives of which single files are read, as archives of images are. */
import { readZip } from "../../../../src/datasets/zip_files.ts";
import type { FuzzTarget } from "../target.ts";
import { zipInput, zipSeeds, zipTokens } from "../zip_builder.ts";

/** See above. */
export const target: FuzzTarget = {
  about: "zip archives of which single files are read",
  file: "images.zip",
  tokens: zipTokens,
  seeds: zipSeeds,
  isProtected: true,
  async read(bytes, source) {
    const { entries, read } = await readZip((work) =>
      work({
        size: () => Promise.resolve(bytes.length),
        read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
      }), { source });
    const found: unknown[] = [];
    for (const entry of entries) found.push([entry.name, new Uint8Array(await read(entry))]);
    return found;
  },
  structured: zipInput,
};
