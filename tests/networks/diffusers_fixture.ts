/** Folders of diffusers in memory, made of the networks of tests/fixtures/diffusers_unet.py. */
import {
  type FloatTensor,
  parseSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import type { NetworkFolder } from "../../src/networks/foreign/foreign_network.ts";

const url = new URL("../fixtures/diffusers_unet.safetensors", import.meta.url);

/** Files by their path in the folder. */
export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A case of the fixture: its config, its weights by name, and what the network makes of x. */
export async function readCase(name: string) {
  const { tensors, metadata } = parseSafetensors(await Deno.readFile(url), "fixture");
  const within = (prefix: string) =>
    new Map(
      [...tensors].filter(([key]) => key.startsWith(prefix))
        .map(([key, tensor]) => [key.slice(prefix.length), tensor] as const),
    );
  const numbers = (key: string) => Array.from(tensors.get(key)!.data as ArrayLike<number>, Number);
  return {
    config: JSON.parse(metadata[name]!) as Record<string, unknown>,
    weights: within(`${name}/weights/`),
    x: tensors.get(`${name}/x`) as FloatTensor,
    output: tensors.get(`${name}/output`) as FloatTensor,
    steps: numbers(`${name}/t`),
    labels: tensors.has(`${name}/label`) ? numbers(`${name}/label`) : undefined,
  };
}

/** The config of a scheduler with some options. */
export const schedulerConfig = (options: Readonly<Record<string, unknown>> = {}) => ({
  _class_name: "DDPMScheduler",
  num_train_timesteps: 1000,
  ...options,
});

/** JSON as a file's bytes. */
export const json = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value));

/** A whole folder. */
export function folderFiles(
  { config, weights, scheduler = schedulerConfig(), options = {} }: {
    readonly config: Readonly<Record<string, unknown>>;
    readonly weights: ReadonlyMap<string, StoredTensor>;
    readonly scheduler?: Readonly<Record<string, unknown>>;
    /** Options of the config that are different. */
    readonly options?: Readonly<Record<string, unknown>>;
  },
): Map<string, Uint8Array<ArrayBuffer>> {
  return new Map([
    ["model_index.json", json({ _class_name: "DDPMPipeline" })],
    ["unet/config.json", json({ ...config, ...options })],
    ["unet/diffusion_pytorch_model.safetensors", writeSafetensors(weights)],
    ["scheduler/scheduler_config.json", json(scheduler)],
  ]);
}

/** Files in memory as a folder. */
export function memoryFolder(files: Files, path = "nets/mine"): NetworkFolder {
  return {
    path,
    has: (name) => Promise.resolve(files.has(name)),
    read: (name) => Promise.resolve(files.get(name)!),
  };
}
