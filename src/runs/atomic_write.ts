/** Files that are there whole or not at all. */
import { dirname, join } from "@std/path";
import { requireDeno } from "./require_deno.ts";

/**
 * Writes a file under a temporary name in the same folder, then renames it: whoever looks at `path` sees
 * the old content or the new, never a part. The temporary file is removed if anything fails.
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
  requireDeno(`write ${path}`);
  const temporary = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    if (error instanceof Error) error.message = error.message.replaceAll(temporary, path);
    throw error;
  }
}

/**
 * Removes what {@linkcode writeFileAtomic} left in a folder, and in those below it, when its process was
 * killed. No other process may be writing there.
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
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await removeTemporaries(join(folder, name));
    else if (isFile && /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name)) {
      await Deno.remove(join(folder, name));
    }
  }
}
