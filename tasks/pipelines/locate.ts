import { ArgumentError } from "../../src/core/errors.ts";
import { locateRun, type RunKind } from "../../src/runs/find_run.ts";
import { listRuns } from "../../src/runs/run_record.ts";
import { CommandError } from "../cli/command.ts";
import { commandLine } from "../cli/invocation.ts";
import { tellProblem } from "./problems.ts";

/**
 * The path behind what a user named: a file, a folder, or a run in the folder of runs.
 *
 * @throws CommandError that says how to make such a run, where there is none of the kind.
 */
export async function locate(
  word: string,
  { out, kind }: { readonly out: string; readonly kind: RunKind },
): Promise<string> {
  try {
    return await locateRun(word, { root: out, kind, onProblem: tellProblem });
  } catch (error) {
    const [verb] = kind.commands ?? [];
    if (!(error instanceof ArgumentError) || verb === undefined) throw error;
    const { runs } = await listRuns(out);
    if (runs.some(({ command }) => kind.commands?.includes(command))) throw error;
    throw new CommandError(`${error.message}; make one with ${commandLine(verb)}`);
  }
}
