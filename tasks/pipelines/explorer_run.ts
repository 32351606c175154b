/** The data of an explorable page as a command makes them: resumable in a run folder. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { readBlocks, writeBlocks } from "../../src/explorer/data/blocks.ts";
import {
  type PackedProcess,
  packProcess,
  processKey,
} from "../../src/explorer/data/stored_process.ts";
import { recordExplained, recordPredictions } from "../../src/explorer/data/record_process.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import type { PlannedProcess } from "./explorer_plan.ts";
import type { Session } from "./session.ts";

/** What the processes of a page are made with. */
export interface ProcessSources extends Pick<Session, "run" | "posterior" | "abort" | "progress"> {
  /** The network as the page has it. */
  readonly network: TrainedNetwork;
  readonly images: ImageBatch;
  readonly labels: ArrayLike<number> | undefined;
  /** Noise of the samples, `[S, H, W, C]`. */
  readonly noise: ImageBatch;
  readonly sampleLabels: readonly (number | null)[];
  /** Times of the steps and where the last one leads. */
  readonly times: readonly number[];
  /** Patch sizes of a machine's steps; null for machines without. */
  readonly patchSizes: (machine: MachineName) => readonly number[] | null;
  /** Candidates of each pixel to store. */
  readonly top: number;
}

const fileOf = (process: PlannedProcess) => `process-${processKey(process)}.bin`;

/** Runs what is planned and not yet in the run's folder. */
export async function runProcesses(
  plan: readonly PlannedProcess[],
  sources: ProcessSources,
): Promise<PackedProcess[]> {
  const { run, network, noise, sampleLabels, times, top, abort, progress } = sources;
  const denoiser = networkDenoiser(network);
  const work = plan.reduce((sum, { cost }) => sum + cost, 0);
  const found = await Promise.all(plan.map((each) => readProcess(run, each, progress)));
  let done = plan.reduce((sum, { cost }, i) => found[i] === undefined ? sum : sum + cost, 0);
  const bar = progress.start({ label: "explore", total: work, done });
  try {
    for (const [i, each] of plan.entries()) {
      if (found[i] !== undefined) continue;
      abort.throwIfAborted();
      const { sample, machine, cost, explained } = each;
      const before = done;
      const options = {
        xT: sliceBatch(noise, sample, sample + 1),
        times,
        label: sampleLabels[sample]!,
        abort,
        onProgress: (fraction: number) => bar.update(before + cost * fraction),
      };
      const recorded = machine === null
        ? await recordPredictions(denoiser, options)
        : explained
        ? await recordExplained(machineOf(each, machine, sources), { ...options, top })
        : await recordPredictions(machineOf(each, machine, sources), options);
      const packed = found[i] = packProcess(each, recorded);
      await run.write(fileOf(each), writeBlocks(blocksOf(packed)));
      done += cost;
      bar.update(done);
    }
    bar.finish();
  } finally {
    denoiser.dispose();
  }
  return found as PackedProcess[];
}

function machineOf(
  { patchSize }: PlannedProcess,
  machine: MachineName,
  { images, labels, network, posterior, times, patchSizes }: ProcessSources,
) {
  const sizes = patchSizes(machine);
  return createMachine(machine, {
    ...{ images, labels, posterior, schedule: network.schedule },
    ...sizes && { patchSize: patchSize ?? ((t: number) => sizes[times.indexOf(t)]!) },
  });
}

const blocksOf = ({ process, why }: PackedProcess) =>
  new Map([["process", process], ...why ? [["why", why] as const] : []]);

/** A process that an earlier run of the command left; damaged ones are made again. */
async function readProcess(
  run: Run,
  planned: PlannedProcess,
  progress: ProgressReporter,
): Promise<PackedProcess | undefined> {
  const path = run.file(fileOf(planned));
  try {
    const blocks = readBlocks(await Deno.readFile(path), path);
    const process = blocks.get("process"), why = blocks.get("why");
    if (process === undefined || (planned.explained && why === undefined)) return undefined;
    const { sample, machine, patchSize } = planned;
    return { sample, machine, patchSize, process, why };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof DataFormatError)) throw error;
    progress.note(`${error.message}; it is made again`);
    return undefined;
  }
}
