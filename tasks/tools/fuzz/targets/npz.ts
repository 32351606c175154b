/** Images and labels in NumPy's `.npz`. */
import { zipSync } from "fflate";
import type { Random } from "../../../../src/core/random.ts";
import {
  imagesOfArray,
  labelsOfArray,
  namesOfPart,
} from "../../../../src/datasets/array_images.ts";
import { writeNpy } from "../../../../src/formats/npy.ts";
import { parseNpz } from "../../../../src/formats/npz.ts";
import type { StoredTensor } from "../../../../src/formats/stored_tensor.ts";
import { noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

/** An archive of arrays; dated, so that the same arrays are the same bytes. */
function archive(
  arrays: Readonly<Record<string, StoredTensor>>,
  level: 0 | 6,
): Uint8Array<ArrayBuffer> {
  const files = Object.entries(arrays).map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)]);
  return zipSync(Object.fromEntries(files), {
    level,
    mtime: new Date(1980, 0, 1),
  }) as Uint8Array<ArrayBuffer>;
}

function described(random: Random) {
  const [n, h, w] = [1 + random.integer(4), 4 + random.integer(3), 4 + random.integer(3)];
  // At least one value above 1, so that the range is plain.
  const pixels = noise(random, n * h * w).map((value, i) => i === 0 ? 200 : value);
  const labels = Array.from({ length: n }, () => BigInt(random.integer(5)));
  const [x, y] = pick(random, [["x_train", "y_train"], ["train_images", "train_labels"], [
    "X",
    "y",
  ]]);
  return { n, h, w, pixels, labels, x, y };
}

function structured(random: Random): FuzzInput {
  const { n, h, w, pixels, labels, x, y } = described(random);
  const level = pick(random, [0, 6] as const);
  const images: StoredTensor = { dtype: "U8", shape: [n, h, w], data: pixels };
  const classes: StoredTensor = { dtype: "I64", shape: [n], data: BigInt64Array.from(labels) };
  if (oneIn(random, 2)) {
    const value = { shape: [n, h, w, 1], pixels, labels: labels.map(Number) };
    const bytes = archive({ [x!]: images, [y!]: classes }, level);
    return { bytes, note: "good", expected: reads(value) };
  }
  const wrong: Readonly<Record<string, Readonly<Record<string, StoredTensor>>>> = {
    "flat images": { [x!]: { ...images, shape: [n, h * w] }, [y!]: classes },
    "fewer labels": {
      [x!]: images,
      [y!]: { ...classes, shape: [n + 1], data: new BigInt64Array(n + 1) },
    },
    "negative labels": {
      [x!]: images,
      [y!]: { ...classes, data: BigInt64Array.from(labels, () => -1n) },
    },
    "huge labels": {
      [x!]: images,
      [y!]: { ...classes, data: BigInt64Array.from(labels, () => 2n ** 62n) },
    },
    "no images": { [y!]: classes, other: classes },
    "two arrays of images": { x_train: images, train_images: images },
    "values of no range": {
      [x!]: { dtype: "F32", shape: [n, h, w], data: Float32Array.from(pixels, (v) => v * 3 - 200) },
      [y!]: classes,
    },
  };
  const note = pick(random, Object.keys(wrong));
  return { bytes: archive(wrong[note]!, level), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "images and labels in NumPy's archives",
  file: "set.npz",
  tokens: ["x_train.npy", "\x93NUMPY\x01\0", "PK\x01\x02", "'shape': (", "|u1", "<f8"],
  seeds(random) {
    return [0, 6].map((level) => {
      const { n, h, w, pixels, labels } = described(random);
      return archive({
        images: { dtype: "U8", shape: [n, h, w], data: pixels },
        labels: { dtype: "I64", shape: [n], data: BigInt64Array.from(labels) },
      }, level as 0 | 6);
    });
  },
  read(bytes, source) {
    const arrays = parseNpz(bytes, { source });
    const names = namesOfPart(arrays.names, { part: "train", source });
    const { pixels, shape } = imagesOfArray(arrays.read(names.images), source);
    const labels = names.labels === undefined
      ? []
      : labelsOfArray(arrays.read(names.labels), { count: shape[0], source });
    return { shape: [...shape], pixels: new Uint8Array(pixels), labels };
  },
  structured,
};
