/** Where data sets lie on this machine. */
import { fromFileUrl, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { type FolderEntry, kindOf, readFolder } from "./open_files.ts";

/**
 * The folder that `deno task data` fills: `data/downloads` of this package where it runs from a folder,
 * of the working directory where it was loaded from a registry.
 */
export function downloadsFolder(): string {
  const here = new URL("../../data/downloads", import.meta.url);
  return here.protocol === "file:" ? fromFileUrl(here) : join("data", "downloads");
}

/** Files that hold images under any name, and the data set that reads them. */
const containers: readonly (readonly [ending: RegExp, set: string, what: string])[] = [
  [/\.np[yz]$/i, "arrays", "a file of NumPy"],
  [/\.parquet$/i, "parquet", "a Parquet file"],
];

/**
 * Refuses a file that another data set is for.
 *
 * @throws DataFormatError that names it.
 */
export function refuseContainer(from: string, name: string): void {
  const [, set, what] = containers.find(([ending]) => ending.test(from)) ?? [];
  if (set === undefined || set === name) return;
  throw new DataFormatError(from, `it is ${what}, which the data set ${name} does not read`, {
    remedy: (say) => `take ${say.option("dataset", set)}`,
  });
}

/**
 * Finds a data set: the path given, or the first of the usual folders that exists.
 *
 * @param name Name of the data set.
 * @param options.from What the caller was given.
 * @param options.folders Where to look otherwise.
 * @throws DataFormatError whose one line says what to run, if there is nothing.
 */
export async function locateDataset(
  name: string,
  { from, folders }: { readonly from?: string | undefined; readonly folders: readonly string[] },
): Promise<string> {
  if (from !== undefined) {
    refuseContainer(from, name);
    if (await kindOf(from) !== undefined) return from;
    throw new DataFormatError(from, `there is no such file or folder to take ${name} from`);
  }
  for (const folder of folders) if (await kindOf(folder) !== undefined) return folder;
  throw new DataFormatError(
    name,
    `this data set is not here (looked in ${folders.join(" and ")})`,
    { remedy: (say) => `${say.fetch(name)}, or name its files with ${say.option("from")}` },
  );
}

/** Names of the files and folders in a folder, sorted; hidden ones are left out. */
export async function listFolder(folder: string): Promise<FolderEntry[]> {
  const entries = (await readFolder(folder)).filter(({ name }) => !name.startsWith("."));
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}
