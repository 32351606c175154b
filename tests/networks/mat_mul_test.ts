import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { matMul } from "../../src/networks/layers/mat_mul.ts";
import { backends, relativeError } from "./golden.ts";

/** Sum over k of a[i, k] b[k, j] in float64, with either matrix read transposed. */
function plain(
  [a, b]: readonly [Float32Array, Float32Array],
  { n, k, m, ta = false, tb = false }: {
    readonly n: number;
    readonly k: number;
    readonly m: number;
    readonly ta?: boolean;
    readonly tb?: boolean;
  },
): Float32Array {
  return Float32Array.from({ length: n * m }, (_, at) => {
    const [i, j] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let l = 0; l < k; l++) {
      sum += a[ta ? l * n + i : i * k + l]! * b[tb ? j * k + l : l * m + j]!;
    }
    return sum;
  });
}

for (const backend of backends) {
  Deno.test(`matMul: value and gradients on ${backend}`, async () => {
    await startBackend(backend);
    const random = new Random(1);
    // Odd sizes reach the tails of the kernel: blocks of 4 rows, 8 columns, 4 inner values.
    const sizes = [[0, 5, 7, 9], [3, 4, 8, 16], [2, 6, 3, 5], [2, 1, 1, 1]];
    // tfjs has other programs for large products on webgpu, and for long sums.
    if (backend !== "cpu") sizes.push([3, 70, 40, 72], [2, 67, 35, 69], [0, 20, 2100, 12]);
    for (const [matrices, n, k, m] of sizes) {
      for (const transposeB of [false, true]) {
        const shape = (rows: number, columns: number) =>
          matrices ? [matrices, rows, columns] : [rows, columns];
        const count = matrices || 1;
        const [a, b, dy] = [n! * k!, k! * m!, n! * m!].map((size) =>
          random.normals(count * size)
        ) as [Float32Array, Float32Array, Float32Array];
        const tensors = tf.tidy(() => {
          const op = (...[a, b]: tf.Tensor[]) =>
            matMul(a as tf.Tensor2D, b as tf.Tensor2D, { transposeB });
          const { value, grads } = tf.valueAndGrads(op)([
            tf.tensor(a.slice(), shape(n!, k!) as [number]),
            tf.tensor(b.slice(), (transposeB ? shape(m!, k!) : shape(k!, m!)) as [number]),
          ], tf.tensor(dy.slice(), shape(n!, m!) as [number, number]));
          return [value, ...grads];
        });
        const found = await Promise.all(
          tensors.map(async (tensor) => await tensor.data() as Float32Array),
        );
        tf.dispose(tensors);
        const size = { n: n!, k: k!, m: m! };
        for (let i = 0; i < count; i++) {
          const part = (values: Float32Array) => {
            const length = values.length / count;
            return values.subarray(i * length, (i + 1) * length);
          };
          const [pa, pb, pd] = [part(a), part(b), part(dy)];
          const expected = [
            plain([pa, pb], { ...size, tb: transposeB }),
            plain([pd, pb], { n: n!, k: m!, m: k!, tb: !transposeB }),
            transposeB
              ? plain([pd, pa], { n: m!, k: n!, m: k!, ta: true })
              : plain([pa, pd], { n: k!, k: n!, m: m!, ta: true }),
          ];
          expected.forEach((values, what) => {
            const error = relativeError(part(found[what]!), values);
            // A few roundings of float32 in sums of at most nine products.
            assert(error < 1e-6, `${["value", "a", "b"][what]} differs by ${error}: ${[n, k, m]}`);
          });
        }
      }
    }
    assertEquals(tf.memory().numTensors, 0);
  });
}

Deno.test({
  name: "matMul: no sum on webgpu is added up in whatever order",
  ignore: !backends.includes("webgpu"),
  async fn() {
    await startBackend("webgpu");
    const { pipelineCache } = tf.backend() as unknown as { pipelineCache: Record<string, unknown> };
    const unordered = () => Object.keys(pipelineCache).filter((key) => /SplitK/i.test(key)).length;
    const before = unordered();
    const run = async (product: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor) => {
      const [a, b] = [tf.ones([16, 2048]), tf.ones([2048, 16])] as [tf.Tensor2D, tf.Tensor2D];
      const sum = tf.tidy(() => tf.sum(product(a, b)));
      const [value] = await sum.data();
      tf.dispose([a, b, sum]);
      return value;
    };
    assertEquals(await run((a, b) => matMul(a, b)), 2048 * 256);
    assertEquals(unordered(), before);
    // tfjs by itself would: when this fails, so does the reason for what mat_mul.ts does.
    assertEquals(await run((a, b) => tf.matMul(a, b)), 2048 * 256);
    assertEquals(unordered(), before + 1);
  },
});

Deno.test("matMul: shapes that do not fit are refused", () => {
  tf.tidy(() => {
    const ones = (...shape: number[]) => tf.ones(shape as [number, number]) as tf.Tensor2D;
    assertThrows(() => matMul(ones(2, 3), ones(2, 3)), RangeError, "[2,3] by [2,3]");
    assertThrows(
      () => matMul(ones(2, 3), ones(3, 2), { transposeB: true }),
      RangeError,
      "by transposed [3,2]",
    );
    assertThrows(() => matMul(ones(2, 2, 3), ones(3, 3, 2)), RangeError, "[2,2,3]");
  });
});
