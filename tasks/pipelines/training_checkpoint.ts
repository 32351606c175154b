/** Where a training goes on, and what of a damaged run is left to go on from. */
import { CheckpointMismatchError, DataFormatError } from "../../src/core/errors.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { type LogRecord, readLog } from "../../src/runs/jsonl_log.ts";
import { readGenerations, restoreGeneration } from "../../src/runs/kept_file.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { readTrainingState } from "../../src/training/checkpoint.ts";
import type { TrainingState } from "../../src/training/optimization.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import { putAside } from "./put_aside.ts";
import { trainingFiles } from "./training_report.ts";

/**
 * The state to go on from, if the run has one: the newest that is whole, and that the log has all steps
 * of. Where there was one and none is left, the training begins anew; what is left of the run is put aside
 * under other names.
 */
export async function readCheckpoint(
  run: Run,
  { fingerprint, tell }: {
    /** Names the configuration that the state belongs to. */
    readonly fingerprint: string;
    readonly tell: (text: string) => void;
  },
): Promise<TrainingState | undefined> {
  const path = run.file(trainingFiles.state);
  const { whole, damage } = await readGenerations(
    path,
    (bytes, source) => readTrainingState(bytes, { source, fingerprint }),
  );
  const log = run.file(trainingFiles.log);
  const { records, damage: logDamage } = await readLog(log);
  const logged = loggedSteps(records);
  const usable = whole.find(({ value }) => value.step <= logged);
  const problems = [damage, logDamage].filter((problem) => problem !== undefined);
  if (usable === undefined && whole.length > 0 && logDamage === undefined) {
    problems.push(`${log}: its steps after ${logged} are missing`);
  }
  if (usable !== undefined) {
    await restoreGeneration(path, usable.path);
    if (problems.length > 0) {
      tell(`${problems.join("; ")}; the training goes on from step ${usable.value.step}`);
    }
    return usable.value;
  }
  if (problems.length === 0) return undefined;
  if (damage === undefined && whole.length === 0) {
    // It was stopped before its first checkpoint.
    tell(`${problems.join("; ")}; the training begins anew`);
    return undefined;
  }
  const kept = await putAside(run, [trainingFiles.weights, trainingFiles.log, trainingFiles.state]);
  const where = kept.length === 0 ? "" : `; what is left is kept as ${kept.join(", ")}`;
  tell(`${problems.join("; ")}; the training begins anew${where}`);
  return undefined;
}

/** Steps of a training that a log has from the first on, one a line, each with its numbers. */
function loggedSteps(records: readonly LogRecord[]): number {
  const wrong = records.findIndex((record, i) =>
    record["step"] !== i + 1 ||
    !["loss", "gradientNorm", "learningRate"].every((name) => Number.isFinite(record[name]))
  );
  return wrong < 0 ? records.length : wrong;
}

/** Takes back that a run of an earlier release is finished, if its weights cannot be read. */
export async function reopenUnlessReadable(
  run: Run,
  { weights, progress }: { readonly weights: string; readonly progress: ProgressReporter },
): Promise<void> {
  try {
    await readAnyWeights(await Deno.readFile(weights), weights);
  } catch (error) {
    const damaged = error instanceof DataFormatError || error instanceof CheckpointMismatchError;
    if (!damaged && !(error instanceof Deno.errors.NotFound)) throw error;
    progress.note(`${damaged ? error.message : `${weights}: is missing`}; they are made again`);
    run.reopen();
  }
}
