/** Runs commands in this process, which starts TensorFlow.js once. */
import type { Verb } from "../../tasks/cli/command.ts";
import { verbEntries } from "../../tasks/cli/verbs.ts";
import { type Outcome, runHere as runWords } from "../../tasks/tools/torture/in_process.ts";

/** Runs a command to its end, as `run` of `commands.ts` does in a process of its own. */
export function runHere(verb: Verb, ...args: (string | number)[]): Promise<Outcome> {
  return runWords(verb, args.map(String));
}

/** The same by the command's name. */
export async function runNamed(name: string, ...args: (string | number)[]): Promise<Outcome> {
  const { verb } = await verbEntries.find((each) => each.name === name)!.load();
  return await runHere(verb, ...args);
}

/**
 * A test of commands in this process. Threads of the posterior end a moment after the command that
 * started them, and TensorFlow.js keeps its own, so that neither is counted.
 */
export function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeResources: false, sanitizeOps: false });
}
