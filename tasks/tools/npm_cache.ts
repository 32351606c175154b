/** What Deno's cache knows of the packages of deno.lock. */
import { join } from "@std/path";
import { CommandError } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";

/** A package of deno.lock. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** Name and version of an entry of deno.lock, such as `a@1.0.0_b@2.0.0`: what follows are its peers. */
export function parseLockId(id: string): LockedPackage {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id) ?? [];
  if (name === undefined || version === undefined) {
    throw new CommandError(`Cannot read deno.lock: ${id} is no package with a version`);
  }
  return { name, version };
}

/** Folders of Deno's cache that hold packages, one for each registry. */
export async function registries(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly npmCache: string;
  };
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(npmCache)) {
    if (isDirectory) found.push(join(npmCache, name));
  }
  return found;
}

/** What a JSON file of a package holds, in the first folder that has it. */
export async function fromCache(path: string, folders: readonly string[]): Promise<unknown> {
  for (const folder of folders) {
    const text = await textIfThere(join(folder, path));
    if (text !== undefined) return JSON.parse(text);
  }
  return undefined;
}
