/** Networks that PyTorch saved, as `convert` and `--run` read them. */
import { Random } from "../../../../src/core/random.ts";
import type { StoredTensor } from "../../../../src/formats/safetensors.ts";
import { writeTorchStateDict } from "../../../../src/formats/torch_writer.ts";
import { createNetwork } from "../../../../src/networks/architectures/architecture.ts";
import { initialParameters, toStateDict } from "../../../../src/networks/weights/parameters.ts";
import { readTorchWeights } from "../../../../src/networks/weights/torch_weights.ts";
import { writeTorchWeights } from "../../../../src/networks/weights/write_torch_weights.ts";
import { createSchedule } from "../../../../src/schedules/create_schedule.ts";
import { oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

type Tensors = Map<string, StoredTensor>;

/** A small network; the state dict does not tell its padding, size and schedule. */
function network(random: Random, classes: number) {
  const net = createNetwork({
    ...{ kind: "resnet", imageShape: [8, 8, 1], padding: "zeros", classes },
    ...{ width: 8, layers: 1 + random.integer(2), kernelSize: 3 },
  });
  const { parameters } = net;
  const flat = initialParameters(parameters, new Random(random.integer(1000)));
  const tensors: Tensors = new Map(
    [...toStateDict(parameters, flat)].map(([name, array]) => [name, { dtype: "F32", ...array }]),
  );
  const schedule = createSchedule("cosine_legacy");
  const described = writeTorchWeights({ network: net, parameters: flat, schedule, training: {} });
  return { tensors, flat, described };
}

const read = (bytes: Uint8Array, source: string) => {
  const found = readTorchWeights(bytes, source, {
    ...{ padding: "zeros", imageSize: 8, schedule: createSchedule("cosine_legacy") },
  });
  return found.parameters;
};

const empty = new Float32Array(0);

/** What must be refused: a change of one tensor, or of its name. */
const wrong: Readonly<Record<string, (tensors: Tensors, name: string) => void>> = {
  missing: (tensors, name) => tensors.delete(name),
  "another name": (tensors, name) => {
    tensors.set(`${name}.old`, tensors.get(name)!);
    tensors.delete(name);
  },
  "one more": (tensors, name) => tensors.set(`${name}.more`, tensors.get(name)!),
  "no values of a huge shape": (tensors, name) =>
    tensors.set(name, {
      dtype: "F32",
      shape: [2 ** 30, 0, ...tensors.get(name)!.shape.slice(2)],
      data: empty,
    }),
  "one axis more": (tensors, name) => {
    const { shape, data } = tensors.get(name)!;
    tensors.set(name, { dtype: "F32", shape: [...shape, 1], data: data as Float32Array });
  },
  "not a number": (tensors, name) => (tensors.get(name)!.data as Float32Array).fill(NaN),
  integers: (tensors, name) => {
    const { shape, data } = tensors.get(name)!;
    tensors.set(name, { dtype: "I32", shape, data: new Int32Array(data.length) });
  },
  "no network": (tensors) => {
    tensors.clear();
    tensors.set("a", { dtype: "F32", shape: [1], data: Float32Array.of(1) });
  },
};

function structured(random: Random): FuzzInput {
  const { tensors, flat, described } = network(random, oneIn(random, 2) ? 0 : 3);
  if (oneIn(random, 6)) return { bytes: described, note: "described", expected: reads(flat) };
  if (oneIn(random, 4)) {
    // A wrapper puts its own name before all others.
    const prefix = pick(random, ["", "backbone.", "module.model."]);
    const named = new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
    return { bytes: writeTorchStateDict(named), note: "good", expected: reads(flat) };
  }
  const note = pick(random, Object.keys(wrong));
  // Without its table of classes it is the state dict of a network that has none.
  const names = [...tensors.keys()].filter((name) => !name.includes("class_embeddings"));
  wrong[note]!(tensors, pick(random, names));
  return { bytes: writeTorchStateDict(tensors), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "networks that PyTorch saved",
  file: "network.pt",
  tokens: [
    "up_projection.weight",
    "convs.1.0.weight",
    "backbone.",
    "K\x08",
    "ctorch\nHalfStorage\n",
  ],
  seeds: (random) => [
    ...[0, 3].map((classes) => writeTorchStateDict(network(random, classes).tensors)),
    network(random, 0).described,
  ],
  isProtected: true,
  read,
  structured,
};
