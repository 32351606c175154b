import type { MeetingPlace } from "../../core/meeting_place.ts";

/**
 * Which of the training images a process has.
 *
 * @category Posterior
 */
export interface ImageShard {
  /** Number of the shard, from 1. */
  readonly index: number;
  /** How many shards there are. */
  readonly count: number;
  /** First of its images. */
  readonly from: number;
  /** One after the last of them. */
  readonly to: number;
  /** How many images all shards have. */
  readonly total: number;
}

/**
 * Whom a shard waits for.
 *
 * @category Posterior
 */
export interface MeetingWait {
  /** Number of the posterior, from 1, as the shards count them. */
  readonly step: number;
  /** How long it has waited. */
  readonly seconds: number;
  /** Shards that have not given their state; the part that is done, where it is known. */
  readonly missing: readonly { readonly index: number; readonly fraction: number | null }[];
}

/**
 * Options of {@linkcode meetingPosterior}.
 *
 * @category Posterior
 */
export interface MeetingPosteriorOptions {
  /** Where the shards leave their states; for this work alone. */
  readonly place: MeetingPlace;
  /** Which of the training images this process has. */
  readonly shard: ImageShard;
  /**
   * Everything that decides the results and is the same in all shards, as plain data: checksums of images and
   * network, seed, sampler, scales. A shard of other work is refused.
   */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Seconds without a sign of a shard after which it is given up; 600 when absent. */
  readonly patience?: number | undefined;
  /** Seconds between two signs of life; 5 when absent. */
  readonly beatSeconds?: number | undefined;
  /**
   * Images after which a sum is kept, for a process that is ended in the middle of a step. By default as many as
   * take some minutes on two cores.
   */
  readonly keepEvery?: number | undefined;
  /** Seconds between two writings of such sums at least; 10 when absent. */
  readonly keepSeconds?: number | undefined;
  /** Called now and then while it waits for others. */
  readonly onWait?: ((wait: MeetingWait) => void) | undefined;
  /** Called with the number of this shard's images that are summed, of the posterior in work. */
  readonly onImages?: ((images: number) => void) | undefined;
}
