import { ToolkitError } from "./errors.ts";
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
