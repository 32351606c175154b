/** Declarative command-line flags. @module */

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
  "Image shards",
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
  /** Other spellings that are understood, such as `colours`. */
  readonly alsoSpelled?: readonly string[];
  /** The command cannot run without it. */
  readonly required?: true;
}

/** Bounds that a number must keep. */
export interface Bounds {
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
  /** The value may be `zoo:NAME`, too. */
  readonly zoo?: true;
  /** The value is a path, or has some: what is done there. `.ci/permissions.ts` permits just that. */
  readonly path?: "read" | "write a file" | "write in the folder";
}

/** `--name`, and `--no-name` to switch off what is on by default. */
export interface BooleanFlag extends FlagBase {
  readonly type: "boolean";
  readonly default?: boolean;
  /** What is on by default depends: the value is undefined unless the flag is given. */
  readonly open?: true;
}

/** `--name 3`: a whole number, or a word in place of one. */
export interface IntegerFlag extends FlagBase, Bounds {
  readonly type: "integer";
  readonly default?: number | string;
  /** The word, such as "auto". */
  readonly or?: string;
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
  : S extends { readonly type: "integer"; readonly or: infer W } ? Given<S, number | W>
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
  /** Words that shells complete; others may be right, too. */
  readonly suggestions?: readonly string[];
  readonly optional?: true;
  /** The last one may be there any number of times. */
  readonly several?: true;
  /** It is a path: what is done there. */
  readonly path?: "read" | "write a file";
}

/** A command as its help page describes it. */
export interface CommandSpec<S extends FlagSpecs = FlagSpecs> {
  /** The verb, such as `train`. */
  readonly name: string;
  /** One paragraph. */
  readonly description: string;
  readonly flags: S;
  readonly positionals?: readonly Positional[];
  /** What stands behind `--`, whatever it is: another command line. Without it, `--` has no meaning. */
  readonly rest?: { readonly name: string; readonly help: string };
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

/** `batchSize` -> `batch-size`. */
export function dashed(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
