import { ArgumentError } from "../../core/errors.ts";
import type { PatchPosterior, PosteriorRequest } from "../patch_posterior.ts";
import { Meeting } from "./meeting.ts";
import type { MeetingPosteriorOptions } from "./meeting_options.ts";
import { MeetingRun } from "./meeting_run.ts";

/**
 * A posterior over the images of several processes.
 *
 * @category Posterior
 */
export interface MeetingPosterior extends PatchPosterior {
  /** Says that this process needs nothing more. The last one to say so removes the states. */
  leave(): Promise<void>;
}

/** Pairs of pixels of a section: some minutes. */
const pairsPerSection = 2 ** 37;

/**
 * A posterior over training images of which each process has a part. It stands where any backend does: each
 * process makes the same machine of its own images, and asks the same; at the end of every posterior it
 * leaves the state of its images in a place that all see, and takes up that of all images. So all processes take
 * the same step of a sampler, to the last bit: shard 1 merges the states, in the order of the shards.
 *
 * A process that was ended goes on where it was when it is started again: states of steps that the shards have
 * met for are there, and so is the sum of the images that it had done. Nothing is computed twice; who asks
 * something else, or is of other work, is refused.
 *
 * Explanations are not made across shards.
 *
 * @example One shard of one: states of a long posterior are kept
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   meetingPosterior,
 *   memoryPlace,
 *   syntheticTextures,
 *   wasmPosterior,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using backend = wasmPosterior({ workers: 0 });
 * const posterior = meetingPosterior(backend, {
 *   place: memoryPlace(),
 *   shard: { index: 1, count: 1, from: 0, to: 4, total: 4 },
 *   identity: { data: "textures" },
 * });
 * const machine = createMachine("LS", { images, schedule, patchSize: 3, posterior });
 * assertEquals((await machine.predict(images, 0.5)).shape, [4, 8, 8, 1]);
 * ```
 *
 * @param posterior Computes the states of this process's images; it is not disposed of.
 * @throws RangeError if the shard is none of as many.
 * @category Posterior
 */
export function meetingPosterior(
  posterior: PatchPosterior,
  options: MeetingPosteriorOptions,
): MeetingPosterior {
  const { shard, patience = 600, keepEvery, keepSeconds = 10, onImages } = options;
  const { index, count, from, to, total } = shard;
  const isWhole = (...numbers: number[]) => numbers.every((each) => Number.isSafeInteger(each));
  if (
    !isWhole(index, count, from, to, total) || index < 1 || index > count || from < 0 ||
    from >= to || to > total
  ) {
    throw new ArgumentError(
      `Cannot be shard ${index}/${count} of images ${from} to ${to} of ${total}: expected 1 to the number ` +
        "of shards, and some of the images",
    );
  }
  for (const [name, value] of Object.entries({ patience, keepEvery })) {
    if (value === undefined || value > 0) continue;
    throw new ArgumentError(`Cannot meet: ${name} is ${value}, expected a positive number`);
  }
  const meeting = new Meeting({ ...options, patience });
  const begin = (request: PosteriorRequest) =>
    new MeetingRun(request, {
      ...{ posterior, meeting, keepSeconds, onImages, images: to - from },
      keepEvery: keepEvery ?? sectionImages(request),
    });
  return {
    name: posterior.name,
    begin,
    explain(request) {
      if (count === 1 && posterior.explain !== undefined) return posterior.explain(request);
      throw new ArgumentError(
        "Cannot explain a posterior over images of several processes: none has all of them; explain one " +
          "by fewer images",
      );
    },
    dispose: () => Promise.resolve(),
    leave: () => meeting.leave(),
  };
}

/** How many images a section has: a power of two, which hangs on nothing but the request. */
function sectionImages({ query, rule, scales }: PosteriorRequest): number {
  const [queries, height, width] = query.shape;
  const pixels = height * width;
  const places = rule === "whole" || rule === "same-position" ? 1 : pixels;
  const images = pairsPerSection / Math.max(1, queries * scales.length * pixels * places);
  return 2 ** Math.min(20, Math.max(8, Math.floor(Math.log2(images))));
}
