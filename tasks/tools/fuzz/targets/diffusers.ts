/** Folders of diffusers: their configs, as fields of one JSON, around weights that are whole. */
import { Random } from "../../../../src/core/random.ts";
import { sha256Hex } from "../../../../src/core/sha256.ts";
import { parseJson } from "../../../../src/formats/parse_json.ts";
import { createNetwork } from "../../../../src/networks/architectures/architecture.ts";
import { diffusersFiles } from "../../../../src/networks/foreign/diffusers_export.ts";
import { readNetworkFolder } from "../../../../src/networks/foreign/foreign_networks.ts";
import { initialParameters } from "../../../../src/networks/weights/parameters.ts";
import { createSchedule } from "../../../../src/schedules/create_schedule.ts";
import { oneIn } from "../bytes.ts";
import { damaged } from "../json_damage.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads } from "../target.ts";

const network = createNetwork({
  kind: "diffusers-unet",
  imageShape: [4, 4, 1],
  padding: "zeros",
  classes: 2,
  channels: [4, 8],
  blocks: 1,
  downAttention: [0, 1],
  upAttention: [0, 1],
  addAttention: true,
  attentionHeadDim: 4,
  normNumGroups: 2,
  normEps: 1e-5,
  freqShift: 1,
  flipSinToCos: true,
  downsamplePadding: 1,
  midBlockScaleFactor: 1,
  centerInputSample: false,
  resnetTimeScaleShift: "default",
});
const [unetName, schedulerName, weightsName, indexName] = [
  ...["unet/config.json", "scheduler/scheduler_config.json"],
  "unet/diffusion_pytorch_model.safetensors",
  "unet/diffusion_pytorch_model.safetensors.index.json",
] as [string, string, string, string];

/** The configs of good folders: one with betas of its own, one whose weights have an index. */
const parameters = initialParameters(network.parameters, new Random(1));
const folders = [{}, { betas: [0.1, 0.2, 0.3] }].map((noise) => {
  const schedule = createSchedule("ddpm_discrete", noise);
  const timesteps = "betas" in noise ? 3 : 1000;
  const preconditioning = { kind: "timesteps", timesteps } as const;
  return diffusersFiles({ network, parameters, schedule, preconditioning, training: {} });
});
const weights = folders[0]!.get(weightsName)!;
const part = "part.safetensors";
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const good: Record<string, unknown>[] = folders.map((files) => ({
  [unetName]: JSON.parse(textOf(files.get(unetName)!)),
  [schedulerName]: JSON.parse(textOf(files.get(schedulerName)!)),
}));
good.push({ ...good[0], [indexName]: { weight_map: { "conv_in.weight": part } } });

async function read(bytes: Uint8Array<ArrayBuffer>, source: string) {
  const said = (parseJson(textOf(bytes), { source }) ?? {}) as Record<string, unknown>;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of [unetName, schedulerName, indexName]) {
    if (!Object.hasOwn(Object(said), name)) continue;
    files.set(name, new TextEncoder().encode(JSON.stringify(said[name])));
  }
  files.set(files.has(indexName) ? `unet/${part}` : weightsName, weights);
  const { network, parameters, schedule, ...rest } = await readNetworkFolder({
    path: source,
    has: (name) => Promise.resolve(files.has(name)),
    read: (name) => Promise.resolve(files.get(name)!),
  });
  return {
    ...{ architecture: network.architecture, parameters: await sha256Hex(parameters) },
    ...{ schedule: schedule.parameters, prediction: rest.prediction, clip: rest.clip },
  };
}

const encoded = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const seeds = good.map(encoded);
const values = await Promise.all(seeds.map((bytes) => read(bytes, "good.json")));

function structured(random: Random): FuzzInput {
  const which = random.integer(good.length);
  if (oneIn(random, 10)) {
    return { bytes: seeds[which]!.slice(), note: "good", expected: reads(values[which]) };
  }
  const name = pick(random, Object.keys(good[which]!));
  const { value, note } = damaged(good[which]![name], random);
  return { bytes: encoded({ ...good[which], [name]: value }), note: `${name}: ${note}` };
}

/** See above. */
export const target: FuzzTarget = {
  about: "folders of diffusers",
  file: "folder.json",
  tokens: ['"block_out_channels":[1e9]', '"trained_betas":[0.1]', '"layers_per_block":1e9', "null"],
  seeds: () => seeds,
  read,
  structured,
};
