/** Where results come from: versions, and hashes of configurations and files. */
import { ArgumentError } from "../core/errors.ts";
import { fileSystem } from "../core/file_system.ts";
import { runtimeName } from "../core/runtime.ts";
import { sha256Hex } from "../core/sha256.ts";
import type { Provenance } from "../core/provenance.ts";
import { toolkitName, toolkitVersion } from "./version.ts";

/**
 * Name and version of this package, such as "@els/toolkit 0.1.0".
 *
 * @category Runs
 */
export const toolkit: string = `${toolkitName} ${toolkitVersion}`;

/**
 * Completes a record of provenance with the toolkit's and the runtime's version.
 *
 * @category Runs
 */
export function createProvenance(fields: Omit<Provenance, "toolkit" | "runtime">): Provenance {
  return { toolkit, runtime: runtimeName(), ...fields };
}

/**
 * SHA-256 (hex) of plain data. The order of fields does not matter, and fields that are `undefined` count
 * as absent, so that equal configurations have equal hashes.
 *
 * @throws RangeError if a number is NaN or infinite: JSON would turn it into null in silence.
 * @category Runs
 */
export async function sha256Json(value: unknown): Promise<string> {
  const text = JSON.stringify(value, (key, field: unknown) => {
    if (typeof field === "number" && !Number.isFinite(field)) {
      throw new ArgumentError(`Cannot hash a configuration: ${key || "it"} is ${field}`);
    }
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).sort(([a], [b]) => a < b ? -1 : 1));
  });
  return await sha256Hex(new TextEncoder().encode(text));
}

/**
 * SHA-256 (hex) of a file.
 *
 * @category Runs
 */
export async function sha256File(path: string | URL): Promise<string> {
  const { readFile } = await fileSystem();
  return await sha256Hex(new Uint8Array(await readFile(path)));
}
