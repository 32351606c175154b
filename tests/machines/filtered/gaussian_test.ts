/** The Wiener filters beside dense algebra, and what must be exact of them. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../../src/core/image_batch.ts";
import { Random } from "../../../src/core/random.ts";
import { createMachine } from "../../../src/machines/create_machine.ts";
import {
  fromTridiagonalBasis,
  timesTridiagonal,
  toTridiagonalBasis,
  tridiagonalize,
} from "../../../src/machines/filtered/tridiagonal.ts";
import { linearProducts, plainProducts } from "../../../src/machines/filtered/linear_products.ts";
import { topEigenpairs } from "../../../src/machines/filtered/top_eigenpairs.ts";
import { planeTransform } from "../../../src/machines/filtered/fourier.ts";
import { cosineLegacy } from "../../../src/schedules/cosine_legacy.ts";
import { gaussian } from "../../posterior/conformance.ts";

const schedule = cosineLegacy();

/** A random symmetric matrix with rank and, if asked for, repeated eigenvalues. */
function symmetric(n: number, values: readonly number[], random: Random): Float64Array {
  const matrix = new Float64Array(n * n);
  const basis: Float64Array[] = [];
  for (const value of values) {
    const v = Float64Array.from(random.normals(n));
    for (const other of basis) {
      const dot = v.reduce((sum, each, i) => sum + each * other[i]!, 0);
      v.forEach((each, i) => v[i] = each - dot * other[i]!);
    }
    const norm = Math.hypot(...v);
    v.forEach((each, i) => v[i] = each / norm);
    basis.push(v);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) matrix[i * n + j] = matrix[i * n + j]! + value * v[i]! * v[j]!;
    }
  }
  return matrix;
}

const times = (matrix: Float64Array, v: Float64Array) =>
  v.map((_, i) => v.reduce((sum, value, j) => sum + matrix[i * v.length + j]! * value, 0));

Deno.test("tridiagonalize: Q T Q^T is the matrix, whatever its rank", async () => {
  const random = new Random(1, "tridiagonal");
  for (const n of [1, 2, 3, 7, 20]) {
    for (const values of [[3], [5, 2, 2, 1, 0.5].slice(0, n), new Array(n).fill(1)]) {
      const matrix = symmetric(n, values, random);
      const reduced = await tridiagonalize(matrix.slice(), { size: n });
      const v = Float64Array.from(random.normals(n));
      const there = toTridiagonalBasis(reduced, v.slice());
      const found = fromTridiagonalBasis(reduced, timesTridiagonal(reduced, there));
      times(matrix, v).forEach((value, i) => assertAlmostEquals(found[i]!, value, 1e-12));
      fromTridiagonalBasis(reduced, toTridiagonalBasis(reduced, v.slice()))
        .forEach((value, i) => assertAlmostEquals(value, v[i]!, 1e-13));
    }
  }
});

Deno.test("linearProducts: they are what plain arrays give, for any number of vectors", async () => {
  const random = new Random(4, "products");
  for (const [size, length] of [[1, 1], [2, 7], [7, 12], [12, 12]] as const) {
    const matrix = await tridiagonalize(symmetric(size, [5, 2, 1].slice(0, size), random), {
      size,
    });
    const images = Float64Array.from(random.normals(size * length));
    for (const centered of [undefined, images]) {
      const parts = { matrix, centered };
      const [found, plain] = [await linearProducts(parts), plainProducts(parts)];
      for (const count of [0, 1, 5]) {
        const vectors = (n: number) =>
          Array.from({ length: count }, () => Float64Array.from(random.normals(n)));
        const [there, back] = [vectors(centered ? length : size), vectors(size)];
        const pairs = [
          [found.toBasis(there), plain.toBasis(there)],
          [found.fromBasis(back), plain.fromBasis(back)],
        ] as const;
        for (const [mine, expected] of pairs) {
          assertEquals(mine.map((v) => v.length), expected.map((v) => v.length));
          mine.forEach((v, q) =>
            v.forEach((value, i) => assertAlmostEquals(value, expected[q]![i]!, 1e-12))
          );
        }
      }
    }
  }
});

