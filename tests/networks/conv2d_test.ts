import * as tf from "@tensorflow/tfjs";
import { assert, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { conv2d } from "../../src/networks/layers/conv2d.ts";
import { composedConv2d } from "../../src/networks/layers/conv2d_composed.ts";
import type { Conv2dImplementation } from "../../src/networks/layers/conv2d_implementation.ts";
import { webgpuConv2dBy } from "../../src/networks/layers/webgpu/conv2d_kernels.ts";
import { tiles } from "../../src/networks/layers/webgpu/tile.ts";
import { backends } from "./golden.ts";

interface Case {
  readonly b: number;
  readonly h: number;
  readonly w: number;
  readonly ci: number;
  readonly co: number;
  readonly k: number;
}

// Odd channel counts and widths reach every tail of the kernel: blocks of 4 pixels, 8 and 4 channels.
const cases: readonly Case[] = [
  { b: 2, h: 8, w: 8, ci: 1, co: 16, k: 3 },
  { b: 2, h: 7, w: 9, ci: 16, co: 8, k: 3 },
  { b: 1, h: 5, w: 6, ci: 3, co: 5, k: 3 },
  { b: 1, h: 6, w: 7, ci: 10, co: 13, k: 5 },
  { b: 2, h: 4, w: 4, ci: 8, co: 1, k: 1 },
  { b: 1, h: 9, w: 5, ci: 6, co: 3, k: 3 },
  // Winograd: bands of several heights, tiles that come in no fours, either way only, wide images.
  { b: 2, h: 6, w: 10, ci: 8, co: 16, k: 3 },
  { b: 1, h: 14, w: 14, ci: 4, co: 8, k: 3 },
  { b: 1, h: 2, w: 4, ci: 16, co: 12, k: 3 },
  { b: 1, h: 10, w: 40, ci: 12, co: 24, k: 3 },
];

function relativeError(found: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

for (const backend of backends) {
  Deno.test(`conv2d: value and four gradients equal tfjs's own on ${backend}`, async () => {
    await tf.setBackend("cpu");
    const random = new Random(1);
    const normals = (shape: number[]) =>
      tf.tensor(random.normals(shape.reduce((a, b) => a * b, 1)), shape as [number]);
    for (const [i, { b, h, w, ci, co, k }] of cases.entries()) {
      for (const padding of ["zeros", "circular"] as const) {
        for (const relu of [false, true]) {
          // A software GPU compiles each combination for a second: there one for each case.
          if (backend === "webgpu" && 2 * Number(relu) + Number(padding === "zeros") !== i % 4) {
            continue;
          }
          const data = [[b, h, w, ci], [k, k, ci, co], [co], [b, ci], [b, h, w, co]].map(
            (shape) => {
              const tensor = tf.tidy(() => normals(shape));
              const values = tensor.dataSync() as Float32Array;
              tensor.dispose();
              return { values, shape };
            },
          );
          const run = (plain: boolean) => {
            const [x, f, bias, shift, dy] = data.map(({ values, shape }) =>
              tf.tensor(values, shape as [number])
            ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D, tf.Tensor2D, tf.Tensor4D];
            const reference = (
              ...[x, f, bias, shift]: [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D, tf.Tensor2D]
            ) => {
              const r = k >> 1;
              let y: tf.Tensor4D = tf.add(x, tf.reshape(shift, [b, 1, 1, ci]));
              if (r > 0 && padding === "zeros") y = tf.pad(y, [[0, 0], [r, r], [r, r], [0, 0]]);
              if (r > 0 && padding === "circular") {
                y = tf.concat([
                  tf.slice(y, [0, h - r, 0, 0], [b, r, w, ci]),
                  y,
                  tf.slice(y, [0, 0, 0, 0], [b, r, w, ci]),
                ], 1);
                y = tf.concat([
                  tf.slice(y, [0, 0, w - r, 0], [b, h + 2 * r, r, ci]),
                  y,
                  tf.slice(y, [0, 0, 0, 0], [b, h + 2 * r, r, ci]),
                ], 2);
              }
              const out = tf.add(tf.conv2d(y, f, 1, "valid"), bias);
              return relu ? tf.relu(out) : out;
            };
            const { value, grads } = tf.valueAndGrads((...args) => {
              const [x, f, bias, shift] = args as [
                tf.Tensor4D,
                tf.Tensor4D,
                tf.Tensor1D,
                tf.Tensor2D,
              ];
              return plain
                ? reference(x, f, bias, shift)
                : conv2d(x, f, { padding, bias, shift, relu });
            })([x, f, bias, shift], dy);
            return [value, ...grads];
          };
          const values = async (tensors: tf.Tensor[]) => {
            const found = await Promise.all(tensors.map((tensor) => tensor.data()));
            tf.dispose(tensors);
            return found as Float32Array[];
          };
          // tfjs's cpu backend is the judge: slow, but its convolution gradients are right.
          await tf.setBackend("cpu");
          const expected = await values(tf.tidy(() => run(true)));
          await startBackend(backend);
          const found = await values(tf.tidy(() => run(false)));
          expected.forEach((values, i) => {
            const error = relativeError(found[i]!, values);
            const name = ["value", "x", "filter", "bias", "shift"][i]!;
            // Sums of a few hundred float32 products in another order: 1e-6 is a few roundings. The shift's
            // gradient is that of x summed over pixels, of which most cancels.
            const bound = name === "shift" ? 4e-6 : 2e-6;
            assert(
              error < bound,
              `${name} differs by ${error} for ${
                JSON.stringify({ b, h, w, ci, co, k, padding, relu })
              }`,
            );
          });
        }
      }
    }
  });
}

Deno.test("conv2d: bias and shift may be left out, and the input's gradient", async () => {
  for (const backend of backends) {
    await startBackend(backend);
    const [expected, ...found] = tf.tidy(() => {
      const x = tf.tensor(new Random(2).normals(50), [1, 5, 5, 2]) as tf.Tensor4D;
      const f = tf.tensor(new Random(3).normals(54), [3, 3, 2, 3]) as tf.Tensor4D;
      const gradient = (inputGradient: boolean) =>
        tf.grad((f) => conv2d(x, f as tf.Tensor4D, { padding: "zeros", inputGradient }))(f);
      const reference = tf.grad((f) => tf.conv2d(x, f as tf.Tensor4D, 1, "same"));
      const expected = backend === "cpu" ? reference(f) : gradient(true);
      return [expected, gradient(true), gradient(false)];
    });
    const values = await expected!.data() as Float32Array;
    for (const gradient of found) {
      const error = relativeError(await gradient.data() as Float32Array, values);
      assert(error < 2e-6, `differs by ${error} on ${backend}`);
    }
    tf.dispose([expected!, ...found]);
  }
});

Deno.test("conv2d: with its input added it is the sum, forward and backward, on wasm", async () => {
  await startBackend("wasm");
  for (const [h, w, channels] of [[8, 8, 8], [7, 9, 5], [6, 10, 12], [12, 4, 16]] as const) {
    for (const relu of [true, false]) {
      for (const padding of ["zeros", "circular"] as const) {
        const random = new Random(h + channels);
        const draw = (shape: number[]) =>
          tf.tensor(random.normals(shape.reduce((a, b) => a * b)), shape as [number]);
        const results = tf.tidy(() => {
          const image = [2, h, w, channels];
          const x = draw(image);
          const inputs = [
            x,
            draw([3, 3, channels, channels]),
            draw([channels]),
            draw([2, channels]),
          ];
          const dy = draw(image);
          return [true, false].flatMap((fused) => {
            const { value, grads } = tf.valueAndGrads((...given) => {
              const [x, f, bias, shift] = given as [
                tf.Tensor4D,
                tf.Tensor4D,
                tf.Tensor1D,
                tf.Tensor2D,
              ];
              const options = { padding, bias, shift, relu };
              return fused
                ? conv2d(x, f, { ...options, residual: true })
                : tf.add(x, conv2d(x, f, options));
            })(inputs, dy);
            return [value, ...grads];
          });
        });
        const values = await Promise.all(results.map((tensor) => tensor.data())) as Float32Array[];
        tf.dispose(results);
        for (let i = 0; i < 5; i++) {
          // The same products; the gradient of x is a sum in another order.
          const error = relativeError(values[i]!, values[i + 5]!);
          assert(error < 2e-7, `${i} differs by ${error} for ${[h, w, channels, relu, padding]}`);
        }
      }
    }
  }
});

// What small images never choose: the tiles of a large GPU. Sizes beyond one tile in both directions.
for (const tile of tiles) {
  const { rows, columns } = tile;
  Deno.test({
    name: `conv2d: tiles of ${rows} x ${columns} give the same on webgpu`,
    ignore: !backends.includes("webgpu"),
    async fn() {
      const [b, h, w, ci, co] = [2, 9, 11, 20, 132];
      const random = new Random(5);
      const values = [[b, h, w, ci], [3, 3, ci, co], [co], [b, ci], [b, h, w, co]].map((shape) => ({
        shape,
        data: random.normals(shape.reduce((a, b) => a * b)),
      }));
      const run = async (implementation: Conv2dImplementation) => {
        const results = tf.tidy(() => {
          const [x, filter, bias, shift, dy] = values.map(({ data, shape }) =>
            tf.tensor(data.slice(), shape as [number])
          ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor, tf.Tensor, tf.Tensor4D];
          const attributes = { padding: "zeros", relu: true, inputGradient: true } as const;
          const inputs = { x, filter, bias, shift };
          const y = implementation.forward(inputs, attributes);
          return [y, ...Object.values(implementation.backward({ ...inputs, y, dy }, attributes))];
        });
        const found = await Promise.all(results.map((tensor) => tensor.data()));
        tf.dispose(results);
        return found as Float32Array[];
      };
      await startBackend("cpu");
      const expected = await run(composedConv2d);
      await startBackend("webgpu");
      const found = await run(webgpuConv2dBy(tile));
      expected.forEach((values, i) => {
        const error = relativeError(found[i]!, values);
        assert(error < 2e-6, `${["y", "x", "filter", "bias", "shift"][i]} differs by ${error}`);
      });
    },
  });
}

Deno.test("conv2d: bad shapes are refused by name", async () => {
  await startBackend("wasm");
  tf.tidy(() => {
    const x = tf.zeros([1, 4, 4, 2]) as tf.Tensor4D;
    const filter = (shape: [number, number, number, number]) => tf.zeros(shape) as tf.Tensor4D;
    const padding = "circular" as const;
    assertThrows(() => conv2d(x, filter([2, 2, 2, 1]), { padding }), RangeError, "2 x 2");
    assertThrows(() => conv2d(x, filter([3, 3, 3, 1]), { padding }), RangeError, "3 channels");
    assertThrows(() => conv2d(x, filter([11, 11, 2, 1]), { padding }), RangeError, "wraps");
    const bias = tf.zeros([2]) as tf.Tensor1D;
    assertThrows(() => conv2d(x, filter([3, 3, 2, 1]), { padding, bias }), RangeError, "2 biases");
  });
});
