/** Every kind of network that is written is read again, from every format that networks have. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { parseTorch } from "../../src/formats/torch_file.ts";
import { fromHalfBits, toHalfBits } from "../../src/formats/half_precision.ts";
import {
  type Architecture,
  architectureDefinitions,
  createNetwork,
  foreignArchitectureDefinitions,
} from "../../src/networks/architectures/architecture.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { type TrainedNetwork, writeWeights } from "../../src/networks/weights/weights.ts";
import { writeTorchWeights } from "../../src/networks/weights/write_torch_weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { pythonWithTorch, runPython } from "../formats/python_torch.ts";

const common = { imageShape: [16, 16, 3], padding: "zeros", classes: 0 } as const;
const conditional = { imageShape: [16, 16, 1], padding: "circular", classes: 4 } as const;
const resnet = { kind: "resnet", width: 8, layers: 2, kernelSize: 5 } as const;
const unet = { kind: "unet", channels: [4, 8], embedding: 8, norm: "none" } as const;
const attention = { kind: "attention-unet", channels: [8, 16], blocks: 1, attention: [8] } as const;
const diffusers = {
  ...{ kind: "diffusers-unet", channels: [8, 16], blocks: 1, downAttention: [0, 1] },
  ...{ upAttention: [0, 1], addAttention: true, attentionHeadDim: 4, normNumGroups: 4 },
  ...{ normEps: 1e-6, freqShift: 1, flipSinToCos: false, downsamplePadding: 0 },
  ...{ midBlockScaleFactor: 2, centerInputSample: false, resnetTimeScaleShift: "default" },
} as const;
const song = {
  ...{ kind: "song-unet", width: 16, channels: [16, 32], blocks: 1, attention: [8], embedding: 64 },
  ...{ waves: 16, frequencies: [], encoder: "standard", decoder: "standard", filter: [1, 1] },
} as const;

/** Instances of each kind, with what its names and shapes do not tell. */
const networks: Readonly<Record<string, Architecture>> = {
  "resnet": { ...resnet, ...common },
  "resnet, conditional": { ...resnet, ...conditional },
  "unet": { ...unet, ...common },
  "unet, conditional, normalized": { ...unet, ...conditional, norm: "group" },
  "attention-unet": { ...attention, ...common },
  "attention-unet, conditional, without attention": {
    ...attention,
    ...conditional,
    attention: [],
  },
  "diffusers-unet": { ...diffusers, ...common } as Architecture,
  "diffusers-unet, conditional": {
    ...diffusers,
    ...conditional,
    padding: "zeros",
  } as Architecture,
  "song-unet": { ...song, ...common } as unknown as Architecture,
};

const formats: Readonly<
  Record<string, (trained: TrainedNetwork) => Uint8Array<ArrayBuffer>>
> = {
  "a.pt": (trained) => writeTorchWeights(trained),
  "prefix.pt": (trained) => writeTorchWeights(trained, { prefix: "model.backbone." }),
  "half.pt": (trained) => writeTorchWeights(trained, { half: true }),
  "a.safetensors": (trained) => writeWeights(trained),
  "half.safetensors": (trained) => writeWeights(trained, { half: true }),
};

function trainedNetwork(architecture: Architecture): TrainedNetwork {
  const network = createNetwork(architecture);
  return {
    network,
    parameters: initialParameters(network.parameters, new Random(1)),
    schedule: createSchedule("cosine", { offset: 0.01 }),
    training: { dataset: "synthetic" },
  };
}

Deno.test("written networks: every kind is in this table", () => {
  const kinds = new Set(Object.values(networks).map(({ kind }) => kind));
  const known = [...architectureDefinitions, ...foreignArchitectureDefinitions];
  assertEquals([...kinds].sort(), known.map(({ kind }) => kind).sort());
});

for (const [name, architecture] of Object.entries(networks)) {
  Deno.test(`written networks: ${name} is read again from every format`, async () => {
    const trained = trainedNetwork(architecture);
    const rounded = fromHalfBits(toHalfBits(trained.parameters));
    for (const [file, write] of Object.entries(formats)) {
      const again = await readAnyWeights(write(trained), file);
      assertEquals(again.network.architecture, trained.network.architecture, file);
      assertEquals(again.parameters, /half/.test(file) ? rounded : trained.parameters, file);
      assertEquals(again.schedule.parameters, trained.schedule.parameters, file);
      assertEquals(again.training.dataset, "synthetic", file);
    }
  });
}

Deno.test("written networks: what a network predicts and stands in is in a .pt too", async () => {
  const trained: TrainedNetwork = {
    ...trainedNetwork(networks.resnet!),
    prediction: "v",
    clip: 1,
  };
  const again = await readAnyWeights(writeTorchWeights(trained), "a.pt");
  assertEquals([again.prediction, again.clip], ["v", 1]);
  const module = { ...trained, prediction: "x0" as const };
  assertEquals((await readAnyWeights(writeTorchWeights(module), "a.pt")).prediction, "x0");
});

Deno.test("written networks: a description that contradicts the arrays or the caller is refused", async () => {
  const trained = trainedNetwork(networks.resnet!);
  const bytes = writeTorchWeights(trained);
  for (
    const [options, message] of [
      [{ padding: "circular" }, "padding zeros, but circular was asked for"],
      [{ imageSize: 28 }, "image size 16, but 28"],
      [{ schedule: createSchedule("cosine_legacy") }, "noise schedule cosine, but cosine_legacy"],
    ] as const
  ) {
    await assertRejects(
      () => readAnyWeights(bytes, "a.pt", options),
      CheckpointMismatchError,
      message,
    );
  }
  const other = createNetwork({ ...resnet, ...common, layers: 3 });
  const wrong = writeTorchWeights({
    ...trained,
    network: { ...other, parameters: trained.network.parameters },
  });
  await assertRejects(() => readAnyWeights(wrong, "a.pt"), CheckpointMismatchError, "is missing");
});

Deno.test("written networks: PyTorch's safe loader reads them, and the description stays in what it saves", async () => {
  const bytes = writeTorchWeights(trainedNetwork(networks["attention-unet"]!));
  assert(parseTorch(bytes) instanceof Map);
  const python = await pythonWithTorch();
  if (python === undefined) return;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/a.pt`, bytes);
    const program = "import sys, torch\n" +
      "state = torch.load(sys.argv[1] + '/a.pt', weights_only=True)\n" +
      "assert all(torch.is_tensor(value) for value in state.values())\n" +
      "torch.save(state, sys.argv[1] + '/b.pt')\n" +
      "print(len(state))";
    const count = Number(await runPython(python, ["-c", program, folder]));
    const again = await readAnyWeights(await Deno.readFile(`${folder}/b.pt`), "b.pt");
    assertEquals(count, again.network.parameters.length);
    assertEquals(again.network.architecture.kind, "attention-unet");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
