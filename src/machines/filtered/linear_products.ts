/** What takes a Wiener filter's time: products of its large matrices and noisy images, four at a time. */
import type { Tridiagonal } from "../../core/tridiagonal.ts";
import { fastestBuild } from "../../core/wasm_builds.ts";
import { fromTridiagonalBasis, toTridiagonalBasis } from "./tridiagonal.ts";
import { simd } from "./wasm/linear_wasm.ts";

/** A covariance, or products of images, in the basis where it is tridiagonal. */
export interface LinearParts {
  /** Of the covariance, or of the products of images. */
  readonly matrix: Tridiagonal;
  /** Centered images `[N, n]` where it is of their products. */
  readonly centered: Float64Array | undefined;
}

/** Changes of the basis, of any number of vectors. */
export interface LinearProducts {
  /** Q^T v, or Q^T X v of images X. */
  toBasis(list: readonly Float64Array[]): Float64Array[];
  /** Q v, or X^T Q v. */
  fromBasis(list: readonly Float64Array[]): Float64Array[];
}

/** Exports of `wasm/linear.as.ts`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  take(bytes: number): number;
  reflect(...at: number[]): void;
  times(...at: number[]): void;
  timesTransposed(...at: number[]): void;
}

/** Vectors that the kernel takes together. */
const together = 4;

/** The products by WebAssembly; where the engine or memory does not allow it, in plain arrays. */
export async function linearProducts(parts: LinearParts): Promise<LinearProducts> {
  const bytes = fastestBuild({ simd });
  if (bytes === undefined) return plainProducts(parts);
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
  const kernel = instance.exports as unknown as Exports;
  const { matrix: { size, reflections, halves }, centered } = parts;
  const length = centered === undefined ? size : centered.length / size;
  const arrays = [reflections, halves, centered ?? new Float64Array()];
  const places = [...arrays.map((array) => array.byteLength), 32 * size, 32 * length]
    .map((taken) => kernel.take(taken));
  if (places.includes(0)) return plainProducts(parts);
  const [matrixAt, halvesAt, imagesAt, basisAt, vectorsAt] = places as [
    ...[number, number, number, number, number],
  ];
  const { buffer } = kernel.memory;
  arrays.forEach((array, i) => new Float64Array(buffer, places[i]!, array.length).set(array));
  const basis = new Float64Array(buffer, basisAt, together * size);
  const vectors = centered === undefined
    ? basis
    : new Float64Array(buffer, vectorsAt, together * length);
  return {
    toBasis: (list) =>
      inFours(list, { from: vectors, to: basis }, () => {
        if (centered) kernel.times(imagesAt, size, length, vectorsAt, basisAt);
        kernel.reflect(matrixAt, halvesAt, size, basisAt, 1);
      }),
    fromBasis: (list) =>
      inFours(list, { from: basis, to: vectors }, () => {
        kernel.reflect(matrixAt, halvesAt, size, basisAt, 0);
        if (centered) kernel.timesTransposed(imagesAt, size, length, basisAt, vectorsAt);
      }),
  };
}

/** Brings vectors to the kernel and back, `[n, 4]` there. */
function inFours(
  list: readonly Float64Array[],
  { from, to }: { readonly from: Float64Array; readonly to: Float64Array },
  multiply: () => void,
): Float64Array[] {
  const size = from.length / together, length = to.length / together;
  const out = list.map(() => new Float64Array(length));
  for (let first = 0; first < list.length; first += together) {
    const count = Math.min(together, list.length - first);
    from.fill(0);
    for (let q = 0; q < count; q++) {
      const vector = list[first + q]!;
      for (let k = 0; k < size; k++) from[together * k + q] = vector[k]!;
    }
    multiply();
    for (let q = 0; q < count; q++) {
      const vector = out[first + q]!;
      for (let k = 0; k < length; k++) vector[k] = to[together * k + q]!;
    }
  }
  return out;
}

/** The same without a kernel. */
export function plainProducts({ matrix, centered }: LinearParts): LinearProducts {
  return {
    toBasis: (list) =>
      list.map((vector) =>
        toTridiagonalBasis(matrix, centered ? times(centered, vector) : vector.slice())
      ),
    fromBasis: (list) =>
      list.map((vector) => {
        const outer = fromTridiagonalBasis(matrix, vector.slice());
        return centered ? timesTransposed(centered, outer) : outer;
      }),
  };
}

/** A `[N, n]` times a vector `[n]`. */
function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return Float64Array.from({ length: matrix.length / n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * vector[j]!;
    return sum;
  });
}

/** A vector `[N]` times `[N, n]`. */
function timesTransposed(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = matrix.length / vector.length;
  const out = new Float64Array(n);
  for (let i = 0; i < vector.length; i++) {
    const factor = vector[i]!;
    for (let j = 0; j < n; j++) out[j] = out[j]! + factor * matrix[i * n + j]!;
  }
  return out;
}
