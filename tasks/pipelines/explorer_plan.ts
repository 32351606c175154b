/** What an explorable page holds: which images, machines and reverse processes. */
import { gatherImages, type ImageBatch, type ImageShape } from "../../src/core/image_batch.ts";
import type { ExplorerMachine } from "../../src/explorer/contract.ts";
import { bytesOfImages, imagesOfBytes } from "../../src/explorer/data/image_bytes.ts";
import { packImages } from "../../src/explorer/data/page_data.ts";
import type { ProcessName } from "../../src/explorer/data/stored_process.ts";
import { candidateScales } from "../../src/machines/create_machine.ts";
import {
  largestPatchSize,
  machineDefinitions,
  machineHasScale,
  type MachineName,
  patchMachineNames,
} from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { CommandError } from "../cli/command.ts";
import { patchSizeAt } from "../../src/machines/scheduled.ts";

/** A reverse process to store. */
export interface PlannedProcess extends ProcessName {
  /** Whether all its steps are explained. */
  readonly explained: boolean;
  /** What it costs beside others, for progress. */
  readonly cost: number;
}

/** Patch sizes of all steps that the first sample is stored with, those of them that fit. */
const fixedSizes = [3, 7, 15, 31];

/**
 * The processes of a page: of every sample the network and three machines, calibrated, of which the first is
 * explained; of the first sample all are, and its first machine at patch sizes that stay.
 */
export function planProcesses(
  samples: number,
  { main, machines }: {
    /** The machine that is shown first. */
    readonly main: MachineName;
    readonly machines: readonly ExplorerMachine[];
  },
): PlannedProcess[] {
  const others = (["LS", "IS"] as const).filter((name) => name !== main);
  const candidates = machines.find(({ name }) => name === main)?.candidates ?? [];
  return Array.from({ length: samples }, (_, sample) => sample).flatMap((sample) => {
    const of = (
      machine: MachineName | null,
      explained: boolean,
      patchSize: number | null = null,
    ) => ({
      ...{ sample, machine, patchSize, explained },
      cost: machine === null
        ? 0.05
        : machine === "LS" || machine === "IS"
        ? 0.1
        : explained
        ? 2
        : 1,
    });
    return [
      of(main, true),
      of(null, false),
      // One list of candidates holds at all pixels of IS.
      ...others.map((name) => of(name, sample === 0 || name === "IS")),
      ...sample > 0
        ? []
        : fixedSizes.filter((k) => candidates.includes(k)).map((k) => of(main, true, k)),
    ];
  });
}

/** All machines of patches, with the calibrated sizes of each; one without a schedule of its own takes the first's. */
export function explorerMachines(
  times: readonly number[],
  { schedules, imageShape }: {
    readonly schedules: readonly ScaleSchedule[];
    readonly imageShape: ImageShape;
  },
): ExplorerMachine[] {
  const soft = schedules.find(({ window, steps }) => window !== undefined || steps[0]?.perClass);
  if (soft !== undefined) {
    throw new CommandError(
      soft.window === undefined
        ? `the schedule of ${soft.machine} has scales of single classes, the page one for all; calibrate one`
        : `the schedule of ${soft.machine} has widths of a ${soft.window} window, the page patches of ` +
          "k x k pixels; calibrate without --window",
    );
  }
  return patchMachineNames.map((name) => {
    const { description } = machineDefinitions[name];
    if (!machineHasScale(name)) return { name, description, patchSizes: null, candidates: [] };
    const scales = schedules.find(({ machine }) => machine === name) ?? schedules[0]!;
    const largest = largestPatchSize(name, imageShape);
    return {
      name,
      description,
      patchSizes: times.map((t) =>
        Math.min(largest, patchSizeAt(scales, t, { between: "nearest" }))
      ),
      candidates: candidateScales(name, { imageShape }),
    };
  });
}

/** Bytes of training images in a page, deflated, if nobody says how many there are to be. */
const imageBytes = 900_000;
/** And this many at most: machines are to answer in seconds. */
const mostImages = 2000;

/** How many training images a page has if nobody says so: what fits. */
export function defaultImages(images: ImageBatch): number {
  const some = Math.min(images.shape[0], 128);
  const perImage = packImages(spread(images, some).images, undefined).length / some;
  return Math.min(images.shape[0], mostImages, Math.floor(imageBytes / perImage));
}

/** So many of the images, spread evenly over all, in bytes' values; and which they are. */
export function spread(
  images: ImageBatch,
  count: number,
): { readonly images: ImageBatch; readonly indices: Uint32Array } {
  const total = images.shape[0];
  const indices = Uint32Array.from({ length: count }, (_, i) => Math.floor(i * total / count));
  const chosen = gatherImages(images, indices);
  return { images: imagesOfBytes(bytesOfImages(chosen), chosen.shape), indices };
}
