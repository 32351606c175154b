/** What a shell needs to know of the verbs to complete them. */
import { type CommandSpec, dashed, type Flag, type FlagSpecs, withCommonFlags } from "../flags.ts";
import { zooEntries } from "../../../src/zoo/zoo_index.ts";
import type { VerbEntry } from "../verbs.ts";

/** What can stand after a flag. */
export type Completed =
  | { readonly kind: "nothing" }
  /** Text that only the user knows. */
  | { readonly kind: "text" }
  | { readonly kind: "files" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** Paths, "latest", and folders in `runs` that these verbs made; for "zoo", its names. */
  | { readonly kind: "runs"; readonly verbs: readonly string[] };

/** A flag as a shell completes it. */
export interface CompletedFlag {
  /** With its dashes. */
  readonly name: string;
  readonly help: string;
  readonly value: Completed;
}

/** A verb as a shell completes it. */
export interface CompletedVerb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** What its first word without dashes can be. */
  readonly word: Completed;
}

/** The shells that completions are made for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** Name of the package, by which completions know a clone of it. */
export const cloneMark = '"name": "@els/toolkit"';

/** Networks of the zoo, as flags name them. */
export const zooWords: readonly string[] = zooEntries.map(({ name }) => `zoo:${name}`);

function valueOf(flag: Flag): Completed {
  if (flag.type === "boolean") return { kind: "nothing" };
  if (flag.type === "choice") return { kind: "words", words: flag.choices };
  if (flag.type !== "string") return { kind: "text" };
  if (flag.madeBy !== undefined) {
    return { kind: "runs", verbs: flag.zoo ? [...flag.madeBy, "zoo"] : flag.madeBy };
  }
  return { kind: /^(PATH|FILE|FOLDER)/.test(flag.placeholder ?? "") ? "files" : "text" };
}

function flagsOf(spec: CommandSpec): CompletedFlag[] {
  const flags: FlagSpecs = withCommonFlags(spec).flags;
  return Object.entries(flags).flatMap(([key, flag]) => {
    const value = valueOf(flag);
    const names = flag.type !== "boolean"
      ? [`--${dashed(key)}`]
      : flag.open
      ? [`--${dashed(key)}`, `--no-${dashed(key)}`]
      : [`--${flag.default ? "no-" : ""}${dashed(key)}`];
    return names.map((name) => ({ name, help: flag.help, value }));
  });
}

/** Loads the verbs and gathers what completes them. */
export async function completedVerbs(entries: readonly VerbEntry[]): Promise<CompletedVerb[]> {
  return await Promise.all(entries.map(async ({ name, summary, load }) => {
    const { spec } = (await load()).verb;
    const first = spec.positionals?.[0];
    const words = first?.choices ?? first?.suggestions;
    const word: Completed = first === undefined
      ? { kind: "nothing" }
      : words === undefined
      ? { kind: "files" }
      : { kind: "words", words };
    return { name, summary, flags: flagsOf(spec), word };
  }));
}
