import * as tf from "@tensorflow/tfjs";
import { assert, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { attend } from "../../src/networks/layers/self_attention.ts";
import { backends, relativeError } from "./golden.ts";

/** Multi-head attention by its definition, one query and one head at a time, in float64. */
function attendPlainly(
  [q, k, v]: readonly Float32Array[],
  [batch, n, c]: readonly [number, number, number],
  heads: number,
): Float64Array {
  const d = c / heads;
  const out = new Float64Array(batch * n * c);
  const at = (b: number, i: number, head: number, j: number) => (b * n + i) * c + head * d + j;
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < n; i++) {
        const scores = Array.from({ length: n }, (_, other) => {
          let sum = 0;
          for (let j = 0; j < d; j++) sum += q![at(b, i, head, j)]! * k![at(b, other, head, j)]!;
          return Math.exp(sum / Math.sqrt(d));
        });
        const total = scores.reduce((sum, score) => sum + score, 0);
        for (let other = 0; other < n; other++) {
          for (let j = 0; j < d; j++) {
            out[at(b, i, head, j)]! += scores[other]! / total * v![at(b, other, head, j)]!;
          }
        }
      }
    }
  }
  return out;
}

const shape: [number, number, number] = [2, 6, 12];
const parts = (seed: number) =>
  [0, 1, 2].map((i) => new Random(seed + i).normals(shape[0] * shape[1] * shape[2]));

for (const backend of backends) {
  for (const heads of [1, 3, 12]) {
    Deno.test(`attention: ${heads} heads equal their definition on ${backend}`, async () => {
      await startBackend(backend);
      const [q, k, v] = parts(3);
      const found = tf.tidy(() => {
        const [query, key, value] = [q, k, v].map((part) => tf.tensor3d(part!.slice(), shape));
        return attend(query!, { key: key!, value: value!, heads });
      });
      const expected = attendPlainly([q!, k!, v!], shape, heads);
      // Sums of a few float32 products.
      const error = relativeError(await found.data(), expected);
      found.dispose();
      assert(error < 1e-6, `differs by ${error}`);
    });
  }
}

Deno.test("attention: gradients with several heads are central differences", async () => {
  await startBackend("wasm");
  const [q, k, v] = parts(9);
  const dy = new Random(1).normals(q!.length);
  const value = (values: readonly Float32Array[]) =>
    attendPlainly(values, shape, 3).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const gradients = tf.tidy(() =>
    tf.grads((query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) =>
      attend(query as tf.Tensor3D, {
        key: key as tf.Tensor3D,
        value: value as tf.Tensor3D,
        heads: 3,
      })
    )([q, k, v].map((part) => tf.tensor3d(part!.slice(), shape)), tf.tensor3d(dy, shape))
      .map((gradient) => gradient.dataSync() as Float32Array)
  );
  gradients.forEach((gradient, which) => {
    for (const at of [0, 17, 100]) {
      const moved = (by: number) =>
        value([q!, k!, v!].map((part, i) => {
          if (i !== which) return part;
          const out = part.slice();
          out[at]! += by;
          return out;
        }));
      const step = 2 ** -7;
      const difference = (moved(step) - moved(-step)) / (2 * step);
      // The cubic term of a step of 2^-7.
      assert(Math.abs(gradient[at]! - difference) < 1e-4 * (1 + Math.abs(difference)));
    }
  });
});

Deno.test("attention: heads that do not divide the channels are refused", async () => {
  await startBackend("wasm");
  const [query, key, value] = parts(1).map((part) => tf.tensor3d(part, shape));
  assertThrows(
    () => attend(query!, { key: key!, value: value!, heads: 5 }),
    RangeError,
    "12 channels among 5 heads",
  );
  tf.dispose([query!, key!, value!]);
});
