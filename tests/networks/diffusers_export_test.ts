import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import {
  type FloatTensor,
  parseSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import {
  attentionUnet,
  type AttentionUnetArchitecture,
} from "../../src/networks/architectures/attention_unet.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import type { DiffusersUnetArchitecture } from "../../src/networks/architectures/diffusers_unet.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { diffusersFiles } from "../../src/networks/foreign/diffusers_export.ts";
import { readNetworkFolder } from "../../src/networks/foreign/foreign_networks.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { pythonWithTorch, runPython } from "../formats/python_torch.ts";
import { relativeError } from "./golden.ts";
import { imagesOf, worstDifference } from "./pretrained_golden.ts";

/** A folder in memory. */
const folderOf = (files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, path = "out/mine") => ({
  path,
  has: (name: string) => Promise.resolve(files.has(name)),
  read: (name: string) => Promise.resolve(files.get(name)!),
});

const ours: AttentionUnetArchitecture = {
  kind: "attention-unet",
  imageShape: [8, 8, 3],
  padding: "zeros",
  classes: 3,
  channels: [128, 128],
  blocks: 1,
  attention: [4],
};

/** One that has been trained a little, as far as its values tell. */
function trainedLike(changes: Partial<AttentionUnetArchitecture> = {}): TrainedNetwork {
  const network = attentionUnet({ ...ours, ...changes });
  const random = new Random(5);
  // Initial values have zeros, behind which nothing could be seen.
  const parameters = initialParameters(network.parameters, new Random(4))
    .map((value) => value + 0.02 * random.normal());
  const schedule = createSchedule("cosine_legacy");
  return { network, parameters, schedule, prediction: "v", training: {} };
}

Deno.test("diffusers export: an attention UNet computes the same when it is read again", async () => {
  await startBackend("wasm");
  const trained = trainedLike();
  const again = await readNetworkFolder(folderOf(diffusersFiles(trained)));
  assertEquals(again.network.architecture.kind, "diffusers-unet");
  assertEquals([again.prediction, again.clip], ["v", undefined]);
  const x = { data: new Random(1).normals(2 * 192), shape: [2, 8, 8, 3] as const };
  const [before, after] = [networkDenoiser(trained), networkDenoiser(again)];
  for (const step of [0, 1, 250, 999]) {
    const t = (step + 1) / 1000;
    const [one, two] = [
      await before.predict(x, t, { labels: [0, 2] }),
      await after.predict(x, t, { labels: [0, 2] }),
    ];
    // On two backends this network differs by 2e-6, in any form: sums of float32.
    const error = relativeError(two.data, one.data);
    assert(error < 4e-6, `step ${step}: differs by ${error}`);
    // Products of a thousand float32 numbers.
    assertAlmostEquals(again.schedule.signal(t), trained.schedule.signal(t), 2e-6);
    // alphaBar is float32: 6e-8 of what is 2.4e-6 at the first step.
    const off = again.schedule.sigma(t) / trained.schedule.sigma(t) - 1;
    assert(Math.abs(off) < (step === 0 ? 0.02 : 0.005), `step ${step}: sigma off by ${off}`);
  }
  before.dispose();
  after.dispose();
});

Deno.test("diffusers export: PyTorch, or diffusers where it is, loads the folder and predicts the same", async () => {
  const python = await pythonWithTorch();
  if (python === undefined) return;
  await startBackend("wasm");
  const trained = trainedLike();
  const x = { data: new Random(1).normals(3 * 192), shape: [3, 8, 8, 3] as const };
  const steps = [0, 250, 999];
  const labels = [0, 2, 1];
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of diffusersFiles(trained)) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeFile(join(folder, name), bytes);
    }
    const [source, target] = [join(folder, "in"), join(folder, "out")];
    const ints = (values: number[]) =>
      ({ dtype: "I32", shape: [3], data: Int32Array.from(values) }) as const;
    const given = new Map<string, StoredTensor>([
      ["x", { dtype: "F32", shape: [3, 3, 8, 8], data: planar(x.data) }],
      ["t", ints(steps)],
      ["label", ints(labels)],
    ]);
    await Deno.writeFile(source, writeSafetensors(given));
    const script = fromFileUrl(new URL("../fixtures/diffusers_load.py", import.meta.url));
    const by = await runPython(python, ["-B", script, folder, source, target]);
    const { tensors } = parseSafetensors(await Deno.readFile(target), "out");
    const expected = imagesOf(tensors.get("output") as FloatTensor);
    const denoiser = networkDenoiser(trained);
    for (const [i, step] of steps.entries()) {
      const t = (step + 1) / 1000;
      const found = await denoiser.predict(sliceBatch(x, i, i + 1), t, { labels: [labels[i]!] });
      const error = relativeError(found.data, sliceBatch(expected, i, i + 1).data);
      // Sines of float32 arguments, 6e-5 off at step 999, and sums of float32 in two programs.
      assert(error < 1e-5, `step ${step} by ${by.trim()}: differs by ${error}`);
      const alphaBar = tensors.get("alphas_cumprod")!.data[step] as number;
      assertAlmostEquals(Math.sqrt(alphaBar), trained.schedule.signal(t), 2e-6);
    }
    denoiser.dispose();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Interleaved images as planes: `[3, 8, 8, 3]` to `[3, 3, 8, 8]`. */
function planar(values: Float32Array): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const [image, pixel, color] = [Math.floor(at / 192), Math.floor(at % 192 / 3), at % 3];
    out[image * 192 + color * 64 + pixel] = values[at]!;
  }
  return out;
}

