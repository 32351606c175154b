/** The engine of precision and response, and the theories that run on it, beside the plain equation. */
import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ImageShape, sliceBatch } from "../../../src/core/image_batch.ts";
import { Random } from "../../../src/core/random.ts";
import { createMachine } from "../../../src/machines/create_machine.ts";
import type { Filter, FilteredMachineDefinition } from "../../../src/machines/filters.ts";
import { runsOf } from "../../../src/machines/filtered/runs.ts";
import { secondMoments, wienerMatrix } from "../../../src/machines/filtered/wiener_matrix.ts";
import { localitySets } from "../../../src/machines/theories/pca_locality.ts";
import { gradientSets, publishedShare } from "../../../src/machines/theories/pspc_flex.ts";
import { cosineLegacy } from "../../../src/schedules/cosine_legacy.ts";
import { gaussian, noisy } from "../../posterior/conformance.ts";
import { denseFilter, naiveMean } from "./naive.ts";

const schedule = cosineLegacy();
const levelAt = (t: number) => ({ t, signal: schedule.signal(t), sigma: schedule.sigma(t) });

/** Sets of random members, each of which has at least its own number. */
function randomSets(size: number, of: "pixels" | "coordinates", random: Random): Filter {
  const sets = Array.from({ length: size }, (_, own) =>
    Array.from({ length: size }, (_, i) => i)
      .filter((i) => i === own || random.uniform() < 0.3));
  return { kind: "sets", of, ...runsOf(sets) };
}

Deno.test("engine: any precision and response give what the equation says", async () => {
  const random = new Random(1, "engine");
  for (const shape of [[4, 5, 1], [5, 4, 3]] as ImageShape[]) {
    const [h, w, c] = shape;
    const images = gaussian(7, shape, random);
    const x = noisy(sliceBatch(images, 0, 2), 0.5, random);
    const ofPixels = randomSets(h * w, "pixels", random);
    const ofCoordinates = randomSets(h * w * c, "coordinates", random);
    const box: Filter = { kind: "boxes", size: 3 };
    const pairs: [Filter, Filter][] = [
      [{ kind: "ones" }, { kind: "ones" }],
      [{ kind: "pixels" }, { kind: "pixels" }],
      [{ kind: "coordinates" }, { kind: "coordinates" }],
      [box, box],
      [{ kind: "boxes", size: 1 }, { kind: "pixels" }],
      [ofPixels, { kind: "pixels" }],
      [ofPixels, ofPixels],
      [{ kind: "pixels" }, ofPixels],
      [ofCoordinates, { kind: "coordinates" }],
      [ofCoordinates, ofCoordinates],
    ];
    for (const [precision, response] of pairs) {
      const definition: FilteredMachineDefinition = {
        ...{ name: "any", description: "any", precision, response, source: "images" },
      };
      const machine = createMachine(definition, { images, schedule });
      for (const t of [0.02, 0.3, 0.9]) {
        const { data } = await machine.predict(x, t);
        const { xHat0 } = await machine.explain(x, t);
        const n = h * w * c;
        for (const query of [0, 1]) {
          const expected = naiveMean(x.data.subarray(query * n, (query + 1) * n), {
            ...{ images, precision, response, level: levelAt(t) },
          });
          expected.forEach((value, i) => {
            const what = `${precision.kind} ${response.kind} t ${t} ${i}`;
            // Float32 of values up to 4, and of logits up to 32 nats, whose rounding is some 2e-6.
            assertAlmostEquals(data[query * n + i]!, value, 4e-6, what);
            assertAlmostEquals(xHat0.data[query * n + i]!, value, 4e-7, what);
          });
        }
      }
    }
  }
});

