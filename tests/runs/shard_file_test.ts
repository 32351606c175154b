import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import {
  parseShard,
  readShard,
  type Shard,
  shardBytes,
  shardFileName,
  type ShardHeader,
  shardRange,
  writeShard,
} from "../../src/runs/shard_file.ts";

const header: ShardHeader = {
  ...{ kind: "sample", over: "samples", index: 2, count: 3, from: 1, to: 3, total: 5 },
  identity: { network: "ab", seed: 1 },
  toolkit: "@els/toolkit 0.1.0",
};
const shard: Shard = {
  header,
  tensors: new Map([
    ["x0", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ["tables", { dtype: "F64", shape: [2], data: Float64Array.of(0.1, NaN) }],
  ]),
  values: { log: [{ sample: 1 }, { sample: 2 }] },
};

Deno.test("shard file: what is written is read, and the same shard is the same bytes", async () => {
  const path = join(await Deno.makeTempDir(), shardFileName(header));
  assertEquals(path.split("/").at(-1), "shard-00002-of-00003.safetensors");
  assertEquals(await readShard(path), undefined);
  await writeShard(path, shard);
  const read = await readShard(path);
  assertEquals(read, { ...shard, values: shard.values! });
  assertEquals(shardBytes(read!), await Deno.readFile(path));
});

Deno.test("shard file: shares cover all items once, and differ by one at most", () => {
  for (const [total, count] of [[5, 3], [3, 3], [1000, 7], [1, 1]] as const) {
    let at = 0;
    for (let index = 1; index <= count; index++) {
      const { from, to } = shardRange(total, { index, count });
      assertEquals(from, at);
      at = to;
      assertEquals(Math.abs(to - from - total / count) < 1, true);
    }
    assertEquals(at, total);
  }
});

Deno.test("shard file: what is damaged, foreign or newer is refused in one line", () => {
  const bytes = shardBytes(shard);
  const refuses = (some: Uint8Array, message: string) => {
    const { message: found } = assertThrows(() => parseShard(some, "a"), DataFormatError, message);
    assertEquals(/\n/.test(found), false);
  };
  const turned = bytes.slice();
  turned[bytes.length - 3]! ^= 1;
  refuses(turned, "damaged");
  refuses(bytes.subarray(0, bytes.length - 1), "truncated");
  refuses(bytes.subarray(0, 5), "5 bytes");
  const { tensors, metadata } = parseSafetensors(bytes);
  const changed = (some: Record<string, string>) =>
    writeSafetensors(tensors, { checksum: true, metadata: { ...metadata, ...some } });
  refuses(writeSafetensors(tensors, { metadata }), "it has no checksum");
  refuses(changed({ format: "els-samples" }), 'it is no shard: its format is "els-samples"');
  refuses(changed({ version: "2" }), 'a shard of version "2", this release reads version 1');
  refuses(changed({ header: "{" }), "its header is not JSON");
  refuses(changed({ values: "[]" }), "its values is not a JSON object");
  for (
    const [wrong, message] of [
      [{ index: 4 }, "index is 4, expected 1 to 3"],
      [{ index: undefined }, "index is missing"],
      [{ count: 0 }, "count is 0"],
      [{ to: 6 }, "to is 6, expected at most the 5"],
      [{ from: 4 }, "from is 4, expected at most 3"],
      [{ over: "steps" }, 'over is "steps", expected one of samples, images, rows'],
      [{ kind: "" }, "kind"],
      [{ identity: null }, "identity is null"],
      [{ about: 3 }, "about is 3"],
      [{ toolkit: 1 }, "toolkit is 1"],
    ] as const
  ) refuses(changed({ header: JSON.stringify({ ...header, ...wrong }) }), message);
});

Deno.test("shard file: a folder in its place is the system's to refuse", async () => {
  await assertRejects(async () => await readShard(await Deno.makeTempDir()));
});
