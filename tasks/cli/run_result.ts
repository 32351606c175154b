/** What a verb tells of its run: kept in the folder, and printed under `--json`. */
import type { Run } from "../../src/runs/run_folder.ts";
import type { RunValue } from "../../src/runs/run_summary.ts";
import type { VerbResult } from "./command.ts";

/** What a finished run comes to. */
export interface RunOutcome {
  /** Files worth opening, by what they hold, the most telling first; names in the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** The main numbers, by name. */
  readonly numbers: Readonly<Record<string, RunValue>>;
}

/** Fields of {@linkcode finishRun}'s result, for the specifications of verbs. */
export const runResultFields = {
  "run": "folder of the run",
  "finished": "true; false where Ctrl-C stopped a training",
} as const;

/**
 * Marks a run as finished, unless it is already, with the files of the outcome that there are.
 *
 * @returns The result of the verb: the files by their paths.
 */
export async function finishRun(run: Run, outcome: RunOutcome): Promise<VerbResult> {
  const files: [what: string, name: string][] = [];
  for (const [what, name] of Object.entries(outcome.files)) {
    if (await Deno.stat(run.file(name)).then(() => true, () => false)) files.push([what, name]);
  }
  const { numbers } = outcome;
  // A run of an earlier release gets its list of files and checksums so.
  if (!run.whole) await run.finish({ files: Object.fromEntries(files), numbers });
  return {
    run: run.path,
    finished: true,
    files: Object.fromEntries(files.map(([what, name]) => [what, run.file(name)])),
    numbers,
  };
}
