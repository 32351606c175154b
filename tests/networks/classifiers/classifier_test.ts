/** Classifiers: what they compute, how they learn, what ships. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CheckpointMismatchError } from "../../../src/core/errors.ts";
import { imageBatch, sliceBatch } from "../../../src/core/image_batch.ts";
import { Random } from "../../../src/core/random.ts";
import { loadDataset } from "../../../src/datasets/registry_files.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { startBackend } from "../../../src/networks/backend.ts";
import {
  type ClassifierArchitecture,
  createClassifier,
} from "../../../src/networks/classifiers/classifier.ts";
import { classify } from "../../../src/networks/classifiers/classify.ts";
import {
  readClassifier,
  writeClassifier,
} from "../../../src/networks/classifiers/classifier_weights.ts";
import { initialParameters, toStateDict } from "../../../src/networks/weights/parameters.ts";
import type { TrainingState } from "../../../src/training/optimization.ts";
import { trainClassifier } from "../../../src/training/train_classifier.ts";
import { classifierEntries, loadClassifier } from "../../../src/zoo/classifiers.ts";

const architecture: ClassifierArchitecture = {
  kind: "small-convolutional",
  imageShape: [4, 4, 1],
  classes: 3,
  widths: [8],
};
const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The classifier of that description in plain loops. */
function plain(arrays: ReturnType<typeof toStateDict>, image: Float32Array) {
  const of = (name: string) => arrays.get(name)!.data;
  const block = (x: number[][], size: number, i: number) => {
    const weight = of(`blocks.${i}.conv.weight`);
    const y = Array.from({ length: 8 }, (_, out) =>
      Array.from({ length: size * size }, (_, at) => {
        let sum = of(`blocks.${i}.conv.bias`)[out]!;
        for (const [c, channel] of x.entries()) {
          for (let tap = 0; tap < 9; tap++) {
            const row = Math.floor(at / size) + Math.floor(tap / 3) - 1;
            const column = at % size + tap % 3 - 1;
            if (row < 0 || row >= size || column < 0 || column >= size) continue;
            sum += channel[row * size + column]! * weight[(out * x.length + c) * 9 + tap]!;
          }
        }
        return sum;
      }));
    // 8 channels are one group.
    const all = y.flat();
    const mean = sumOf(all) / all.length;
    const deviation = Math.sqrt(sumOf(all.map((v) => (v - mean) ** 2)) / all.length + 1e-5);
    const [scale, offset] = [of(`blocks.${i}.norm.weight`), of(`blocks.${i}.norm.bias`)];
    return y.map((channel, k) =>
      channel.map((v) => Math.max(0, (v - mean) / deviation * scale[k]! + offset[k]!))
    );
  };
  const pooled = block([[...image]], 4, 0).map((channel) =>
    [0, 2, 8, 10].map((at) => Math.max(...[0, 1, 4, 5].map((offset) => channel[at + offset]!)))
  );
  const features = block(pooled, 2, 1).map((channel) => sumOf(channel) / 4);
  const exponents = [0, 1, 2].map((k) =>
    Math.exp(
      sumOf(features.map((v, i) => v * of("classes.weight")[k * 8 + i]!)) + of("classes.bias")[k]!,
    )
  );
  return { features, probabilities: exponents.map((v) => v / sumOf(exponents)) };
}

Deno.test("classifier: equal to plain loops on every backend, in any batch", async () => {
  const classifier = createClassifier(architecture);
  const parameters = initialParameters(classifier.parameters, new Random(1));
  const images = imageBatch(new Random(2).normals(5 * 16), [5, 4, 4, 1]);
  const arrays = toStateDict(classifier.parameters, parameters);
  for (const backend of ["cpu", "wasm"] as const) {
    await startBackend(backend);
    const trained = { classifier, parameters, training: {} };
    const found = await classify(trained, images, { batchSize: 2 });
    assertEquals([found.features.shape, found.probabilities.shape], [[5, 8], [5, 3]]);
    for (let i = 0; i < 5; i++) {
      const { features, probabilities } = plain(arrays, sliceBatch(images, i, i + 1).data);
      // Single precision.
      features.forEach((v, k) => assertAlmostEquals(found.features.data[i * 8 + k]!, v, 1e-5));
      probabilities.forEach((v, k) =>
        assertAlmostEquals(found.probabilities.data[i * 3 + k]!, v, 1e-5)
      );
    }
    await assertRejects(
      () => classify(trained, imageBatch(new Float32Array(64), [1, 8, 8, 1])),
      RangeError,
      "images of 8 x 8 x 1: the classifier takes 4 x 4 x 1",
    );
  }
});

