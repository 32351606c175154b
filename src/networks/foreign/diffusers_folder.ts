/** Folders of Hugging Face's diffusers: a UNet2DModel and the config of its scheduler. */
import { CheckpointMismatchError, DataFormatError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { parseTorch } from "../../formats/torch_file.ts";
import { torchStateDict } from "../../formats/torch_networks.ts";
import { timestepsOf } from "../../schedules/timesteps.ts";
import { createNetwork } from "../architectures/architecture.ts";
import { fromStateDict, type StoredArray } from "../weights/parameters.ts";
import { parseMetadata } from "../weights/parse_metadata.ts";
import type { TrainedNetwork } from "../weights/weights.ts";
import { architectureOfConfig, type Config, factsOfScheduler } from "./diffusers_config.ts";
import { type ForeignFolder, lastName, type NetworkFolder } from "./foreign_network.ts";

const unetConfigs = ["unet/config.json", "config.json"];
const schedulerConfigs = [
  "scheduler/scheduler_config.json",
  "scheduler_config.json",
  // Those of the first releases.
  "scheduler/config.json",
];
/** Names of weights, the first that is there is taken; an index lists the parts of larger ones. */
const weightNames = ["", ".fp16"].flatMap((variant) => [
  `diffusion_pytorch_model${variant}.safetensors`,
  `diffusion_pytorch_model${variant}.bin`,
]).concat(
  "diffusion_pytorch_model.safetensors.index.json",
  "diffusion_pytorch_model.bin.index.json",
);

async function firstOf(
  folder: NetworkFolder,
  names: readonly string[],
): Promise<string | undefined> {
  for (const name of names) if (await folder.has(name)) return name;
  return undefined;
}

/** The first of some files that is there; without one, the message says which were looked for. */
async function required(
  folder: NetworkFolder,
  { names, what }: { readonly names: readonly string[]; readonly what: string },
): Promise<string> {
  const found = await firstOf(folder, names);
  if (found !== undefined) return found;
  throw new DataFormatError(
    folder.path,
    `the folder lacks ${what} (${names.slice(0, 2).join(" or ")}); give a whole folder as ` +
      "diffusers' save_pretrained writes it",
  );
}

async function readConfig(folder: NetworkFolder, name: string): Promise<Config> {
  const source = `${folder.path}/${name}`;
  const text = new TextDecoder().decode(await folder.read(name));
  const value = parseMetadata(text, "the config", source);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Config;
  throw new CheckpointMismatchError(`${source}: it is no object with options`);
}

/** Names of attention's parameters in files of before 2023, and now. */
const renamed: readonly (readonly [RegExp, string])[] = [
  [/^(.*\.attentions\.\d+)\.query\./, "$1.to_q."],
  [/^(.*\.attentions\.\d+)\.key\./, "$1.to_k."],
  [/^(.*\.attentions\.\d+)\.value\./, "$1.to_v."],
  [/^(.*\.attentions\.\d+)\.proj_attn\./, "$1.to_out.0."],
];

const nameToday = (name: string) =>
  renamed.reduce((text, [old, today]) => text.replace(old, today), name);

/** Adds the arrays of one file of weights, by the names of today. */
async function addArrays(
  folder: NetworkFolder,
  name: string,
  arrays: Map<string, StoredArray>,
): Promise<void> {
  const source = `${folder.path}/${name}`;
  const bytes = await folder.read(name);
  const { tensors } = name.endsWith(".bin")
    ? torchStateDict(parseTorch(bytes, source), source)
    : parseSafetensors(bytes, source, { views: true });
  for (const [given, { dtype, shape, data }] of tensors) {
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "F64") {
      throw new CheckpointMismatchError(
        `${source}: ${oneLine(given, 100)} is ${dtype}, weights are floats`,
      );
    }
    const today = nameToday(given);
    if (arrays.has(today)) {
      throw new CheckpointMismatchError(
        `${source}: ${oneLine(given, 100)} is there twice, by its old name and its new one or in ` +
          "two files",
      );
    }
    arrays.set(today, { shape, data: data as Float32Array | Float64Array });
  }
}