Deno.test("engine: many images, of which few count, by WebAssembly as by weights", async () => {
  const random = new Random(11, "many");
  const shape: ImageShape = [5, 5, 2];
  const sets = randomSets(50, "coordinates", random);
  for (const [precision, response] of [[sets, { kind: "coordinates" }], [sets, sets]] as const) {
    const definition: FilteredMachineDefinition = {
      ...{ name: "many", description: "many", precision, response, source: "images" },
    };
    // Not a number of whole sixteens; classes take some.
    const images = gaussian(75, shape, random);
    const labels = Array.from({ length: 75 }, (_, i) => i % 3);
    const machine = createMachine(definition, { images, labels, schedule });
    const x = noisy(sliceBatch(images, 0, 2), 0.2, random);
    // Far from all images, where float32 could not tell them apart.
    const far = { ...x, data: x.data.map((value) => 20 * value) };
    for (const [query, t] of [[x, 0.2], [x, 0.999], [far, 0.2]] as const) {
      for (const options of [{}, { labels: [2, 0] }]) {
        const { data } = await machine.predict(query, t, options);
        const { xHat0 } = await machine.explain(query, t, options);
        // Logits are float32 up to 32 nats, and what weighs less than 1e-10 in all is left out.
        data.forEach((value, i) => assertAlmostEquals(value, xHat0.data[i]!, 4e-6, `t ${t} ${i}`));
      }
    }
  }
});

Deno.test("PSPC_square: squares as large as the image are whole images, of one pixel single ones", async () => {
  const random = new Random(2, "pspc");
  const images = gaussian(6, [5, 5, 2], random);
  const x = noisy(sliceBatch(images, 0, 1), 0.4, random);
  const predict = (name: "PSPC_square" | "IS" | "LS", patchSize: number) =>
    createMachine(name, { images, schedule, patchSize }).predict(x, 0.4);
  for (const [k, name] of [[5, "IS"], [1, "LS"]] as const) {
    const expected = await predict(name, 1);
    (await predict("PSPC_square", k)).data.forEach((value, i) =>
      assertAlmostEquals(value, expected.data[i]!, 1e-5)
    );
  }
  await assertRejects(() => predict("PSPC_square", 3).then(() => predict("PSPC_square", 7)));
});

Deno.test("PSPC_square: predictScales is predict at each scale, classes are its candidates", async () => {
  const random = new Random(3, "pspc classes");
  const images = gaussian(8, [6, 7, 1], random);
  const labels = [0, 1, 0, 1, 0, 1, 0, 1];
  const x = noisy(sliceBatch(images, 0, 2), 0.5, random);
  const machine = createMachine("PSPC_square", { images, labels, schedule });
  const [three, five] = await machine.predictScales(x, 0.5, { scales: [3, 5], labels: [0, 1] });
  const some = (label: number) => ({
    shape: [4, 6, 7, 1] as const,
    data: Float32Array.from(
      images.data.filter((_, i) => labels[Math.floor(i / 42)] === label),
    ),
  });
  for (const [i, k] of [3, 5].entries()) {
    for (const label of [0, 1]) {
      const own = createMachine("PSPC_square", { images: some(label), schedule, patchSize: k });
      const { data } = await own.predict(sliceBatch(x, label, label + 1), 0.5);
      const found = sliceBatch([three!, five!][i]!, label, label + 1);
      data.forEach((value, p) => assertAlmostEquals(value, found.data[p]!, 1e-6));
    }
  }
});

Deno.test("gradientSets: the fewest pixels that hold the share, inside the image", () => {
  // A cross, brighter to the right.
  const map = [0, 2, 0, 1, 10, 3, 0, 2, 0];
  const sets = (share: number) =>
    denseFilter(gradientSets(map, { height: 3, width: 3, share }), [3, 3, 1])
      .map((row) => row.flatMap((member, i) => member === 1 ? [i] : []));
  // Of 18: the pixel itself has 10, with its right neighbor 13, with the one above 15.
  assertEquals(sets(0.5)[4], [4]);
  assertEquals(sets(0.7)[4], [4, 5]);
  assertEquals(sets(0.8)[4], [1, 4, 5]);
  assertEquals(sets(1)[4], [1, 3, 4, 5, 7]);
  // In the corner only what is inside counts: 10, right 3, below 2.
  assertEquals(sets(1)[0], [0, 1, 3]);
  assertEquals(sets(0.8)[0], [0, 1]);
  assertThrows(
    () => gradientSets([1, 2], { height: 3, width: 3, share: 1 }),
    RangeError,
    "map of 2 values",
  );
});

