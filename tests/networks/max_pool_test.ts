import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { maxPool } from "../../src/networks/layers/max_pool.ts";
import { backends } from "./golden.ts";

// Two channels in turn: all negative, which tfjs's own gradient gets wrong on wasm, and equal values.
const image = [
  ...[-4, 1, -3, 1, -9, 0, -8, 5],
  ...[-2, 1, -5, 1, -7, 5, -8, 0],
];

for (const backend of backends) {
  Deno.test(`maxPool: the gradient goes to the first largest of each square on ${backend}`, async () => {
    await startBackend(backend);
    // The second image, upside down, shows that images are kept apart.
    const x = [...image, ...image.slice(8), ...image.slice(0, 8)];
    const tensors = tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad((x) => maxPool(x as tf.Tensor4D))(
        tf.tensor(x, [2, 2, 4, 2]),
        tf.tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2]),
      );
      return [value, grad];
    });
    const [value, gradient] = await Promise.all(
      tensors.map(async (tensor) => Array.from(await tensor.data())),
    );
    tf.dispose(tensors);
    assertEquals(value, [-2, 1, -7, 5, -2, 1, -7, 5]);
    assertEquals(gradient, [
      ...[0, 2, 0, 0, 0, 0, 0, 4],
      ...[1, 0, 0, 0, 3, 0, 0, 0],
      ...[5, 6, 0, 0, 7, 8, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    assertEquals(tf.memory().numTensors, 0);
  });
}

Deno.test("maxPool: any number of channels gives the same bytes on wasm and cpu", async () => {
  for (const channels of [1, 3, 4, 7, 8]) {
    const shape: [number, number, number, number] = [2, 4, 6, channels];
    // Few values, so that many are equal.
    const values = new Random(channels).normals(48 * channels).map(Math.round);
    const gradients = new Random(9).normals(12 * channels);
    const results = [];
    for (const backend of ["wasm", "cpu"] as const) {
      await startBackend(backend);
      const found = tf.tidy(() => {
        const { value, grad } = tf.valueAndGrad((x) => maxPool(x as tf.Tensor4D))(
          tf.tensor(values.slice(), shape),
          tf.tensor(gradients.slice(), [2, 2, 3, channels]),
        );
        return [value, grad];
      });
      // Zeros of either sign are equal.
      results.push(
        await Promise.all(
          found.map(async (tensor) => Array.from(await tensor.data(), (v) => v + 0)),
        ),
      );
      tf.dispose(found);
    }
    assertEquals(results[0], results[1]);
  }
});
