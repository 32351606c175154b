/** Layers that change the size of images: upsample.ts and downsample.ts. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { startBackend } from "../../src/networks/backend.ts";
import { everySecondPixel } from "../../src/networks/layers/downsample.ts";
import { nearestUpsample, transposedConv2d } from "../../src/networks/layers/upsample.ts";
import { backends } from "./golden.ts";

/** Value and gradients, of integers: exact in float32. */
async function differentiate(
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly (readonly [number[], number[]])[],
  dy: readonly [number[], number[]],
): Promise<number[][]> {
  const tensors = tf.tidy(() => {
    const [first, ...rest] = [...inputs, dy].map(([values, shape]) => tf.tensor(values, shape));
    const all = [first!, ...rest];
    const { value, grads } = tf.valueAndGrads(op)(all.slice(0, -1), all.at(-1)!);
    return [value, ...grads];
  });
  const found = await Promise.all(tensors.map(async (tensor) => Array.from(await tensor.data())));
  tf.dispose(tensors);
  return found;
}

const count = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

for (const backend of backends) {
  Deno.test(`nearestUpsample: pixels become squares, whose gradients add up, on ${backend}`, async () => {
    await startBackend(backend);
    // Two images: tfjs's own gradient is wrong for more than one on the cpu backend.
    const [value, gradient] = await differentiate(
      (x) => nearestUpsample(x as tf.Tensor4D),
      [[count(4), [2, 1, 2, 1]]],
      [count(16), [2, 2, 4, 1]],
    );
    assertEquals(value, [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    assertEquals(gradient, [1 + 2 + 5 + 6, 3 + 4 + 7 + 8, 9 + 10 + 13 + 14, 11 + 12 + 15 + 16]);
  });

  Deno.test(`transposedConv2d: each pixel becomes its square of the filter on ${backend}`, async () => {
    await startBackend(backend);
    // One channel to two: the filter holds [ky][kx][co] = 1 .. 8.
    const [value, dx, dFilter, dBias] = await differentiate(
      (x, filter, bias) =>
        transposedConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D),
      [[[1, 10], [1, 1, 2, 1]], [count(8), [1, 1, 1, 8]], [[100, 200], [2]]],
      [count(16), [1, 2, 4, 2]],
    );
    assertEquals(value, [
      ...[101, 202, 103, 204, 110, 220, 130, 240],
      ...[105, 206, 107, 208, 150, 260, 170, 280],
    ]);
    // dy: rows 1 .. 8 and 9 .. 16; the left pixel has 1 .. 4 and 9 .. 12 of them.
    assertEquals(dx, [
      1 * 1 + 2 * 2 + 3 * 3 + 4 * 4 + 5 * 9 + 6 * 10 + 7 * 11 + 8 * 12,
      1 * 5 + 2 * 6 + 3 * 7 + 4 * 8 + 5 * 13 + 6 * 14 + 7 * 15 + 8 * 16,
    ]);
    assertEquals(dFilter, [1, 2, 3, 4, 9, 10, 11, 12].map((left) => left + 10 * (left + 4)));
    assertEquals(dBias, [1 + 3 + 5 + 7 + 9 + 11 + 13 + 15, 2 + 4 + 6 + 8 + 10 + 12 + 14 + 16]);
  });

  Deno.test(`everySecondPixel: from the first or the second on ${backend}`, async () => {
    await startBackend(backend);
    const from = (first: 0 | 1) =>
      differentiate(
        (x) => everySecondPixel(x as tf.Tensor4D, first),
        [[count(16), [1, 2, 4, 2]]],
        [[1, 2, 3, 4], [1, 1, 2, 2]],
      );
    assertEquals(await from(1), [[11, 12, 15, 16], [
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      1,
      2,
      0,
      0,
      3,
      4,
    ]]);
    assertEquals(await from(0), [[1, 2, 5, 6], [1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
  });
}
