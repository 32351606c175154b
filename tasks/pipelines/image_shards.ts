/** Machines whose training images are a stream, or lie with several processes that meet in a folder. */
import { streamPart } from "../../src/core/image_stream.ts";
import type { StreamedDataset } from "../../src/datasets/streamed_dataset.ts";
import { isPatchMachine, machineDefinition } from "../../src/machines/machine_table.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { startBackend } from "../../src/networks/backend.ts";
import type { ImageShard, MeetingWait } from "../../src/posterior/meeting/meeting_options.ts";
import {
  type MeetingPosterior,
  meetingPosterior,
} from "../../src/posterior/meeting/meeting_posterior.ts";
import { meetingFolder } from "../../src/runs/meeting_folder.ts";
import { openRun } from "../../src/runs/run_folder.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import { shardRange } from "../../src/runs/shard_file.ts";
import { CommandError } from "../cli/command.ts";
import { grouped } from "../cli/flags.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import { createPosterior, devicesLine } from "./posterior.ts";
import { readingWith } from "./reading.ts";
import { parseShardChoice } from "./shard_flag.ts";
import { wholeShare } from "./share.ts";
import type { NetworkSession, SessionFlags, SessionParts, VerbContext } from "./session.ts";
import { type LoadedNetwork, streamMachineImages } from "./sources.ts";

/** Which part of the training images a process has, and where it meets the others. */
export const imageShardFlags = grouped("Image shards", {
  stream: {
    type: "boolean",
    help: "Of a machine: read the training images tile by tile at each step, and never hold them",
  },
  shardImages: {
    type: "string",
    placeholder: "I/N",
    help:
      "Of a machine: this process has the I-th of N parts of the training images, which it streams; " +
      "all N run the same command, take each step together, and end with the same images",
  },
  meet: {
    type: "string",
    default: "runs/meet",
    placeholder: "FOLDER",
    path: "write in the folder",
    help: "Where they meet: a folder that all see, for this work alone",
  },
  patience: {
    type: "number",
    min: 1,
    default: 600,
    help: "Seconds without a sign of another part after which it is given up",
  },
});

/** Values of these flags. */
export interface ImageShardFlags {
  readonly stream?: boolean;
  readonly shardImages?: string | undefined;
  readonly meet: string;
  readonly patience: number;
}

/** One of so many parts of the images, from 1. */
export type ImagePart = Pick<ImageShard, "index" | "count">;

/**
 * The part that flags ask for; all of the images as one part where they are to be streamed; undefined where they
 * are held.
 *
 * @throws CommandError if there is no machine that could take it.
 */
export function requestedImagePart(
  { stream = false, shardImages }: ImageShardFlags,
  machine: MachineName | undefined,
): ImagePart | undefined {
  if (!stream && shardImages === undefined) return undefined;
  const flag = shardImages === undefined ? "--stream" : "--shard-images";
  if (machine === undefined || !isPatchMachine(machineDefinition(machine))) {
    throw new CommandError(
      machine === undefined
        ? `${flag} is about a machine's training images: name one with --machine, such as els`
        : `${machine} needs all training images together: leave out ${flag}, or name a machine of ` +
          "patches, such as --machine els",
    );
  }
  if (shardImages === undefined) return { index: 1, count: 1 };
  return parseShardChoice(shardImages, { flag: "--shard-images" });
}

/** Work with a machine whose images are a stream, in a run folder. */
export interface StreamedSession extends NetworkSession {
  /** All images of all parts. */
  readonly data: StreamedDataset;
  /** Those of this process. */
  readonly own: Pick<StreamedDataset, "images" | "labels">;
  readonly posterior: MeetingPosterior;
  readonly shard: ImageShard;
  /** Is told how many of its images a step has summed so far; for whoever draws the bar. */
  readonly listen: (listener: (fraction: number) => void) => void;
}

/** Opens the images as a stream, starts the devices, opens the run, and comes to the meeting. */
export async function openStreamedSession(
  { flags, abort, progress }: VerbContext<SessionFlags & ImageShardFlags>,
  { network, command, label, part, identity }: {
    readonly network: LoadedNetwork;
    readonly command: string;
    readonly label: string;
    readonly part: ImagePart;
    /** Everything that decides the result, the same in all parts. */
    readonly identity: (
      parts: Omit<SessionParts, "data"> & { readonly data: StreamedDataset },
    ) => RunConfig;
  },
): Promise<StreamedSession & AsyncDisposable> {
  if (flags.shard !== undefined && flags.shard !== "none") {
    throw new CommandError(
      "--shard parts the samples, and a stream is of all of them: leave out --shard, or --stream and " +
        "--shard-images",
    );
  }
  await using opened = new AsyncDisposableStack();
  const data = await streamMachineImages(network, {
    ...flags,
    ...readingWith({ progress, abort }),
  });
  const [total] = data.images.shape;
  if (part.count > total) {
    throw new CommandError(`Cannot part ${total} images in ${part.count}: ask for fewer parts`);
  }
  const range = shardRange(total, part);
  const backend = await startBackend(flags.backend);
  const inner = opened.adopt(await createPosterior(flags, backend), (each) => each.dispose());
  const config = identity({ network, backend, data, posterior: inner });
  const run = opened.use(
    await openRun({
      root: flags.out,
      command,
      label: part.count === 1 ? label : `${label}-images-${part.index}-of-${part.count}`,
      config: { ...config, images: `${part.index}/${part.count} streamed` },
      ...flags.fresh && { fresh: true },
    }),
  );
  progress.note(run.status);
  progress.note(devicesLine(backend, inner));
  const shard = { ...part, ...range, total };
  const place = await meetingFolder(part.count === 1 ? run.file("steps") : flags.meet);
  const own = part.count === 1 ? data.images : streamPart(data.images, range);
  progress.note(
    `Images ${range.from.toLocaleString("en")} to ${(range.to - 1).toLocaleString("en")} of ` +
      `${total.toLocaleString("en")}, streamed` +
      (part.count === 1 ? "" : `; part ${part.index}/${part.count} meets in ${flags.meet}`),
  );
  let listener: ((fraction: number) => void) | undefined;
  const posterior = meetingPosterior(inner, {
    ...{ place, shard, identity: config, patience: flags.patience },
    onWait: waitingNotes(progress, part.count),
    onImages: (images) => listener?.(images / (range.to - range.from)),
  });
  const open = opened.move();
  return {
    ...{ network, data, backend, run, abort, progress, posterior, shard, share: wholeShare },
    own: { images: own, labels: data.labels.subarray(range.from, range.to) },
    listen: (each) => listener = each,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Seconds of waiting before it is told, and until it is told again. */
const tellAfter = 10, tellAgain = 60;

/** Tells whom a part waits for, if that takes long. */
function waitingNotes(progress: ProgressReporter, count: number): (wait: MeetingWait) => void {
  let told = { step: 0, at: 0 };
  return ({ step, seconds, missing }) => {
    const due = told.step === step ? told.at + tellAgain : tellAfter;
    if (seconds < due) return;
    told = { step, at: seconds };
    const named = missing.slice(0, 4).map(({ index, fraction }) =>
      `${index}/${count}${fraction === null ? "" : ` (at ${Math.floor(100 * fraction)} %)`}`
    );
    progress.note(
      `Waiting at step ${step} for part ${named.join(", ")}${
        missing.length > 4 ? ` and ${missing.length - 4} more` : ""
      }`,
    );
  };
}
