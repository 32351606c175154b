import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
// The side door without WebGPU, whose program is in one file.
import * as ort from "onnxruntime-web/wasm";
import { Random } from "../../src/core/random.ts";
import { ArgumentError, ToolkitError } from "../../src/core/errors.ts";
import { type Architecture, createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { writeOnnx } from "../../src/networks/foreign/onnx/onnx.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { relativeError } from "./golden.ts";

ort.env.wasm.numThreads = 1;

const common = { imageShape: [8, 8, 3] as const, classes: 0, padding: "zeros" } as const;
const resnet = { kind: "resnet", width: 16, layers: 2, kernelSize: 3, ...common } as const;
const unet = { kind: "unet", channels: [8, 16], embedding: 16, norm: "none", ...common } as const;
const attention = {
  kind: "attention-unet",
  channels: [8, 16],
  blocks: 1,
  attention: [4],
  ...common,
} as const;
const diffusers = {
  kind: "diffusers-unet",
  channels: [8, 16],
  blocks: 1,
  downAttention: [0, 1],
  upAttention: [1, 0],
  addAttention: true,
  attentionHeadDim: 4,
  normNumGroups: 4,
  normEps: 1e-6,
  freqShift: 1,
  flipSinToCos: true,
  downsamplePadding: 1,
  midBlockScaleFactor: 2,
  centerInputSample: true,
  resnetTimeScaleShift: "scale_shift",
  ...common,
} as const;

const networks: Readonly<Record<string, Architecture>> = {
  "ResNet": resnet,
  "ResNet, circular, 5 x 5, classes": {
    ...resnet,
    kernelSize: 5,
    padding: "circular",
    classes: 4,
  },
  "UNet": unet,
  "UNet, circular, GroupNorm, classes": { ...unet, norm: "group", padding: "circular", classes: 4 },
  "attention UNet": attention,
  "attention UNet, circular, classes": { ...attention, padding: "circular", classes: 4 },
  "diffusers UNet": diffusers,
  "diffusers UNet of other options": {
    ...diffusers,
    downsamplePadding: 0,
    flipSinToCos: false,
    attentionHeadDim: 0,
    resnetTimeScaleShift: "default",
    centerInputSample: false,
    classes: 4,
  },
};

/** Parameters of which none is zero. */
function trainedLike(architecture: Architecture): TrainedNetwork {
  const network = createNetwork(architecture);
  const random = new Random(3);
  const parameters = initialParameters(network.parameters, new Random(2))
    .map((value) => value + 0.05 * random.normal());
  return { network, parameters, schedule: createSchedule("cosine_legacy"), training: {} };
}

/** `[B, H, W, C]` from or to `[B, C, H, W]`. */
function turned(data: Float32Array, [b, h, w, c]: readonly number[], toPlanes: boolean) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < b!; i++) {
    for (let p = 0; p < h! * w!; p++) {
      for (let k = 0; k < c!; k++) {
        const [pixel, plane] = [(i * h! * w! + p) * c! + k, (i * c! + k) * h! * w! + p];
        out[toPlanes ? plane : pixel] = data[toPlanes ? pixel : plane]!;
      }
    }
  }
  return out;
}

/** What onnxruntime makes of a model's bytes. */
async function run(
  bytes: Uint8Array,
  { x, shape, times, labels }: {
    readonly x: Float32Array;
    readonly shape: readonly [number, number, number, number];
    readonly times: readonly number[];
    readonly labels: readonly number[] | undefined;
  },
): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes);
  const [b, h, w, c] = shape;
  const feeds = {
    x: new ort.Tensor("float32", turned(x, shape, true), [b, c, h, w]),
    time: new ort.Tensor("float32", Float32Array.from(times), [b]),
    ...labels && { labels: new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [b]) },
  };
  const { prediction } = await session.run(feeds);
  assertEquals(prediction!.dims, [b, c, h, w]);
  const values = turned(prediction!.data as Float32Array, shape, false);
  await session.release();
  return values;
}