Deno.test("topEigenpairs: values and orthogonal vectors, repeated values included", async () => {
  const random = new Random(2, "eigenpairs");
  for (const values of [[9, 4, 4, 4, 1, 1e-6, 0], [2, 2, 2, 2, 2, 2, 2], [7, 3]]) {
    const reduced = await tridiagonalize(symmetric(12, values, random), { size: 12 });
    const pairs = topEigenpairs(reduced, values.length);
    values.forEach((value, k) => assertAlmostEquals(pairs[k]!.value, value, 1e-13 * values[0]!));
    for (const [k, { value, vector }] of pairs.entries()) {
      timesTridiagonal(reduced, vector)
        .forEach((each, i) => assertAlmostEquals(each, value * vector[i]!, 1e-12 * values[0]!));
      for (const other of pairs.slice(0, k + 1)) {
        const dot = vector.reduce((sum, each, i) => sum + each * other.vector[i]!, 0);
        assertAlmostEquals(dot, other.vector === vector ? 1 : 0, 1e-12);
      }
    }
  }
});

Deno.test("planeTransform: odd and even sizes come back, and a wave is one frequency", () => {
  const random = new Random(3, "fourier");
  for (const [height, width] of [[1, 1], [4, 6], [5, 7], [3, 8]] as const) {
    const { forward, inverse, columns } = planeTransform(height, width);
    const spectrum = {
      re: new Float64Array(height * columns),
      im: new Float64Array(height * columns),
    };
    const plane = Float64Array.from(random.normals(height * width));
    forward(plane, spectrum);
    assertAlmostEquals(spectrum.re[0]!, plane.reduce((a, b) => a + b, 0), 1e-12);
    const back = new Float64Array(plane.length);
    inverse(spectrum, back);
    back.forEach((value, i) => assertAlmostEquals(value, plane[i]!, 1e-13));
  }
  const { forward, columns } = planeTransform(4, 6);
  const spectrum = { re: new Float64Array(4 * columns), im: new Float64Array(4 * columns) };
  // A wave of 1 down and 2 across, shifted: exp(-i 0.3) half of its 24 pixels.
  forward(
    Float64Array.from(
      { length: 24 },
      (_, p) => Math.cos(2 * Math.PI * (Math.floor(p / 6) / 4 + 2 * (p % 6) / 6) - 0.3),
    ),
    spectrum,
  );
  assertAlmostEquals(spectrum.re[columns + 2]!, 12 * Math.cos(0.3), 1e-12);
  assertAlmostEquals(spectrum.im[columns + 2]!, -12 * Math.sin(0.3), 1e-12);
});

/** `mu + a^2 Sigma (a^2 Sigma + s^2 I)^-1 (x / a - mu)` by elimination. */
function denseWiener(images: ImageBatch, x: Float32Array, t: number, divisor: number): number[] {
  const [count, h, w, c] = images.shape, n = h * w * c;
  const a = schedule.signal(t), s = schedule.sigma(t);
  const mean = Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += images.data[i * n + j]! / count;
    return sum;
  });
  const covariance = mean.map((_, j) =>
    mean.map((_, k) => {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        sum += (images.data[i * n + j]! - mean[j]!) * (images.data[i * n + k]! - mean[k]!);
      }
      return sum / divisor;
    })
  );
  const rows = covariance.map((row, j) => [
    ...row.map((value, k) => a * a * value + (j === k ? s * s : 0)),
    x[j]! / a - mean[j]!,
  ]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const ratio = rows[j]![i]! / rows[i]![i]!;
      for (let k = i; k <= n; k++) rows[j]![k]! -= ratio * rows[i]![k]!;
    }
  }
  const solved = rows.map((row, i) => row[n]! / row[i]!);
  return mean.map((mu, j) =>
    mu + a * a * covariance[j]!.reduce((sum, value, k) => sum + value * solved[k]!, 0)
  );
}

Deno.test("Wiener: dense algebra gives the same, for few images and for many", async () => {
  const random = new Random(4, "wiener");
  for (const count of [1, 5, 12, 30]) {
    const images = gaussian(count, [3, 2, 2], random);
    const x = gaussian(1, [3, 2, 2], random);
    for (const covariance of ["sample", "population"] as const) {
      const machine = createMachine("Wiener", { images, schedule, parameters: { covariance } });
      for (const t of [0.05, 0.5, 0.95]) {
        const divisor = covariance === "population" ? count : Math.max(1, count - 1);
        const expected = denseWiener(images, x.data, t, divisor);
        const { data } = await machine.predict(x, t);
        // Values are float32, of a size up to 10.
        data.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 2e-6, `${count} ${t}`));
      }
    }
  }
});

