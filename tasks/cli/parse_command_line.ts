/** Reads command lines by the flags that are declared, over jsr:@std/cli. @module */
import { parseArgs } from "@std/cli/parse-args";
import {
  type Bounds,
  type CommandSpec,
  dashed,
  type Flag,
  type FlagSpecs,
  type FlagValues,
  type IntegerFlag,
  type IntegersFlag,
  type NumberFlag,
  UsageError,
} from "./flags.ts";
import { nearest } from "./nearest.ts";

/** A parsed command line. */
export interface CommandLine<S extends FlagSpecs> {
  readonly flags: FlagValues<S>;
  readonly positionals: readonly string[];
  /** Words behind `--`, where the command takes such. */
  readonly rest: readonly string[];
}

const suggestion = (word: string, known: readonly string[], dashes = "") => {
  const near = nearest(word, known);
  return near === undefined ? "" : `; did you mean ${dashes}${near}?`;
};

function describeNumber(flag: Bounds & { readonly odd?: true }, noun: string): string {
  const kind = `${flag.odd ? "odd " : ""}${noun}`;
  const { min, max } = flag;
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`;
  if (min !== undefined) return `${kind} of at least ${min}`;
  return max === undefined ? kind : `${kind} of at most ${max}`;
}

function expected(flag: Flag): string {
  switch (flag.type) {
    case "integer":
      return `an ${describeNumber(flag, "integer")}${flag.or ? `, or ${flag.or}` : ""}`;
    case "number":
      return `a ${describeNumber(flag, "number")}`;
    case "integers":
      return `${describeNumber(flag, "integers")}, such as ${flag.odd ? "3,5,9 or 3..9" : "3,7"}`;
    case "choice":
      return `one of ${flag.choices.join(", ")}`;
    case "boolean":
      return "true or false";
    case "string":
      return "some text";
  }
}

/** A number as people write it; undefined for text that is not one (also for "" and 0x10). */
function toNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function fits(value: number, flag: IntegerFlag | NumberFlag | IntegersFlag): boolean {
  const whole = flag.type === "number" || Number.isSafeInteger(value);
  const parity = flag.type === "number" || !flag.odd || Math.abs(value % 2) === 1;
  return whole && parity && value >= (flag.min ?? -Infinity) && value <= (flag.max ?? Infinity);
}

function toIntegers(text: string, flag: IntegersFlag): number[] | undefined {
  const values: number[] = [];
  for (const part of text.split(",")) {
    const [first, last, ...rest] = part.trim().split("..").map(toNumber);
    if (first === undefined || rest.length > 0 || !fits(first, flag)) return undefined;
    if (!part.includes("..")) {
      values.push(first);
      continue;
    }
    if (last === undefined || last < first || last - first > 1e6 || !fits(last, flag)) {
      return undefined;
    }
    for (let value = first; value <= last; value += flag.odd ? 2 : 1) values.push(value);
  }
  return values;
}

function readValue(name: string, text: string, flag: Flag): unknown {
  if (flag.type === "string") return text;
  if (flag.type === "choice" && flag.choices.includes(text)) return text;
  if (flag.type === "integer" && flag.or === text) return text;
  if (flag.type === "integer" || flag.type === "number") {
    const value = toNumber(text);
    if (value !== undefined && fits(value, flag)) return value;
  }
  if (flag.type === "integers") {
    const values = toIntegers(text, flag);
    if (values !== undefined) return values;
  }
  throw new UsageError(
    `--${name} is ${JSON.stringify(text)}, expected ${expected(flag)}${
      flag.type === "choice" ? suggestion(text, flag.choices) : ""
    }; run with --help`,
  );
}

function checkPositionals(
  words: readonly string[],
  { positionals: declared = [], rest }: Pick<CommandSpec, "positionals" | "rest">,
): void {
  const extra = declared.at(-1)?.several ? undefined : words[declared.length];
  if (extra !== undefined && rest !== undefined) {
    throw new UsageError(
      `Unexpected argument ${JSON.stringify(extra)}: write -- before ${rest.name}; run with --help`,
    );
  }
  if (extra !== undefined) {
    throw new UsageError(
      `Unexpected argument ${JSON.stringify(extra)}${
        extra.startsWith("-") ? "" : " (flags start with --)"
      }; run with --help`,
    );
  }
  declared.forEach(({ name, choices, optional }, i) => {
    const word = words[i];
    if (word === undefined) {
      if (optional) return;
      const hint = choices === undefined ? "" : `, expected one of ${choices.join(", ")}`;
      throw new UsageError(`${name} is missing${hint}; run with --help`);
    }
    if (choices !== undefined && !choices.includes(word)) {
      throw new UsageError(
        `${name} is ${JSON.stringify(word)}, expected one of ${choices.join(", ")}${
          suggestion(word, choices)
        }; run with --help`,
      );
    }
  });
}

/** Flags that every command answers instead of running. */
const instead = ["help", "version"] as const;

/** The texts of the flags on a command line by name, and the words without dashes under "_". */
function readArguments(
  spec: CommandSpec,
  args: readonly string[],
): (name: string) => readonly string[] {
  const specs = new Map(Object.entries(spec.flags).map(([key, flag]) => [dashed(key), flag]));
  const isBoolean = (name: string) =>
    instead.some((each) => each === name) || specs.get(name)?.type === "boolean";
  const named = [...new Set([...specs.keys(), ...instead])];
  const spelled = new Map(
    [...specs].flatMap(([name, { alsoSpelled = [] }]) => alsoSpelled.map((other) => [other, name])),
  );
  const asDeclared = (arg: string) =>
    arg.replace(
      /^--([a-z-]+)/,
      (typed, name) => spelled.has(name) ? `--${spelled.get(name)}` : typed,
    );

  // A value joined by "=" may start with a dash (`--min -1`), and `--no-x` becomes `--x=false`.
  const joined: string[] = [];
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let i = 0; i < end; i++) {
    const arg = args[i] === "-h" ? "--help" : asDeclared(args[i]!);
    const name = arg.startsWith("--") ? arg.slice(2) : "";
    const next = i + 1 < end ? args[i + 1] : undefined;
    if (name.startsWith("no-") && specs.get(name.slice(3))?.type === "boolean") {
      joined.push(`--${name.slice(3)}=false`);
    } else if (isBoolean(name)) joined.push(`${arg}=true`);
    else if (
      specs.has(name) && next !== undefined &&
      (!next.startsWith("-") || next === "-" || toNumber(next) !== undefined)
    ) {
      joined.push(`${arg}=${next}`);
      i++;
    } else joined.push(arg);
  }

  const unknown = (arg: string, key?: string): boolean => {
    if (key === undefined) return true;
    const name = key.replace(/=$/, "");
    if (specs.has(name)) {
      throw new UsageError(
        `--${name} has no value, expected ${expected(specs.get(name)!)}; run with --help`,
      );
    }
    const typed = arg.replace(/=.*$/s, "");
    throw new UsageError(`Unknown flag ${typed}${suggestion(name, named, "--")}; run with --help`);
  };
  const parsed: Record<string, unknown> = parseArgs([...joined, ...args.slice(end)], {
    string: [...named, "_"],
    collect: named,
    unknown,
  });
  return (name) => [parsed[name] ?? []].flat().map(String);
}

/** The value of a flag by the texts given for it. */
function flagValue(name: string, given: readonly string[], flag: Flag): unknown {
  const text = given[0];
  if (given.length > 1) {
    throw new UsageError(
      `--${name} is given ${given.length} times (${given.join(", ")}), expected once`,
    );
  }
  if (text === undefined) {
    if (flag.required) {
      throw new UsageError(`--${name} is missing, expected ${expected(flag)}; run with --help`);
    }
    return flag.default ?? (flag.type === "boolean" && !flag.open ? false : undefined);
  }
  if (flag.type === "boolean") {
    if (text !== "true" && text !== "false") {
      throw new UsageError(`--${name} is ${JSON.stringify(text)}, expected true or false`);
    }
    return text === "true";
  }
  if (text === "") {
    throw new UsageError(`--${name} has no value, expected ${expected(flag)}; run with --help`);
  }
  return readValue(name, text, flag);
}

/**
 * Parses a command line.
 *
 * @returns Typed values, or the word for what the line asks for instead.
 * @throws UsageError, whose one line names the flag, what was found and what was expected.
 */
export function parseCommandLine<const S extends FlagSpecs>(
  spec: CommandSpec<S>,
  args: readonly string[],
): CommandLine<S> | (typeof instead)[number] {
  const [own, rest] = apart(spec, args);
  const texts = readArguments(spec, own);
  const asked = instead.find((name) => texts(name).some((text) => text !== "false"));
  if (asked !== undefined) return asked;
  const flags = Object.fromEntries(
    Object.entries(spec.flags).map(([key, flag]) => {
      const name = dashed(key);
      return [key, flagValue(name, texts(name), flag)];
    }),
  );
  const positionals = texts("_");
  checkPositionals(positionals, spec);
  return { flags: flags as FlagValues<S>, positionals, rest };
}

/** A command line before `--` and behind it, for a command that takes another one there. */
function apart(
  { rest }: Pick<CommandSpec, "rest">,
  args: readonly string[],
): readonly [own: readonly string[], rest: readonly string[]] {
  const at = rest === undefined ? -1 : args.indexOf("--");
  return at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

/** The flags on a command line that asks for help, with defaults; what does not fit is left out. */
export function flagsBesideHelp<const S extends FlagSpecs>(
  spec: CommandSpec<S>,
  args: readonly string[],
): Partial<FlagValues<S>> {
  const texts = readArguments(spec, apart(spec, args)[0]);
  const flags: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(spec.flags)) {
    try {
      flags[key] = flagValue(dashed(key), texts(dashed(key)), flag);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return flags as Partial<FlagValues<S>>;
}
