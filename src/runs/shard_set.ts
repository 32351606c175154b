/** Shards that belong together: all of them, each once, of the same work, in their order. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { sha256Json } from "./provenance.ts";
import { configDifferences } from "./run_summary.ts";
import type { ShardHeader } from "./shard_file.ts";

/** A shard with where it comes from. */
export interface FoundShard {
  /** Path of its file. */
  readonly source: string;
  readonly header: ShardHeader;
  /** SHA-256 of its bytes, by which copies of a shard are known; absent: a second one is an overlap. */
  readonly sha256?: string;
}

/** Shards that are named at most in a message. */
const NAMED = 3;

/** "2/4", as people write shards. */
export function shardName({ index, count }: Pick<ShardHeader, "index" | "count">): string {
  return `${index}/${count}`;
}

/** "samples 5 to 9", or "sample 5". */
export function rangeText({ over, from, to }: Pick<ShardHeader, "over" | "from" | "to">): string {
  if (to - from === 1) return `${over.slice(0, -1)} ${from}`;
  return to === from ? `no ${over}` : `${over} ${from} to ${to - 1}`;
}

/**
 * Puts shards into their order, whatever that of their arrival was, and checks that they are the whole of
 * one work. Copies of one shard, equal to the last bit, count once.
 *
 * @throws DataFormatError that names the file of a shard of other work, and what differs; of two that
 * overlap; or of one that does not belong to as many.
 * @throws ArgumentError if some are missing; the message names them.
 */
export async function orderShards<T extends FoundShard>(found: readonly T[]): Promise<T[]> {
  const sorted = [...found].sort((a, b) =>
    a.header.from - b.header.from || a.header.index - b.header.index ||
    (a.source < b.source ? -1 : 1)
  );
  if (sorted.length === 0) {
    throw new ArgumentError("Cannot merge: there are no shards; name their files, or their folder");
  }
  const reference = await mostCommon(sorted);
  for (const shard of sorted) checkSameWork(shard, reference);
  const ordered: T[] = [];
  for (const shard of sorted) {
    const last = ordered.at(-1);
    if (last === undefined) {
      ordered.push(shard);
      continue;
    }
    const same = last.header.index === shard.header.index;
    if (same && last.sha256 !== undefined && last.sha256 === shard.sha256) continue;
    if (same || shard.header.from < last.header.to) {
      throw new DataFormatError(
        shard.source,
        `it overlaps with ${last.source}: they hold ${rangeText(shard.header)} and ` +
          `${rangeText(last.header)}${same ? ", and differ" : ""}; leave out one of the two`,
      );
    }
    ordered.push(shard);
  }
  checkGaps(ordered);
  return ordered;
}

/** The shard that most agree with in what they are of: the others are strangers. */
async function mostCommon<T extends FoundShard>(shards: readonly T[]): Promise<T> {
  const groups = new Map<string, T[]>();
  for (const shard of shards) {
    const { kind, over, count, total, identity, toolkit } = shard.header;
    const key = await sha256Json({ kind, over, count, total, identity, toolkit });
    groups.set(key, [...groups.get(key) ?? [], shard]);
  }
  return [...groups.values()].reduce((a, b) => b.length > a.length ? b : a)[0]!;
}

function checkSameWork({ source, header }: FoundShard, reference: FoundShard): void {
  const other = reference.header;
  const fail = (what: string, found: unknown, expected: unknown) => {
    throw new DataFormatError(
      source,
      `it is a shard of other work: ${what} is ${quoted(found, 40)}, in ${
        reference.source.split(/[\\/]/).at(-1)
      } ${quoted(expected, 40)}; leave it out`,
    );
  };
  for (const field of ["kind", "over", "toolkit"] as const) {
    if (header[field] !== other[field]) fail(field, header[field], other[field]);
  }
  const [difference] = configDifferences(header.identity, other.identity);
  if (difference !== undefined) {
    fail(difference.name, difference.a ?? "not given", difference.b ?? "not given");
  }
  if (header.total !== other.total) fail(`the number of ${header.over}`, header.total, other.total);
  if (header.count !== other.count) fail("the number of shards", header.count, other.count);
}

function checkGaps(ordered: readonly FoundShard[]): void {
  const { over, count, total } = ordered[0]!.header;
  const there = new Set(ordered.map(({ header }) => header.index));
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((i) => !there.has(i));
  const gaps: string[] = [];
  let at = 0;
  for (const { header: { from, to } } of ordered) {
    if (from > at) gaps.push(rangeText({ over, from: at, to: from }));
    at = to;
  }
  if (at < total) gaps.push(rangeText({ over, from: at, to: total }));
  if (gaps.length === 0 && missing.length === 0) return;
  const some = (all: readonly string[]) =>
    [...all.slice(0, NAMED), ...all.length > NAMED ? [`${all.length - NAMED} more`] : []].join(
      ", ",
    );
  const names = some(missing.map((index) => shardName({ index, count })));
  throw new ArgumentError(
    `Cannot merge ${ordered.length} of ${count} shards: ${
      names === "" ? "" : `${names} ${missing.length > 1 ? "are" : "is"} missing, with `
    }${gaps.length === 0 ? `no ${over}` : some(gaps)}; run what is missing, and merge again`,
  );
}
