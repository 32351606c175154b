/** Which network a PyTorch state dict belongs to, told from names and shapes. */
import { CheckpointMismatchError, type Remedy } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import type { StoredTensor } from "../../formats/safetensors.ts";
import { isPart, namesAverage } from "../../formats/torch_networks.ts";

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
  /** The prefix, such as "backbone.". */
  readonly prefix: string;
  /** The prefixes of all networks in the state dict. */
  readonly prefixes: readonly string[];
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
 * Of several networks it takes the one whose prefix is asked for, else the average of the weights.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if it is neither, more than one network of which none is an average,
 * parameters are missing, or the public classes were given arguments that are not computed here.
 */
export function inferArchitecture(
  given: TorchTensors,
  source: string,
  { part }: { readonly part?: string | undefined } = {},
): InferredArchitecture {
  const all = withDots(given);
  const found = candidatesIn(all);
  const network = pickedNetwork(found, { all, part, source });
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
  const { kind, prefix } = network;
  const prefixes = found.slice(0, mostNetworks).map((each) => each.prefix);
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
  checkArguments(tensors, `${source}: ${prefix}`);
  if (kind === "resnet") {
    const [width, channels, kernelSize] = shape(landmarks.resnet!, 4) as [number, number, number];
    const layers = count((i) => `convs.${i}.0.weight`);
    const last = shape("down_projection.weight", 4)[2]!;
    if (last !== kernelSize) {
      refuseArgument(
        `${source}: lastksize`,
        `${last}`,
        `${kernelSize}, the size of all its convolutions`,
      );
    }
    if (count((i) => `embs.${i}.0.weight`) === layers) {
      refuseArgument(`${source}: add_one`, "False: the last convolution is told no time", "True");
    }
    const fields = { width, layers, kernelSize };
    return { kind, channels, classes, fields, tensors, prefix, prefixes };
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
    prefix,
    prefixes,
  };
}

/** Networks of a state dict that are looked at; nobody saves as many. */
const mostNetworks = 16;

/** Every network in a state dict, told by its landmark. */
function candidatesIn(all: TorchTensors): Candidate[] {
  return Object.entries(landmarks).flatMap(([kind, landmark]) =>
    [...all.keys()].filter((name) => name === landmark || name.endsWith(`.${landmark}`))
      .map((name) => ({ kind, prefix: name.slice(0, -landmark.length) }))
  );
}

/** Where CompVis' LitEma keeps its average, under the names of the network without their dots. */
const dotless = "model_ema.";

/** A state dict whose average has its dots again; the same where it has none of that kind. */
function withDots(all: TorchTensors): TorchTensors {
  const isAverage = (name: string) =>
    name.startsWith(dotless) && !name.includes(".", dotless.length);
  const average = new Map([...all].filter(([name]) => isAverage(name)));
  if (average.size === 0) return all;
  for (const { prefix } of candidatesIn(all).slice(0, mostNetworks)) {
    const names = [...all.keys()].filter((name) => name.startsWith(prefix) && !average.has(name));
    // The average may be of the network, or of what it stands in.
    for (let end = prefix.length; end >= 0; end = prefix.lastIndexOf(".", end - 2) + 1) {
      const plain = (name: string) => dotless + name.slice(end).replaceAll(".", "");
      if (names.every((name) => average.has(plain(name)))) {
        const taken = new Set(names.map(plain));
        const rest = [...all].filter(([name]) => !taken.has(name));
        const dotted = names.map((name) =>
          [dotless + name.slice(end), average.get(plain(name))!] as const
        );
        return new Map([...rest, ...dotted]);
      }
      if (end === 0) break;
    }
  }
  return all;
}

interface Candidate {
  readonly kind: string;
  readonly prefix: string;
}

/** The network that was asked for, the average, or the only one; undefined where there is none. */
function pickedNetwork(
  found: readonly Candidate[],
  { all, part, source }: {
    readonly all: TorchTensors;
    readonly part: string | undefined;
    readonly source: string;
  },
): Candidate | undefined {
  const name = ({ prefix }: Candidate) => prefix.replace(/\.$/, "");
  const list = () => found.map(({ prefix }) => quoted(prefix, 40)).slice(0, 4).join(" and ");
  const remedy: Remedy = (say) => `name one with ${say.option("part")}`;
  if (part !== undefined && found.length > 0) {
    const asked = found.find((each) => isPart(name(each), part));
    if (asked !== undefined) return asked;
    throw new CheckpointMismatchError(
      `${source}: it holds no network ${quoted(part, 40)}, but ${list()}`,
      { remedy },
    );
  }
  if (found.length < 2) return found[0];
  const whole = found.every(({ kind, prefix }) =>
    all.get(prefix + landmarks[kind]!)?.shape.length === 4
  );
  const average = found.find((each) => namesAverage(name(each)));
  if (average !== undefined && whole) return average;
  throw new CheckpointMismatchError(`${source}: it holds several networks, ${list()}`, { remedy });
}

/** Arguments of the public classes that change what is computed, told by the parameters that they add. */
function checkArguments(tensors: TorchTensors, source: string): void {
  const names = [...tensors.keys()];
  const batch = names.find((name) => name.endsWith(".running_mean"));
  if (batch !== undefined) {
    refuseArgument(`${source}normalization`, `BatchNorm (${batch})`, "GroupNorm or none");
  }
  if (tensors.has("up_projection.weight") && tensors.has("convs.0.1.weight")) {
    const { shape } = tensors.get("convs.0.1.weight")!;
    if (shape.length === 1 && shape[0] === tensors.get("up_projection.weight")!.shape[0]) {
      refuseArgument(`${source}normalization`, "a normalization of its convolutions", "None");
    }
  }
  const first = tensors.get("feature_blocks.0.model.0.weight") ??
    tensors.get("bottleneck.model.0.weight");
  if (first?.shape.length === 4 && first.shape[2] !== 3) {
    refuseArgument(`${source}kernel_size`, `${first.shape[2]}`, "3");
  }
  const last = tensors.get("output_conv.weight");
  if (last?.shape.length === 4 && last.shape[2] !== 3) {
    refuseArgument(`${source}lastksize`, `${last.shape[2]}`, "3");
  }
}

function refuseArgument(name: string, found: string, computed: string): never {
  throw new CheckpointMismatchError(
    `${name} is ${oneLine(found, 80)}, this package computes ${computed}`,
  );
}
