/** What a clone that has run nothing knows of the table. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { sliceBatch } from "../../../src/core/image_batch.ts";
import { bytesToImages } from "../../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../../src/datasets/synthetic.ts";
import { encodePng } from "../../../src/formats/png.ts";
import { loadZooCard } from "../../../src/zoo/zoo.ts";
import { experiments } from "../../../tasks/reproduce/experiments.ts";
import { Ledger } from "../../../tasks/reproduce/ledger.ts";
import { profiles } from "../../../tasks/reproduce/profiles.ts";
import { writeDocument } from "../../../tasks/reproduce/write_document.ts";
import { samplesOfPng, samplesPng, zooExperiment } from "../../../tasks/reproduce/zoo_results.ts";

const profile = profiles.find(({ name }) => name === "full")!;
const experiment = experiments.find(({ name }) => name === "cifar10-unet-zeros")!;

Deno.test("zoo results: a network's numbers are those of its card, at its times only", async () => {
  const [protocol] = profile.protocols;
  const record = await zooExperiment(experiment, { profile, protocol: protocol! });
  const { agreement, files: { weights } } = await loadZooCard(experiment.name);
  assertEquals(record?.network.sha256, weights.sha256);
  assertEquals(
    record?.medians.map(({ machine, measure, median }) => [machine, measure, median]),
    agreement[0]!.medians.map(({ machine, measure, median }) => [machine, measure, median]),
  );
  assertEquals(record?.scales.map(({ machine, t }) => [machine, t.length]), [["bbELS", 8], [
    "LS",
    8,
  ]]);
  const other = { ...protocol!, steps: 9 };
  assertEquals(await zooExperiment(experiment, { profile, protocol: other }), undefined);
  // A profile with fewer samples has numbers of its own.
  const own = profiles.find(({ name }) => name === "small")!;
  assertEquals(await zooExperiment(experiment, { profile: own, protocol: protocol! }), undefined);
});

Deno.test("zoo results: samples come back from their picture", () => {
  for (const channels of [1, 3]) {
    const gray = bytesToImages(syntheticTextures({ images: 24, size: 8 }));
    const shape = [24 / channels, 8, 8, channels] as const;
    const images = { data: gray.data, shape };
    const pair = { network: sliceBatch(images, 0, 4), theory: sliceBatch(images, 4, 8) };
    assertEquals(samplesOfPng(encodePng(samplesPng(pair)), "samples.png"), pair);
  }
});

Deno.test("zoo results: docs/results.md holds what the zoo holds", async () => {
  const root = new URL("../../../docs/", import.meta.url);
  const folder = await Deno.makeTempDir();
  try {
    const out = join(folder, "results.md");
    const committed = await Deno.readTextFile(new URL("results.md", root));
    // The notes of an earlier document are kept.
    await Deno.writeTextFile(out, committed);
    await writeDocument(out, {
      profile,
      ledger: new Ledger({ runs: join(folder, "none"), profile: profile.name }),
      ablated: experiments.find(({ name }) => name === "mnist-resnet-zeros")!,
      missing: new Set(),
    });
    assertEquals(await Deno.readTextFile(out), committed);
    for (const name of ["results-mnist.png", "results-all-scales.svg"]) {
      assertEquals(
        await Deno.readFile(join(folder, name)),
        await Deno.readFile(new URL(name, root)),
        name,
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
