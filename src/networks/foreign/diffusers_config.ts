/** What a folder of diffusers says in JSON: the UNet's config, and the scheduler's. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import type { NetworkPrediction } from "../../denoisers/preconditioning.ts";
import { createSchedule } from "../../schedules/create_schedule.ts";
import type { NoiseParameters, NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { type Architecture, parseArchitecture } from "../architectures/architecture.ts";

/** A config as it stands in its file. */
export type Config = Readonly<Record<string, unknown>>;

/** One value of a config as messages show it. */
const shown = (value: unknown) => value === undefined ? "missing" : quoted(value);

function refuse(source: string, name: string, value: unknown, expected: string): never {
  throw new CheckpointMismatchError(
    `${source}: ${oneLine(name, 60)} is ${shown(value)}, this release knows ${expected}`,
  );
}

/** Options of UNet2DModel by what it has where a config says nothing; undefined: it is left empty. */
const unetDefaults = {
  sample_size: undefined,
  in_channels: 3,
  out_channels: 3,
  center_input_sample: false,
  time_embedding_type: "positional",
  time_embedding_dim: undefined,
  freq_shift: 0,
  flip_sin_to_cos: true,
  down_block_types: ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
  mid_block_type: "UNetMidBlock2D",
  up_block_types: ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
  block_out_channels: [224, 448, 672, 896],
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  downsample_padding: 1,
  downsample_type: "conv",
  upsample_type: "conv",
  dropout: 0,
  act_fn: "silu",
  attention_head_dim: 8,
  norm_num_groups: 32,
  attn_norm_num_groups: undefined,
  norm_eps: 1e-5,
  resnet_time_scale_shift: "default",
  add_attention: true,
  class_embed_type: undefined,
  num_class_embeds: undefined,
  num_train_timesteps: undefined,
} as const satisfies Config;

/** What averaged weights' configs say besides; without effect on the network. */
const ofAveraging = [
  ...["decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step"],
  "use_ema_warmup",
];

/** The only values of options that are computed here, where not all are. */
const onlyKnown: Readonly<Record<string, readonly unknown[]>> = {
  time_embedding_type: ["positional"],
  mid_block_type: ["UNetMidBlock2D"],
  downsample_type: ["conv"],
  upsample_type: ["conv"],
  act_fn: ["silu", "swish"],
  resnet_time_scale_shift: ["default", "scale_shift"],
  class_embed_type: [undefined],
  num_train_timesteps: [undefined],
};

/** Whether blocks have attention, by their types; those of the first releases begin with UNetRes. */
function attentionOf(
  types: unknown,
  { name, plain, attention, source }: {
    readonly name: string;
    readonly plain: string;
    readonly attention: string;
    readonly source: string;
  },
): number[] {
  if (!Array.isArray(types)) refuse(source, name, types, `a list of ${plain} and ${attention}`);
  return types.map((type: unknown) => {
    const bare = typeof type === "string" ? type.replace(/^UNetRes/, "") : type;
    if (bare === plain) return 0;
    if (bare === attention) return 1;
    return refuse(source, `a block of ${name}`, type, `${plain} and ${attention}`);
  });
}

/** Height and width from a config's sample_size. */
function sizeOf(size: unknown, source: string): readonly unknown[] {
  if (Array.isArray(size) && size.length === 2) return size;
  if (size !== undefined) return [size, size];
  throw new CheckpointMismatchError(
    `${source}: sample_size is missing, which tells the size of the images; write it there`,
  );
}

/**
 * The architecture that a UNet2DModel's config describes.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError that names the first option or block that is not known here.
 */
