/** State files of which the generation before is kept, for when the newest is damaged. */
import { basename, dirname, join } from "@std/path";
import { CheckpointMismatchError, DataFormatError } from "../core/errors.ts";
import { writeFileAtomic, writeThenPlace } from "./atomic_write.ts";
import { requireDeno } from "./require_deno.ts";
import { linkStored, removeStored, renameStored } from "./store_file.ts";

/** Where the generation before a file's newest lies. */
export function previousOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.previous`);
}

/**
 * Writes a file as `writeFileAtomic` does, and keeps the content that it had under {@linkcode previousOf}.
 * At each moment, whatever is cut, one of the two is whole.
 */
export async function writeKept(path: string, content: Uint8Array | string): Promise<void> {
  await writeThenPlace(path, {
    content,
    async place(temporary) {
      const aside = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
      try {
        await linkStored(path, aside);
        await renameStored(aside, previousOf(path));
        // Nothing is renamed where both names mean one file already.
        await removeStored(aside).catch(unlessMissing);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) {
          // No file system has two names for a file everywhere: for a moment there is only the older.
          await renameStored(path, previousOf(path)).catch(unlessMissing);
        }
      }
      await renameStored(temporary, path);
    },
  });
}

/** What is left of a kept file. */
export interface Generations<T> {
  /** The whole ones, the newest first. */
  readonly whole: readonly { readonly value: T; readonly path: string }[];
  /** What is wrong with those that are not; undefined where nothing is, or where there never was one. */
  readonly damage: string | undefined;
}

/**
 * Reads both generations of a file.
 *
 * @param parse Reads one; what is wrong is a DataFormatError or a CheckpointMismatchError.
 */
export async function readGenerations<T>(
  path: string,
  parse: (bytes: Uint8Array<ArrayBuffer>, source: string) => T,
): Promise<Generations<T>> {
  const whole: { value: T; path: string }[] = [];
  const problems: string[] = [];
  const files = [[path, await readIfThere(path)], [
    previousOf(path),
    await readIfThere(previousOf(path)),
  ]] as const;
  if (files[0][1] === undefined && files[1][1] !== undefined) problems.push(`${path}: is missing`);
  for (const [source, bytes] of files) {
    if (bytes === undefined) continue;
    try {
      whole.push({ value: parse(bytes, source), path: source });
    } catch (error) {
      const damaged = error instanceof DataFormatError || error instanceof CheckpointMismatchError;
      if (!damaged) throw error;
      problems.push(error.message);
    }
  }
  return { whole, damage: problems.length === 0 ? undefined : problems.join("; ") };
}

/**
 * Reads the newest generation of a file that is whole. If that is the one before, it takes the place of
 * the damaged one, since the next writing keeps what is there.
 *
 * @returns Neither value nor damage where there never was such a file.
 */
export async function readKept<T>(
  path: string,
  parse: (bytes: Uint8Array<ArrayBuffer>, source: string) => T,
): Promise<{ readonly value: T | undefined; readonly damage: string | undefined }> {
  const { whole: [newest], damage } = await readGenerations(path, parse);
  if (newest !== undefined) await restoreGeneration(path, newest.path);
  return { value: newest?.value, damage };
}

/** Puts a generation of a file in the newest's place, unless it is there. */
export async function restoreGeneration(path: string, generation: string): Promise<void> {
  if (generation !== path) await writeFileAtomic(path, await Deno.readFile(generation));
}

/** A file's bytes; undefined if there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  requireDeno(`read ${path}`);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    unlessMissing(error);
    return undefined;
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
