/** The command from noise to page, on a tiny network, and what it refuses. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { sha256Hex } from "../../src/core/sha256.ts";
import { verb } from "../../tasks/mosaic.ts";
import { sampleFile } from "../../tasks/pipelines/mosaic_sample.ts";
import { makeInputs } from "../../tasks/tools/torture/subjects.ts";
import type { Verb } from "../../tasks/cli/command.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";
import { checkResult } from "./result_fields.ts";

const mosaic = (...args: (string | number)[]) => runHere(verb as unknown as Verb, ...args);

async function filesOf(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".") || name === "config.json") continue;
    files.set(name, await Deno.readFile(join(folder, name)));
  }
  return files;
}

/** Checksums by name: what differs is told by its name. */
async function sumsOf(files: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  const lines = [...files].map(async ([name, bytes]) =>
    `${name} ${await sha256Hex(bytes as Uint8Array<ArrayBuffer>)}`
  );
  return (await Promise.all(lines)).sort();
}

Deno.test("mosaic: figures, page, tables and numbers, the same bytes after an interruption", async () => {
  await inFolder(async (folder) => {
    await makeInputs(folder);
    const flags = [
      ...["--run", join(folder, "weights.safetensors"), "--backend", "wasm", "--scales", "3,5"],
      ...["--samples", 2, "--finish", 1, "--held-out-images", 5, "--pixels", "2", "--workers", 1],
      ...["--out", join(folder, "out")],
    ];
    const made = await mosaic(...flags, "--machines", "ls,is", "--json");
    assertEquals(made.code, 0, made.err);
    await checkResult(made.out);
    const run = join(folder, "out/00001-mosaic-synthetic-resnet-8x1");
    const whole = await filesOf(run);
    for (
      const name of [
        ...["mosaic", "mosaic_machines", "mosaic_steps_0", "mosaic_steps_1", "patches_1"]
          .flatMap((each) => [`${each}.png`, `${each}.svg`]),
        ...["participation.svg", "regions.svg", "nearest.svg", "distances.svg"],
        ...["participation.csv", "regions.csv", "nearest.csv", "patches.csv"],
        ...["mosaic.html", "mosaic.json", sampleFile(0), sampleFile(1)],
      ]
    ) assert(whole.has(name), name);
    const sums = await sumsOf(whole);
    const text = (name: string) => new TextDecoder().decode(whole.get(name));
    const numbers = JSON.parse(text("mosaic.json"));
    assertEquals(numbers.machines, ["bbELS", "LS", "IS"]);
    assertEquals(numbers.times.length, 4);
    const [sample] = numbers.samples;
    assertEquals(sample.pixels.length, 2);
    // IS looks at whole images: as many take part in all pixels, and its picture is one region.
    for (const { effectiveImages: { low, high }, imagesOf90 } of sample.machines.IS) {
      assertAlmostEquals(low, high, 1e-6);
      assert(imagesOf90 >= 1 && imagesOf90 <= 20);
    }
    assertEquals(numbers.regions[2].steps.map((step: { size: { low: number } }) => step.size.low), [
      ...[64, 64, 64],
    ]);
    assertEquals(numbers.heldOut.images, 5);
    assert(numbers.nearest["held out"].distance.low > 0);
    // The page stands for itself, and links to what is beside it.
    const page = text("mosaic.html");
    assert(!/(src|href)="https?:/.test(page));
    for (const [, href] of page.matchAll(/<a href="([^"#]+)"/g)) assert(whole.has(href!), href);
    const patches = text("patches.csv").trim().split("\n");
    assertEquals(patches[0]!.split(",").length, 12);
    // Samples x pixels x machines x steps x patches.
    assertEquals(patches.length - 1, 2 * 2 * 3 * 3 * 4);
    const perPixel = patches.slice(1, 5).map((line) => Number(line.split(",").at(-1)));
    assertEquals(perPixel, perPixel.toSorted((a, b) => b - a));

    const again = await mosaic(...flags, "--machines", "ls,is");
    assertStringIncludes(again.err, "nothing left to do");
    assertEquals(await sumsOf(await filesOf(run)), sums);

    // Interrupted before it drew anything, and the first sample damaged.
    const kept = [sampleFile(0), sampleFile(1)];
    for (const name of whole.keys()) if (!kept.includes(name)) await Deno.remove(join(run, name));
    const damaged = whole.get(sampleFile(0))!.slice();
    damaged[damaged.length - 9]! ^= 1;
    await Deno.writeFile(join(run, sampleFile(0)), damaged);
    const mended = await mosaic(...flags, "--machines", "ls,is");
    assertEquals(mended.code, 0, mended.err);
    assertMatch(mended.err, /sample_0000\.safetensors: .*damaged.*; the sample is made again/);
    assertEquals(await sumsOf(await filesOf(run)), sums);
  });
});

Deno.test("mosaic: what it cannot do is refused in one line", async () => {
  await inFolder(async (folder) => {
    await makeInputs(folder);
    const network = ["--run", join(folder, "weights.safetensors"), "--scales", "3,5"];
    for (
      const [flags, message] of [
        [["--pixels", "9:1"], /Cannot use --pixels 9:1: .* in images of 8 x 8/],
        [["--pixels", "0"], /Cannot use --pixels 0: .*expected a number from 1 to 20/],
        [["--machine", "nothing"], /Cannot use machine "nothing"/],
        [["--machine", "wiener"], /Cannot draw a mosaic of Wiener: it has no weights/],
        [["--sampler", "heun"], /Cannot follow the steps of heun.*leave out --sampler/],
      ] as const
    ) {
      const { code, err } = await mosaic(...network, ...flags, "--out", join(folder, "out"));
      assertEquals(code, 1, err);
      assertMatch(err, message);
    }
  });
});
