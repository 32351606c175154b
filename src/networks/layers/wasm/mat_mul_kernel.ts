/** Matrix products on the wasm backend of TensorFlow.js by the SIMD kernels of the convolution. */
import * as tf from "@tensorflow/tfjs";
import { registerOnce } from "../custom_kernel.ts";
import { convModule, productFloats } from "./conv2d_kernels.ts";

const KERNEL = "ElsMatMul";

/** Which product: a b, a transposed b, transposed a b. */
export type Product = "ab" | "abT" | "aTb";

interface Call {
  readonly inputs: Readonly<Record<"a" | "b", tf.TensorInfo>>;
  readonly backend: object;
  readonly attrs: { readonly product: Product };
}

function kernel({ inputs: { a, b }, backend, attrs: { product } }: Call): tf.TensorInfo {
  const module = convModule(backend);
  const { packMatrix, product: multiply, filterGradient } = module.functions;
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const n = product === "aTb" ? columnsA : rowsA;
  const m = product === "abT" ? rowsB : columnsB;
  const matrices = a.shape.slice(0, -2).reduce((count, size) => count * size, 1);
  const out = module.output([...a.shape.slice(0, -2), n, m]);
  const [matrixFloats, , rowFloats] = productFloats(columnsA, m);
  const [packed, scratch] = module.workspace(matrixFloats, rowFloats) as [number, number];
  const [pa, pb, po] = [module.pointer(a), module.pointer(b), module.pointer(out)];
  if (product === "aTb") module.fillZero(po, matrices * n * m);
  for (let i = 0; i < matrices; i++) {
    const atA = pa + i * rowsA * columnsA * 4;
    const atB = pb + i * rowsB * columnsB * 4;
    const to = po + i * n * m * 4;
    // A row of a is a pixel, of b the gradient of what a 1 x 1 filter made of it.
    if (product === "aTb") filterGradient(atA, atB, to, 1, rowsA, n, m, 1);
    else {
      packMatrix(atB, packed, columnsA, m, product === "abT" ? 1 : 0);
      multiply(atA, packed, 0, to, scratch, n, columnsA, m, 0);
    }
  }
  return out;
}

/** A product of matrices, or of as many pairs of them; the backend in use must be wasm. */
export function wasmProduct(a: tf.Tensor, b: tf.Tensor, product: Product): tf.Tensor {
  registerOnce("wasm", { [KERNEL]: kernel });
  return tf.engine().runKernel(KERNEL, { a, b }, { product }) as tf.Tensor;
}