Deno.test("diffusers export: a network of theirs comes back as it was", async () => {
  const architecture: DiffusersUnetArchitecture = {
    kind: "diffusers-unet",
    imageShape: [8, 16, 1],
    padding: "zeros",
    classes: 4,
    channels: [8, 16],
    blocks: 2,
    downAttention: [1, 0],
    upAttention: [0, 1],
    addAttention: false,
    attentionHeadDim: 4,
    normNumGroups: 4,
    normEps: 1e-4,
    freqShift: 0.5,
    flipSinToCos: true,
    downsamplePadding: 1,
    midBlockScaleFactor: 1.5,
    centerInputSample: true,
    resnetTimeScaleShift: "scale_shift",
  };
  const network = createNetwork(architecture);
  const parameters = initialParameters(network.parameters, new Random(2));
  for (
    const noise of [
      { betaSchedule: "scaled_linear", timesteps: 60, betaStart: 0.001, betaEnd: 0.03 },
      { betaSchedule: "squaredcos_cap_v2", timesteps: 60 },
      { betas: [0.1, 0.2, 0.3] },
    ]
  ) {
    const timesteps = noise.timesteps ?? 3;
    const trained: TrainedNetwork = {
      ...{ network, parameters, training: {}, prediction: "x0", clip: 1.5 },
      schedule: createSchedule("ddpm_discrete", noise),
      preconditioning: { kind: "timesteps", timesteps },
    };
    const { schedule, sha256: _, training, ...again } = await readNetworkFolder(
      folderOf(diffusersFiles(trained)),
    );
    assertEquals(again.network.architecture, architecture);
    assertEquals(again.parameters, parameters);
    assertEquals(schedule.parameters, noise);
    assertEquals([again.prediction, again.clip], ["x0", 1.5]);
    assertEquals(again.preconditioning, trained.preconditioning);
    assertEquals([training["name"], training["importedFrom"]], ["mine", "mine"]);
  }
});

Deno.test("diffusers export: in half precision under the name for that", async () => {
  const files = diffusersFiles(trainedLike({ classes: 0 }), { half: true });
  assert(files.has("unet/diffusion_pytorch_model.fp16.safetensors"));
  const { parameters } = await readNetworkFolder(folderOf(files));
  const whole = await readNetworkFolder(folderOf(diffusersFiles(trainedLike({ classes: 0 }))));
  // Eleven binary digits.
  assert(worstDifference(parameters, whole.parameters) < 2 ** -11 * 2);
});

Deno.test("diffusers export: what a UNet2DModel cannot be is refused, and why", () => {
  const refuses = (trained: TrainedNetwork, why: string) =>
    assertThrows(() => diffusersFiles(trained), RangeError, why);
  refuses(
    trainedLike({ channels: [64, 128] }),
    "normalizes 64 channels in 16 groups and 192 in 32",
  );
  refuses(trainedLike({ padding: "circular" }), "padding is circular");
  refuses({ ...trainedLike(), schedule: createSchedule("ve") }, "ve does not preserve variance");
  refuses(
    { ...trainedLike(), preconditioning: { kind: "input", sigmaData: 0.5 } },
    "behind input preconditioning",
  );
  refuses(
    { ...trainedLike(), schedule: createSchedule("ddpm_discrete", { timesteps: 500 }) },
    "no numbers of the 500 timesteps",
  );
  const resnet = createNetwork({
    kind: "resnet",
    imageShape: [8, 8, 1],
    padding: "zeros",
    classes: 0,
    ...{ width: 8, layers: 1, kernelSize: 3 },
  });
  const parameters = initialParameters(resnet.parameters, new Random(1));
  refuses({ ...trainedLike(), network: resnet, parameters }, "a resnet is none of its networks");
});

Deno.test("diffusers export: a process that is cut off has steps that add nothing", async () => {
  const trained = { ...trainedLike(), schedule: createSchedule("cosine", { minSignal: 0.2 }) };
  const { schedule } = await readNetworkFolder(folderOf(diffusersFiles(trained)));
  assertAlmostEquals(schedule.signal(1), 0.2, 1e-5);
  assertAlmostEquals(schedule.signal(0.99), 0.2, 1e-5);
});
