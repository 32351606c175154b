/** `deno task build:commands`: writes docs/commands.md, the reference of all verbs, from their flags. */
import { defineVerb, runVerb } from "../cli/command.ts";
import { type CommandSpec, commonFlags } from "../cli/flags.ts";
import { flagExplanation, flagsByGroup, flagUsage, usageLine } from "../cli/help.ts";
import { type VerbGroup, verbGroups } from "../cli/verbs.ts";
import { formatMarkdown, keepDocument } from "./generated_document.ts";

const output = "docs/commands.md";

/** Signs that Markdown would read. */
const plain = (text: string) => text.replaceAll(/[<*]/g, (sign) => `\\${sign}`);
const list = (items: readonly (readonly [name: string, what: string])[]) =>
  items.map(([name, what]) => `- \`${name}\`: ${plain(what)}`).join("\n");

/** The section of a verb. */
function section(spec: CommandSpec): string {
  const { name, description, positionals = [], rest, examples = [], result = {} } = spec;
  const parts = [`### ${name}`, `\`deno task ${usageLine(spec)}\``, plain(description)];
  const words = [...positionals, ...rest === undefined ? [] : [{ ...rest, choices: undefined }]];
  if (words.length > 0) {
    parts.push(
      list(
        words.map(({ name, help, choices }) =>
          [name, choices === undefined ? help : `${help} (${choices.join(", ")})`] as const
        ),
      ),
    );
  }
  const dependent = spec.dependentDefaults?.({});
  if (dependent) parts.push(`Defaults are those of \`${dependent.of}\`.`);
  for (const [group, flags] of flagsByGroup(spec)) {
    const items = flags.map(([key, flag]) =>
      [flagUsage(key, flag), flagExplanation(flag, dependent?.values[key])] as const
    );
    parts.push(`**${group}**`, list(items));
  }
  if (examples.length > 0) {
    const lines = examples.map((words) => `deno task ${words}`);
    parts.push(`\`\`\`sh\n${lines.join("\n")}\n\`\`\``);
  }
  const fields = Object.entries(result);
  if (fields.length > 0) parts.push("**With `--json`**", list(fields));
  return parts.join("\n\n");
}

/** The reference of all verbs as Markdown, before it is formatted. */
export async function commandReference(groups: readonly VerbGroup[]): Promise<string> {
  const common = Object.entries(commonFlags).map(([key, flag]) =>
    [flagUsage(key, flag), flag.help] as const
  );
  const parts = [
    "# Commands",
    "Made from the flags by `deno task build:commands`; do not edit. What each command says under " +
    "`--help` is the same, with the defaults of the preset that is chosen.",
    "Outside a clone, `deno run -A jsr:@els/toolkit/cli VERB` does what `deno task VERB` does here. " +
    "Every command has these flags:",
    list(common),
    "A run is named by its folder, by its number (`2`), as `latest`, or by how its name or its label " +
    "begins; it is looked for in the folder of `--out`. What names more than one run is refused.",
    "With `--json` a command writes one object to stdout: `verb`, `toolkit` (name and version) and " +
    "the fields that its section lists. Names and meanings of these fields stay; new ones may come. " +
    "Progress and errors go to stderr; the exit code is 0, 1 after an error, or 130 after Ctrl-C, and " +
    "then there may be no object.",
  ];
  for (const { title, verbs } of groups) {
    parts.push(`## ${title}`);
    for (const entry of verbs) parts.push(section((await entry.load()).verb.spec));
  }
  return `${parts.join("\n\n")}\n`;
}

/** This command. */
export const verb = defineVerb({
  name: "build:commands",
  description: `Writes ${output}, the reference of all verbs, from their flags.`,
  flags: { check: { type: "boolean", help: "Write nothing; fail where the file differs" } },
  examples: ["build:commands", "build:commands --check"],
}, async ({ flags, print }) => {
  const text = await formatMarkdown(await commandReference(verbGroups));
  print(await keepDocument(output, text, { check: flags.check, task: "build:commands" }));
});

if (import.meta.main) await runVerb(verb);