Deno.test("publishedShare: EDM's 18 steps have the shares of the paper", () => {
  const steps = Array.from(
    { length: 18 },
    (_, i) => (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7,
  );
  assertEquals(steps.map(publishedShare), [
    ...[1, 1, 1, 1, 1, 1, 1, 0.7, 0.7, 0.5, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3],
  ]);
  assertEquals([publishedShare(1000), publishedShare(1e-5)], [1, 0.3]);
});

Deno.test("PSPC_flex: it is the engine on its sets, and asks for gradient maps", async () => {
  const random = new Random(4, "flex");
  const images = gaussian(6, [5, 4, 2], random);
  const x = noisy(sliceBatch(images, 0, 1), 0.5, random);
  const map = Array.from({ length: 25 }, (_, i) => 1 / (1 + (i - 12) ** 2));
  const gradientMaps = [{ t: 0.5, map }, { t: 0.9, map: [1] }];
  const machine = createMachine("PSPC_flex", {
    images,
    schedule,
    parameters: { gradientMaps, theta: 0.8 },
  });
  const precision = gradientSets(map, { height: 5, width: 4, share: 0.8 });
  const expected = naiveMean(x.data, {
    ...{ images, precision, response: precision, level: levelAt(0.45) },
  });
  (await machine.predict(x, 0.45)).data.forEach((value, i) =>
    assertAlmostEquals(value, expected[i]!, 4e-7)
  );
  await assertRejects(
    () => createMachine("PSPC_flex", { images, schedule }).predict(x, 0.5),
    RangeError,
    "no gradient maps of a network",
  );
});

Deno.test("wienerMatrix: it is symmetric, and times x what Wiener answers, for few images and many", async () => {
  const random = new Random(5, "matrix");
  for (const count of [5, 40]) {
    const images = gaussian(count, [4, 3, 2], random);
    const level = levelAt(0.4);
    const matrix = await wienerMatrix(
      await secondMoments({ images }, { parameters: {} }),
      level,
    );
    const machine = createMachine("Wiener", { images, schedule });
    const x = gaussian(2, [4, 3, 2], random);
    const { data } = await machine.predict(x, 0.4);
    // Linear: of two noisy images the difference of the answers is W times theirs.
    for (let q = 0; q < 24; q++) {
      let sum = 0;
      for (let j = 0; j < 24; j++) {
        const value = j <= q ? matrix[q * 24 + j]! : matrix[j * 24 + q]!;
        sum += value * (x.data[j]! - x.data[24 + j]!) / level.signal;
      }
      assertAlmostEquals(data[q]! - data[24 + q]!, sum, 1e-6, `${count} ${q}`);
    }
  }
});

Deno.test("localitySets: what is at least tau of the largest, by either diagonal", () => {
  // Lower triangle: diagonal 1, 0.5, and one that counts as 1.
  const matrix = Float64Array.of(1, 0, 0, 0.2, 0.5, 0, 0.1, -0.3, 1e-9);
  const sets = (tau: number, column: boolean) =>
    denseFilter(localitySets(matrix, { coordinates: 3, tau, column }), [3, 1, 1]);
  // Relative to the answered: [1, .2, .1], [.4, 1, .6], [.1, .3, 1e-9].
  assertEquals(sets(0.3, false), [[1, 0, 0], [1, 1, 1], [0, 1, 0]]);
  // Relative to the compared: [1, .4, .1], [.2, 1, .3], [.1, .6, 1e-9].
  assertEquals(sets(0.3, true), [[1, 1, 0], [0, 1, 1], [0, 1, 0]]);
  assertEquals(sets(0, false), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]);
});

