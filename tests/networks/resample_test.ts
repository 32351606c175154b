/** Layers that change the size of images: upsample.ts and downsample.ts. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { startBackend } from "../../src/networks/backend.ts";
import { everySecondPixel } from "../../src/networks/layers/downsample.ts";
import { double, halve } from "../../src/networks/layers/resample.ts";
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

  Deno.test(`halve and double: filters along both axes, and their gradients, on ${backend}`, async () => {
    await startBackend(backend);
    const image: [number[], number[]] = [count(4), [1, 2, 2, 1]];
    const [means, spread] = await differentiate(
      (x) => halve(x as tf.Tensor4D, [1, 1], "zeros"),
      [image],
      [[4], [1, 1, 1, 1]],
    );
    assertEquals([means, spread], [[2.5], [1, 1, 1, 1]]);
    // Rows 0 1 2 0 with 1 3 3 1 over 8 are 9 / 8; so both axes weigh each pixel with 9 / 64.
    const [sums, weights] = await differentiate(
      (x) => halve(x as tf.Tensor4D, [1, 3, 3, 1], "zeros"),
      [image],
      [[64], [1, 1, 1, 1]],
    );
    assertEquals([sums, weights], [[90 / 64], [9, 9, 9, 9]]);
    // Around the edge 1 + 3 meet each pixel: the mean.
    const [wrapped] = await differentiate(
      (x) => halve(x as tf.Tensor4D, [1, 3, 3, 1], "circular"),
      [image],
      [[1], [1, 1, 1, 1]],
    );
    assertEquals(wrapped, [2.5]);
    // Rows: 3 x_a + x_(a-1) and 3 x_a + x_(a+1), over 4; 16 of dy through all taps of both axes.
    const [doubled, back] = await differentiate(
      (x) => double(x as tf.Tensor4D, [1, 3, 3, 1], "zeros"),
      [image],
      [new Array<number>(16).fill(16), [1, 4, 4, 1]],
    );
    assertEquals(doubled!.map((value) => 16 * value), [
      ...[9, 15, 21, 18],
      ...[18, 28, 36, 30],
      ...[30, 44, 52, 42],
      ...[27, 39, 45, 36],
    ]);
    assertEquals(back, [49, 49, 49, 49]);
    // A filter that tells its ends apart: zeros between pixels, then 1 2 4 8, from the first row on.
    const [ordered] = await differentiate(
      (x) => double(x as tf.Tensor4D, [1, 2, 4, 8], "zeros"),
      [[[15], [1, 1, 1, 1]]],
      [new Array<number>(4).fill(1), [1, 2, 2, 1]],
    );
    assertEquals(ordered!.map((value) => Math.round(15 * value)), [16, 32, 32, 64]);
  });
}
