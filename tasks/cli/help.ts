import {
  type CommandSpec,
  dashed,
  type Flag,
  flagGroups,
  type FlagSpecs,
  type FlagValues,
} from "./flags.ts";
import { commandLine } from "./invocation.ts";
import type { VerbGroup } from "./verbs.ts";

/** Widest line of a help page, in characters. */
export const helpWidth = 100;

/** Breaks text into lines of at most `width` characters, at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** How a flag is written, such as `--steps N`. */
export function flagUsage(property: string, flag: Flag): string {
  const no = flag.type !== "boolean" ? "" : flag.open ? "[no-]" : flag.default ? "no-" : "";
  const name = `--${no}${dashed(property)}`;
  if (flag.type === "boolean") return name;
  const kinds = { string: "TEXT", integer: "N", number: "X", integers: "N,N,..", choice: "NAME" };
  const or = flag.type === "integer" && flag.or ? `|${flag.or}` : "";
  return `${name} ${flag.placeholder ?? kinds[flag.type]}${or}`;
}

/** A default as people read it; undefined where there is nothing to say. */
function defaultText(flag: Flag, value: unknown = flag.default): string | undefined {
  if (flag.type === "boolean" && !flag.open) return undefined;
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value) && value.length === 0) return "none";
  return value === undefined || value === null || value === "" ? undefined : String(value);
}

/** What a flag does, its choices, and its default or the one that depends on other flags. */
export function flagExplanation(flag: Flag, dependent?: unknown): string {
  const parts = [flag.help];
  const standard = defaultText(flag, dependent ?? flag.default);
  if (flag.type === "choice") parts.push(flag.choices.join(", "));
  if (flag.required) parts.push("required");
  else if (standard !== undefined) parts.push(`default ${standard}`);
  return parts.length === 1 ? parts[0]! : `${parts[0]} (${parts.slice(1).join("; ")})`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.min(30, Math.max(...rows.map(([name]) => name.length))) + 2;
  return rows.flatMap(([name, text]) => {
    const lines = wrap(text, helpWidth - 2 - left);
    const first = name.length < left ? `  ${name.padEnd(left)}${lines.shift() ?? ""}` : `  ${name}`;
    return [first.trimEnd(), ...lines.map((line) => " ".repeat(2 + left) + line)];
  });
}

/** Flags under their headings: entries of `spec.flags`, in the order of {@linkcode flagGroups}. */
export function flagsByGroup(
  { flags }: CommandSpec,
): (readonly [group: string, flags: readonly (readonly [property: string, flag: Flag])[]])[] {
  const groupOf = ({ group = "What to do" }: Flag) => group;
  return flagGroups.map((group) =>
    [group, Object.entries(flags).filter(([, flag]) => groupOf(flag) === group)] as const
  ).filter(([, flags]) => flags.length > 0);
}

/** How a command is called: its words and the flags that it cannot do without. */
export function usageLine({ name, flags, positionals = [], rest }: CommandSpec): string {
  const words = positionals.map(({ name, optional, several }) =>
    (optional ? `[${name}]` : name) + (several ? " .." : "")
  );
  const required = Object.entries(flags).filter(([, flag]) => flag.required);
  return [
    name,
    ...words,
    ...required.map(([key, flag]) => flagUsage(key, flag)),
    "[flags]",
    ...rest === undefined ? [] : [`-- ${rest.name}`],
  ].join(" ");
}

/**
 * The help page of a command: usage, description, arguments, flags by group with defaults, examples.
 *
 * @param given Flags beside `--help`, on which defaults may depend.
 */
export function helpPage(
  spec: CommandSpec,
  given: Partial<FlagValues<FlagSpecs>> = {},
): string {
  const { description, positionals = [], rest, examples = [] } = spec;
  const lines = [`Usage: ${commandLine(usageLine(spec))}`, "", ...wrap(description, helpWidth)];
  const words = [...positionals, ...rest === undefined ? [] : [{ ...rest, choices: undefined }]];
  if (words.length > 0) {
    const rows = words.map(({ name, help, choices }) =>
      [name, choices === undefined ? help : `${help} (${choices.join(", ")})`] as const
    );
    lines.push("", "Arguments", ...columns(rows));
  }
  const dependent = spec.dependentDefaults?.(given);
  if (dependent) lines.push("", `Defaults are those of ${dependent.of}.`);
  for (const [group, flags] of flagsByGroup(spec)) {
    const rows = flags.map(([key, flag]) =>
      [flagUsage(key, flag), flagExplanation(flag, dependent?.values[key])] as const
    );
    lines.push("", group, ...columns(rows));
  }
  if (examples.length > 0) {
    lines.push("", "Examples", ...examples.map((words) => `  ${commandLine(words)}`));
  }
  return lines.join("\n");
}

/** All verbs by group, with a phrase on each. */
export function overview(groups: readonly VerbGroup[]): string {
  const lines = [`Usage: ${commandLine("VERB [flags]")}`];
  for (const { title, verbs } of groups) {
    lines.push("", title, ...columns(verbs.map(({ name, summary }) => [name, summary] as const)));
  }
  lines.push("", `${commandLine("VERB --help")} says more of each.`);
  return lines.join("\n");
}