Deno.test("PCA_locality: all coordinates are IS; means of batches are means of machines", async () => {
  const random = new Random(6, "pca");
  const images = gaussian(7, [4, 4, 2], random);
  const x = noisy(sliceBatch(images, 0, 2), 0.6, random);
  const is = await createMachine("IS", { images, schedule }).predict(x, 0.6);
  const all = createMachine("PCA_locality", { images, schedule, parameters: { tau: 0 } });
  (await all.predict(x, 0.6)).data.forEach((value, i) =>
    assertAlmostEquals(value, is.data[i]!, 1e-5)
  );
  const batches = createMachine("PCA_locality", {
    images,
    schedule,
    parameters: { tau: 0, batchMeans: 4 },
  });
  const parts = await Promise.all(
    [[0, 4], [4, 7]].map(([from, to]) =>
      createMachine("IS", { images: sliceBatch(images, from!, to!), schedule }).predict(x, 0.6)
    ),
  );
  const found = await batches.predict(x, 0.6);
  found.data.forEach((value, i) =>
    assertAlmostEquals(value, (parts[0]!.data[i]! + parts[1]!.data[i]!) / 2, 1e-5)
  );
  const explained = await batches.explain(x, 0.6);
  explained.xHat0.data.forEach((value, i) => assertAlmostEquals(value, found.data[i]!, 1e-6));
});

Deno.test("PCA_locality: a class has the locality of its own images", async () => {
  const random = new Random(7, "pca classes");
  const images = gaussian(12, [4, 4, 1], random);
  const labels = Array.from({ length: 12 }, (_, i) => i < 6 ? 0 : 1);
  const x = noisy(sliceBatch(images, 0, 2), 0.6, random);
  const parameters = { tau: 0.3 };
  const machine = createMachine("PCA_locality", { images, labels, schedule, parameters });
  const both = await machine.predict(x, 0.6, { labels: [0, 1] });
  for (const label of [0, 1]) {
    const own = createMachine("PCA_locality", {
      images: sliceBatch(images, 6 * label, 6 * label + 6),
      schedule,
      parameters,
    });
    assertEquals(
      (await own.predict(sliceBatch(x, label, label + 1), 0.6)).data,
      sliceBatch(both, label, label + 1).data.slice(),
    );
  }
});

Deno.test("SCFDM: it is IS on noise added to the noisy image, of seed, time and number", async () => {
  const random = new Random(8, "smoothed");
  const images = gaussian(9, [4, 5, 1], random);
  const x = noisy(sliceBatch(images, 0, 1), 0.5, random);
  const is = createMachine("IS", { images, schedule });
  for (const noise of ["fresh", "fixed"] as const) {
    const parameters = { delta: 0.7, perturbations: 3, seed: 4, noise };
    const machine = createMachine("SCFDM", { images, schedule, parameters });
    const expected = new Float64Array(20);
    for (let m = 0; m < 3; m++) {
      const name = noise === "fresh" ? `smoothed/t 0.5/${m}` : `smoothed/${m}`;
      const added = new Random(4, name).normals(20);
      const data = x.data.map((value, i) => value + 0.7 * added[i]!);
      (await is.predict({ ...x, data }, 0.5)).data.forEach((value, i) => expected[i]! += value / 3);
    }
    const found = await machine.predict(x, 0.5);
    // x with its noise was rounded to float32, at a sigma of 0.7.
    found.data.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-5));
    assertEquals(await machine.predict(x, 0.5), found);
    const { xHat0, rest, effectivePatches } = await machine.explain(x, 0.5, { top: 9 });
    xHat0.data.forEach((value, i) => assertAlmostEquals(value, found.data[i]!, 1e-6));
    assertAlmostEquals(rest[3]!, 0, 1e-9);
    assertEquals(new Set(effectivePatches).size, 1);
  }
});
