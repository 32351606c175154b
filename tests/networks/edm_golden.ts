/** Networks of the original classes of EDM with random weights, and what they gave, beside the repository. */
import { fromFileUrl } from "@std/path";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import type { Preconditioning } from "../../src/denoisers/preconditioning.ts";
import { songUnet, type SongUnetArchitecture } from "../../src/networks/architectures/song_unet.ts";
import { fromStateDict, type StoredArray } from "../../src/networks/weights/parameters.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { edm } from "../../src/schedules/edm.ts";
import { interleave } from "./golden.ts";

const folder = fromFileUrl(new URL("../../../shared/golden/pretrained/edm/", import.meta.url));

/** What to append to the name of a test that needs these files. */
export const edmNote: string = await Deno.stat(folder).then(
  () => "",
  () => " (left out: ../shared/golden/pretrained/edm is not here)",
);

/** The cases by name, with their least noise. */
export const edmCases = {
  edm_ddpmpp: 0.002,
  edm_ncsnpp_conditional: 0.002,
  vp_ddpmpp: 0.002,
  ve_ncsnpp: 0.02,
} as const;

/** Path of a case's pickle. */
export const edmPickle = (name: string): string => `${folder}${name}.pkl`;

/** Options of the original classes, as a golden file's metadata say them. */
interface Options {
  readonly img_resolution: number;
  readonly img_channels: number;
  readonly label_dim: number;
  readonly model_channels: number;
  readonly channel_mult: number[];
  readonly channel_mult_emb: number;
  readonly channel_mult_noise: number;
  readonly num_blocks: number;
  readonly attn_resolutions: number[];
  readonly embedding_type: "positional" | "fourier";
  readonly encoder_type: SongUnetArchitecture["encoder"];
  readonly decoder_type: SongUnetArchitecture["decoder"];
  readonly resample_filter: number[];
}

const preconditionings: Readonly<Record<string, Preconditioning>> = {
  EDMPrecond: { kind: "edm", sigmaData: 0.5 },
  VPPrecond: { kind: "vp", betaD: 19.9, betaMin: 0.1, timesteps: 1000 },
  VEPrecond: { kind: "ve" },
};

/** A case: the network by its options and weights, and the batches. */
export async function edmGolden(name: keyof typeof edmCases) {
  const { tensors, metadata } = parseSafetensors(
    await Deno.readFile(`${folder}${name}.safetensors`),
    name,
  );
  const options = JSON.parse(metadata.kwargs!) as Options;
  const float = (key: string) => tensors.get(key) as FloatTensor;
  const batch = (key: string) => {
    const { data, shape } = float(key);
    const [b, c, h, w] = shape as [number, number, number, number];
    return {
      data: interleave(data, shape),
      shape: [b, h, w, c] as [number, number, number, number],
    };
  };
  const { img_resolution: size, model_channels: width } = options;
  const fourier = options.embedding_type === "fourier";
  const network = songUnet({
    kind: "song-unet",
    imageShape: [size, size, options.img_channels],
    padding: "zeros",
    classes: options.label_dim,
    width,
    channels: options.channel_mult.map((factor) => factor * width),
    blocks: options.num_blocks,
    attention: options.attn_resolutions,
    embedding: width * options.channel_mult_emb,
    waves: width * options.channel_mult_noise,
    frequencies: fourier ? Array.from(float("weights/model.map_noise.freqs").data) : [],
    encoder: options.encoder_type,
    decoder: options.decoder_type,
    filter: options.resample_filter,
  });
  const prefix = "weights/model.";
  const unused = /map_augment|resample_filter|map_noise/;
  const arrays = new Map<string, StoredArray>();
  for (const [key, { shape, data }] of tensors) {
    if (!key.startsWith(prefix) || unused.test(key)) continue;
    arrays.set(key.slice(prefix.length), { shape, data: data as Float32Array });
  }
  const trained: TrainedNetwork = {
    network,
    parameters: fromStateDict(network.parameters, arrays, name),
    schedule: edm({ sigmaMin: edmCases[name], sigmaMax: 80 }),
    prediction: "x0",
    preconditioning: preconditionings[metadata.class!]!,
    training: {},
  };
  const labels = tensors.get("label");
  return {
    trained,
    batch,
    float,
    labels: labels && Array.from(labels.data as BigInt64Array, Number),
  };
}
