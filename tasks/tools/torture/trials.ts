/** One trial: what is left of a run is given to its command, which has to end as if nothing had been. */
import { join } from "@std/path";
import { type StoreOperation, watchStore } from "../../../src/runs/store_file.ts";
import { type Outcome, runHere } from "./in_process.ts";
import { firstDifference, leftovers, readResults, type Results } from "./results.ts";
import { type Subject, verbName } from "./subjects.ts";

/** How a trial ended: with the same bytes, with one line that says why not, or otherwise. */
export type Verdict = "same" | "one line" | "lost";

/** What came of a trial. */
export interface Trial {
  readonly verdict: Verdict;
  /** What was done to the run, and what its command said or left. */
  readonly detail: string;
  /** Whether the disturbance met the command at work; absent: there was nothing to miss. */
  readonly met?: boolean;
}

/** A run that nothing disturbed. */
export interface Recording {
  readonly subject: Subject;
  /** Folder with what the subject starts from. */
  readonly inputs: string;
  /** Folder of the runs, in which the run is finished. */
  readonly out: string;
  /** What the store did, in order. */
  readonly operations: readonly StoreOperation[];
  readonly expected: Results;
}

/** Runs a subject to its end, and keeps what its store did. */
export async function record(
  subject: Subject,
  { inputs, out }: { readonly inputs: string; readonly out: string },
): Promise<Recording> {
  const operations: StoreOperation[] = [];
  await Deno.mkdir(out, { recursive: true });
  const { code, err } = await watching(
    // The bytes are those of a buffer that may be used again.
    (each) =>
      operations.push(each.kind === "write" ? { ...each, bytes: each.bytes.slice() } : each),
    () => run(subject, { inputs, out }),
  );
  if (code !== 0) throw new Error(`Cannot begin with ${subject.name}: ${err}`);
  return { subject, inputs, out, operations, expected: await newestResults(out) };
}

/** Does something while a function is told of all that the store does. */
export async function watching<T>(
  watcher: (operation: StoreOperation) => void,
  work: () => Promise<T>,
): Promise<T> {
  const watch = watchStore(watcher);
  try {
    return await work();
  } finally {
    watch[Symbol.dispose]();
  }
}

/** Runs the command of a subject in this process. */
export async function run(
  subject: Subject,
  { inputs, out }: { readonly inputs: string; readonly out: string },
): Promise<Outcome> {
  return await runHere(await subject.verb(), subject.args(out, inputs));
}

/** The results of the newest run in a folder. */
async function newestResults(out: string): Promise<Results> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(out)) {
    if (isDirectory && /^\d+-/.test(name)) names.push(name);
  }
  const newest = names.sort().at(-1);
  return newest === undefined ? new Map() : await readResults(join(out, newest));
}

/**
 * Gives a folder to the command of a recording, and compares.
 *
 * @param what What was done to the folder.
 */
export async function judge(
  { subject, inputs, expected }: Pick<Recording, "subject" | "inputs" | "expected">,
  { out, what }: { readonly out: string; readonly what: string },
): Promise<Trial> {
  const outcome = await run(subject, { inputs, out });
  const { code, err } = outcome;
  if (code !== 0) {
    const verdict = isOneLine(subject, outcome) ? "one line" : "lost";
    return { verdict, detail: `${subject.name}, ${what}: exit code ${code}, ${err}` };
  }
  const difference = firstDifference(await newestResults(out), expected) ??
    (await leftovers(out)).map((path) => `${path} is left`)[0];
  const verdict = difference === undefined ? "same" : "lost";
  return { verdict, detail: `${subject.name}, ${what}: ${difference ?? "the same"}; ${err}` };
}

/** Whether a command that failed says so in one line of its own, and not by a fault of ours. */
export function isOneLine(subject: Subject, { code, err }: Outcome): boolean {
  const last = err.split("\n").filter((line) => line.startsWith(`${verbName(subject)}: `));
  return code === 1 && last.length === 1 && !/ELS_DEBUG|\bat (async )?\S+ \(/.test(err);
}

/** Copies a folder with all that is in it. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** Files below a folder, by their paths in it. */
export async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) files.push(name);
    else for (const file of await filesOf(join(folder, name))) files.push(join(name, file));
  }
  return files.sort();
}
