/** Runs commands in this process: as many as wanted, without the start of one. */
import { type CommandHost, executeCommand, type Verb } from "../../cli/command.ts";
import type { FlagSpecs } from "../../cli/flags.ts";

/** What a command came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export async function runHere<S extends FlagSpecs>(
  verb: Verb<S>,
  args: readonly string[],
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const host: CommandHost = {
    args,
    print: (text) => void out.push(text),
    printError: (text) => void err.push(text),
    output: {
      isTerminal: false,
      columns: () => 80,
      write: (text) => void err.push(text.trimEnd()),
      now: () => performance.now(),
    },
    debug: false,
    onInterrupt: () => () => {},
    exitNow: () => {},
  };
  // Some notes go to the console by themselves.
  const { error } = console;
  console.error = (...words) => void err.push(words.join(" "));
  try {
    const code = await executeCommand(verb, host);
    return { code, out: out.join("\n"), err: err.join("\n") };
  } finally {
    console.error = error;
  }
}
