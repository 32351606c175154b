import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { groupNorm } from "../../src/networks/layers/group_norm.ts";
import { backends, relativeError } from "./golden.ts";

interface Case {
  readonly shape: readonly [number, number, number, number];
  readonly groups: number;
  readonly activation: "none" | "relu" | "silu";
  readonly shifted: boolean;
}

// 6 channels do not fill the lanes of the kernel; 1089 pixels do not fill its blocks.
const cases: readonly Case[] = [
  { shape: [2, 4, 4, 8], groups: 2, activation: "none", shifted: true },
  { shape: [1, 33, 33, 4], groups: 1, activation: "silu", shifted: false },
  { shape: [3, 5, 2, 12], groups: 3, activation: "silu", shifted: true },
  { shape: [2, 3, 3, 6], groups: 6, activation: "relu", shifted: true },
  { shape: [2, 6, 6, 16], groups: 16, activation: "relu", shifted: false },
];

interface Values {
  readonly x: Float32Array;
  readonly scale: Float32Array;
  readonly offset: Float32Array;
  readonly shift: Float32Array;
}

/** The definition in float64: the oracle of value and, by differences, of gradients. */
function plain(
  { x, scale, offset, shift }: Record<keyof Values, ArrayLike<number>>,
  { shape: [b, h, w, c], groups, activation, shifted }: Case,
): Float64Array {
  const out = new Float64Array(b * h * w * c);
  const members = c / groups;
  for (let i = 0; i < b; i++) {
    for (let g = 0; g < groups; g++) {
      const at: [number, number][] = [];
      for (let p = 0; p < h * w; p++) {
        for (let k = g * members; k < (g + 1) * members; k++) at.push([(i * h * w + p) * c + k, k]);
      }
      const z = at.map(([j, k]) => x[j]! + (shifted ? shift[i * c + k]! : 0));
      const mean = z.reduce((sum, v) => sum + v, 0) / z.length;
      const variance = z.reduce((sum, v) => sum + (v - mean) ** 2, 0) / z.length;
      at.forEach(([j, k], n) => {
        const y = scale[k]! * (z[n]! - mean) / Math.sqrt(variance + 1e-5) + offset[k]!;
        out[j] = activation === "none"
          ? y
          : activation === "relu"
          ? Math.max(y, 0)
          : y / (1 + Math.exp(-y));
      });
    }
  }
  return out;
}

for (const backend of backends) {
  Deno.test(`groupNorm: value and gradients follow the definition on ${backend}`, async () => {
    await startBackend(backend);
    for (const test of cases) {
      const { shape, groups, activation, shifted } = test;
      const [b, h, w, c] = shape;
      const random = new Random(3);
      const draw = (n: number, mean = 0) => random.normals(n).map((v) => v + mean);
      // A mean of 5 shows an implementation that subtracts too late.
      const values: Values = {
        x: draw(b * h * w * c, 5),
        scale: draw(c, 1),
        offset: draw(c),
        shift: draw(b * c),
      };
      const dy = draw(b * h * w * c);
      const tensors = tf.tidy(() => {
        const op = (...[x, scale, offset, shift]: tf.Tensor[]) =>
          groupNorm(x as tf.Tensor4D, {
            groups,
            activation,
            scale: scale as tf.Tensor1D,
            offset: offset as tf.Tensor1D,
            ...shift && { shift: shift as tf.Tensor2D },
          });
        const { value, grads } = tf.valueAndGrads(op)([
          tf.tensor(values.x.slice(), [...shape]),
          tf.tensor1d(values.scale.slice()),
          tf.tensor1d(values.offset.slice()),
          ...shifted ? [tf.tensor2d(values.shift.slice(), [b, c])] : [],
        ], tf.tensor(dy.slice(), [...shape]));
        return [value, ...grads];
      });
      const [value, ...gradients] = await Promise.all(
        tensors.map(async (tensor) => await tensor.data() as Float32Array),
      );
      tf.dispose(tensors);
      const error = relativeError(value!, plain(values, test));
      // Float32 with a mean five times the deviation: five roundings' worth.
      assert(error < 1e-6, `value differs by ${error}: ${JSON.stringify(test)}`);

      const names = ["x", "scale", "offset", ...shifted ? ["shift"] as const : []] as const;
      names.forEach((name, n) => {
        const step = 1e-4;
        const moved = Float64Array.from(values[name]);
        // A third of the pixels is enough; every parameter.
        const chosen = [...moved.keys()].filter((i) => name !== "x" || i % 3 === 0).slice(0, 150);
        const expected = chosen.map((i) => {
          const at = (by: number) => {
            moved[i] = values[name][i]! + by;
            const y = plain({ ...values, [name]: moved }, test);
            moved[i] = values[name][i]!;
            return y.reduce((sum, v, j) => sum + v * dy[j]!, 0);
          };
          return (at(step) - at(-step)) / (2 * step);
        });
        const found = chosen.map((i) => gradients[n]![i]!);
        const norm = Math.hypot(...expected);
        // A group of one channel takes its shift back: the gradient is zero but for roundings.
        if (norm < 1e-6) return assert(Math.hypot(...found) < 1e-4, `${name} is not zero`);
        const error = relativeError(found, expected);
        // Where a ReLU has its kink within the step the difference is off by that pixel's share.
        assert(error < 2e-4, `gradient of ${name} differs by ${error}: ${JSON.stringify(test)}`);
      });
    }
    assertEquals(tf.memory().numTensors, 0);
  });
}

for (const backend of backends.filter((backend) => backend !== "cpu")) {
  Deno.test(`groupNorm: silu neither overflows nor loses its tails on ${backend}`, async () => {
    await startBackend(backend);
    const tensor = tf.tidy(() =>
      groupNorm(tf.tensor4d([-1, 1, -1, 1], [1, 1, 1, 4]), {
        groups: 1,
        scale: tf.tensor1d([200, 200, 10, 10]),
        offset: tf.tensor1d([0, 0, 0, 0]),
        epsilon: 0,
        activation: "silu",
      })
    );
    const y = await tensor.data();
    tensor.dispose();
    assertEquals([y[0]! <= 0, y[0]! > -1e-30, y[1]], [true, true, 200]);
    assert(Math.abs(y[2]! / (-10 / (1 + Math.exp(10))) - 1) < 1e-6, `silu(-10) is ${y[2]}`);
    assert(Math.abs(y[3]! / (10 / (1 + Math.exp(-10))) - 1) < 1e-6, `silu(10) is ${y[3]}`);
  });
}

Deno.test("groupNorm: sizes that do not fit are refused", () => {
  tf.tidy(() => {
    const x = tf.zeros([1, 2, 2, 6]) as tf.Tensor4D;
    const ones = (n: number) => tf.ones([n]) as tf.Tensor1D;
    const options = { groups: 2, scale: ones(6), offset: ones(6) };
    assertThrows(() => groupNorm(x, { ...options, groups: 4 }), RangeError, "6 channels in 4");
    assertThrows(() => groupNorm(x, { ...options, scale: ones(5) }), RangeError, "5 factors");
  });
});
