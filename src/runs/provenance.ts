/** Where results come from: versions, and hashes of configurations and files. */
import { ArgumentError } from "../core/errors.ts";
import { fileSystem } from "../core/file_system.ts";
import { runtimeName } from "../core/runtime.ts";
import { sha256Hex } from "../core/sha256.ts";
import type { Provenance } from "../core/provenance.ts";
import { toolkitName, toolkitVersion } from "../core/version.ts";

/**
 * Name and version of this package, such as "@els/toolkit 0.1.0".
 *
 * @category Runs
 */
export const toolkit: string = `${toolkitName} ${toolkitVersion}`;

/**
 * Completes a record of provenance with the toolkit's and the runtime's version.
 *
 * @example
 * ```ts
 * import { createProvenance } from "@els/toolkit";
 * import { assertMatch } from "@std/assert";
 *
 * const { toolkit, runtime } = createProvenance({ seed: 1, config: { steps: 20 } });
 * assertMatch(toolkit, /^@els\/toolkit \d/);
 * assertMatch(runtime, /^deno \d/);
 * ```
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
 * @example
 * ```ts
 * import { sha256Json } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await sha256Json({ steps: 20, seed: 1 }), await sha256Json({ seed: 1, steps: 20 }));
 * ```
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
 * @example
 * ```ts
 * import { sha256File } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/abc.txt`;
 * await Deno.writeTextFile(path, "abc");
 * assertEquals((await sha256File(path)).slice(0, 8), "ba7816bf");
 * ```
 *
 * @category Runs
 */
export async function sha256File(path: string | URL): Promise<string> {
  const { readFile } = await fileSystem();
  return await sha256Hex(new Uint8Array(await readFile(path)));
}
