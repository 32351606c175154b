import { ToolkitError } from "../core/errors.ts";
import { runtimeName } from "../core/runtime.ts";

/**
 * Runs and logs are kept with Deno's functions for files: no other runtime can lock one.
 *
 * @param what What cannot be done elsewhere, such as "open a run".
 * @throws ToolkitError in another runtime.
 */
export function requireDeno(what: string): void {
  if (!("Deno" in globalThis)) {
    throw new ToolkitError(`Cannot ${what}: found ${runtimeName()}, expected Deno`);
  }
}
