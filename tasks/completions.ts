/** `deno task completions`: prints what makes a shell complete verbs, flags and runs. @module */
import { defineVerb, runVerb } from "./cli/command.ts";
import { bashCompletion } from "./cli/completions/bash.ts";
import { fishCompletion } from "./cli/completions/fish.ts";
import { completedVerbs, type shells } from "./cli/completions/model.ts";
import { zshCompletion } from "./cli/completions/zsh.ts";
import { verbEntries } from "./cli/verbs.ts";

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** This command. */
export const verb = defineVerb({
  name: "completions",
  description:
    "Prints a script that makes a shell complete our verbs, flags, their choices and the names of runs " +
    "after `deno task` in a clone, and after the package's name elsewhere. Other uses of deno " +
    "complete as before.",
  positionals: [{ name: "SHELL", help: "The shell", choices: Object.keys(scripts) }],
  flags: {},
  examples: [
    "completions bash > ~/.els_completions.bash; echo '. ~/.els_completions.bash' >> ~/.bashrc",
    "completions zsh > ~/.els_completions.zsh; echo '. ~/.els_completions.zsh' >> ~/.zshrc",
    "completions fish > ~/.config/fish/completions/deno.fish",
  ],
  result: { "script": "the script" },
}, async ({ positionals: [shell], print }) => {
  const script = scripts[shell as (typeof shells)[number]](await completedVerbs(verbEntries));
  print(script);
  return { script };
});

// Not awaited: it imports every verb, this module too, which would wait for itself.
if (import.meta.main) runVerb(verb);
