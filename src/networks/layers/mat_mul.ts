import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";
import { type Product, wasmProduct } from "./wasm/mat_mul_kernel.ts";

/** tfjs's program for large products on webgpu, by its number among them. */
const TILED = 3;
/** From so many terms on tfjs may let workgroups add to one sum in any order. */
const UNORDERED = 2000;

/**
 * tfjs on webgpu, which reads transposed matrices in place; long sums of a single product in the order of
 * their terms, such that training gives the same bytes every time.
 */
function webgpuProduct(a: tf.Tensor, b: tf.Tensor, product: Product): tf.Tensor {
  const multiplied = () => tf.matMul(a, b, product === "aTb", product === "abT");
  const terms = a.shape.at(product === "aTb" ? -2 : -1)!;
  if (terms < UNORDERED) return multiplied();
  const flag = "WEBGPU_MATMUL_PROGRAM_TYPE";
  const before = tf.env().getNumber(flag);
  tf.env().set(flag, TILED);
  try {
    return multiplied();
  } finally {
    tf.env().set(flag, before);
  }
}

/**
 * tfjs multiplies by transposed matrices some forty times slower than others on its wasm backend, and
 * pairs of matrices slowly as well; there it is our kernel, on cpu tfjs with transposes of its own.
 */
function multiply(a: tf.Tensor, b: tf.Tensor, product: Product): tf.Tensor {
  if (tf.getBackend() === "wasm") return wasmProduct(a, b, product);
  if (tf.getBackend() === "webgpu") return webgpuProduct(a, b, product);
  const transposed = (x: tf.Tensor) => tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
  return tf.matMul(
    product === "aTb" ? transposed(a) : a,
    product === "abT" ? transposed(b) : b,
  );
}

/**
 * The product of two matrices, or of as many pairs of them, differentiable in both.
 *
 * @param a `[n, k]` or `[B, n, k]`.
 * @param b `[k, m]` or `[B, k, m]`; with `transposeB` `[m, k]` or `[B, m, k]`.
 * @returns `[n, m]` or `[B, n, m]`.
 * @throws RangeError if the shapes do not fit.
 */
export function matMul<T extends tf.Tensor2D | tf.Tensor3D>(
  a: T,
  b: T,
  { transposeB = false }: { readonly transposeB?: boolean } = {},
): T {
  const inner = b.shape.at(transposeB ? -1 : -2);
  if (a.shape.at(-1) !== inner || a.shape.slice(0, -2).join() !== b.shape.slice(0, -2).join()) {
    throw new ArgumentError(
      `Cannot multiply [${a.shape}] by ${transposeB ? "transposed " : ""}[${b.shape}]`,
    );
  }
  return customGradient([a, b], {
    forward: () => ({ value: multiply(a, b, transposeB ? "abT" : "ab") }),
    backward: (dy, saved) => {
      const [a, b] = saved as [tf.Tensor, tf.Tensor];
      return transposeB
        ? [multiply(dy, b, "ab"), multiply(dy, a, "aTb")]
        : [multiply(dy, b, "abT"), multiply(a, dy, "aTb")];
    },
  }) as T;
}
