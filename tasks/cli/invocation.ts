/** How the user started us, so that messages name commands that work there. */
import { fromFileUrl, relative } from "@std/path";
import { toolkitName } from "../../src/core/version.ts";

/** The file that runs all verbs, in a clone and in the package. */
const entry = "/tasks/main.ts";

/**
 * What stands before a verb on the command line: `deno task` in a clone, and the package's name or the
 * file's where verbs are run through the one entry point.
 *
 * @param main URL of the main module; for a package of JSR Deno gives its name as it was asked for.
 * @param cwd Path of the working directory.
 */
export function invocationOf(main: string, cwd: string): string {
  if (main.startsWith("jsr:")) return `deno run -A ${main}`;
  if (!main.endsWith(entry)) return "deno task";
  if (!main.startsWith("file:")) return `deno run -A jsr:${toolkitName}/cli`;
  const path = relative(cwd, fromFileUrl(main));
  return `deno run -A ${path.startsWith("..") ? fromFileUrl(main) : path}`;
}

/** The working directory; where Deno does not permit to read it, paths are told whole. */
function workingDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    return "/";
  }
}

/** The command line of a verb, such as `deno task train --seed 2`. */
export function commandLine(words: string): string {
  return `${invocationOf(Deno.mainModule, workingDirectory())} ${words}`;
}

/** Whether this process is a task of deno.json, which has no other permissions than the verb needs. */
export function runsAsTask(): boolean {
  return invocationOf(Deno.mainModule, workingDirectory()) === "deno task";
}
