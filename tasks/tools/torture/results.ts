/** What a run leaves for people, to be compared byte by byte. */
import { join } from "@std/path";

/** Files by their path in the folder of runs; what is of the moment, or of the store, is left out. */
export type Results = ReadonlyMap<string, Uint8Array>;

/** Names that tell when a run began or what it took, keep states, or hold what was put aside. */
const notCompared = /^(\.|config\.json$|index\.html$|cost\.csv$)|state\.|-before-\d+\./;

/** Reads the results below a folder. */
export async function readResults(folder: string): Promise<Results> {
  const results = new Map<string, Uint8Array>();
  const visit = async (path: string, prefix: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await visit(join(path, name), `${prefix}${name}/`);
      else if (!notCompared.test(name)) {
        results.set(`${prefix}${name}`, await Deno.readFile(join(path, name)));
      }
    }
  };
  await visit(folder, "");
  return results;
}

/** The first file in which results differ from those expected; undefined if they are the same. */
export function firstDifference(found: Results, expected: Results): string | undefined {
  for (const [name, bytes] of expected) {
    const other = found.get(name);
    if (other === undefined) return `${name} is missing`;
    if (other.length !== bytes.length || other.some((byte, i) => byte !== bytes[i])) {
      return `${name} differs`;
    }
  }
  for (const name of found.keys()) if (!expected.has(name)) return `${name} is new`;
  return undefined;
}

/** What a killed process left below a folder: temporary files, and folders without a name. */
export async function leftovers(folder: string): Promise<string[]> {
  const left: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (name.endsWith(".tmp") || /^\d{5,}$/.test(name)) left.push(join(path, name));
      if (isDirectory) await visit(join(path, name));
    }
  };
  await visit(folder);
  return left;
}
