/** Weights and images of the Inception network as tests/fixtures/inception.py makes them: by a hash. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { StoredTensor } from "../../src/formats/stored_tensor.ts";
import {
  convolutionsOf,
  type InceptionPlan,
} from "../../src/networks/inception/inception_stages.ts";

/** Values in [0, 1), by a hash of the name and of the place: murmur3's finalizer. */
export function hashed(name: string, length: number): Float64Array {
  let seed = 0;
  for (const letter of new TextEncoder().encode(name)) seed = (Math.imul(seed, 31) + letter) | 0;
  return Float64Array.from({ length }, (_, i) => {
    let x = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  });
}

/** The state dict of a plan. */
export function hashedWeights(
  { stages, features, classes }: InceptionPlan,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const add = (name: string, shape: readonly number[], of: (u: number) => number) => {
    const data = Float32Array.from(hashed(name, shape.reduce((a, b) => a * b)), of);
    tensors.set(name, { dtype: "F32", shape, data });
  };
  for (const { name, inputs, outputs, kernel: [kh, kw] } of convolutionsOf(stages)) {
    const bound = Math.sqrt(6 / (inputs * kh * kw));
    add(`${name}.conv.weight`, [outputs, inputs, kh, kw], (u) => (2 * u - 1) * bound);
    add(`${name}.bn.weight`, [outputs], (u) => 0.8 + 0.4 * u);
    add(`${name}.bn.bias`, [outputs], (u) => 0.4 * u - 0.2);
    add(`${name}.bn.running_mean`, [outputs], (u) => 0.4 * u - 0.2);
    add(`${name}.bn.running_var`, [outputs], (u) => 0.5 + u);
  }
  add("fc.weight", [classes, features], (u) => (2 * u - 1) * Math.sqrt(6 / features));
  add("fc.bias", [classes], (u) => u);
  return tensors;
}

/** Images of bytes, each the mean of a square of 3 x 3, in [-1, 1]. */
export function hashedImages(shape: ImageBatch["shape"]): ImageBatch {
  const [n, h, w, c] = shape;
  const raw = hashed("images", n * h * w * c).map((u) => Math.floor(256 * u));
  const data = new Float32Array(raw.length);
  const within = (i: number, size: number) => Math.max(0, Math.min(size - 1, i));
  for (let i = 0; i < data.length; i++) {
    const [channel, x, y] = [i % c, Math.floor(i / c) % w, Math.floor(i / c / w) % h];
    const image = Math.floor(i / c / w / h);
    let sum = 0;
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        sum += raw[((image * h + within(y + dy, h)) * w + within(x + dx, w)) * c + channel]!;
      }
    }
    data[i] = Math.round(sum / 9) / 127.5 - 1;
  }
  return { data, shape };
}