export function architectureOfConfig(config: Config, source: string): Architecture {
  if (config._class_name !== "UNet2DModel") {
    refuse(source, "_class_name", config._class_name, "UNet2DModel");
  }
  // Null is a value of its own where the default is another; elsewhere it is as good as missing.
  for (const [name, otherwise] of Object.entries<unknown>(unetDefaults)) {
    if (config[name] !== null || otherwise === undefined || name === "attention_head_dim") continue;
    refuse(source, name, null, `others, such as ${quoted(otherwise)}`);
  }
  const given = Object.entries(config).filter(([, value]) => value !== null);
  const options: Record<string, unknown> = { ...unetDefaults, ...Object.fromEntries(given) };
  if (config.attention_head_dim === null) options.attention_head_dim = 0;
  for (const [name, value] of given) {
    if (name.startsWith("_") || name in unetDefaults || ofAveraging.includes(name)) continue;
    throw new CheckpointMismatchError(
      `${source}: the option ${oneLine(name, 60)} (${
        shown(value)
      }) is none that this release knows`,
    );
  }
  for (const [name, values] of Object.entries(onlyKnown)) {
    if (values.includes(options[name])) continue;
    refuse(source, name, options[name], values.map((each) => each ?? "null").join(", "));
  }
  const { in_channels: inputs, out_channels: outputs, norm_num_groups: groups } = options;
  if (outputs !== inputs) {
    refuse(source, "out_channels", outputs, `networks with as many as in_channels (${inputs})`);
  }
  if ((options.attn_norm_num_groups ?? groups) !== groups) {
    refuse(source, "attn_norm_num_groups", options.attn_norm_num_groups, "null only");
  }
  const channels = options.block_out_channels;
  const [finest] = Array.isArray(channels) ? channels : [];
  if ((options.time_embedding_dim ?? 4 * finest) !== 4 * finest) {
    refuse(source, "time_embedding_dim", options.time_embedding_dim, `null or ${4 * finest}`);
  }
  const architecture = {
    kind: "diffusers-unet",
    imageShape: [...sizeOf(options.sample_size, source), inputs],
    channels,
    blocks: options.layers_per_block,
    downAttention: attentionOf(options.down_block_types, {
      ...{ name: "down_block_types", plain: "DownBlock2D", attention: "AttnDownBlock2D", source },
    }),
    upAttention: attentionOf(options.up_block_types, {
      ...{ name: "up_block_types", plain: "UpBlock2D", attention: "AttnUpBlock2D", source },
    }).reverse(),
    addAttention: options.add_attention,
    attentionHeadDim: options.attention_head_dim,
    normNumGroups: groups,
    normEps: options.norm_eps,
    freqShift: options.freq_shift,
    flipSinToCos: options.flip_sin_to_cos,
    downsamplePadding: options.downsample_padding,
    midBlockScaleFactor: options.mid_block_scale_factor,
    centerInputSample: options.center_input_sample,
    resnetTimeScaleShift: options.resnet_time_scale_shift,
    padding: "zeros",
    classes: options.num_class_embeds ?? 0,
  };
  return parseArchitecture(JSON.stringify(architecture), source);
}

/** What a scheduler's config decides. */
export interface SchedulerFacts {
  readonly schedule: NoiseSchedule;
  readonly prediction: NetworkPrediction;
  /** xHat0 is clipped to plus and minus this; absent: it is not. */
  readonly clip?: number;
}

/** Schedulers of the discrete process that betas describe. */
const schedulers = [
  ...["DDPMScheduler", "DDIMScheduler", "DDIMInverseScheduler", "DDPMParallelScheduler"],
  ...["DDIMParallelScheduler", "PNDMScheduler", "DPMSolverMultistepScheduler"],
  ...["DPMSolverSinglestepScheduler", "DEISMultistepScheduler", "UniPCMultistepScheduler"],
];
/** Those of them that clip what they find, unless they are told not to. */
const clipping = /^DD[PI]M/;

const predictions: Readonly<Record<string, NetworkPrediction>> = {
  epsilon: "eps",
  v_prediction: "v",
  sample: "x0",
};

/** Its parameters by our names; what a config lacks has the default of both. */
function noiseParameters(config: Config, source: string): NoiseParameters {
  const { trained_betas: trained, beta_schedule: rise = "linear" } = config;
  if (Array.isArray(trained)) return { betas: trained };
  if (trained !== undefined && trained !== null) {
    refuse(source, "trained_betas", trained, "null or a list of numbers");
  }
  const { num_train_timesteps: timesteps = config.timesteps ?? 1000 } = config;
  const shape = { betaSchedule: rise, timesteps };
  if (rise === "squaredcos_cap_v2") return shape as NoiseParameters;
  const { beta_start: betaStart = 0.0001, beta_end: betaEnd = 0.02 } = config;
  return { ...shape, betaStart, betaEnd } as NoiseParameters;
}

/** The number that values of xHat0 are clipped to; undefined where they are not. */
function clipOf(config: Config, source: string): number | undefined {
  if (config.thresholding === true) {
    refuse(source, "thresholding", true, "clip_sample, and thresholding false");
  }
  const { clip_sample: clips = clipping.test(String(config._class_name)) } = config;
  if (typeof clips !== "boolean") refuse(source, "clip_sample", clips, "true and false");
  const { clip_sample_range: range = 1 } = config;
  if (clips && !(typeof range === "number" && range > 0)) {
    refuse(source, "clip_sample_range", range, "a positive number");
  }
  return clips ? range as number : undefined;
}

/**
 * The process and the prediction that a scheduler's config describes.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError that names what is not known here.
 */
export function factsOfScheduler(config: Config, source: string): SchedulerFacts {
  const { _class_name: name, prediction_type: type = "epsilon" } = config;
  if (!schedulers.includes(name as string)) {
    refuse(source, "_class_name", name, schedulers.join(", "));
  }
  const prediction = typeof type === "string" ? predictions[type] : undefined;
  if (prediction === undefined) {
    refuse(source, "prediction_type", type, Object.keys(predictions).join(", "));
  }
  if (config.rescale_betas_zero_snr === true) {
    refuse(source, "rescale_betas_zero_snr", true, "processes that keep some signal: false");
  }
  if (/^learned/.test(String(config.variance_type))) {
    refuse(source, "variance_type", config.variance_type, "fixed variances");
  }
  const clip = clipOf(config, source);
  try {
    const schedule = createSchedule("ddpm_discrete", noiseParameters(config, source));
    return { schedule, prediction, ...clip !== undefined && { clip } };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointMismatchError(`${source}: ${error.message}`, { cause: error });
  }
}
