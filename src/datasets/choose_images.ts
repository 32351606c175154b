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
 * many as classes. Which ones depends on nothing but the seed and what there is.
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
  const queues = shuffled([...classes.keys()].sort((a, b) => a - b), random).map((label) =>
    shuffled(classes.get(label)!, random).filter((index) => !except.has(index))
  ).filter(({ length }) => length > 0);
  const shares = divided(queues.map(({ length }) => length), count);
  return queues.flatMap((queue, c) => queue.slice(0, shares[c])).sort((a, b) => a - b);
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

/** Divides `count` in proportion to `sizes` by largest remainders, none above its size. */
function divided(sizes: readonly number[], count: number): number[] {
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  if (count >= whole) return [...sizes];
  const exact = sizes.map((size) => count * size / whole);
  const shares = exact.map(Math.floor);
  const missing = count - shares.reduce((sum, share) => sum + share, 0);
  const order = [...exact.keys()].sort((a, b) => exact[b]! % 1 - exact[a]! % 1);
  for (const c of order.slice(0, missing)) shares[c]!++;
  // Small classes have one at least, which the largest shares give.
  for (const [c, share] of shares.entries()) {
    if (share > 0 || count < sizes.length) continue;
    shares[shares.indexOf(Math.max(...shares))]!--;
    shares[c] = 1;
  }
  return shares;
}
