/** Folders that a command line names as its output: there whole or not at all. */
import { dirname, join, relative } from "@std/path";
import { syncFolder } from "../../src/runs/store_file.ts";
import { CommandError } from "../cli/command.ts";
import { makeFolderOf, temporaryBeside } from "./write_output.ts";

/** Paths of all files in a folder, relative to it. */
async function filesIn(folder: string, root = folder): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    names.push(...isDirectory ? await filesIn(path, root) : [relative(root, path)]);
  }
  return names;
}

/** Removes a folder that is to be replaced, if it holds nothing but such files. */
async function removeOld(folder: string, files: ReadonlyMap<string, unknown>): Promise<void> {
  const found = await filesIn(folder).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (found === undefined) return;
  const other = found.find((name) => !files.has(name.replaceAll("\\", "/")));
  if (other !== undefined) {
    throw new CommandError(
      `${folder} holds ${other}, which would be lost: name another folder, or remove it yourself`,
    );
  }
  await Deno.remove(folder, { recursive: true });
}

/**
 * Writes a folder: beside its place, synced to the disk, then renamed. What is there already must be made
 * of files of the same names, and is replaced.
 *
 * @param files Bytes by path in the folder, with "/" between folders.
 * @throws CommandError if the folder holds other files. The system's errors name the folder.
 */
export async function writeOutputFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const temporary = temporaryBeside(folder);
  await makeFolderOf(folder);
  // What a killed process left of that name.
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
  try {
    await Deno.mkdir(temporary);
    for (const [name, bytes] of files) {
      const path = join(temporary, name);
      await Deno.mkdir(dirname(path), { recursive: true });
      using file = await Deno.open(path, { write: true, createNew: true });
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    }
    await removeOld(folder, files);
    await Deno.rename(temporary, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    if (error instanceof Error) error.message = error.message.replaceAll(temporary, folder);
    throw error;
  }
}
