/**
 * The command line of the package: every verb behind one entry point.
 *
 * ```sh
 * deno run -A jsr:@els/toolkit/cli quickstart
 * deno run -A jsr:@els/toolkit/cli train --preset mnist-tiny
 * deno run -A jsr:@els/toolkit/cli calibrate --run latest --help
 * ```
 *
 * In a clone of the repository `deno task VERB` does the same, with narrower permissions.
 *
 * @module
 */
import { runVerb, versionLine } from "./cli/command.ts";
import { nearest } from "./cli/nearest.ts";
import { overview } from "./cli/help.ts";
import { commandLine } from "./cli/invocation.ts";
import { verbEntries, verbGroups } from "./cli/verbs.ts";

/** Runs the verb that the arguments name, or says which there are. */
async function main(args: readonly string[]): Promise<void> {
  const [first = "--help", ...rest] = args;
  if (first === "--version") return console.log(versionLine());
  // `help train` is what people try.
  const helped = first === "help" && rest[0] !== undefined;
  const name = helped ? rest[0]! : first;
  if (["--help", "-h", "help"].includes(name)) return console.log(overview(verbGroups));
  const entry = verbEntries.find((verb) => verb.name === name);
  if (entry === undefined) {
    const near = nearest(name, verbEntries.map(({ name }) => name));
    console.error(
      `Cannot run ${JSON.stringify(name)}: there is no such verb` +
        `${near === undefined ? "" : `; did you mean ${near}?`}; run ${commandLine("--help")}`,
    );
    Deno.exit(1);
  }
  const { verb } = await entry.load();
  await runVerb(verb, { args: helped ? ["--help"] : rest });
}

if (import.meta.main) await main(Deno.args);
