/** Runs commands in this process, which starts TensorFlow.js once. */
import { executeCommand, type Verb } from "../../tasks/cli/command.ts";

/** Runs a command to its end, as {@linkcode run} does in a process of its own. */
export async function runHere(verb: Verb, ...args: (string | number)[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await executeCommand(verb, {
    args: args.map(String),
    print: (text) => out.push(text),
    printError: (text) => err.push(text),
    output: { write: (text) => err.push(text), isTerminal: false, columns: () => 80, now: () => 0 },
    debug: false,
    onInterrupt: () => () => {},
    exitNow: (code) => {
      throw new Error(`exit ${code}`);
    },
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
