/** Runs commands in this process: as many as wanted, without the start of one. */
import { type CommandHost, executeCommand, type Verb } from "../../cli/command.ts";
import type { FlagSpecs } from "../../cli/flags.ts";

/** What a command came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end; what it says is as its process would write it. */
export async function runHere<S extends FlagSpecs>(
  verb: Verb<S>,
  args: readonly string[],
): Promise<Outcome> {
  let [out, err] = ["", ""];
  const host: CommandHost = {
    args,
    print: (text) => void (out += `${text}\n`),
    printError: (text) => void (err += `${text}\n`),
    output: {
      isTerminal: false,
      columns: () => 80,
      write: (text) => void (err += text),
      now: () => performance.now(),
    },
    debug: false,
    onInterrupt: () => () => {},
    exitNow: () => {},
  };
  // Some notes go to the console by themselves.
  const { error } = console;
  console.error = (...words) => void (err += `${words.join(" ")}\n`);
  try {
    const code = await executeCommand(verb, host);
    return { code, out, err };
  } finally {
    console.error = error;
  }
}
