import { assert, assertEquals } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { samplesSvg } from "../../tasks/pipelines/samples_picture.ts";
import type { LoadedNetwork } from "../../tasks/pipelines/sources.ts";

const network = {
  label: "birds-resnet-8x1",
  classNames: ["jay", "wren"],
} as unknown as LoadedNetwork;
const images = (samples: number) => imageBatch(new Float32Array(samples * 64), [samples, 8, 8, 1]);

/** Texts of the picture. */
function texts(samples: number, labels?: readonly number[]): string[] {
  const protocol = { sampler: "heun", steps: 7, grid: "karras", seed: 3, samples, labels } as const;
  const svg = samplesSvg(images(samples), {
    ...{ network, protocol },
    machine: undefined,
    scales: undefined,
  });
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
}

Deno.test("samples picture: the title says what made the images, rows are numbered", () => {
  const [title, ...rows] = texts(16);
  assertEquals(title, "birds-resnet-8x1: 7 steps of heun, karras times, seed 3");
  assertEquals(rows, ["network 0 to 3", "network 4 to 7", "network 8 to 11", "network 12 to 15"]);
  assertEquals(texts(5).slice(1), ["network 0 to 3", "network 4"]);
  assertEquals(texts(1).slice(1), ["network 0"]);
  // At most ten beside each other.
  assertEquals(texts(400)[1], "network 0 to 9");
});

Deno.test("samples picture: classes that come in turn stand above their columns, by name", () => {
  assertEquals(texts(5, [0, 1, 0, 1, 0]).slice(1), [
    ...["jay", "wren"],
    ...["network 0 to 1", "network 2 to 3", "network 4"],
  ]);
  assertEquals(texts(3, [0, 1, 2]).slice(1), ["jay", "wren", "class 2", "network 0 to 2"]);
});

Deno.test("samples picture: classes in no such order are listed below", () => {
  const all = texts(8, [0, 0, 1, 0, 1, 1, 0, 0]);
  assert(all.at(-1)!.startsWith("Classes: jay, jay, wren"), all.join(" | "));
  assert(!all.includes("jay"), all.join(" | "));
  // One class throughout is regular in any number of columns.
  assertEquals(texts(4, [1, 1, 1, 1]).slice(1), ["wren", "wren", "wren", "wren", "network 0 to 3"]);
});