/** The files that an index names, each once. */
async function partsOf(folder: NetworkFolder, index: string): Promise<string[]> {
  const { weight_map: map } = await readConfig(folder, index);
  const source = `${folder.path}/${index}`;
  const names = typeof map === "object" && map !== null ? Object.values(map) : [];
  const parts = [...new Set(names)].map((name) => {
    if (typeof name === "string" && /^[\w-][\w.-]*\.(safetensors|bin)$/.test(name)) return name;
    throw new CheckpointMismatchError(`${source}: it names no file of this folder's weights`);
  });
  if (parts.length === 0) throw new CheckpointMismatchError(`${source}: it names no files`);
  return parts;
}

async function readWeightFiles(
  folder: NetworkFolder,
  inside: string,
): Promise<{ readonly name: string; readonly arrays: Map<string, StoredArray> }> {
  const names = weightNames.map((name) => inside + name);
  const name = await required(folder, { names, what: "the network's weights" });
  const arrays = new Map<string, StoredArray>();
  const files = name.endsWith(".json")
    ? (await partsOf(folder, name)).map((part) => inside + part)
    : [name];
  for (const file of files) {
    await required(folder, { names: [file], what: "a part of the weights" });
    await addArrays(folder, file, arrays);
  }
  return { name, arrays };
}

/** What a pipeline has besides UNet and scheduler would change what its network's images are. */
async function checkPipeline(folder: NetworkFolder): Promise<void> {
  const name = "model_index.json";
  if (!await folder.has(name)) return;
  for (const [part, value] of Object.entries(await readConfig(folder, name))) {
    const [library, type] = Array.isArray(value) ? value : [null, null];
    if (["unet", "scheduler"].includes(part) || library === null) continue;
    throw new CheckpointMismatchError(
      `${folder.path}/${name}: the pipeline has ${oneLine(part, 60)} (${
        quoted(type)
      }) besides unet and scheduler; this release knows pipelines of these two`,
    );
  }
}

async function read(folder: NetworkFolder): Promise<TrainedNetwork> {
  await checkPipeline(folder);
  const configName = await required(folder, { names: unetConfigs, what: "the UNet's config" });
  const inside = configName.slice(0, -"config.json".length);
  const architecture = architectureOfConfig(
    await readConfig(folder, configName),
    `${folder.path}/${configName}`,
  );
  const schedulerName = await required(folder, {
    names: schedulerConfigs,
    what: "the scheduler's config, which tells the noise process,",
  });
  const { schedule, prediction, clip } = factsOfScheduler(
    await readConfig(folder, schedulerName),
    `${folder.path}/${schedulerName}`,
  );
  const network = createNetwork(architecture);
  const { name, arrays } = await readWeightFiles(folder, inside);
  const source = `${folder.path}/${name}`;
  try {
    return {
      network,
      parameters: fromStateDict(network.parameters, arrays, source),
      schedule,
      prediction,
      preconditioning: { kind: "timesteps", timesteps: timestepsOf(schedule)! },
      ...clip !== undefined && { clip },
      training: { name: lastName(folder.path) },
    };
  } catch (error) {
    if (!(error instanceof CheckpointMismatchError)) throw error;
    throw new CheckpointMismatchError(`${error.message}, by ${configName}`, { cause: error });
  }
}

/** Folders of diffusers. */
export const diffusersFolder: ForeignFolder = {
  title: "diffusers (UNet2DModel)",
  async recognize(folder) {
    const own = ["model_index.json", "unet/config.json", ...schedulerConfigs, ...weightNames];
    if (await firstOf(folder, own) !== undefined) return true;
    // Folders of runs, and others, have a config.json as well.
    return await folder.has("config.json") &&
      new TextDecoder().decode(await folder.read("config.json")).includes('"_class_name"');
  },
  read,
};
