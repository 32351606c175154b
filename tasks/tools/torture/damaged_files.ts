/** Damages one file of a run, stopped at a random moment or finished. */
import { join } from "@std/path";
import { Random } from "../../../src/core/random.ts";
import { drawDamage } from "./damage.ts";
import { folderAfter } from "./power_cuts.ts";
import { copyFolder, filesOf, judge, type Recording, type Trial } from "./trials.ts";

/** Puts a run into a folder: finished, or stopped after some operations of its store. */
export async function prepareRun(
  recording: Recording,
  { stopped, into, random }: {
    readonly stopped: boolean;
    readonly into: string;
    readonly random: Random;
  },
): Promise<string> {
  if (!stopped) {
    await copyFolder(recording.out, into);
    return "finished";
  }
  const count = 1 + random.integer(recording.operations.length - 1);
  await folderAfter(recording, { count, into, loss: "nothing", random });
  return `stopped after ${count} of ${recording.operations.length} operations`;
}

/**
 * Damages one file.
 *
 * @param file Picks one of so many; absent: a random one.
 * @returns Undefined if what was drawn changes nothing.
 */
export async function damageFile(
  recording: Recording,
  { seed, into, stopped, file }: {
    readonly seed: number;
    readonly into: string;
    readonly stopped: boolean;
    readonly file?: ((files: readonly string[]) => string | undefined) | undefined;
  },
): Promise<Trial | undefined> {
  const random = new Random(seed, `damage ${recording.subject.name}`);
  const state = await prepareRun(recording, { stopped, into, random });
  const files = (await filesOf(into)).filter((name) => !name.endsWith(".lock"));
  if (files.length === 0) return undefined;
  const name = file === undefined ? files[random.integer(files.length)]! : file(files);
  if (name === undefined) return undefined;
  const path = join(into, name);
  const damage = drawDamage(name, await Deno.readFile(path), random);
  if (damage === undefined) return undefined;
  if (damage.bytes === undefined) await Deno.remove(path);
  else await Deno.writeFile(path, damage.bytes);
  return await judge(recording, {
    out: into,
    what: `${state}, ${name} ${damage.what}, seed ${seed}`,
  });
}
