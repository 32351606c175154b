/** What a measurement of stable targets has kept, whole or damaged. */
import { DataFormatError } from "../../src/core/errors.ts";
import { isObject, readJsonFile } from "../../src/runs/json_file.ts";
import type { Losses } from "./stable_target_report.ts";

/** The losses of a training that are in a file; undefined if it is not there, or damaged. */
export async function readLosses(
  file: string,
  { steps, tell }: { readonly steps: number; readonly tell: (problem: string) => void },
): Promise<Losses | undefined> {
  try {
    const value = await readJsonFile(file);
    if (value === undefined || areLosses(value, { steps })) return value;
    tell(`${file}: not the losses of ${steps} steps; the training is done again`);
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    tell(`${error.message}; the training is done again`);
  }
  return undefined;
}

/** Whether a value holds the statistics of a time, one row for each number of references. */
export function areTargets(
  rows: unknown,
  { references, t }: { readonly references: readonly number[]; readonly t: number },
): boolean {
  return Array.isArray(rows) && rows.length === references.length &&
    rows.every((row, i) =>
      isObject(row) && row["t"] === t && row["references"] === references[i] &&
      Object.values(row).every(Number.isFinite)
    );
}

/** Whether a value holds the losses of a training of so many steps. */
function areLosses(value: unknown, { steps }: { readonly steps: number }): value is Losses {
  if (!isObject(value)) return false;
  const { step, loss, probeStep, probe } = value;
  const lists = [step, loss, probeStep, probe];
  const numbers = lists.every((list) => Array.isArray(list) && list.every(Number.isFinite));
  if (!numbers) return false;
  const [all, losses, some, probes] = lists as number[][];
  return all!.length === steps && all!.every((each, i) => each === i + 1) &&
    losses!.length === steps && some!.length === probes!.length &&
    some!.every((each, i) => all!.includes(each) && (i === 0 || each > some![i - 1]!)) &&
    some!.at(-1) === steps;
}
