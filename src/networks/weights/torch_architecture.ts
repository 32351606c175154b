/** Which network a PyTorch state dict belongs to, told from names and shapes. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import type { StoredTensor } from "../../formats/safetensors.ts";

/** Parameters by PyTorch's names. */
export type TorchTensors = ReadonlyMap<string, StoredTensor>;

/** What names and shapes tell: all of an architecture but image size and padding. */
export interface InferredArchitecture {
  /** Which architecture. */
  readonly kind: string;
  /** Channels of the images. */
  readonly channels: number;
  /** Number of classes; 0: not conditional. */
  readonly classes: number;
  /** The rest, as the architecture's description names it. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Its parameters, without the prefix that a wrapper's state dict gives them. */
  readonly tensors: TorchTensors;
}

/** A parameter that only one architecture has, as its state dict names it. */
const landmarks: Readonly<Record<string, string>> = {
  resnet: "up_projection.weight",
  unet: "bottleneck.model.0.weight",
};

/**
 * Recognizes the public code's ResNet or UNet (arXiv 2412.20292), also inside a wrapper whose state
 * dict puts a prefix such as "backbone." or "module." before the names.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if it is neither, more than one network, or parameters are missing.
 */
export function inferArchitecture(all: TorchTensors, source: string): InferredArchitecture {
  const found = Object.entries(landmarks).flatMap(([kind, landmark]) =>
    [...all.keys()].filter((name) => name === landmark || name.endsWith(`.${landmark}`))
      .map((name) => ({ kind, prefix: name.slice(0, -landmark.length) }))
  );
  const [network, another] = found;
  if (network === undefined) {
    if (
      all.has("time_embedding.linear_1.weight") && all.has("down_blocks.0.resnets.0.norm1.weight")
    ) {
      throw new CheckpointMismatchError(
        `${source}: its parameters are those of a UNet of diffusers, or an attention-unet, whose ` +
          "options no state dict tells; give a folder of diffusers with its configs, or the " +
          "safetensors that the toolkit writes",
      );
    }
    const names = [...all.keys()].slice(0, 3).map((name) => oneLine(name, 40)).join(", ");
    throw new CheckpointMismatchError(
      `${source}: its parameters (${names}, ..) are those of no network that this release knows; ` +
        "expected the public code's MinimalResNet or MinimalUNet",
    );
  }
  if (another !== undefined) {
    throw new CheckpointMismatchError(
      `${source}: it holds several networks, ${quoted(network.prefix)} and ${
        quoted(another.prefix)
      }; save one`,
    );
  }
  const { kind, prefix } = network;
  const tensors: TorchTensors = new Map(
    [...all].filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
  const shape = (name: string, rank: number): readonly number[] => {
    const { shape } = tensors.get(name) ?? {};
    if (shape?.length === rank) return shape;
    throw new CheckpointMismatchError(
      `${source}: ${prefix}${name} ${
        shape ? `has shape ${quoted(shape)}` : "is missing"
      }, the public code's ${kind} has it with ${rank} axes`,
    );
  };
  const count = (name: (i: number) => string) => {
    let n = 0;
    while (tensors.has(name(n))) n++;
    return n;
  };
  const table = "embedding.class_embeddings.weight";
  const classes = tensors.has(table) ? shape(table, 2)[0]! : 0;
  if (kind === "resnet") {
    const [width, channels, kernelSize] = shape(landmarks.resnet!, 4) as [number, number, number];
    const layers = count((i) => `convs.${i}.0.weight`);
    return { kind, channels, classes, fields: { width, layers, kernelSize }, tensors };
  }
  const levels = count((i) => `feature_blocks.${i}.model.0.weight`);
  const blocks = [
    ...Array.from({ length: levels }, (_, i) => `feature_blocks.${i}`),
    "bottleneck",
  ];
  return {
    kind,
    channels: shape("output_conv.weight", 4)[0]!,
    classes,
    fields: {
      channels: blocks.map((block) => shape(`${block}.model.0.weight`, 4)[0]!),
      embedding: shape("last_emb.1.weight", 2)[1]!,
      norm: tensors.has("bottleneck.model.1.weight") ? "group" : "none",
    },
    tensors,
  };
}
