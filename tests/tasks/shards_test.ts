/** Commands in shards that are merged. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { verb as calibrate } from "../../tasks/calibrate.ts";
import { verb as compare } from "../../tasks/compare.ts";
import { verb as evaluate } from "../../tasks/evaluate.ts";
import { verb as merge } from "../../tasks/merge.ts";
import { verb as quality } from "../../tasks/quality.ts";
import { verb as reproduce } from "../../tasks/reproduce.ts";
import { verb as sample } from "../../tasks/sample.ts";
import { verb as train } from "../../tasks/train.ts";
import { makeInputs } from "../../tasks/tools/torture/subjects.ts";
import { runHere, test } from "./in_process.ts";
import { assertSameInShards, filesOf, onlyFolder, shardFolder, succeed } from "./shards.ts";

const inputs = await Deno.makeTempDir();
await makeInputs(inputs);
const few = [
  ...["--run", join(inputs, "weights.safetensors")],
  ...["--steps", 2, "--grid", "cubic", "--backend", "wasm"],
] as const;

test("shards: samples of a network are those of one run, and a shard is made once", async () => {
  const args = [...few, "--samples", 5];
  const { shards } = await assertSameInShards(sample, args, { shards: 3 });
  const names = [...(await filesOf(shards)).keys()];
  assertEquals(names, [1, 2, 3].map((i) => `shard-0000${i}-of-00003.safetensors`));
  const out = join(shards, "../..");
  // Nothing of the work is left beside them, and made again it is the same bytes.
  const entries = await Array.fromAsync(Deno.readDir(shards));
  assertEquals(entries.length, 3);
  const before = await filesOf(shards);
  const again = await succeed(sample, ...args, "--out", out, "--shard", "2/3");
  assertStringIncludes(again.err, "samples 1 to 2 of 5, which is there already");
  await succeed(sample, ...args, "--out", out, "--shard", "2/3", "--fresh");
  assertEquals(await filesOf(shards), before);
  // Damaged, it is made again.
  const path = join(shards, names[1]!);
  await Deno.truncate(path, 900);
  const refused = await runHere(merge, shards, "--out", out);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, path);
  const mended = await succeed(sample, ...args, "--out", out, "--shard", "2/3");
  assertStringIncludes(mended.err, "it is made again");
  assertEquals(await filesOf(shards), before);
  await Deno.remove(path);
  const gap = await runHere(merge, shards, "--out", out);
  assertStringIncludes(gap.err, "2/3 is missing, with samples 1 to 2;");
});

test("shards: they lie in a folder that is named, and of other work none is overwritten", async () => {
  const root = await Deno.makeTempDir();
  const args = [...few, "--samples", 2, "--out", root, "--shard-folder", join(root, "mine")];
  for (const shard of ["1/2", "2/2"]) await succeed(sample, ...args, "--shard", shard);
  const files = await filesOf(join(root, "mine"));
  assertEquals([...files.keys()], [1, 2].map((i) => `shard-0000${i}-of-00002.safetensors`));
  const other = await runHere(sample, ...args, "--shard", "2/2", "--seed", 2);
  assertEquals(other.code, 1);
  assertStringIncludes(other.err, "it is a shard of other work");
  assertEquals(await filesOf(join(root, "mine")), files);
  await succeed(merge, join(root, "mine"), "--out", root);
});

test("shards: an evaluation is that of one run, tables, pictures and page", async () => {
  await assertSameInShards(evaluate, [
    ...few,
    ...["--machines", "ls,is", "--scales", "3,5", "--samples", 3],
  ], { shards: 2 });
});

test("shards: a calibration is that of one run, with its state, its intervals and its pictures", async () => {
  const args = [...few, "--machine", "ls", "--scales", "3,5,7", "--images", 8, "--samples", 5];
  const { merged } = await assertSameInShards(calibrate, args, { shards: 2 });
  // A calibration like any other: it is found, and evaluates.
  const out = join(merged, "..");
  const evaluation = await succeed(evaluate, ...[...few, "--machines", "ls", "--samples", 1], ...[
    ...["--schedule", "latest", "--out", out],
  ]);
  assertStringIncludes(evaluation.out, "LS");
});

test("shards: what all samples together decide cannot be split", async () => {
  for (const some of [["--samples", 5], ["--images", 8]]) {
    const { code, err } = await runHere(calibrate, ...few, ...some, "--shard", "1/2");
    assertEquals(code, 1);
    assertStringIncludes(err, "needs numbers of --samples and --images");
  }
  const out = await Deno.makeTempDir();
  const args = [...few, "--samples", 2, "--shard", "1/3", "--out", out];
  assertStringIncludes((await runHere(sample, ...args)).err, "3 shares of 2 samples");
});

/** Times that work took: these alone differ from run to run. */
const timed = /^(costs?(_state)?\.(jsonl|csv))$/;

