/** Sets of numbers as runs of consecutive ones. */
export interface Runs {
  /** Set j has the runs `start[j]` to `start[j + 1]` (exclusive). */
  readonly start: Uint32Array;
  /** Run r goes from `bounds[2 r]` to `bounds[2 r + 1]` (exclusive). */
  readonly bounds: Uint32Array;
}

/** Runs of sets whose numbers ascend. */
export function runsOf(sets: readonly ArrayLike<number>[]): Runs {
  const start = new Uint32Array(sets.length + 1);
  const bounds: number[] = [];
  sets.forEach((set, j) => {
    for (let i = 0; i < set.length; i++) {
      if (i === 0 || set[i]! !== bounds.at(-1)) bounds.push(set[i]!, set[i]! + 1);
      else bounds[bounds.length - 1] = set[i]! + 1;
    }
    start[j + 1] = bounds.length / 2;
  });
  return { start, bounds: Uint32Array.from(bounds) };
}
