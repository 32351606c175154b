import { assertEquals, assertRejects } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { type ShardHeader, shardRange } from "../../src/runs/shard_file.ts";
import { type FoundShard, orderShards } from "../../src/runs/shard_set.ts";

function found(
  index: number,
  { count = 4, total = 10, sha256, ...more }: Partial<ShardHeader> & { sha256?: string } = {},
): FoundShard {
  return {
    source: `folder/${index}`,
    ...sha256 !== undefined && { sha256 },
    header: {
      ...{ kind: "sample", over: "samples", index, count, total },
      ...shardRange(total, { index, count }),
      identity: { network: "ab", sampling: { seed: 1 } },
      toolkit: "a 1",
      ...more,
    },
  };
}
const all = [1, 2, 3, 4].map((index) => found(index));
const refuses = (shards: FoundShard[], message: string) =>
  assertRejects(() => orderShards(shards), Error, message);

Deno.test("shards: they come into one order, whatever that of their arrival", async () => {
  const many = Array.from({ length: 1000 }, (_, i) => found(i + 1, { count: 1000, total: 1003 }));
  for (const seed of [1, 2]) {
    const shuffled = [...new Random(seed, "order").permutation(many.length)].map((i) => many[i]!);
    assertEquals(await orderShards(shuffled), many);
  }
});

Deno.test("shards: gaps, overlaps and strangers are refused by name", async () => {
  await refuses([], "there are no shards");
  await refuses(
    [all[3]!, all[0]!],
    "Cannot merge 2 of 4 shards: 2/4, 3/4 are missing, with samples 2 to 6; run what is missing",
  );
  await refuses(all.slice(1), "1/4 is missing, with samples 0 to 1;");
  await refuses(all.slice(0, 3), "4/4 is missing, with samples 7 to 9;");
  await refuses(
    Array.from({ length: 5 }, (_, i) => found(2 * i + 1, { count: 10, total: 10 })),
    "2/10, 4/10, 6/10, 2 more are missing, with sample 1, sample 3, sample 5, 2 more;",
  );
  const other = { ...found(2), source: "folder/other" };
  await refuses(
    [...all, other],
    "folder/other: it overlaps with folder/2: they hold samples 2 to 4 and samples 2 to 4, and differ",
  );
  await refuses([all[0]!, found(2, { from: 1, to: 5 }), all[2]!, all[3]!], "overlaps with");
});

Deno.test("shards: one of other work is named, with what differs, wherever it stands", async () => {
  for (
    const [more, message] of [
      [{ identity: { network: "ab", sampling: { seed: 2 } } }, "sampling.seed is 2, in 2 1"],
      [{ identity: { network: "cd", sampling: { seed: 1 } } }, 'network is "cd", in 2 "ab"'],
      [{ identity: { sampling: { seed: 1 } } }, 'network is "not given"'],
      [{ kind: "evaluate" }, 'kind is "evaluate"'],
      [{ toolkit: "a 2" }, 'toolkit is "a 2", in 2 "a 1"'],
      [{ count: 5 }, "the number of shards is 5, in 2 4"],
      [{ total: 11 }, "the number of samples is 11, in 2 10"],
    ] as const
  ) {
    await refuses(
      [{ ...found(1, more), source: "s" }, ...all.slice(1)],
      `s: it is a shard of other work: ${message}`,
    );
  }
});

Deno.test("shards: a copy that is equal to the last bit counts once", async () => {
  const sealed = [1, 2, 3, 4].map((index) => found(index, { sha256: `${index}` }));
  const copy = { ...sealed[1]!, source: "elsewhere/2" };
  const ordered = await orderShards([copy, ...sealed]);
  assertEquals(ordered.map(({ header }) => header.index), [1, 2, 3, 4]);
  await refuses([{ ...copy, sha256: "other" }, ...sealed], "overlaps");
});