const long = Deno.env.get("ELS_LONG_TESTS") === "1";

test("shards: scales of each class and refinement are made where all samples are", async () => {
  if (!long) return;
  const args = [
    ...["--steps", 2, "--grid", "cubic", "--backend", "wasm", "--machine", "ls", "--scales", "3,5"],
    ...["--images", 20, "--samples", 4],
  ];
  const refined = ["--refine", "r^2", "--refine-samples", 1, "--search", "neighbors"];
  await assertSameInShards(calibrate, [...args, ...refined], { shards: 3 });
  const conditional = join(await Deno.makeTempDir(), "runs");
  await succeed(train, ...[
    ...["--dataset", "synthetic", "--images", 20, "--size", 8, "--width", 8, "--layers", 1],
    ...["--conditional", "--batch-size", 2, "--shards", 1, "--backend", "wasm", "--steps", 2],
    ...["--out", conditional],
  ]);
  const run = await onlyFolder(conditional);
  await assertSameInShards(calibrate, [...args, "--run", run, "--per-class"], { shards: 2 });
});

test("shards: a comparison is that of one run, and needs schedules that are made", async () => {
  const args = [...few, "--samples", 5, "--batch", 2];
  await assertSameInShards(compare, [...args, "--machines", "wiener,ls", "--scales", "3,5"], {
    ...{ shards: 3, leftOut: timed, printed: false },
  });
  const refused = await runHere(compare, ...args, "--machines", "pspc-square", "--shard", "1/2");
  assertEquals(refused.code, 1);
  assertStringIncludes(
    refused.err,
    "no schedule of PSPC_square at these times, and shares need one",
  );
});

test("shards: quality is that of one run, but for what it cost", async () => {
  const { whole, merged } = await assertSameInShards(quality, [
    ...[...few, "--samples", 5, "--machines", "is", "--explained", 1, "--held-out-images", 8],
    ...["--features", "pixels,patches", "--shift", 1],
  ], {
    ...{ shards: 2, leftOut: /^(costs\.jsonl|quality\.json|report\.html|finished\.json)$/ },
    printed: false,
  });
  const rowsOf = async (folder: string) =>
    JSON.parse(await Deno.readTextFile(join(folder, "quality.json"))).rows;
  assertEquals(await rowsOf(merged), await rowsOf(whole));
});

test("shards: rows of a reproduction are split, and merged to the document of one", async () => {
  const root = await Deno.makeTempDir();
  const args = (name: string) => [
    ...["--profile", "tiny", "--rows", "celeba-resnet-zeros,celeba-unet-zeros"],
    ...["--protocols", "cubic-4", "--backend", "wasm", "--celeba-from", join(root, "none")],
    ...["--runs", join(root, name), "--out", join(root, `${name}.md`)],
  ];
  await succeed(reproduce, ...args("whole"));
  for (const shard of ["2/2", "1/2"]) {
    const { err } = await succeed(reproduce, ...args("split"), "--shard", shard);
    assertEquals(err.match(/is left out/g)?.length, 1, err);
  }
  const { out } = await succeed(
    merge,
    await shardFolder(join(root, "split")),
    ...["--out", join(root, "split")],
  );
  assertStringIncludes(out, join(root, "split/results-tiny.md"));
  const [merged, whole] = await Promise.all(
    ["split/results-tiny.md", "whole.md"].map((name) => Deno.readTextFile(join(root, name))),
  );
  assertEquals(merged, whole);
  assertEquals(whole!.match(/data set not found/g)?.length! >= 2, true);
});
