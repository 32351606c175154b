/**
 * How images are cut into dispatches: by one query's work and the kind of device only, so that a query's
 * sums are the same beside any others, and never by the clock.
 */

/** Images that one dispatch takes. */
export interface Round {
  /** First image, and how many. */
  readonly first: number;
  readonly count: number;
  /** Partial states per query, each of `perSlot` images, times `parts` of the shifts. */
  readonly slots: number;
  readonly perSlot: number;
  readonly parts: number;
}

/** Options of {@linkcode planRounds}. */
export interface PlanRoundsOptions {
  readonly images: number;
  /** Are there thresholds already? Then no round is needed to find some. */
  readonly warm: boolean;
  /** Pairs (p, q) of one image and query, at the scale that has most. */
  readonly pairs: number;
  /** Candidates of a pixel in one image. */
  readonly candidates: number;
  /** Shifts of an image that parts can share. */
  readonly shifts: number;
  /** Rounds of loops per shift, and how many a thread may go through. */
  readonly iterations: number;
  readonly maxIterations: number;
  /** Workgroups that fill the device. */
  readonly workgroups: number;
  /** Partial states that there is memory for. */
  readonly maxStates: number;
  /** Pairs of a dispatch at most, so that none takes long; one image of a slot is the least. */
  readonly pairsPerRound: number;
}

/** Parts of an image's shifts at most: each part has a state to begin and to add up. */
const maxParts = 32;

/** Float32 sums of a slot end after about this many candidates: their rounding is some 1e-6. */
const candidatesPerSlot = 4096;

/**
 * Cuts images into rounds. The first round has few images, the shifts of each shared by many workgroups:
 * it is there for the thresholds, without which every candidate would be weighed. The next ones grow.
 */
export function planRounds(options: PlanRoundsOptions): Round[] {
  const { images, warm, pairs, candidates, shifts, workgroups, pairsPerRound } = options;
  const affordable = Math.max(1, Math.floor(pairsPerRound / Math.max(1, pairs)));
  const maxPerSlot = Math.max(1, Math.floor(candidatesPerSlot / candidates));
  const filling = Math.min(workgroups, Math.max(1, options.maxStates));
  const maxSlots = Math.min(filling, affordable);
  const sharing = Math.min(maxParts, shifts);
  const rounds: Round[] = [];
  let grown = warm ? maxPerSlot : 1;
  for (let first = 0; first < images; grown *= 2) {
    const left = images - first;
    const slots = Math.min(first > 0 || warm ? maxSlots : Math.ceil(maxSlots / sharing), left);
    const perSlot = Math.min(
      grown,
      maxPerSlot,
      Math.max(1, Math.floor(affordable / slots)),
      Math.max(1, Math.floor(options.maxIterations / options.iterations)),
      Math.ceil(left / slots),
    );
    const count = Math.min(left, slots * perSlot);
    const used = Math.ceil(count / perSlot);
    const minParts = Math.ceil(shifts * perSlot * options.iterations / options.maxIterations);
    const wanted = Math.min(maxParts, Math.floor(filling / used));
    const parts = Math.min(shifts, Math.max(1, wanted, minParts));
    rounds.push({ first, count, slots: used, perSlot, parts });
    first += count;
  }
  return rounds;
}

/** Some neighboring queries of a batch. */
export interface QueryRange {
  readonly from: number;
  readonly count: number;
}

/**
 * Cuts queries into those that one dispatch takes: as many as fill the device, for the largest of the rounds.
 *
 * @param queries Ascending.
 */
export function rangesOf(
  queries: readonly number[],
  rounds: readonly Round[],
  { pairs, workgroups, maxStates, pairsPerRound }: Pick<
    PlanRoundsOptions,
    "pairs" | "workgroups" | "maxStates" | "pairsPerRound"
  >,
): QueryRange[] {
  const states = Math.max(...rounds.map(({ slots, parts }) => slots * parts));
  const images = Math.max(...rounds.map(({ count }) => count));
  const most = Math.min(
    Math.min(maxStates, 2 * workgroups) / states,
    pairsPerRound / (Math.max(1, pairs) * images),
  );
  return neighbors(queries, Math.max(1, Math.floor(most)));
}

/** Runs of neighboring numbers, of `most` at most. */
export function neighbors(queries: readonly number[], most: number): QueryRange[] {
  const ranges: { from: number; count: number }[] = [];
  for (const query of queries) {
    const last = ranges.at(-1);
    if (last && last.count < most && query === last.from + last.count) last.count++;
    else ranges.push({ from: query, count: 1 });
  }
  return ranges;
}
