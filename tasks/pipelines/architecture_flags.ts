import type { ImageDataset } from "../../src/datasets/dataset.ts";
import {
  type Architecture,
  architectureKinds,
  architectureSizes,
} from "../../src/networks/architectures/architecture.ts";
import { CommandError } from "../cli/command.ts";
import { dashed } from "../cli/flags.ts";
import type { NetworkSizes, TrainingPreset } from "./presets.ts";

/** Flags that decide a network; which sizes apply depends on its architecture. */
export const architectureFlags = {
  architecture: { type: "choice", choices: architectureKinds, help: "What network" },
  padding: { type: "choice", choices: ["zeros", "circular"], help: "Padding of convolutions" },
  conditional: { type: "boolean", open: true, help: "Tell the network the class" },
  width: { type: "integer", min: 8, help: "ResNet: channels, a multiple of 8" },
  layers: { type: "integer", min: 1, help: "ResNet: residual layers" },
  kernelSize: { type: "integer", min: 1, odd: true, help: "ResNet: size of convolutions" },
  channels: {
    type: "integers",
    min: 1,
    placeholder: "64,128,256",
    help: "UNets: channels at each level, finest first",
  },
  levels: {
    type: "integer",
    min: 1,
    max: 12,
    help: "UNets: so many levels, each with twice the channels of the one above",
  },
  embedding: { type: "integer", min: 4, help: "UNet: width of the time embedding, even" },
  norm: { type: "choice", choices: ["none", "group"], help: "UNet: normalization" },
  blocks: { type: "integer", min: 1, help: "Attention UNet: residual blocks at each level" },
  attention: {
    type: "integers",
    min: 0,
    placeholder: "16,8",
    help: "Attention UNet: heights with self-attention; 0: none",
  },
} as const;

type GivenFlags =
  & { readonly levels?: number | undefined }
  & { readonly [K in keyof NetworkSizes]?: NetworkSizes[K] | undefined };

const allSizes: readonly (keyof NetworkSizes)[] = [
  "width",
  "layers",
  "kernelSize",
  "channels",
  "embedding",
  "norm",
  "blocks",
  "attention",
];

/**
 * The configuration with the sizes that its architecture has, and no others.
 *
 * @param given The flags as they were given.
 * @throws CommandError if a size was given that the architecture does not have.
 */
export function resolveSizes(config: TrainingPreset, given: GivenFlags): Partial<TrainingPreset> {
  const sizes = architectureSizes(config.architecture);
  for (const size of [...allSizes, "levels"] as const) {
    if (given[size] !== undefined && !sizes.includes(size === "levels" ? "channels" : size)) {
      const flags = sizes.map((name) => `--${dashed(name)}`).join(", ");
      throw new CommandError(
        `--${
          dashed(size)
        } does not apply to --architecture ${config.architecture}, which has ${flags}`,
      );
    }
  }
  const resolved: Partial<Record<keyof TrainingPreset, unknown>> = { ...config };
  for (const size of allSizes) if (!sizes.includes(size)) delete resolved[size];
  if (given.levels !== undefined) {
    if (given.channels !== undefined && given.channels.length !== given.levels) {
      throw new CommandError(
        `--levels is ${given.levels}, but --channels has ${given.channels.length} levels: give one`,
      );
    }
    resolved.channels = given.channels ??
      Array.from({ length: given.levels }, (_, level) => config.channels[0]! * 2 ** level);
  }
  if (given.attention !== undefined) {
    resolved.attention = given.attention.filter((height) => height > 0);
  }
  return resolved as Partial<TrainingPreset>;
}

/** The network that a configuration asks for, for images of a data set. */
export function architectureOf(config: Partial<TrainingPreset>, data: ImageDataset): Architecture {
  if (config.conditional && data.classNames.length === 0) {
    throw new CommandError(`--conditional needs classes, the data set ${data.name} has none`);
  }
  const { architecture: kind, padding } = config;
  const sizes = architectureSizes(kind!).map((size) =>
    [size, config[size as keyof NetworkSizes]] as const
  );
  // Flags have the types of the fields; createNetwork checks the values.
  return {
    kind,
    imageShape: data.images.shape.slice(1),
    ...Object.fromEntries(sizes),
    padding,
    classes: config.conditional ? data.classNames.length : 0,
  } as unknown as Architecture;
}
