/** Makes the folders of runs: numbers are unique, and no folder is seen without its configuration. */
import { join } from "@std/path";
import { writeFileAtomic } from "./atomic_write.ts";
import { previousOf } from "./kept_file.ts";
import { configFile, entriesOf } from "./run_record.ts";
import { makeStoredFolder, removeStored, renameStored, syncFolder } from "./store_file.ts";

/** Names of folders that are being made: a number alone. */
const bareNumber = /^\d{5,}$/;

/** What may lie in such a folder: what this file puts there, whole or half. */
const ownFiles = /^(config\.json|\.config\.json\.previous|\.lock|\.[0-9a-f-]{36}\.tmp)$/;

/**
 * Makes the folder of the next number, with a configuration and a copy of it. Only one process does so at a
 * time, so that folders without a name are those of killed ones: they are removed.
 *
 * @param options.name What follows the number.
 * @param options.config Text of the configuration.
 * @returns Name of the folder.
 */
export async function createRunFolder(
  root: string,
  { name, config }: { readonly name: string; readonly config: string },
): Promise<string> {
  const lock = await Deno.open(join(root, ".lock"), { create: true, write: true });
  try {
    await lock.lock(true);
    return await createAlone(root, { name, config });
  } finally {
    lock.close();
  }
}

async function createAlone(
  root: string,
  { name, config }: { readonly name: string; readonly config: string },
): Promise<string> {
  const names = (await entriesOf(root)).map((entry) => entry.name);
  const numberOf = (name: string) => Number(/^(\d{5,})(-|$)/.exec(name)?.[1] ?? 0);
  const number = String(names.reduce((last, name) => Math.max(last, numberOf(name)), 0) + 1)
    .padStart(5, "0");
  const bare = join(root, number);
  await makeStoredFolder(bare);
  const { uid } = await Deno.lstat(bare);
  for (const left of names.filter((name) => bareNumber.test(name))) {
    await removeBare(join(root, left), uid);
  }
  // Nothing is known of a run whose configuration is damaged, and it is never written again: two copies.
  await writeFileAtomic(join(bare, configFile), config);
  await writeFileAtomic(previousOf(join(bare, configFile)), config);
  await renameStored(bare, join(root, `${number}-${name}`));
  await syncFolder(root);
  return `${number}-${name}`;
}

/** Removes what a process left that was killed while it made a folder, unless another user did. */
async function removeBare(folder: string, owner: number | null): Promise<void> {
  try {
    const { isDirectory, uid } = await Deno.lstat(folder);
    if (!isDirectory || uid !== owner) return;
    const files = (await entriesOf(folder)).map((entry) => entry.name);
    if (!files.every((name) => ownFiles.test(name))) return;
    for (const name of files) await removeStored(join(folder, name));
    await removeStored(folder);
  } catch (error) {
    // It is left as it is, as any folder that cannot be read.
    const passed = [Deno.errors.NotFound, Deno.errors.PermissionDenied];
    if (!passed.some((kind) => error instanceof kind)) throw error;
  }
}
