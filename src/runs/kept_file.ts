/** State files of which the generation before is kept, for when the newest is damaged. */
import { basename, dirname, join } from "@std/path";
import { CheckpointMismatchError, DataFormatError } from "../core/errors.ts";
import { writeFileAtomic, writeThenPlace } from "./atomic_write.ts";
import { requireDeno } from "./require_deno.ts";
import { linkStored, renameStored } from "./store_file.ts";

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
      await keepPrevious(path);
      await renameStored(temporary, path);
    },
  });
}

/** Numbers of the system's errors where a file can have one name only, as on many memory cards. */
const oneNameOnly = /\(os error (1|31|38|45|50|95)\)/;

/** Gives a file the name of the generation before, in addition to its own where the system can. */
async function keepPrevious(path: string): Promise<void> {
  const aside = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
  try {
    await linkStored(path, aside);
    await renameStored(aside, previousOf(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Error && oneNameOnly.test(error.message))) throw error;
    // For a moment there is only the older generation.
    await renameStored(path, previousOf(path));
  } finally {
    // It is there still if the renaming failed, or both names meant one file already.
    await Deno.remove(aside).catch(unlessMissing);
  }
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
  for (const source of [path, previousOf(path)]) {
    try {
      const bytes = await readIfThere(source);
      if (bytes === undefined) continue;
      whole.push({ value: parse(bytes, source), path: source });
    } catch (error) {
      const damaged = error instanceof DataFormatError || error instanceof CheckpointMismatchError;
      if (!damaged) throw error;
      problems.push(error.message);
    }
  }
  if (whole.length > 0 && whole[0]!.path !== path && problems.length === 0) {
    problems.push(`${path}: is missing`);
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

/**
 * A file's bytes; undefined if there is no such file.
 *
 * @throws DataFormatError if it is a device or a pipe, which could be read without end.
 */
export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  requireDeno(`read ${path}`);
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    // Of a folder the system says what is wrong.
    if (isFile || isDirectory) return await Deno.readFile(path);
    throw new DataFormatError(path, "it is a device or a pipe, expected a regular file");
  } catch (error) {
    unlessMissing(error);
    return undefined;
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
