/** Cuts the power at a random moment of a run, as far as a process can tell. */
import { Random } from "../../../src/core/random.ts";
import { DiskModel, type Loss } from "./disk_model.ts";
import { judge, type Recording, type Trial } from "./trials.ts";

/** The folder of a recording as it is after so many operations of its store. */
export async function folderAfter(
  { operations, out }: Recording,
  { count, into, loss, random }: {
    readonly count: number;
    readonly into: string;
    readonly loss: Loss;
    readonly random: Random;
  },
): Promise<void> {
  const disk = new DiskModel(out);
  for (const operation of operations.slice(0, count)) disk.apply(operation);
  await disk.materialize(into, { loss, random });
}

/** One cut: the folder as a file system may have kept it, and the command again. */
export async function cutPower(
  recording: Recording,
  { seed, into }: { readonly seed: number; readonly into: string },
): Promise<Trial> {
  const random = new Random(seed, `power ${recording.subject.name}`);
  const count = random.integer(recording.operations.length + 1);
  await folderAfter(recording, { count, into, loss: "something", random });
  const what =
    `power cut after ${count} of ${recording.operations.length} operations, seed ${seed}`;
  return await judge(recording, { out: into, what });
}
