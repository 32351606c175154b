import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { packBlock, readBlocks, unpackBlock, writeBlocks } from "../../src/explorer/data/blocks.ts";
import { fromPlanes, toPlanes } from "../../src/explorer/data/byte_planes.ts";
import {
  bytesOfImages,
  dequantize,
  imagesOfBytes,
  quantize,
  rowDifferences,
  rowSums,
} from "../../src/explorer/data/image_bytes.ts";
import {
  restoreExplanation,
  storeExplanation,
} from "../../src/explorer/data/stored_explanation.ts";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { images, labels, libraryMachine, noise, times } from "./small_page.ts";

Deno.test("blocks: what was written is read, in the order that was asked for", async () => {
  const block = (value: number) =>
    packBlock({
      tensors: new Map([["a", { dtype: "I32", shape: [2], data: Int32Array.of(value, 7) }]]),
      texts: { about: "ü" },
    });
  const file = writeBlocks(new Map([["z", block(1)], ["a", block(2)]]));
  const blocks = readBlocks(file, "x");
  assertEquals([...blocks.keys()], ["z", "a"]);
  const { tensors, texts } = await unpackBlock(blocks.get("a")!, "a");
  assertEquals(tensors.get("a")!.data, Int32Array.of(2, 7));
  assertEquals(texts, { about: "ü" });
  // The same bytes each time: generated files are compared.
  assertEquals(file, writeBlocks(new Map([["z", block(1)], ["a", block(2)]])));
});

Deno.test("blocks: damaged ones are refused in one line", async () => {
  const file = writeBlocks(new Map([["a", packBlock({ tensors: new Map(), texts: {} })]]));
  const damaged = file.slice();
  damaged[damaged.length - 3]! ^= 1;
  assertThrows(() => readBlocks(damaged, "x.bin"), Error, "x.bin: the file is damaged");
  await assertRejects(
    () => unpackBlock(Uint8Array.of(7, 9, 9), "images"),
    Error,
    "block images of the page's data: it cannot be inflated",
  );
});

Deno.test("byte planes: numbers of 16 bits come back, signed ones too", () => {
  assertEquals(
    fromPlanes(toPlanes([0, 1, 255, 256, 65535])),
    Uint16Array.of(0, 1, 255, 256, 65535),
  );
  const signed = Int16Array.of(-1, -32768, 5);
  assertEquals(new Int16Array(fromPlanes(toPlanes(signed)).buffer), signed);
});

Deno.test("image bytes: images are the data set's to the last bit, in either coding", () => {
  const pixels = Uint8Array.from({ length: 2 * 4 * 5 * 3 }, (_, i) => (i * 89) % 256);
  const shape = [2, 4, 5, 3] as const;
  const whole = bytesToImages({ pixels, shape });
  assertEquals(bytesOfImages(whole), pixels);
  assertEquals(imagesOfBytes(pixels, shape), whole);
  assertEquals(rowSums(rowDifferences(pixels, shape), shape), pixels);
});

Deno.test("quantize: the error is at most half a step of 16 bits", () => {
  const values = new Random(1, "q").normals(500);
  const { planes, unit } = quantize(values);
  const largest = Math.max(...values.map(Math.abs));
  assertEquals(unit, largest / 32767);
  const back = dequantize(planes, unit);
  // Half a step, and the rounding to float32.
  assert(values.every((value, i) => Math.abs(value - back[i]!) <= 0.5001 * unit));
  assertEquals(
    dequantize(...Object.values(quantize(new Float32Array(2))) as [Uint8Array, number]),
    new Float32Array(2),
  );
});

for (const name of ["IS", "ES", "LS", "ELS", "ELS_wrapped", "bbELS"] as const) {
  Deno.test(`stored explanation of ${name}: candidates exactly, weights to 11 bits`, async () => {
    const t = times[1]!, x = sliceBatch(noise, 0, 1);
    const machine = libraryMachine(name);
    const found = await machine.explain(x, t, { top: 4 });
    const tensors = storeExplanation(found, "3/");
    const block = await unpackBlock(packBlock({ tensors, texts: {} }), "why");
    const back = restoreExplanation(block, "3/", {
      ...{ t, patchSize: found.patchSize, xHat0: found.xHat0, images: images.shape[0], labels },
    });
    for (
      const key of ["shape", "t", "patchSize", "xHat0", "pixels", "image", "row", "column"] as const
    ) {
      assertEquals<unknown>(back[key], found[key], key);
    }
    for (const key of ["weight", "rest"] as const) {
      const isClose = found[key].every((value, i) =>
        // Half precision: 2^-11 of the value, 2^-25 of the smallest.
        Math.abs(value - back[key][i]!) <= Math.abs(value) * 2 ** -11 + 2 ** -25
      );
      assert(isClose, key);
    }
    for (const key of ["entropy", "imageEntropy"] as const) {
      assert(found[key].every((value, i) => Math.abs(value - back[key][i]!) <= 1 / 8192 + 1e-12));
    }
    // All 22 images are among the 32 that are kept.
    assert(
      found.imageWeights[0]!.every((value, i) =>
        Math.abs(value - back.imageWeights[0]![i]!) <= 1e-7
      ),
    );
  });
}

Deno.test("stored explanation: of some pixels only it is refused", async () => {
  const found = await libraryMachine("LS").explain(sliceBatch(noise, 0, 1), times[1]!, {
    pixels: [[1, 1]],
  });
  assertThrows(() => storeExplanation(found, ""), RangeError, "expected one query, all 100 pixels");
});
