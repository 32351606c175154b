/** `deno task build:permissions`: writes the tables of permissions in docs/security.md. */
import config from "../../deno.json" with { type: "json" };
import {
  commonVariables,
  dataFolders,
  gpuVariables,
  shardVariables,
  sourceNames,
  type VerbPermissions,
  verbPermissions,
} from "../../.ci/permissions.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textIfThere } from "../cli/text_file.ts";
import { formatMarkdown, keepDocument } from "./generated_document.ts";
import { markdownTable } from "../cli/markdown_table.ts";

const output = "docs/security.md";
const [begin, end] = ["<!-- permissions -->", "<!-- end of permissions -->"];

const code = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(", ");
const or = (text: string, otherwise = "-") => text === "" ? otherwise : text;

/** What a verb may touch, a cell each. */
function verbRow(name: string, verb: VerbPermissions): string[] {
  const { reads = [], folders = {}, files = {}, beside = [], words = [], hosts = {} } = verb;
  const named = [
    ...reads.map((flag) => `--${flag}`),
    ...words.includes("read") ? ["INPUT"] : [],
  ];
  const written = [
    ...Object.entries(folders).map(([flag, folder]) => `\`${folder}\`, or \`--${flag}\``),
    ...Object.entries(files).map(([flag, file]) =>
      `\`${file}\`, or \`--${flag}\`${
        beside.length > 0 ? `, and ${code(beside.map((part) => `*${part}`))} beside it` : ""
      }`
    ),
    ...words.includes("write") ? ["`OUTPUT`"] : [],
  ];
  const reached = [...new Set(Object.values(hosts).flat())];
  return [
    `\`${name}\``,
    or(code(named)),
    or(written.join("; ")),
    or(
      code([...reached, ...verb.mirror ? [`--${verb.mirror}`] : []]) +
        (verb.serves ? `\`127.0.0.1\` with \`--${verb.serves}\`` : ""),
    ),
    or(code(verb.programs ?? [])),
    verb.computes ? "yes" : "-",
  ];
}

/** The value of a flag of Deno in a command: undefined if it is not given, "" if it permits all. */
function flagValue(command: string, ...names: readonly string[]): string | undefined {
  const pattern = new RegExp(`^(?:${names.join("|")})(?:=(.*))?$`);
  for (const word of command.split(" ")) {
    const match = pattern.exec(word);
    if (match) return match[1] ?? "";
  }
  return undefined;
}

/** What a task for those who work on the package may touch. */
function toolRow(name: string, command: string): string[] {
  const cell = (value: string | undefined) =>
    value === undefined ? "-" : value === "" ? "all" : code(value.split(","));
  return [
    `\`${name}\``,
    cell(flagValue(command, "-R", "--allow-read")),
    cell(flagValue(command, "-W", "--allow-write")),
    cell(flagValue(command, "-N", "--allow-net")),
    cell(flagValue(command, "--allow-run")),
    cell(flagValue(command, "--allow-env")),
  ];
}

/** The tables, with what holds for all rows. */
export function permissionTables(): string {
  const tools = Object.entries(config.tasks).filter(([name, { command }]) =>
    !(name in verbPermissions) && /\bdeno (run|test)\b/.test(command)
  );
  return [
    "### Commands for users",
    "Every command reads this clone, npm's packages in Deno's cache, " +
    `${code(dataFolders)}, and what is named; reads the variables ${
      code(commonVariables)
    }; and has ` +
    "no permission for foreign functions. Those that compute also use the GPU, set " +
    `${
      code(gpuVariables)
    }, and ask for the size of this machine's memory. Commands with \`--shard\` read ${
      code(shardVariables)
    }. Commands with \`--run\` read ` +
    "the pictures again that a training in the folder of runs was given. Denied to all that write: " +
    `${code([...sourceNames, "data"])}, but for what the table names in \`data\` and \`docs\`.`,
    markdownTable(
      ["command", "reads what these name", "writes", "reaches", "starts", "computes"],
      Object.entries(verbPermissions).map(([name, verb]) => verbRow(name, verb)),
    ),
    "### Tasks for those who work on the package",
    "`std` starts every other task, with its permissions: it runs what its command line names.",
    markdownTable(
      ["task", "reads", "writes", "reaches", "starts", "variables"],
      tools.map(([name, { command }]) => toolRow(name, command)),
    ),
  ].join("\n\n");
}

/** This command. */
export const verb = defineVerb({
  name: "build:permissions",
  description: `Writes the tables of permissions in ${output}.`,
  flags: { check: { type: "boolean", help: "Write nothing; fail where they differ" } },
  examples: ["build:permissions", "build:permissions --check"],
}, async ({ flags, print }) => {
  const document = await textIfThere(output) ?? "";
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) {
    throw new CommandError(`Cannot write the tables: ${output} has no place for them (${begin})`);
  }
  const tables = `${begin}\n\n${permissionTables()}\n\n`;
  const text = await formatMarkdown(document.slice(0, from) + tables + document.slice(to));
  print(await keepDocument(output, text, { check: flags.check, task: "build:permissions" }));
});

if (import.meta.main) await runVerb(verb);