Deno.test("Wiener: all components are no restriction, few keep the largest variance", async () => {
  const random = new Random(5, "rank");
  for (const count of [6, 40]) {
    const images = gaussian(count, [4, 3, 1], random);
    // One direction of much variance.
    for (let i = 0; i < count; i++) {
      const factor = 20 * random.normal();
      for (let j = 0; j < 12; j++) images.data[i * 12 + j]! += factor * (j % 2 === 0 ? 1 : -1);
    }
    const x = gaussian(1, [4, 3, 1], random);
    const predict = async (rank?: number) =>
      (await createMachine("Wiener", { images, schedule, parameters: { rank } }).predict(x, 0.5))
        .data;
    const whole = await predict();
    (await predict(Math.min(count - 1, 12))).forEach((value, i) =>
      assertAlmostEquals(value, whole[i]!, 1e-5)
    );
    const mean = (await createMachine("Wiener", { images: meanOf(images), schedule })
      .predict(x, 0.5)).data;
    const one = (await predict(1)).map((value, i) => value - mean[i]!);
    // What is left is one direction, nearly the one with much variance.
    const along = one.reduce((sum, value, j) => sum + value * (j % 2 === 0 ? 1 : -1), 0);
    const cosine = Math.abs(along) / Math.hypot(...one) / Math.sqrt(12);
    assert(cosine > 0.98, `${count}: ${cosine}`);
  }
});

function meanOf(images: ImageBatch): ImageBatch {
  const [count, h, w, c] = images.shape, n = h * w * c;
  const mean = new Float32Array(n);
  images.data.forEach((value, i) => mean[i % n]! += value / count);
  return imageBatch(mean, [1, h, w, c]);
}

/** Every cyclic shift of every image. */
function allShifts(images: ImageBatch): ImageBatch {
  const [count, height, width, channels] = images.shape;
  const out: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let dy = 0; dy < height; dy++) {
      for (let dx = 0; dx < width; dx++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const p = (i * height + (y + dy) % height) * width + (x + dx) % width;
            for (let c = 0; c < channels; c++) out.push(images.data[p * channels + c]!);
          }
        }
      }
    }
  }
  return imageBatch(Float32Array.from(out), [
    count * height * width,
    height,
    width,
    channels,
  ]);
}

Deno.test("Wiener_stationary: it is the Wiener filter of all shifts of the images", async () => {
  const random = new Random(6, "stationary");
  for (const shape of [[4, 3, 1], [3, 5, 2], [2, 4, 3]] as const) {
    const images = gaussian(5, shape, random);
    const x = gaussian(2, shape, random);
    const stationary = createMachine("Wiener_stationary", { images, schedule });
    const shifts = createMachine("Wiener", {
      images: allShifts(images),
      schedule,
      parameters: { covariance: "population" },
    });
    for (const t of [0.1, 0.6]) {
      const expected = await shifts.predict(x, t);
      (await stationary.predict(x, t)).data.forEach((value, i) =>
        assertAlmostEquals(value, expected.data[i]!, 2e-6, `${shape} ${t}`)
      );
    }
  }
});

Deno.test("Wiener: a class has its own filter, and a batch is what each query gives alone", async () => {
  const random = new Random(7, "classes");
  const images = gaussian(20, [4, 4, 1], random);
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const x = gaussian(3, [4, 4, 1], random);
  for (const name of ["Wiener", "Wiener_stationary"] as const) {
    const machine = createMachine(name, { images, labels, schedule });
    const together = await machine.predict(x, 0.4, { labels: [1, 0, 1] });
    const odd = imageBatch(
      Float32Array.from(images.data.filter((_, i) => Math.floor(i / 16) % 2 === 1)),
      [10, 4, 4, 1],
    );
    const own = await createMachine(name, { images: odd, schedule }).predict(x, 0.4);
    assertEquals(together.data.slice(0, 16), own.data.slice(0, 16));
    assertEquals(together.data.slice(32), own.data.slice(32));
    await assertRejects(() => machine.predict(x, 0.4, { labels: 7 }), RangeError, "class 7");
    await assertRejects(() => machine.explain(x, 0.4), RangeError, `Cannot explain ${name}: it is`);
  }
});

Deno.test("Wiener: work that is stopped ends, and can be asked for again", async () => {
  const images = gaussian(300, [16, 16, 1], new Random(8));
  const machine = createMachine("Wiener", { images, schedule });
  const x = gaussian(1, [16, 16, 1], new Random(9));
  const controller = new AbortController();
  const stopped = machine.predict(x, 0.4, { abort: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => stopped, Error, "enough");
  const { data } = await machine.predict(x, 0.4);
  assertLess(Math.abs(data[0]!), 10);
});
