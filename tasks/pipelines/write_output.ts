/** Files that a command line names as its output: there whole or not at all. */
import { basename, dirname, join } from "@std/path";
import { syncFolder } from "../../src/runs/store_file.ts";

/**
 * Name under which an output is written before it takes its place. `deno task` permits a command this file
 * and its output, and nothing else in the folder; `.ci/grants.ts` knows the same name.
 */
export function temporaryBeside(file: string): string {
  return join(dirname(file), `.${basename(file)}.tmp`);
}

/** Opens a file that is not there yet, in place of what a killed process left of that name. */
async function createTemporary(path: string): Promise<Deno.FsFile> {
  for (let attempt = 0;; attempt++) {
    try {
      // Fails on whatever is there, links included: what another user put there is not written to.
      const file = await Deno.open(path, { write: true, createNew: true });
      await file.lock(true);
      return file;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists) || attempt > 0) throw error;
      await removeLeftover(path);
    }
  }
}

/** @throws Deno.errors.Busy if another process is writing the file. */
async function removeLeftover(path: string): Promise<void> {
  if ((await Deno.lstat(path)).isFile) {
    using file = await Deno.open(path, { read: true });
    if (!await file.tryLock(true)) {
      throw new Deno.errors.Busy(
        `Cannot write ${path}: another process is doing so; wait for its end`,
      );
    }
  }
  await Deno.remove(path);
}

/**
 * Makes the folder of an output where it is missing. `deno task` permits that there, and may permit no
 * look at a folder that is there: it is then left to the writing to find that it is not.
 */
export async function makeFolderOf(path: string): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

/**
 * Writes the output of a command: beside its place, synced to the disk, then renamed.
 *
 * @param content Bytes, or text to be written as UTF-8.
 * @throws The system's error; it names `path`, not the temporary file.
 */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryBeside(path);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let created = false;
  try {
    using file = await createTemporary(temporary);
    created = true;
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
    await Deno.rename(temporary, path);
    // Where the folder itself may be read; else the name may be gone after a power cut.
    await syncFolder(dirname(path));
  } catch (error) {
    if (created) await Deno.remove(temporary).catch(() => {});
    if (error instanceof Error) error.message = error.message.replaceAll(temporary, path);
    throw error;
  }
}
