/** One thing wrong in JSON: a value somewhere in it is replaced, taken away or added. */
import type { Random } from "../../../src/core/random.ts";
import { pick } from "./mutate.ts";

/** Values that readers stumble over where they expect another. */
export const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e308, -0.5, 2 ** 31, 2 ** 53],
  ...["", "0", "x", "__proto__", "NaN", "\u202e\x1b[2J\n", "y".repeat(5000)],
  ...[[], {}, [[]], [null], { a: 1 }, { length: 3 }, [1, "2", 3]],
];

type Container = Record<string, unknown>;

const isContainer = (value: unknown): value is Container =>
  typeof value === "object" && value !== null;

/** All objects and lists in a value, itself the first. */
function containers(value: unknown): Container[] {
  const found: Container[] = [];
  for (const waiting = [value]; waiting.length > 0;) {
    const next = waiting.shift();
    if (!isContainer(next)) continue;
    found.push(next);
    waiting.push(...Object.values(next));
  }
  return found;
}

/**
 * A copy of plain data with one thing wrong.
 *
 * @returns The copy, and what was done.
 */
export function damaged(value: unknown, random: Random): { value: unknown; note: string } {
  const copy = structuredClone(value);
  const all = containers(copy);
  if (all.length === 0 || random.integer(50) === 0) {
    return { value: pick(random, oddValues), note: "the whole" };
  }
  // The outer ones have more fields that matter than there are of them.
  const place = random.integer(3) === 0 ? all[0]! : pick(random, all);
  const keys = Object.keys(place);
  const key = keys.length === 0 || random.integer(12) === 0
    ? Array.isArray(place) ? String(place.length) : pick(random, ["x", "constructor", "toString"])
    : pick(random, keys);
  const what = random.integer(6);
  if (what === 0 && keys.includes(key)) {
    if (Array.isArray(place)) place.splice(Number(key), 1);
    else delete place[key];
    return { value: copy, note: `without ${key}` };
  }
  const before = place[key];
  if (what === 1 && typeof before === "number") place[key] = before + pick(random, [-2, -1, 1, 2]);
  else if (what === 2 && typeof before === "string") place[key] = `${before}s`;
  else if (what === 3 && Array.isArray(before)) place[key] = [...before, ...before];
  else place[key] = structuredClone(pick(random, oddValues));
  return { value: copy, note: `another ${key}` };
}
