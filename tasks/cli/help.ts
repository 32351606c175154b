import { type CommandSpec, dashed, type Flag } from "./flags.ts";

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

function usage(property: string, flag: Flag): string {
  const no = flag.type !== "boolean" ? "" : flag.open ? "[no-]" : flag.default ? "no-" : "";
  const name = `--${no}${dashed(property)}`;
  if (flag.type === "boolean") return name;
  const kinds = { string: "TEXT", integer: "N", number: "X", integers: "N,N,..", choice: "NAME" };
  return `${name} ${flag.placeholder ?? kinds[flag.type]}`;
}

function explanation(flag: Flag): string {
  const parts = [flag.help];
  if (flag.type === "choice") parts.push(flag.choices.join(", "));
  if (flag.required) parts.push("required");
  else if (flag.type !== "boolean" && flag.default !== undefined && String(flag.default) !== "") {
    parts.push(`default ${flag.default}`);
  }
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

/** The help page of a command: usage, description, arguments, flags with defaults, examples. */
export function helpPage(spec: CommandSpec): string {
  const { name, description, flags, positionals = [], examples = [] } = spec;
  const words = positionals.map(({ name, optional }) => optional ? `[${name}]` : name);
  const required = Object.entries(flags).filter(([, flag]) => flag.required);
  const command = ["deno task", name, ...words, ...required.map(([key, flag]) => usage(key, flag))];
  const lines = [`Usage: ${command.join(" ")} [flags]`, "", ...wrap(description, helpWidth)];
  if (positionals.length > 0) {
    const rows = positionals.map(({ name, help, choices }) =>
      [name, choices === undefined ? help : `${help} (${choices.join(", ")})`] as const
    );
    lines.push("", "Arguments", ...columns(rows));
  }
  const rows = Object.entries(flags).map(([key, flag]) =>
    [usage(key, flag), explanation(flag)] as const
  );
  lines.push("", "Flags", ...columns([...rows, ["--help", "Print this page"]]));
  if (examples.length > 0) lines.push("", "Examples", ...examples.map((line) => `  ${line}`));
  return lines.join("\n");
}
