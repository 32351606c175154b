/** How a tile is cut into dispatches: by the request and the kind of device only, never by the clock. */

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
  readonly queries: number;
  /** Pairs (p, q) of one image and query, at the scale that has most. */
  readonly pairs: number;
  /** Candidates of a pixel in one image. */
  readonly candidates: number;
  /** Row shifts that can be shared out. */
  readonly rowShifts: number;
  /** Workgroups that fill the device. */
  readonly workgroups: number;
  /** Pairs of a dispatch at most, so that none takes long; one image of a slot is the least. */
  readonly pairsPerRound: number;
}

/** Float32 sums of a slot end after about this many candidates: their rounding stays below 1e-6. */
const candidatesPerSlot = 8192;

/**
 * Cuts images into rounds. The first rounds are short, because thresholds close with what they find.
 */
export function planRounds(options: PlanRoundsOptions): Round[] {
  const { images, queries, pairs, candidates, rowShifts, workgroups, pairsPerRound } = options;
  const affordable = Math.max(1, Math.floor(pairsPerRound / (queries * Math.max(1, pairs))));
  const mostPerSlot = Math.max(1, Math.floor(candidatesPerSlot / candidates));
  const mostSlots = Math.min(Math.max(1, Math.ceil(workgroups / queries)), affordable);
  const rounds: Round[] = [];
  let grown = 1;
  for (let first = 0; first < images; grown *= 2) {
    const left = images - first;
    const slots = Math.min(mostSlots, left);
    const perSlot = Math.min(
      grown,
      mostPerSlot,
      Math.max(1, Math.floor(affordable / slots)),
      Math.ceil(left / slots),
    );
    const count = Math.min(left, slots * perSlot);
    const used = Math.ceil(count / perSlot);
    let parts = 1;
    while (used * parts * queries < workgroups && 2 * parts <= Math.min(8, rowShifts)) parts *= 2;
    rounds.push({ first, count, slots: used, perSlot, parts });
    first += count;
  }
  return rounds;
}
