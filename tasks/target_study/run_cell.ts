/** One cell of the study of stable targets, in a run folder of its own that goes on where it stopped. */
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { JsonlLog, readLog } from "../../src/runs/jsonl_log.ts";
import { writeKept } from "../../src/runs/kept_file.ts";
import { sha256Json } from "../../src/runs/provenance.ts";
import { openRun, type Run } from "../../src/runs/run_folder.ts";
import { listRuns } from "../../src/runs/run_record.ts";
import { writeTrainingState } from "../../src/training/checkpoint.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import type { TrainingState } from "../../src/training/optimization.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";
import { stableTarget } from "../../src/training/target.ts";
import { readCheckpoint } from "../pipelines/training_checkpoint.ts";
import { trainingFiles } from "../pipelines/training_report.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import {
  cellConfig,
  cellName,
  type TargetCell,
  type TargetPlan,
  type TargetSources,
} from "./cells.ts";
import { measureNetwork, type TargetMeasure } from "./measure.ts";

/** A finished cell, as plain data. */
export interface TargetRecord {
  readonly process: string;
  readonly references: number;
  readonly seed: number;
  readonly measures: readonly TargetMeasure[];
  /** Loss of each step. */
  readonly loss: readonly number[];
  /** Norm of each step's gradient. */
  readonly gradientNorm: readonly number[];
}

/** What all cells are computed with. */
export interface TargetContext {
  readonly plan: TargetPlan;
  readonly sources: TargetSources;
  /** Folder of the runs. */
  readonly runs: string;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
}

const COMMAND = "target_study";
const MEASURES = "measures.jsonl";
/** Threads of a training, and parts of a batch. */
const SHARDS = 2;

/** What a run's files say of its cell. */
async function recordOf(run: Pick<Run, "file">, cell: TargetCell): Promise<TargetRecord> {
  const { records: steps } = await readLog(run.file(trainingFiles.log));
  const { records: measures } = await readLog(run.file(MEASURES));
  return {
    ...{ process: cell.process.name, references: cell.references, seed: cell.seed },
    measures: measures as unknown as TargetMeasure[],
    loss: steps.map(({ loss }) => loss as number),
    gradientNorm: steps.map(({ gradientNorm }) => gradientNorm as number),
  };
}

/** A cell that is done; undefined while it is not. */
export async function finishedCell(
  cell: TargetCell,
  { plan, sources, runs }: Pick<TargetContext, "plan" | "sources" | "runs">,
): Promise<TargetRecord | undefined> {
  const wanted = await sha256Json({
    command: COMMAND,
    config: cellConfig(cell, { plan, sources }),
  });
  const { runs: found } = await listRuns(runs);
  const done = found.findLast(({ configSha256, finished }) => configSha256 === wanted && finished);
  return done && await recordOf({ file: (name) => `${done.path}/${name}` }, cell);
}

/** Where to go on: the checkpoint, if everything that was measured before its own step is there. */
async function resumeOf(run: Run, { plan: { every }, progress }: TargetContext, print: string) {
  const tell = (text: string) => progress.note(text);
  const state = await readCheckpoint(run, { fingerprint: print, tell });
  if (state === undefined) return undefined;
  const { records } = await readLog(run.file(MEASURES));
  const before = Math.floor((state.step - 1) / every);
  const whole = records.slice(0, before).every(({ step }, i) => step === (i + 1) * every);
  if (records.length >= before && whole) return state;
  tell(`${run.file(MEASURES)}: measurements before step ${state.step} are missing; begun anew`);
  return undefined;
}

/**
 * Trains and measures a cell, or what is left of it.
 *
 * @returns undefined if the signal stopped it; what there is by then is saved.
 */
export async function runCell(
  cell: TargetCell,
  context: TargetContext,
): Promise<TargetRecord | undefined> {
  const { plan, sources, runs: root, abort, progress } = context;
  const { process, references, seed } = cell;
  const { choice: _, ...formulation } = process.formulation;
  const { data, backend } = sources;
  const config = cellConfig(cell, { plan, sources });
  const label = `${data.name}-${cellName(cell)}`;
  using run = await openRun({ root, command: COMMAND, label, config });
  progress.note(run.status);
  if (run.finished) return await recordOf(run, cell);
  const network = createNetwork(plan.architecture);
  const fingerprint = await sha256Json(config);
  const resume = await resumeOf(run, context, fingerprint);
  const upToStep = resume?.step ?? 0;
  using log = await JsonlLog.open(run.file(trainingFiles.log), { upToStep });
  using measures = await JsonlLog.open(run.file(MEASURES), { upToStep });
  const { steps, batchSize, learningRate, warmup, emaDecay, clipNorm } = plan.recipe;
  const bar = progress.start({ label: cellName(cell), total: steps, done: upToStep });
  const save = async (state: TrainingState) => {
    log.sync();
    await writeKept(run.file(trainingFiles.state), writeTrainingState(state, fingerprint));
  };
  const measure = async ({ step, average: parameters }: TrainingState) => {
    const trained = { network, parameters, ...formulation, training: {} };
    measures.append({ ...await measureNetwork(trained, { step, plan, sources, abort }) });
    measures.sync();
  };
  const pool = await createGradientPool(network, { backend: backend.name, shards: SHARDS });
  let shown = NaN;
  try {
    // It was stopped between the two.
    if (measures.earlier.length < Math.floor(upToStep / plan.every)) await measure(resume!);
    const last = await optimizeNetwork(network, {
      ...{ pool, abort, ...resume && { resume } },
      examples: {
        ...{ images: data.images, ...formulation, batchSize, seed },
        ...references > 1 && {
          target: stableTarget({
            ...{ images: data.images, schedule: formulation.schedule, references },
          }),
        },
      },
      recipe: {
        ...{ steps, emaDecay, clipNorm, weightDecay: 0 },
        // The same at each measurement, so that a longer training is the same one going on.
        learningRate: { base: learningRate, warmup, decay: 1 },
      },
      checkpoints: {
        every: plan.every,
        save: async (state) => {
          await save(state);
          await measure(state);
        },
      },
      onStep: ({ step, loss, gradientNorm, learningRate }) => {
        log.append({ step, loss, gradientNorm, learningRate });
        shown = Number.isNaN(shown) ? loss : 0.95 * shown + 0.05 * loss;
        bar.update(step, { loss: shown });
      },
    });
    if (last.step < steps) {
      await save(last);
      bar.finish();
      return undefined;
    }
  } catch (error) {
    if (!abort.aborted || error !== abort.reason) throw error;
    // Stopped in a measurement, which comes first when it goes on.
    return undefined;
  } finally {
    pool.dispose();
  }
  bar.finish();
  await run.finish({ files: { log: trainingFiles.log, measures: MEASURES } });
  return await recordOf(run, cell);
}
