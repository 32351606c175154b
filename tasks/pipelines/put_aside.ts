/** Keeps what is about to be replaced and cannot be made again. */
import { join } from "@std/path";
import type { Run } from "../../src/runs/run_folder.ts";

/**
 * Gives files of a run other names, such as `weights-before-1.safetensors`, so that nothing of it is written
 * over.
 *
 * @returns The names that they have now; those that are not there have none.
 */
export async function putAside(run: Run, names: readonly string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const name of names) {
    const [, stem, ending] = /^(.*?)(\..*)$/.exec(name)!;
    for (let n = 1;; n++) {
      const other = `${stem}-before-${n}${ending}`;
      const taken = await Deno.lstat(join(run.path, other)).then(() => true, () => false);
      if (taken) continue;
      try {
        await Deno.rename(run.file(name), run.file(other));
        kept.push(other);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      break;
    }
  }
  return kept;
}