for (const [name, architecture] of Object.entries(networks)) {
  Deno.test(`ONNX: onnxruntime computes the ${name} as we do`, async () => {
    await startBackend("cpu");
    const trained = trainedLike(architecture);
    const [b, ...image] = [3, ...architecture.imageShape] as const;
    const shape = [b, ...image] as [number, number, number, number];
    const x = new Random(1).normals(shape.reduce((product, n) => product * n, 1));
    const labels = architecture.classes > 0 ? [0, 3, 1] : undefined;
    const denoiser = networkDenoiser(trained);
    const expected = await denoiser.predict({ data: x, shape }, 0.375, { ...labels && { labels } });
    denoiser.dispose();
    const times = [0.375, 0.375, 0.375];
    const found = await run(writeOnnx(trained), { x, shape, times, labels });
    const error = relativeError(found, expected.data);
    assert(error < 1e-5, `relative error ${error}`);
    const halved = await run(writeOnnx(trained, { half: true }), { x, shape, times, labels });
    const coarse = relativeError(halved, expected.data);
    assert(coarse < 5e-2 && coarse > error, `relative error ${coarse} in half precision`);
  });
}

Deno.test("ONNX: each image has a time of its own, and batches any size", async () => {
  await startBackend("cpu");
  const trained = trainedLike(resnet);
  const one = new Random(1).normals(192);
  const of = (times: readonly number[]) => {
    const x = Float32Array.from({ length: times.length * 192 }, (_, i) => one[i % 192]!);
    const shape = [times.length, 8, 8, 3] as const;
    return run(writeOnnx(trained), { x, shape, times, labels: undefined });
  };
  const [early, late, both] = [await of([0.1]), await of([0.9]), await of([0.9, 0.1])];
  assertEquals(both.slice(0, 192), late);
  assertEquals(both.slice(192), early);
  assert(relativeError(early, late) > 1e-3);
});

Deno.test("ONNX: a network of a kind of one's own is refused by its name", () => {
  const trained = trainedLike(resnet);
  const network = { ...trained.network, architecture: { ...resnet, kind: "mine" } };
  assertThrows(
    () => writeOnnx({ ...trained, network } as unknown as TrainedNetwork),
    ArgumentError,
    "Cannot write a network of kind mine as ONNX: expected resnet, unet, ",
  );
});

for (const [name, architecture] of Object.entries(networks)) {
  Deno.test(`ONNX: the ${name} is read back as it was written`, async () => {
    const trained: TrainedNetwork = {
      ...trainedLike(architecture),
      prediction: "v",
      training: { dataset: "mnist" },
    };
    const again = await readAnyWeights(writeOnnx(trained), "network.onnx");
    assertEquals(again.parameters, trained.parameters);
    assertEquals(again.network.architecture, trained.network.architecture);
    assertEquals([again.prediction, again.schedule.name], ["v", "cosine_legacy"]);
    assertEquals(again.training.dataset, "mnist");
    const half = await readAnyWeights(writeOnnx(trained, { half: true }), "half.onnx");
    assert(relativeError(half.parameters, trained.parameters) < 1e-3);
  });
}

Deno.test("ONNX: models of other programs and damaged ones are refused in a line", async () => {
  const bytes = writeOnnx(trainedLike(resnet));
  const refused = async (damaged: Uint8Array<ArrayBuffer>, message: string) => {
    const error = await assertRejects(() => readAnyWeights(damaged, "mine.onnx"), ToolkitError);
    assert(error.message.includes(message), error.message);
  };
  const whole = "truncated or damaged: no whole ONNX model";
  for (const length of [1, 10, 100, bytes.length >> 1, bytes.length - 1]) {
    await refused(bytes.slice(0, length), whole);
  }
  await refused(new TextEncoder().encode("{}"), whole);
  await refused(new Uint8Array(0), "an ONNX model of an unnamed program");
  const other = bytes.slice();
  const name = new TextEncoder().encode("@els/toolkit");
  const at = other.findIndex((_, i) => name.every((byte, j) => other[i + j] === byte));
  other.set(new TextEncoder().encode("pytorch 2.11"), at);
  await refused(other, 'mine.onnx: an ONNX model of "pytorch 2.11"; only those that @els/toolkit');
});
