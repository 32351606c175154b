/** What explanations of every backend must hold to; run by the test file of each. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import type { Explanation } from "../../src/machines.ts";
import { createMachine, explainedPatches, patchMachineNames } from "../../src/machines.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, gaussian, noisy } from "./conformance.ts";
import { readGolden } from "./golden.ts";

const schedule = cosineLegacy();

/** Compares a backend with the golden provenance of bbELS of a data set, at some times and scales. */
export async function assertGoldenProvenance(
  posterior: PatchPosterior,
  { set, times, scales }: {
    readonly set: "mnist" | "cifar10";
    readonly times: readonly string[];
    readonly scales: readonly number[];
  },
): Promise<void> {
  const { images, batch } = await readGolden(set);
  const url = new URL(`../fixtures/provenance_${set}.safetensors`, import.meta.url);
  const { tensors } = parseSafetensors(await Deno.readFile(url), set);
  const numbers = (key: string) => Array.from(tensors.get(key)!.data as ArrayLike<number>, Number);
  const machine = createMachine("bbELS", { images, schedule, posterior });
  for (const time of times) {
    const x = batch(`t${time}/x`);
    for (const patchSize of scales) {
      const stem = `t${time}/bbELS/k${patchSize}/pixel`;
      const names = [...tensors.keys()]
        .filter((key) => key.startsWith(stem) && key.endsWith("/weights"))
        .map((key) => key.slice(stem.length, -"/weights".length));
      assertEquals(names.length, 4);
      const places = names.map((name) => name.split("_").map(Number) as [number, number]);
      const explanation = await machine.explain(x, Number(time), { pixels: places, patchSize });
      for (const [pixel, name] of names.entries()) {
        const what = `${set} t = ${time} k = ${patchSize} pixel ${name}`;
        const patches = explainedPatches(explanation, { pixel });
        assertEquals(
          patches.flatMap((patch) => [patch.image, patch.row, patch.column]),
          numbers(`${stem}${name}/candidates`),
          what,
        );
        // The bound that the golden file's description asks for.
        assertClose(patches.map(({ weight }) => weight), numbers(`${stem}${name}/weights`), what);
        const [entropy] = numbers(`${stem}${name}/entropy`);
        const found = explanation.entropy[pixel]!;
        assertAlmostEquals(found, entropy!, 1e-5 * Math.max(1, entropy!), what);
        const named = patches.reduce((sum, { weight }) => sum + weight, 0);
        assertAlmostEquals(explanation.rest[pixel]!, 1 - named, 1e-5);
      }
      // One number of each image: the mean over the explained pixels.
      const ofImages = names.map((name) => numbers(`${stem}${name}/image_weights`));
      const mean = ofImages[0]!.map((_, image) =>
        ofImages.reduce((sum, weights) => sum + weights[image]! / names.length, 0)
      );
      assertClose(explanation.imageWeights[0]!, mean, `${set} t = ${time} k = ${patchSize}`);
    }
  }
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assertEquals(found.length, expected.length, what);
  for (let i = 0; i < found.length; i++) {
    assertAlmostEquals(found[i]!, expected[i]!, 1e-5, `${what}: number ${i}`);
  }
}

/** Compares a backend with the reference, for all machines, on digits-like, dense and colored images. */
export async function assertExplainsAsReference(posterior: PatchPosterior): Promise<void> {
  const random = new Random(5);
  const sets = [
    { images: blobs(14, [9, 9, 1], random), patchSize: 3, t: 0.3 },
    { images: blobs(7, [12, 9, 1], random), patchSize: 5, t: 0.04 },
    { images: gaussian(5, [8, 7, 3], random), patchSize: 5, t: 0.8 },
  ];
  for (const { images, patchSize, t } of sets) {
    const labels = Array.from({ length: images.shape[0] }, (_, i) => i % 2);
    const clean = {
      data: images.data.slice(0, 2 * images.data.length / images.shape[0]),
      shape: [2, images.shape[1], images.shape[2], images.shape[3]] as const,
    };
    const x = noisy(clean, t, random);
    for (const name of patchMachineNames) {
      for (const by of [undefined, [1, 0]]) {
        const options = { images, labels, schedule, patchSize };
        const of = (backend: PatchPosterior) =>
          createMachine(name, { ...options, posterior: backend })
            .explain(x, t, { top: 5, ...(by && { labels: by }) });
        const what = `${name} k = ${patchSize} t = ${t} of ${images.shape} classes ${by}`;
        assertSameExplanation(await of(posterior), await of(referencePosterior()), what);
      }
    }
  }
}

/** Compares explanations: candidates exactly, weights as the golden file asks. */
export function assertSameExplanation(
  found: Explanation,
  expected: Explanation,
  what: string,
): void {
  assertEquals(found.shape, expected.shape, what);
  for (const key of ["image", "row", "column"] as const) {
    assertEquals(found[key], expected[key], `${what}: ${key}`);
  }
  for (const key of ["weight", "rest"] as const) {
    assertClose(found[key], expected[key], `${what}: ${key}`);
  }
  found.imageWeights.forEach((weights, query) =>
    assertClose(weights, expected.imageWeights[query]!, `${what}: images of query ${query}`)
  );
  for (const key of ["entropy", "imageEntropy"] as const) {
    found[key].forEach((value, i) => {
      const bound = 1e-5 * Math.max(1, expected[key][i]!);
      assertAlmostEquals(value, expected[key][i]!, bound, `${what}: ${key} ${i}`);
    });
  }
}
