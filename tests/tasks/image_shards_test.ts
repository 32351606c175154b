/** Samples of a machine whose training images are a stream, or lie with several processes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { verb as merge } from "../../tasks/merge.ts";
import { verb as posterior } from "../../tasks/posterior.ts";
import { verb } from "../../tasks/sample.ts";
import { runHere } from "../../tasks/tools/torture/in_process.ts";
import { inFolder } from "./commands.ts";
import { test } from "./in_process.ts";

const machine = [
  ...["--machine", "ls", "--scales", "5,9", "--dataset", "textures", "--images", "12"],
  ...["--samples", "1", "--backend", "wasm", "--posterior", "reference"],
];

test("image shards: a stream gives the samples of held images, and parts that meet give them too", async () => {
  await inFolder(async (folder) => {
    const samplesOf = async (name: string, ...flags: string[]) => {
      const out = join(folder, name);
      const { code, err } = await runHere(verb, [...machine, ...flags, "--out", out]);
      assertEquals(code, 0, err);
      const [run] = [...Deno.readDirSync(out)].filter(({ name }) => name.startsWith("00001"));
      const bytes = await Deno.readFile(join(out, run!.name, "samples.safetensors"));
      return { bytes, x0: parseSafetensors(bytes).tensors.get("x0")!.data as Float32Array };
    };
    const held = await samplesOf("held");
    const streamed = await samplesOf("streamed", "--stream");
    assertEquals(streamed.x0, held.x0);
    const meet = join(folder, "meet");
    const [first, second] = await Promise.all(
      ["1/2", "2/2"].map((part) =>
        samplesOf(part.replace("/", "-"), "--shard-images", part, "--meet", meet)
      ),
    );
    assertEquals(first!.bytes, second!.bytes);
    // Sums of the same weights in float64, in another order; steps are rounded to float32.
    assert(held.x0.every((value, i) => Math.abs(value - first!.x0[i]!) < 1e-6));
    assertEquals([...Deno.readDirSync(meet)], []);
  });
});

test("image shards: what cannot be parted or streamed is said in one line", async () => {
  await inFolder(async (folder) => {
    for (
      const [flags, message] of [
        [["--stream"], "--stream is about a machine's training images: name one with --machine"],
        [["--machine", "wiener", "--stream"], "Wiener needs all training images together"],
        [["--machine", "is", "--shard-images", "5/4"], '--shard-images is "5/4", expected such as'],
        [
          ["--machine", "is", "--shard-images", "1/9", "--dataset", "textures", "--images", "4"],
          "Cannot part 4 images in 9",
        ],
      ] as const
    ) {
      const { code, err } = await runHere(verb, [...flags, "--out", folder]);
      assert(code !== 0, message);
      assertStringIncludes(err, message);
    }
  });
});

test("image shards: states of one posterior merge to that of all images, in any order", async () => {
  await inFolder(async (folder) => {
    const asked = [
      ...["--machine", "ls", "--dataset", "textures", "--images", "9", "--out", folder],
      ...["--backend", "wasm", "--posterior", "reference"],
    ];
    const valuesOf = async (run: string) =>
      parseSafetensors(await Deno.readFile(join(folder, run, "posterior.safetensors"))).tensors;
    for (const shard of ["3/3", "1/3"]) {
      const { code, err } = await runHere(posterior, [...asked, "--shard", shard]);
      assertEquals(code, 0, err);
    }
    const [shards] = [...Deno.readDirSync(join(folder, "shards"))];
    const path = join(folder, "shards", shards!.name);
    const early = await runHere(merge, [path, "--out", folder]);
    assertStringIncludes(early.err, "2/3 is missing, with images 3 to 5");
    for (
      const [each, args] of [[posterior, [...asked, "--shard", "2/3"]], [merge, [
        path,
        "--out",
        folder,
      ]]] as const
    ) {
      const { code, err } = await runHere(each as typeof merge, args);
      assertEquals(code, 0, err);
    }
    const whole = await runHere(posterior, [...asked, "--fresh"]);
    assertEquals(whole.code, 0, whole.err);
    const [merged, alone] = await Promise.all(
      ["00001-posterior-textures-ls", "00002-posterior-textures-ls"].map(valuesOf),
    );
    for (const name of ["clean", "x", "xHat0", "logSum"]) {
      const [a, b] = [merged!, alone!].map((tensors) => tensors.get(name)!.data);
      // Sums of float64 in another order, rounded to float32.
      assert(a!.every((value, i) => Math.abs(Number(value) - Number(b![i]!)) < 1e-6), name);
    }
  });
});
