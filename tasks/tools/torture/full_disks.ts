/** Fills the disk in the middle of a run: a small one in memory where that can be had, else in a play. */
import { join } from "@std/path";
import { Random } from "../../../src/core/random.ts";
import { isOneLine, judge, type Recording, run, type Trial, watching } from "./trials.ts";

/** A disk of a size. */
interface Disk extends AsyncDisposable {
  /** Gives it more room. */
  readonly grow: () => Promise<void>;
}

async function system(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    const refused = [Deno.errors.NotFound, Deno.errors.NotCapable, Deno.errors.PermissionDenied];
    if (refused.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** Puts a disk of so many bytes where a folder is; undefined where that is not permitted. */
async function mountDisk(folder: string, bytes: number): Promise<Disk | undefined> {
  await Deno.mkdir(folder, { recursive: true });
  if (Deno.build.os !== "linux") return undefined;
  const size = (bytes: number) => `size=${bytes}`;
  if (!await system("mount", ["-t", "tmpfs", "-o", size(bytes), "tmpfs", folder])) return undefined;
  return {
    grow: async () => {
      await system("mount", ["-o", `remount,${size(64 << 20)}`, folder]);
    },
    [Symbol.asyncDispose]: async () => {
      await system("umount", [folder]);
    },
  };
}

/** Whether this process may mount disks. */
export async function canMount(folder: string): Promise<boolean> {
  await using disk = await mountDisk(folder, 1 << 20);
  return disk !== undefined;
}

/** What the system says when a disk is full. */
const fullDisk = () => new Error("No space left on device (os error 28): write 'a full disk'");

/**
 * Runs a command on a disk that is too small for it, then gives it room and runs it again.
 *
 * @param options.mounted Whether that is a real disk; else the store is told that there is no room.
 */
export async function fillDisk(
  recording: Recording,
  { seed, into, mounted }: {
    readonly seed: number;
    readonly into: string;
    readonly mounted: boolean;
  },
): Promise<Trial> {
  const { subject, inputs, operations } = recording;
  const random = new Random(seed, `full ${subject.name}`);
  const written = [...recording.expected.values()].reduce((sum, each) => sum + each.length, 0);
  const bytes = 4096 * (4 + random.integer(Math.ceil(written / 4096)));
  await using disk = mounted ? await mountDisk(into, bytes) : undefined;
  await Deno.mkdir(into, { recursive: true });
  const out = join(into, "runs");
  const room = random.integer(operations.length);
  let done = 0;
  const first = disk === undefined
    ? await watching(() => {
      if (done++ >= room) throw fullDisk();
    }, () => run(subject, { inputs, out }))
    : await run(subject, { inputs, out });
  const what = `${
    disk === undefined ? `no room after ${room} operations` : `a disk of ${bytes} bytes`
  }, seed ${seed}`;
  if (first.code !== 0 && !isOneLine(subject, first)) {
    return { verdict: "lost", detail: `${subject.name}, ${what}: ${first.err}` };
  }
  await disk?.grow();
  return { ...await judge(recording, { out, what }), met: first.code !== 0 };
}
