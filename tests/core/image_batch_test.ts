import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import {
  checkImages,
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  imageShapeOf,
  sliceBatch,
} from "../../src/core/image_batch.ts";
import { datasetSha256 } from "../../src/datasets/image_dataset.ts";
import { addNoise } from "../../src/denoisers/add_noise.ts";
import { evaluateAgreement } from "../../src/evaluation/evaluate.ts";
import { tileImages } from "../../src/figures/tile_images.ts";
import { encodePng } from "../../src/formats/png.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { ExampleStream } from "../../src/training/examples.ts";

const schedule = cosineLegacy();
const shape = [2, 4, 4, 1] as const;
/** What a caller without types may pass: bytes as image libraries give them. */
const bytes = { data: new Uint8Array(32), shape } as unknown as ImageBatch;
const good = imageBatch(new Float32Array(32), shape);
const posterior = referencePosterior();
const machine = createMachine("LS", { images: good, schedule, posterior, patchSize: 3 });
const protocol = { steps: 2, samples: 2, seed: 1, xT: bytes };

Deno.test("images: bytes are refused by name wherever images are taken", async () => {
  const refused: readonly (() => unknown)[] = [
    () => imageBatch(bytes.data, shape),
    () => imageShapeOf(bytes),
    () => sliceBatch(bytes, 0, 1),
    () => gatherImages(bytes, [0]),
    () => concatBatches([good, bytes]),
    () => addNoise(bytes, { schedule, t: 0.5, seed: 1 }),
    () => createMachine("LS", { images: bytes, schedule, posterior }),
    () => posterior.begin({ query: bytes, rule: "whole", scales: [1], signal: 1, sigma: 1 }),
    () =>
      posterior.begin({ query: good, rule: "whole", scales: [1], signal: 1, sigma: 1 })
        .accumulate(bytes),
    () => machine.predict(bytes, 0.5),
    () => ddim(machine, { xT: bytes, times: [1, 0.5, 0] }),
    () => calibrate(machine, machine, { ...protocol, candidates: [3] }),
    () => evaluateAgreement(machine, [{ name: "LS", denoiser: machine }], protocol),
    () => new ExampleStream({ images: bytes, schedule, batchSize: 1, seed: 1 }),
    () => tileImages([good, bytes], { factor: 1, gutter: 0 }),
    () => encodePng(bytes),
    () => datasetSha256(bytes, new Uint8Array(2)),
  ];
  for (const call of refused) {
    const error = await assertRejects(async () => await call(), TypeError, "a Uint8Array");
    assert(/expected a Float32Array of values in \[-1, 1\].*bytesToImages$/.test(error.message));
    assert(!error.message.includes("\n"));
  }
});

Deno.test("images: other arrays, and what is no batch, are told what to do instead", () => {
  const of = (data: unknown) => () =>
    checkImages({ data, shape } as unknown as ImageBatch, "query");
  assertThrows(
    of(new Float64Array(32)),
    TypeError,
    "Cannot use the query: found values in a Float64Array, expected a Float32Array of values in " +
      "[-1, 1]; make one of numbers with Float32Array.from",
  );
  assertThrows(of([0, 1]), TypeError, "an Array");
  assertThrows(of(undefined), TypeError, "found values in nothing");
  assertThrows(() => checkImages(undefined as unknown as ImageBatch), TypeError, "imageBatch");
  assertEquals(checkImages(good), undefined);
});

Deno.test("imageBatch: values must fill the shape", () => {
  assertThrows(() => imageBatch(new Float32Array(3), shape), RangeError, "3 values do not fill");
});
