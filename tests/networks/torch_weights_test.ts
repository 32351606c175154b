/** The public code's checkpoints as networks of ours: from the .pt itself to its golden outputs. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import {
  type FloatTensor,
  parseSafetensors,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import { parseTorch } from "../../src/formats/torch_file.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { unflatten } from "../../src/networks/weights/parameters.ts";
import { networkFromTorch, readTorchWeights } from "../../src/networks/weights/torch_weights.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { goldenResnets, goldenUnets } from "./golden_architectures.ts";
import { pythonWithTorch, runPython } from "../formats/python_torch.ts";

const fixture = (name: string) => Deno.readFile(new URL(`../fixtures/${name}`, import.meta.url));

/** Values [B, C, H, W] as a tensor [B, H, W, C]. */
const image = ({ data, shape }: FloatTensor) =>
  tf.transpose(tf.tensor4d(data, shape as [number, number, number, number]), [0, 2, 3, 1]);

const known = { ...goldenResnets, ...goldenUnets };

for (const [name, architecture] of Object.entries(known)) {
  Deno.test(`torch weights: ${name}.pt is recognized and gives the golden output`, async () => {
    const trained = readTorchWeights(await fixture(`${name}.pt`), `${name}.pt`);
    assertEquals(
      Object.entries(trained.network.architecture).sort(),
      Object.entries(architecture).sort(),
    );
    assertEquals(trained.schedule.name, "cosine_legacy");

    await startBackend("wasm");
    const { tensors } = parseSafetensors(await fixture(`${name}.safetensors`));
    const labels = tensors.get("label");
    const error = tf.tidy(() => {
      const output = trained.network.forward(
        unflatten(trained.network.parameters, trained.parameters),
        {
          x: image(tensors.get("x") as FloatTensor),
          times: Array.from((tensors.get("t") as FloatTensor).data),
          ...labels && { labels: Array.from(labels.data, Number) },
        },
      );
      const golden = image(tensors.get("output") as FloatTensor);
      return tf.div(tf.norm(tf.sub(output, golden)), tf.norm(golden)).dataSync()[0]!;
    });
    assertLess(error, 1e-5, "float32 in another order of summation");
  });
}

Deno.test("torch weights: a state dict needs padding, image size and noise schedule, and says so", async () => {
  const { tensors } = torchStateDict(parseTorch(await fixture("resnet_circular_conditional.pt")));
  const options = {
    padding: "circular",
    imageSize: 32,
    schedule: createSchedule("cosine_legacy"),
  } as const;
  const bare = new Map([...tensors].map(([key, value]) => [key.slice("backbone.".length), value]));
  const { network, parameters } = networkFromTorch({ tensors: bare }, "x.pt", options);
  for (
    const bytes of [
      writeTorchStateDict(bare),
      writeTorchStateDict(tensors),
      writeSafetensors(bare),
      writeSafetensors(tensors),
    ]
  ) {
    assertEquals(readTorchWeights(bytes, "x.pt", options).parameters, parameters);
    const { message } = assertThrows(
      () => readTorchWeights(bytes, "x.pt", { imageSize: 32 }),
      CheckpointMismatchError,
      "network's padding, noise schedule, as whole modules do; convert it with `padding` (zeros or",
    );
    assert(!message.includes("image size") && !message.includes("\n"), message);
  }
  const bytes = writeWeights({ network, parameters, schedule: options.schedule, training: {} });
  assertEquals(readWeights(bytes, "x").parameters, parameters);
});

