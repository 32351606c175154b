/** Weights with metadata that nothing protects, as another program or hand might write them. */
import { Random } from "../../../../src/core/random.ts";
import { sha256Hex } from "../../../../src/core/sha256.ts";
import { parseSafetensors, writeSafetensors } from "../../../../src/formats/safetensors.ts";
import {
  type Architecture,
  createNetwork,
} from "../../../../src/networks/architectures/architecture.ts";
import { readAnyWeights } from "../../../../src/networks/weights/any_weights.ts";
import { initialParameters } from "../../../../src/networks/weights/parameters.ts";
import { writeWeights } from "../../../../src/networks/weights/weights.ts";
import { createSchedule } from "../../../../src/schedules/create_schedule.ts";
import { checkTrainingRecord } from "../../../pipelines/training_record.ts";
import { oneIn } from "../bytes.ts";
import { damaged } from "../json_damage.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads } from "../target.ts";

const common = { imageShape: [8, 8, 1], padding: "zeros", classes: 0 } as const;
const architectures: readonly Architecture[] = [
  { kind: "resnet", ...common, width: 8, layers: 1, kernelSize: 3 },
  { kind: "unet", ...common, classes: 3, channels: [4, 8], embedding: 4, norm: "group" },
  {
    kind: "attention-unet",
    ...common,
    padding: "circular",
    channels: [4, 8],
    blocks: 1,
    attention: [4],
  },
];

const training = {
  ...{ name: "mnist-tiny", dataset: "mnist", datasetSha256: "0".repeat(64), images: 100 },
  ...{ classes: [3, 7], classNames: ["a", "b"], colors: "gray", from: "data", steps: 10, seed: 1 },
};

/** Good weights, their tensors and metadata. */
const good = architectures.map((architecture) => {
  const network = createNetwork(architecture);
  const parameters = initialParameters(network.parameters, new Random(1, architecture.kind));
  const edm = architecture.kind === "unet";
  const bytes = writeWeights({
    ...{ network, parameters, training },
    schedule: createSchedule(edm ? "edm" : "cosine_legacy"),
    ...edm && { prediction: "x0", preconditioning: { kind: "edm", sigmaData: 0.5 } },
  });
  return parseSafetensors(bytes);
});

async function read(bytes: Uint8Array<ArrayBuffer>, source: string) {
  const trained = await readAnyWeights(bytes, source);
  checkTrainingRecord(trained.training, source);
  const { network, parameters, schedule, ...rest } = trained;
  return {
    ...rest,
    architecture: network.architecture,
    parameters: await sha256Hex(parameters),
    schedule: { name: schedule.name, parameters: schedule.parameters },
  };
}

const files = good.map(({ tensors, metadata }) => writeSafetensors(tensors, { metadata }));
const values = await Promise.all(files.map((bytes) => read(bytes, "good.safetensors")));

function structured(random: Random): FuzzInput {
  const which = random.integer(good.length);
  const { tensors, metadata } = good[which]!;
  if (oneIn(random, 10)) {
    return { bytes: files[which]!.slice(), note: "good", expected: reads(values[which]) };
  }
  const field = pick(random, Object.keys(metadata));
  const text = metadata[field]!;
  if (!/^[[{]/.test(text)) {
    const other = pick(random, ["", "x", "2", text + text, "{}", "\n\x1b[2J"]);
    const bytes = writeSafetensors(tensors, { metadata: { ...metadata, [field]: other } });
    return { bytes, note: `another ${field}` };
  }
  const { value, note } = damaged(JSON.parse(text), random);
  const bytes = writeSafetensors(tensors, {
    metadata: { ...metadata, [field]: JSON.stringify(value) },
  });
  return { bytes, note: `${field}: ${note}` };
}

/** See above. */
export const target: FuzzTarget = {
  about: "weights of networks without a checksum",
  file: "weights.safetensors",
  tokens: [
    '"els-network"',
    '\\"kind\\":',
    '\\"layers\\":1e9',
    '"F16"',
    '"architecture":',
    "[8,8,1]",
  ],
  seeds: () => files,
  read,
  structured,
};
