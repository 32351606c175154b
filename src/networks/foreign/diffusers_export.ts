/** Networks of ours as folders of Hugging Face's diffusers. */
import { ArgumentError } from "../../core/errors.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { preservesVariance } from "../../schedules/noise_level.ts";
import type { NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { timeOfStep, timestepsOf } from "../../schedules/timesteps.ts";
import type { AttentionUnetArchitecture } from "../architectures/attention_unet.ts";
import { ATTENTION_UNET_TIMES, attentionUnetGroups } from "../architectures/attention_unet.ts";
import type { DiffusersUnetArchitecture } from "../architectures/diffusers_unet.ts";
import { toStateDict } from "../weights/parameters.ts";
import type { TrainedNetwork } from "../weights/weights.ts";

/** The release whose folders these are like; later ones read them as well. */
const version = "0.21.0";

function refuse(problem: string): never {
  throw new ArgumentError(`Cannot write a folder of diffusers: ${problem}`);
}

type Arrays = ReturnType<typeof toStateDict>;

/** What a network is to diffusers. */
interface AsDiffusers {
  readonly architecture: DiffusersUnetArchitecture;
  readonly arrays: Arrays;
  readonly timesteps: number;
}

/** The number of groups that all normalizations have. */
function oneGroup({ arrays, channels }: { arrays: Arrays; channels: readonly number[] }): number {
  const widths = new Set(channels);
  for (const [name, { shape: [size] }] of arrays) {
    if (/norm\d?\.weight$|conv_norm_out\.weight$/.test(name)) widths.add(size!);
  }
  const counts = new Map([...widths].map((width) => [attentionUnetGroups(width), width] as const));
  const [[groups, width], other] = [...counts] as [[number, number], [number, number] | undefined];
  if (other === undefined) return groups;
  return refuse(
    `the network normalizes ${width} channels in ${groups} groups and ${other[1]} in ${
      other[0]
    }, a ` +
      "UNet2DModel has one number of groups for all; train one whose channels are multiples of 32 " +
      "from 128",
  );
}

/**
 * The first layer after the embedding of time, such that number n of a step means to it what t T = n + 1
 * did: the embedding one step on is each pair of sine and cosine turned by its frequency.
 */
function oneStepEarlier(weight: { readonly shape: number[]; readonly data: Float32Array }) {
  const [rows, width] = weight.shape as [number, number];
  const d = width / 2;
  const data = new Float32Array(weight.data.length);
  for (let j = 0; j < d; j++) {
    const frequency = 10000 ** (-j / (d - 1));
    const [cosine, sine] = [Math.cos(frequency), Math.sin(frequency)];
    for (let row = 0; row < rows; row++) {
      const [s, c] = [weight.data[row * width + j]!, weight.data[row * width + d + j]!];
      data[row * width + j] = s * cosine - c * sine;
      data[row * width + d + j] = s * sine + c * cosine;
    }
  }
  return { shape: weight.shape, data };
}

function ofAttentionUnet(
  { network, parameters, schedule, preconditioning }: TrainedNetwork,
): AsDiffusers {
  const { imageShape, padding, classes, channels, blocks, attention } = network
    .architecture as AttentionUnetArchitecture;
  if (padding !== "zeros") refuse(`the network's padding is ${padding}, theirs has zeros`);
  if ((preconditioning?.kind ?? "none") !== "none") {
    refuse(`the network is behind ${preconditioning!.kind} preconditioning, theirs has none`);
  }
  const timesteps = timestepsOf(schedule) ?? ATTENTION_UNET_TIMES;
  if (timesteps !== ATTENTION_UNET_TIMES) {
    refuse(
      `the network is told times from 0 to ${ATTENTION_UNET_TIMES}, which are no numbers of the ` +
        `${timesteps} timesteps of its process`,
    );
  }
  const arrays = toStateDict(network.parameters, parameters);
  const first = "time_embedding.linear_1.weight";
  arrays.set(first, oneStepEarlier(arrays.get(first)!));
  const levels = channels.map((_, level) => attention.includes(imageShape[0] / 2 ** level) ? 1 : 0);
  return {
    timesteps,
    arrays,
    architecture: {
      kind: "diffusers-unet",
      ...{ imageShape, channels, blocks, padding, classes },
      downAttention: levels,
      upAttention: levels,
      addAttention: attention.length > 0,
      attentionHeadDim: 0,
      normNumGroups: oneGroup({ arrays, channels }),
      normEps: 1e-6,
      freqShift: 1,
      flipSinToCos: false,
      downsamplePadding: 0,
      midBlockScaleFactor: 1,
      centerInputSample: false,
      resnetTimeScaleShift: "default",
    },
  };
}

function asDiffusers(trained: TrainedNetwork): AsDiffusers {
  const { network, parameters, schedule, preconditioning } = trained;
  const { kind } = network.architecture;
  if (kind === "attention-unet") return ofAttentionUnet(trained);
  if (kind !== "diffusers-unet") {
    refuse(`a ${kind} is none of its networks; only an attention-unet can become its UNet2DModel`);
  }
  const timesteps = timestepsOf(schedule);
  if (preconditioning?.kind !== "timesteps" || preconditioning.timesteps !== timesteps) {
    refuse("the network is not told numbers of its process's timesteps");
  }
  return {
    timesteps,
    architecture: network.architecture as DiffusersUnetArchitecture,
    arrays: toStateDict(network.parameters, parameters),
  };
}

/** A network's config by UNet2DModel's names. */
function unetConfig(architecture: DiffusersUnetArchitecture) {
  const { imageShape: [height, width, colors] } = architecture;
  const blockTypes = (place: string, attention: readonly number[]) =>
    attention.map((has) => `${has === 1 ? "Attn" : ""}${place}Block2D`);
  return {
    _class_name: "UNet2DModel",
    _diffusers_version: version,
    sample_size: height === width ? height : [height, width],
    in_channels: colors,
    out_channels: colors,
    center_input_sample: architecture.centerInputSample,
    time_embedding_type: "positional",
    freq_shift: architecture.freqShift,
    flip_sin_to_cos: architecture.flipSinToCos,
    down_block_types: blockTypes("Down", architecture.downAttention),
    up_block_types: blockTypes("Up", [...architecture.upAttention].reverse()),
    block_out_channels: architecture.channels,
    layers_per_block: architecture.blocks,
    mid_block_scale_factor: architecture.midBlockScaleFactor,
    downsample_padding: architecture.downsamplePadding,
    act_fn: "silu",
    attention_head_dim: architecture.attentionHeadDim === 0 ? null : architecture.attentionHeadDim,
    norm_num_groups: architecture.normNumGroups,
    norm_eps: architecture.normEps,
    resnet_time_scale_shift: architecture.resnetTimeScaleShift,
    add_attention: architecture.addAttention,
    class_embed_type: null,
    num_class_embeds: architecture.classes === 0 ? null : architecture.classes,
  };
}

/** The process as betas of its steps, one less than the ratio of neighboring alphaBars. */
function betasOf(schedule: NoiseSchedule, timesteps: number): number[] {
  const alphaBar = (step: number) => schedule.signal(timeOfStep(timesteps, step)) ** 2;
  return Array.from(
    { length: timesteps },
    // By what is lost, where alphaBar is so near 1 that a ratio would have few digits.
    (_, step) => {
      const [now, before] = [step, step - 1].map((n) => schedule.sigma(timeOfStep(timesteps, n)));
      return (now! ** 2 - before! ** 2) / alphaBar(step - 1);
    },
  );
}

/** What the scheduler's config says of the process. */
function process(schedule: NoiseSchedule, timesteps: number): Record<string, unknown> {
  if (!preservesVariance(schedule)) {
    refuse(`the process ${schedule.name} does not preserve variance, as theirs do`);
  }
  const { betaSchedule, betaStart, betaEnd, betas } = schedule.parameters;
  const plain = schedule.name === "ddpm_discrete" && betas === undefined;
  return {
    num_train_timesteps: timesteps,
    beta_start: plain && betaStart !== undefined ? betaStart : 0.0001,
    beta_end: plain && betaEnd !== undefined ? betaEnd : 0.02,
    beta_schedule: plain ? betaSchedule : "linear",
    trained_betas: plain ? null : betas ?? betasOf(schedule, timesteps),
  };
}

const predictions = { eps: "epsilon", v: "v_prediction", x0: "sample" } as const;

/**
 * The files of a folder of Hugging Face's diffusers, from which `DDPMPipeline.from_pretrained` makes the
 * network: `model_index.json`, the UNet's config and weights, the scheduler's config.
 *
 * A `diffusers-unet` becomes what it was. An `attention-unet` becomes a UNet2DModel that computes the
 * same, if it has zero padding and the same number of groups in all normalizations; its process, if it is
 * one that preserves variance, becomes 1000 betas, step n at t = (n + 1) / 1000. There alphaBar is kept
 * in float32: a sigma near t = 0 has fewer digits.
 *
 * @example
 * ```ts
 * import { createNetwork, diffusersFiles, initialParameters, Random } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "attention-unet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   channels: [128],
 *   blocks: 1,
 *   attention: [],
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const files = diffusersFiles({ network, parameters, schedule, training: {} });
 * assertEquals(files.has("model_index.json"), true);
 * ```
 *
 * @param options.half Store 16-bit floats, under the name that diffusers has for those. Default false.
 * @returns Bytes by name, with "/" between folders.
 * @throws RangeError if the network is none that a UNet2DModel and its scheduler can be; the message says
 * why.
 * @category Networks
 */
export function diffusersFiles(
  trained: TrainedNetwork,
  options: { readonly half?: boolean } = {},
): Map<string, Uint8Array<ArrayBuffer>> {
  const { half = false } = options;
  const { schedule, prediction = "eps", clip } = trained;
  const { architecture, arrays, timesteps } = asDiffusers(trained);
  const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  const scheduler = {
    _class_name: "DDPMScheduler",
    _diffusers_version: version,
    ...process(schedule, timesteps),
    prediction_type: predictions[prediction],
    variance_type: "fixed_small",
    clip_sample: clip !== undefined,
    clip_sample_range: clip ?? 1,
    timestep_spacing: "leading",
    steps_offset: 0,
  };
  const dtype = half ? "F16" as const : "F32" as const;
  const weights = writeSafetensors(
    new Map([...arrays].map(([name, array]) => [name, { dtype, ...array }] as const)),
    { metadata: { format: "pt" } },
  );
  return new Map([
    [
      "model_index.json",
      json({
        _class_name: "DDPMPipeline",
        _diffusers_version: version,
        scheduler: ["diffusers", "DDPMScheduler"],
        unet: ["diffusers", "UNet2DModel"],
      }),
    ],
    ["scheduler/scheduler_config.json", json(scheduler)],
    ["unet/config.json", json(unetConfig(architecture))],
    [`unet/diffusion_pytorch_model${half ? ".fp16" : ""}.safetensors`, weights],
  ]);
}