Deno.test("torch weights: what contradicts the file, or is another network, is refused", async () => {
  const bytes = await fixture("resnet_zeros.pt");
  const { tensors } = torchStateDict(parseTorch(bytes));
  const options = { padding: "zeros", imageSize: 32 } as const;
  const schedule = createSchedule("cosine_legacy");
  const refused = (run: () => unknown, message: string) =>
    assertThrows(run, CheckpointMismatchError, message);
  refused(
    () => readTorchWeights(bytes, "x", { padding: "circular" }),
    "the network has padding zeros, but circular was asked for",
  );
  refused(() => readTorchWeights(bytes, "x", { imageSize: 28 }), "image size 32, but 28");
  refused(
    () => readTorchWeights(bytes, "x", { schedule: createSchedule("cosine") }),
    "noise schedule cosine_legacy, but cosine",
  );
  const changed = (change: (tensors: Map<string, FloatTensor>) => void) => {
    const copy = new Map(tensors as ReadonlyMap<string, FloatTensor>);
    change(copy);
    return () => networkFromTorch({ tensors: copy }, "x", { ...options, schedule });
  };
  const name = "backbone.up_projection.weight";
  const one: FloatTensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };
  refused(changed((all) => all.delete(name)), "those of no network");
  refused(changed((all) => all.set(name, one)), "has shape [1], the public code's resnet");
  refused(changed((all) => all.delete("backbone.embs.1.0.bias")), "embs.1.0.bias is missing");
  refused(changed((all) => all.set("backbone.convs.0.1.weight", one)), "belongs to no parameter");
  refused(changed((all) => all.set("ema.up_projection.weight", one)), "several networks");
  refused(
    changed((all) => {
      const { shape, data } = all.get("backbone.up_projection.bias")!;
      all.set("backbone.up_projection.bias", { dtype: "F32", shape, data: data.map(() => NaN) });
    }),
    "holds NaN",
  );
});

/** Loads our file with the safe loader, and runs the ResNet with PyTorch's own operations. */
const program = `
import json, struct, sys, torch
import torch.nn.functional as F
state = torch.load(sys.argv[1], weights_only=True)
raw = open(sys.argv[2], "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
head = json.loads(raw[8:8 + size])
def tensor(name):
    begin, end = head[name]["data_offsets"]
    return torch.frombuffer(bytearray(raw[8 + size:][begin:end]), dtype=torch.float32).reshape(
        head[name]["shape"])
golden = {name[8:]: tensor(name) for name in head if name.startswith("weights/")}
assert list(state) and set(state) == set(golden), sorted(set(state) ^ set(golden))
assert all(torch.equal(state[name], golden[name]) for name in golden)
p = state
t = tensor("t")
half = p["up_projection.weight"].shape[0] // 2
arg = t[:, None] / 10000 ** (torch.arange(half) / (half - 1))
emb = torch.cat([arg.sin(), arg.cos()], 1)
def e(i):
    linear = F.linear(emb, p[f"embs.{i}.0.weight"], p[f"embs.{i}.0.bias"])
    return F.relu(F.group_norm(linear, 8, p[f"embs.{i}.1.weight"], p[f"embs.{i}.1.bias"]))[..., None, None]
conv = lambda x, name: F.conv2d(x, p[name + ".weight"], p[name + ".bias"], padding=1)
x = conv(tensor("x"), "up_projection")
layers = sum(name.startswith("convs.") for name in p) // 2
for i in range(layers):
    x = x + F.relu(conv(x + e(i), f"convs.{i}.0"))
x = conv(x + e(layers), "down_projection")
print(((x - tensor("output")).norm() / tensor("output").norm()).item())
`;

Deno.test("torch weights: PyTorch loads what we write, and its own forward pass gives the golden output", async () => {
  const python = await pythonWithTorch();
  if (python === undefined) return;
  const trained = readTorchWeights(await fixture("resnet_zeros.pt"), "resnet_zeros.pt");
  // By way of our own weights file, as a user would.
  const ours = readWeights(writeWeights(trained), "weights.safetensors");
  const { tensors } = parseSafetensors(writeWeights(ours));
  const path = await Deno.makeTempFile({ suffix: ".pt" });
  try {
    await Deno.writeFile(path, writeTorchStateDict(tensors));
    const golden = new URL("../fixtures/resnet_zeros.safetensors", import.meta.url);
    const error = Number(await runPython(python, ["-c", program, path, golden.pathname]));
    assertLess(error, 1e-5, "float32 in another order of summation");
  } finally {
    await Deno.remove(path);
  }
});
