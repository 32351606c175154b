/** Files that are there whole or not at all, also after a power cut. */
import { dirname, join } from "@std/path";
import { requireDeno } from "./require_deno.ts";
import { removeStored, renameStored, StoreFile, syncFolder } from "./store_file.ts";

/** Names of files that are being written. */
const temporaryName = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Folders in which this process has looked for what killed ones left. */
const swept = new Set<string>();

/**
 * Writes a file under a temporary name in the same folder, syncs it, renames it and syncs the folder:
 * whoever looks at `path`, also after a power cut, sees the old content or the new, never a part. The
 * temporary file is removed if anything fails; one that a killed process left is removed by the next that
 * writes into the folder.
 *
 * @example
 * ```ts
 * import { writeFileAtomic } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/result.json`;
 * await writeFileAtomic(path, "{}");
 * assertEquals(await Deno.readTextFile(path), "{}");
 * ```
 *
 * @param path Where to write; the folder must exist.
 * @param content Bytes, or text to be written as UTF-8.
 * @throws The system's error, such as `Deno.errors.NotFound`; it names `path`, not the temporary file.
 * @category Runs
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await writeThenPlace(path, { content, place: (temporary) => renameStored(temporary, path) });
}

/**
 * Writes a file beside `path` under a temporary name, syncs it, has it put into its place, and syncs the
 * folder.
 */
export async function writeThenPlace(
  path: string,
  { content, place }: {
    readonly content: Uint8Array | string;
    readonly place: (temporary: string) => Promise<void>;
  },
): Promise<void> {
  requireDeno(`write ${path}`);
  const folder = dirname(path);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let temporary = path;
  let file: StoreFile | undefined;
  try {
    file = await createTemporary(folder);
    temporary = file.path;
    if (!swept.has(folder)) {
      swept.add(folder);
      await sweep(folder, await file.owner());
    }
    file.writeAt(0, bytes);
    file.sync();
    await place(temporary);
    await syncFolder(folder);
  } catch (error) {
    if (temporary !== path) await Deno.remove(temporary).catch(() => {});
    if (error instanceof Error) error.message = error.message.replaceAll(temporary, path);
    throw error;
  } finally {
    file?.[Symbol.dispose]();
  }
}

/** A file of a name that nobody has, held by this process until it is closed. */
async function createTemporary(folder: string): Promise<StoreFile> {
  for (;;) {
    const path = join(folder, `.${crypto.randomUUID()}.tmp`);
    const file = await StoreFile.create(path).catch((error) => {
      // The message is to name what the caller knows.
      if (error instanceof Error) error.message = error.message.replaceAll(path, folder);
      throw error;
    });
    try {
      await file.lock();
      // Another process may have swept it before it was held.
      await Deno.lstat(path);
      return file;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return file;
      file[Symbol.dispose]();
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Removes what {@linkcode writeFileAtomic} left in a folder, and in those below it, when its process was
 * killed. What a living process is writing stays, and so does what belongs to another user.
 *
 * @example
 * ```ts
 * import { removeTemporaries, writeFileAtomic } from "@els/toolkit/training";
 *
 * const folder = await Deno.makeTempDir();
 * await writeFileAtomic(`${folder}/result.json`, "{}");
 * // After a crash: what it wrote half is gone, everything else stays.
 * await removeTemporaries(folder);
 * await Deno.stat(`${folder}/result.json`);
 * ```
 *
 * @category Runs
 */
export async function removeTemporaries(folder: string): Promise<void> {
  requireDeno(`clear ${folder}`);
  await sweep(folder, (await Deno.lstat(folder)).uid);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await removeTemporaries(join(folder, name));
  }
}

/** Removes temporary files of a user that no process holds. */
async function sweep(folder: string, owner: number | null): Promise<void> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && temporaryName.test(name)) names.push(name);
    }
  } catch (error) {
    // A program that may only write there cannot look around.
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      return;
    }
    throw error;
  }
  for (const name of names) {
    const path = join(folder, name);
    try {
      const { isFile, uid } = await Deno.lstat(path);
      if (!isFile || uid !== owner) continue;
      const file = await Deno.open(path, { read: true, write: true });
      try {
        if (await file.tryLock(true)) await removeStored(path);
      } finally {
        file.close();
      }
    } catch (error) {
      // Its owner, or another sweeper, was faster; or it is none of ours after all.
      const passed = [Deno.errors.NotFound, Deno.errors.PermissionDenied, Deno.errors.NotCapable];
      if (!passed.some((kind) => error instanceof kind)) throw error;
    }
  }
}
