/** What can be fuzzed: each file of targets/ is one reader, found by its name. */
import type { Random } from "../../../src/core/random.ts";

/** How inputs are made. */
export const fuzzModes = ["raw", "structured"] as const;

/** `raw`: bytes of good files are changed anywhere; `structured`: files are built with one thing wrong. */
export type FuzzMode = (typeof fuzzModes)[number];

/** What a reader must make of an input; absent: it may read or refuse it. */
export type Expectation =
  | { readonly kind: "refused" }
  /** What is read must equal `value`; `refusable`: it may be refused instead. */
  | { readonly kind: "value"; readonly value: unknown; readonly refusable: boolean };

/** One input of a reader. */
export interface FuzzInput {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was done to it, in a few words. */
  readonly note: string;
  readonly expected?: Expectation | undefined;
}

/** A reader that is fuzzed. A file of targets/ exports one as `target`. */
export interface FuzzTarget {
  /** What is read, in one phrase. */
  readonly about: string;
  /** Name of an input as a file, which messages must contain. */
  readonly file: string;
  /** Good files, small ones: what raw mutations begin with. */
  readonly seeds: (random: Random) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Short pieces of the format, which raw mutations also write. */
  readonly tokens?: readonly string[];
  /**
   * Reads an input as programs do, and returns what was read as plain data, copies of nothing.
   *
   * @param source Name of the file, for messages.
   */
  readonly read: (bytes: Uint8Array<ArrayBuffer>, source: string) => unknown;
  /** Checksums protect the content: whatever raw mutations leave readable must read as before. */
  readonly isProtected?: boolean;
  /** A file that is built with at most one thing wrong, and what must come of it. */
  readonly structured: (random: Random) => FuzzInput;
  /** Bytes of memory that an input may take for what it honestly holds, beyond 256 MB. Default 0. */
  readonly asks?: (bytes: Uint8Array) => number;
}

/** Must be refused. */
export const refused: Expectation = { kind: "refused" };
/** Must be read, as this. */
export const reads = (value: unknown): Expectation => ({ kind: "value", value, refusable: false });
/** Must be read as this or be refused. */
export const readsOrRefused = (value: unknown): Expectation => ({
  kind: "value",
  value,
  refusable: true,
});

const folder = new URL("./targets/", import.meta.url);

/** The names of all targets: those of the files in targets/. */
export function targetNames(): string[] {
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -".ts".length))
    .sort();
}

/** A target by its name. */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const { target } = await import(new URL(`${name}.ts`, folder).href) as { target: FuzzTarget };
  return target;
}
