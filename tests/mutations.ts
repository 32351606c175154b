/** Plain data that is still JSON, and wrong. */
import type { Random } from "../src/core/random.ts";

type Holder = Record<string, unknown> | unknown[];

const strange: readonly unknown[] = [null, "", "1", -1, 1e308, 0.5, [], {}, [[1]], {
  constructor: 1,
}, true];

/** A copy with one change: a value replaced, a number moved, neighbors swapped, one repeated or lost. */
export function mutate(value: unknown, random: Random): unknown {
  const holders: Holder[] = [];
  const copy = structuredClone([value]);
  const visit = (holder: Holder) => {
    holders.push(holder);
    for (const each of Object.values(holder)) {
      if (typeof each === "object" && each !== null) visit(each as Holder);
    }
  };
  visit(copy);
  // Small things hold what matters as often as long lists of numbers do.
  const holder = holders[random.integer(holders.length)]! as Record<string, unknown>;
  const keys = Object.keys(holder);
  if (keys.length === 0) return copy[0];
  const key = keys[random.integer(keys.length)]!;
  const other = keys[random.integer(keys.length)]!;
  const change = random.integer(6);
  if (change === 0 && typeof holder[key] === "number") {
    holder[key] = (holder[key] as number) * (1 + 1e-6 * random.normal());
  } else if (change === 1) [holder[key], holder[other]] = [holder[other], holder[key]];
  else if (change === 2 && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (change === 3 && Array.isArray(holder)) holder.splice(Number(key), 0, holder[key]);
  else if (change === 4 && !Array.isArray(holder)) delete holder[key];
  else holder[key] = strange[random.integer(strange.length)];
  return copy[0];
}
