/** What a run comes to, in a line, and how two of them differ. */
import { type RunConfig, type RunRecord, type RunState, runState } from "./run_record.ts";

/**
 * A value that fits into a cell of a table.
 *
 * @category Runs
 */
export type RunValue = number | string | boolean | null | readonly (number | string)[];

/**
 * A run as lists and pages show it: plain data.
 *
 * @category Runs
 */
export interface RunSummary {
  /** Number of the run, from 1. */
  readonly number: number;
  /** Name of the folder. */
  readonly name: string;
  /** Path of the folder. */
  readonly path: string;
  /** The verb. */
  readonly command: string;
  /** What the folder's name says besides. */
  readonly label: string;
  readonly state: RunState;
  /** When the run began, ISO 8601. */
  readonly started: string;
  /** Files worth opening, by what they hold; names in the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** The main numbers, by name. */
  readonly numbers: Readonly<Record<string, RunValue>>;
}

/**
 * Sums up a run: what it handed over when it finished, and how far it is.
 *
 * @category Runs
 */
export async function summarizeRun(run: RunRecord): Promise<RunSummary> {
  const { number, name, path, command, label, started, finished = {} } = run;
  const { files, numbers } = finished;
  return {
    number,
    name,
    path,
    command,
    label,
    state: await runState(run),
    started: started.toISOString(),
    files: fieldsOf(files, (value) => typeof value === "string") as Record<string, string>,
    // Earlier releases kept numbers beside the names of files.
    numbers: fieldsOf(numbers ?? finished, isValue) as Record<string, RunValue>,
  };
}

function fieldsOf(value: unknown, keep: (field: unknown) => boolean): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, field]) => keep(field)));
}

function isValue(value: unknown): value is RunValue {
  const plain = ["number", "string", "boolean"];
  if (Array.isArray(value)) return value.every((item) => plain.includes(typeof item));
  return value === null || plain.includes(typeof value);
}

/**
 * A setting or a number of two runs; undefined where a run has none of that name.
 *
 * @category Runs
 */
export interface RunDifference {
  /** Dotted where settings are nested, such as "noiseParameters.sigmaMax". */
  readonly name: string;
  readonly a: RunValue | undefined;
  readonly b: RunValue | undefined;
}

/**
 * The settings in which two configurations differ, in the order of the first; nested ones are told
 * apart field by field, and what is null counts as not there.
 *
 * @category Runs
 */
export function configDifferences(a: RunConfig, b: RunConfig): RunDifference[] {
  return beside(flatten(a), flatten(b)).filter(({ a, b }) =>
    JSON.stringify(a ?? null) !== JSON.stringify(b ?? null)
  );
}

/**
 * The numbers of two runs side by side, also those that are the same.
 *
 * @category Runs
 */
export function numbersBeside(a: RunSummary, b: RunSummary): RunDifference[] {
  return beside(new Map(Object.entries(a.numbers)), new Map(Object.entries(b.numbers)));
}

function beside(a: ReadonlyMap<string, RunValue>, b: ReadonlyMap<string, RunValue>) {
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.map((name) => ({ name, a: a.get(name), b: b.get(name) }));
}

function flatten(value: RunConfig, prefix = "", into = new Map<string, RunValue>()) {
  for (const [key, field] of Object.entries(value)) {
    const name = prefix + key;
    if (isValue(field)) into.set(name, field);
    else if (typeof field === "object" && field !== null && !Array.isArray(field)) {
      flatten(field as RunConfig, `${name}.`, into);
    } else if (field !== undefined) into.set(name, JSON.stringify(field));
  }
  return into;
}
