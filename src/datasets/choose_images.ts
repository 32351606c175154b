/** Choosing some images of each class. */
import { Random } from "../core/random.ts";
import type { ClassLabels } from "./class_labels.ts";

/** Options of {@linkcode someOfEachClass}. */
export interface SomeOfEachClassOptions {
  /** Class of every image of the set. */
  readonly labels: ClassLabels;
  readonly count: number;
  readonly seed: number;
  /** Images that must not be taken. Those that take their places are all that changes. */
  readonly except: ReadonlySet<number>;
}

/**
 * Chooses `count` of `candidates`, as many of each class as its share is, one at least where there are as
 * many as classes. Which ones depends on nothing but the seed and what there is; fewer are some of those that
 * more would be.
 *
 * @returns Indices, ascending; all candidates that may be taken where there are not more than `count`.
 */
export function someOfEachClass(
  candidates: ArrayLike<number>,
  { labels, count, seed, except }: SomeOfEachClassOptions,
): number[] {
  const random = new Random(seed, "images");
  const classes = new Map<number, number[]>();
  for (const index of Array.from(candidates)) {
    const label = labels[index]!;
    const own = classes.get(label);
    if (own === undefined) classes.set(label, [index]);
    else own.push(index);
  }
  const inOrder = shuffled([...classes.keys()].sort((a, b) => a - b), random).flatMap((label) => {
    const own = shuffled(classes.get(label)!, random);
    // The first of each class comes first of all, others when so much of their class has come.
    return own.filter((index) => !except.has(index))
      .map((index, rank) => ({ index, at: rank === 0 ? 0 : (rank + 0.5) / own.length }));
  }).sort((a, b) => a.at - b.at);
  return inOrder.slice(0, count).map(({ index }) => index).sort((a, b) => a - b);
}

/** Fisher and Yates's shuffle, of a copy. */
function shuffled(values: readonly number[], random: Random): number[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}
