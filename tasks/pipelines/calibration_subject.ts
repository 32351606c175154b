/** What is calibrated against: a network, or images and a forward process alone. */
import type { CalibrationQueries } from "../../src/calibration/held_out_queries.ts";
import type { ImageShape } from "../../src/core/image_batch.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import { machineForPadding, type MachineName } from "../../src/machines/machine_table.ts";
import { CommandError } from "../cli/command.ts";
import { loadHeldOut } from "./quality_sets.ts";
import type { Reading } from "./reading.ts";
import {
  channelsOf,
  folderOptions,
  type ImageFlags,
  type LoadedNetwork,
  loadNetwork,
} from "./sources.ts";

/** What a calibration needs to know of what it is held against. */
export interface CalibrationSubject {
  /** The network; absent: none is asked. */
  readonly network?: LoadedNetwork;
  /** The machines' images, where there is no network that says which. */
  readonly data?: ImageDataset;
  /** For folders and titles. */
  readonly label: string;
  readonly imageShape: ImageShape;
  readonly padding: "zeros" | "circular";
  /** Classes that a network knows; 0: none. */
  readonly classes: number;
  readonly receptiveField: number;
  readonly schedule: NoiseSchedule;
}

/** Flags that say what it is. */
export interface SubjectFlags extends ImageFlags {
  readonly run?: string | undefined;
  readonly on: CalibrationQueries;
  readonly noiseSchedule?: string | undefined;
  readonly heldOutFrom?: string | undefined;
  readonly clip?: number | undefined;
  readonly out: string;
}

/** The forward process without a network that has one. */
const usualProcess = "cosine_legacy";

/** The network that is asked for; or none, where only a data set is, and clean images are the answer. */
export async function calibrationSubject(
  flags: SubjectFlags,
  { machine, reading }: { readonly machine: MachineName | undefined; readonly reading: Reading },
): Promise<CalibrationSubject> {
  const { on, run, dataset, noiseSchedule } = flags;
  if (on !== "clean" || run !== undefined || dataset === undefined) {
    if (noiseSchedule !== undefined) {
      throw new CommandError(
        "--noise-schedule is the network's; without one, --on clean and --dataset are given, and no --run",
      );
    }
    const network = await loadNetwork(run, flags);
    const { architecture: { imageShape, padding, classes }, receptiveField } = network.network;
    const { label, schedule } = network;
    return { network, label, imageShape, padding, classes, receptiveField, schedule };
  }
  const data = await loadDataset(dataset, {
    ...folderOptions(flags),
    images: flags.images,
    classes: flags.classes,
    from: flags.from,
    channels: channelsOf(flags.colors),
    maxPixels: flags.maxPixels,
    ...reading,
  });
  const [, height, width, channels] = data.images.shape;
  return {
    data,
    label: data.label ?? data.name,
    imageShape: [height, width, channels],
    // Those of tori have no borders.
    padding: machine !== undefined && machine === machineForPadding("circular")
      ? "circular"
      : "zeros",
    classes: 0,
    receptiveField: Infinity,
    schedule: createSchedule(noiseSchedule ?? usualProcess),
  };
}

/** The held-out images of a subject: the test part of its data set, or that of a file. */
export async function subjectHeldOut(
  { network, data, imageShape }: CalibrationSubject,
  flags: SubjectFlags & Reading,
): Promise<ImageDataset> {
  if (network !== undefined) return await loadHeldOut(network, flags);
  const { maxPixels, tell, onProgress, abort } = flags;
  const found = await loadDataset(data!.name, {
    split: "test",
    from: flags.heldOutFrom ?? flags.from,
    size: imageShape[0],
    channels: imageShape[2] === 1 ? 1 : 3,
    classes: flags.classes,
    ...{ maxPixels, tell, onProgress, abort },
  });
  if (found.images.shape.slice(1).join() === imageShape.join()) return found;
  throw new CommandError(
    `Held-out images of ${data!.name} are ${found.images.shape.slice(1).join(" x ")}, the others ` +
      `${imageShape.join(" x ")}; name others with --held-out-from`,
  );
}
