/** Declarative command-line flags over jsr:@std/cli. @module */
import { parseArgs } from "@std/cli/parse-args";

/** Headings under which help pages gather flags, in their order there. */
export const flagGroups = [
  "Start from",
  "Network",
  "Data",
  "Noise and objective",
  "Training",
  "Machine",
  "Scales",
  "Sampling",
  "What to do",
  "Where",
  "Output",
] as const;

/** One of {@linkcode flagGroups}. */
export type FlagGroup = (typeof flagGroups)[number];

interface FlagBase {
  /** What the flag does, in one phrase for the help page. */
  readonly help: string;
  /** Heading on the help page; default: "What to do". */
  readonly group?: FlagGroup;
  /** Name of the value on the help page, such as `FILE`. */
  readonly placeholder?: string;
  /** The command cannot run without it. */
  readonly required?: true;
}

/** Bounds that a number must keep. */
interface Bounds {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
}

/** `--name TEXT`. */
export interface StringFlag extends FlagBase {
  readonly type: "string";
  readonly default?: string;
  /** The value is a path, or names a run that one of these verbs made. */
  readonly madeBy?: readonly string[];
}

/** `--name`, and `--no-name` to switch off what is on by default. */
export interface BooleanFlag extends FlagBase {
  readonly type: "boolean";
  readonly default?: boolean;
  /** What is on by default depends: the value is undefined unless the flag is given. */
  readonly open?: true;
}

/** `--name 3`: a whole number. */
export interface IntegerFlag extends FlagBase, Bounds {
  readonly type: "integer";
  readonly default?: number;
  /** Only odd numbers are allowed. */
  readonly odd?: true;
}

/** `--name 0.5`: a finite number. */
export interface NumberFlag extends FlagBase, Bounds {
  readonly type: "number";
  readonly default?: number;
}

/** `--name 3,5,9` or `--name 3..9` (both ends count; odd numbers only, if the flag is `odd`). */
export interface IntegersFlag extends FlagBase, Bounds {
  readonly type: "integers";
  readonly default?: readonly number[];
  /** Only odd numbers are allowed. */
  readonly odd?: true;
}

/** `--name ONE`: one of a few words. */
export interface ChoiceFlag extends FlagBase {
  readonly type: "choice";
  readonly choices: readonly string[];
  readonly default?: string;
}

/** One flag. */
export type Flag =
  | StringFlag
  | BooleanFlag
  | IntegerFlag
  | NumberFlag
  | IntegersFlag
  | ChoiceFlag;

/** Flags by property name: `batchSize` declares `--batch-size`. */
export type FlagSpecs = Readonly<Record<string, Flag>>;

type Given<S extends Flag, T> = S extends
  { readonly default: unknown } | { readonly required: true } ? T
  : T | undefined;

/** Type of a flag's value: never undefined if the flag has a default or is required. */
export type FlagValue<S extends Flag> = S extends { readonly open: true } ? boolean | undefined
  : S extends { readonly type: "boolean" } ? boolean
  : S extends { readonly type: "integers" } ? Given<S, readonly number[]>
  : S extends { readonly type: "integer" | "number" } ? Given<S, number>
  : S extends { readonly type: "choice"; readonly choices: readonly (infer C)[] } ? Given<S, C>
  : Given<S, string>;

/** Values of all the flags of a command. */
export type FlagValues<S extends FlagSpecs> = { readonly [K in keyof S]: FlagValue<S[K]> };

/** The same flags under a heading of the help page. */
export function grouped<const S extends FlagSpecs>(group: FlagGroup, flags: S): S {
  return Object.fromEntries(
    Object.entries(flags).map(([key, flag]) => [key, { ...flag, group }]),
  ) as unknown as S;
}

/** A word without dashes, such as NAME in `data NAME`. */
export interface Positional {
  /** Name on the help page, such as `NAME`. */
  readonly name: string;
  readonly help: string;
  readonly choices?: readonly string[];
  readonly optional?: true;
}

/** A command as its help page describes it. */
export interface CommandSpec<S extends FlagSpecs = FlagSpecs> {
  /** The verb, such as `train`. */
  readonly name: string;
  /** One paragraph. */
  readonly description: string;
  readonly flags: S;
  readonly positionals?: readonly Positional[];
  /** Whole command lines that work as they stand, without how the toolkit is started: `train --seed 2`. */
  readonly examples?: readonly string[];
  /** Fields of the result that `--json` prints, by dotted path, with what they hold. */
  readonly result?: Readonly<Record<string, string>>;
  /**
   * Defaults that depend on other flags, for the help page: values by property, and what they are the
   * defaults of, such as "--preset mnist-tiny".
   */
  dependentDefaults?(given: Partial<FlagValues<S>>): {
    readonly of: string;
    readonly values: Readonly<Record<string, unknown>>;
  };
}

/** Flags of every command. */
export const commonFlags = grouped("Output", {
  quiet: { type: "boolean", help: "Write no progress to stderr" },
  json: { type: "boolean", help: "Write the result to stdout as JSON, and nothing else" },
  help: { type: "boolean", help: "Print this page" },
  version: { type: "boolean", help: "Print the toolkit's version" },
});

/** A command with the flags of every command added to its own. */
export function withCommonFlags<S extends FlagSpecs>(
  spec: CommandSpec<S>,
): CommandSpec<S & typeof commonFlags> {
  return { ...spec, flags: { ...spec.flags, ...commonFlags } } as CommandSpec<
    S & typeof commonFlags
  >;
}

/** What the user typed does not fit the command; the message is one line that says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A parsed command line. */
export interface CommandLine<S extends FlagSpecs> {
  readonly flags: FlagValues<S>;
  readonly positionals: readonly string[];
}

/** `batchSize` -> `batch-size`. */
export function dashed(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known word nearest to a mistyped one, or undefined if none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const bare = (s: string) => s.toLowerCase().replaceAll(/[-_]/g, "");
  const wanted = bare(word);
  let best: string | undefined;
  let lowest = Infinity;
  for (const candidate of known) {
    const begins = wanted.length > 1 && bare(candidate).startsWith(wanted);
    const distance = begins ? 1 : editDistance(wanted, bare(candidate));
    if (distance < lowest) [best, lowest] = [candidate, distance];
  }
  return lowest <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined;
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
      return `an ${describeNumber(flag, "integer")}`;
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

function checkPositionals(words: readonly string[], declared: readonly Positional[]): void {
  const extra = words[declared.length];
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

  // A value joined by "=" may start with a dash (`--min -1`), and `--no-x` becomes `--x=false`.
  const joined: string[] = [];
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let i = 0; i < end; i++) {
    const arg = args[i] === "-h" ? "--help" : args[i]!;
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
  const texts = readArguments(spec, args);
  const asked = instead.find((name) => texts(name).some((text) => text !== "false"));
  if (asked !== undefined) return asked;
  const flags = Object.fromEntries(
    Object.entries(spec.flags).map(([key, flag]) => {
      const name = dashed(key);
      return [key, flagValue(name, texts(name), flag)];
    }),
  );
  const positionals = texts("_");
  checkPositionals(positionals, spec.positionals ?? []);
  return { flags: flags as FlagValues<S>, positionals };
}

/** The flags on a command line that asks for help, with defaults; what does not fit is left out. */
export function flagsBesideHelp<const S extends FlagSpecs>(
  spec: CommandSpec<S>,
  args: readonly string[],
): Partial<FlagValues<S>> {
  const texts = readArguments(spec, args);
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
