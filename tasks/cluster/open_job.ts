/** Begins a job in a folder, or goes on with the one that is there. */
import { fromFileUrl, join, resolve, toFileUrl } from "@std/path";
import { toolkit } from "../../src/runs/provenance.ts";
import { CommandError } from "../cli/command.ts";
import { runsAsTask } from "../cli/invocation.ts";
import { type JobPlan, readPlan } from "./job_plan.ts";
import { shellLine } from "./shell_word.ts";

/** What starts the toolkit as this process was started: `deno task -q`, or the package's entry point. */
export function currentLauncher(main: string = Deno.mainModule): string[] {
  const deno = Deno.execPath();
  if (runsAsTask()) return [deno, "task", "-q"];
  return [deno, "run", "-A", main.startsWith("file:") ? fromFileUrl(main) : main];
}

/** Address of the standard library's stand-ins in a clone; undefined where there are none. */
export async function standInsOf(directory: string): Promise<string | undefined> {
  const folder = join(directory, ".ci", "jsr");
  const there = await Deno.stat(folder).then(({ isDirectory }) => isDirectory, () => false);
  return there ? `${toFileUrl(resolve(folder)).href}/` : undefined;
}

/**
 * The plan of a job, with what was submitted of it before.
 *
 * @param wanted What is asked for now; resources and engine may be others than before.
 * @throws CommandError if the folder is that of another command.
 */
export async function openJob(folder: string, wanted: JobPlan): Promise<JobPlan> {
  const there = await readPlan(folder);
  if (there === undefined) return wanted;
  const refuse = (what: string, found: unknown, expected: unknown, remedy: string) => {
    throw new CommandError(
      `Cannot go on in ${folder}: ${what} is ${found}, expected ${expected}; ${remedy}`,
    );
  };
  const other = "name another folder with --job";
  const [before, now] = [shellLine(there.command), shellLine(wanted.command)];
  if (before !== now) refuse("its command", before, now, other);
  if (there.shards !== wanted.shards) {
    refuse("the number of its shards", there.shards, wanted.shards, other);
  }
  if (there.directory !== wanted.directory) {
    refuse("its working directory", there.directory, wanted.directory, other);
  }
  if (there.toolkit !== wanted.toolkit) {
    // Shards of two versions are not merged.
    refuse("the toolkit", there.toolkit, toolkit, `go on with that version, or ${other}`);
  }
  const { submissions, merge, logs } = there;
  return { ...wanted, logs, submissions, ...merge !== undefined && { merge } };
}

/**
 * Runs something while no other submit works in the folder.
 *
 * @throws CommandError if one does.
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  using lock = await Deno.open(join(folder, ".lock"), { create: true, write: true });
  if (!await lock.tryLock(true)) {
    throw new CommandError(`Cannot submit: another submit works in ${folder}; wait for its end`);
  }
  return await work();
}
