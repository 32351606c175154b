/** The lists that {@linkcode insertCandidate} keeps, `[cells, M]`, the largest weight first. */
export interface CandidateLists {
  readonly shape: readonly [number, number, top: number];
  readonly logWeight: Float64Array;
  readonly image: Uint32Array;
  readonly position: Uint32Array;
}

/** A candidate of a cell (query, explained pixel). */
export interface CandidateOfCell {
  readonly cell: number;
  readonly logWeight: number;
  readonly image: number;
  readonly position: number;
}

/** Puts a candidate in its place in the list of its cell, from which the last one falls out. */
export function insertCandidate(
  { shape: [, , top], logWeight, image, position }: CandidateLists,
  candidate: CandidateOfCell,
): void {
  if (candidate.logWeight === -Infinity) return;
  const first = candidate.cell * top;
  const isBefore = (i: number) =>
    candidate.logWeight > logWeight[i]! ||
    (candidate.logWeight === logWeight[i] && (candidate.image < image[i]! ||
      (candidate.image === image[i] && candidate.position < position[i]!)));
  let at = first + top;
  while (at > first && isBefore(at - 1)) {
    at--;
    if (at + 1 === first + top) continue;
    logWeight[at + 1] = logWeight[at]!;
    image[at + 1] = image[at]!;
    position[at + 1] = position[at]!;
  }
  if (at === first + top) return;
  logWeight[at] = candidate.logWeight;
  image[at] = candidate.image;
  position[at] = candidate.position;
}