Deno.test("classifier: files give it back, in half precision within three digits", () => {
  const classifier = createClassifier(architecture);
  const parameters = initialParameters(classifier.parameters, new Random(1));
  const trained = { classifier, parameters, training: { epochs: 2 } };
  const read = readClassifier(writeClassifier(trained), "a");
  assertEquals([read.parameters, read.training], [parameters, { epochs: 2 }]);
  assertEquals(read.classifier.architecture, architecture);
  const half = readClassifier(writeClassifier(trained, { half: true }), "b").parameters;
  half.forEach((value, i) => assertAlmostEquals(value, parameters[i]!, 1e-3));
});

Deno.test("classifier: what is none is refused in one line", () => {
  const tensors = new Map([["a", { dtype: "F32" as const, shape: [1], data: Float32Array.of(1) }]]);
  const refuse = (metadata: Record<string, string>, says: string) =>
    assertThrows(
      () => readClassifier(writeSafetensors(tensors, { metadata }), "x.safetensors"),
      CheckpointMismatchError,
      says,
    );
  const refuseOurs = (description: string, says: string) =>
    refuse({ format: "els-classifier", version: "1", architecture: description }, says);
  refuse({ format: "els-network", version: "1" }, 'expected "els-classifier"');
  refuseOurs("{", "x.safetensors");
  refuseOurs('{"kind":"other"}', "none of a classifier");
  refuseOurs(JSON.stringify({ ...architecture, widths: [1e9] }), "none of a classifier");
  refuseOurs(JSON.stringify({ ...architecture, widths: [12] }), "multiples of 8");
  refuseOurs(JSON.stringify(architecture), "belongs to no parameter");
  assertThrows(() => createClassifier({ ...architecture, widths: [8, 8, 8] }), RangeError, "4 x 4");
});

/** Images that are bright at the top (class 0) or at the bottom (class 1). */
function halves(count: number) {
  const random = new Random(5);
  const labels = Array.from({ length: count }, () => random.integer(2));
  const data = Float32Array.from({ length: count * 64 }, (_, i) => {
    const bright = Math.floor(i % 64 / 32) === labels[Math.floor(i / 64)];
    return (bright ? 0.8 : -0.8) + 0.3 * random.normal();
  });
  return { images: imageBatch(data, [count, 8, 8, 1]), labels };
}

Deno.test("train classifier: learns, the same bytes each time, also where it goes on", async () => {
  await startBackend("wasm");
  const classifier = createClassifier({ ...architecture, imageShape: [8, 8, 1], classes: 2 });
  const losses: number[] = [];
  const states: TrainingState[] = [];
  const options = { ...halves(64), epochs: 6, batchSize: 16, learningRate: 1e-2, shift: 1 };
  const whole = await trainClassifier(classifier, {
    ...options,
    onStep: ({ loss }) => losses.push(loss),
    onEpoch: (_, state) => void states.push(state),
  });
  assertEquals([whole.step, losses.length, states.length], [24, 24, 6]);
  assertLess(sumOf(losses.slice(-4)), sumOf(losses.slice(0, 4)) / 2);
  assertEquals(await trainClassifier(classifier, { ...options, resume: states[2] }), whole);
  const other = await trainClassifier(classifier, { ...options, seed: 2 });
  assert(other.parameters.some((value, i) => value !== whole.parameters[i]));
  await assertRejects(
    () => trainClassifier(classifier, { ...options, labels: [0] }),
    RangeError,
    "64 images of 8 x 8 x 1 with 1 labels",
  );
});

Deno.test("classifiers that ship: small, what the index lists, right as often as it says", async () => {
  assertEquals(classifierEntries.map(({ name }) => name), ["mnist", "fashion-mnist", "cifar10"]);
  for (const entry of classifierEntries) {
    assertLess(entry.weights.bytes, 300_000);
    const { classifier } = await loadClassifier(entry.name);
    assertEquals(classifier.architecture, entry.architecture);
  }
  await startBackend("wasm");
  const { images, labels } = await loadDataset("mnist", { split: "test", images: 1000 });
  const { probabilities: { data } } = await classify(await loadClassifier("mnist"), images);
  const right = [...labels].filter((label, i) => {
    const sure = data.subarray(10 * i, 10 * i + 10);
    return sure.indexOf(Math.max(...sure)) === label;
  }).length;
  // 99.26 % of all; three standard deviations of 1,000 are 0.8 %.
  assertLess(Math.abs(right / 1000 - classifierEntries[0]!.accuracy), 0.01);
  await assertRejects(() => loadClassifier("letters"), RangeError, "mnist, fashion-mnist, cifar10");
});
