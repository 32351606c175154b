/** Networks of NVIDIA's EDM as its trainings pickle them; those of the Stable Target Field are the same. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import type { Preconditioning } from "../../denoisers/preconditioning.ts";
import { attributesOf, PickledObject } from "../../formats/pickled_object.ts";
import type { StoredTensor } from "../../formats/safetensors.ts";
import { isPickle, parsePickle, parseTorch } from "../../formats/torch_file.ts";
import { isTorch } from "../../formats/torch_magic.ts";
import { torchStateDict } from "../../formats/torch_networks.ts";
import { edm } from "../../schedules/edm.ts";
import { createNetwork, parseArchitecture } from "../architectures/architecture.ts";
import { fromStateDict, type StoredArray } from "../weights/parameters.ts";
import type { TrainedNetwork } from "../weights/weights.ts";
import { checkSongModule } from "./edm_modules.ts";
import { type ForeignFile, lastName } from "./foreign_network.ts";
import { songArchitectureOf } from "./song_state_dict.ts";

/** What rebuilds a module from its source in these files; here it stands for a record. */
const MARK = "_reconstruct_persistent_obj";
/** Where that stands at the latest: before the tensors. */
const MARK_WITHIN = 2 ** 20;

/** Range of noise of EDM's sampler, within what a network allows. */
const SAMPLED = { least: 0.002, most: 80 } as const;

/** A number that a module has as an attribute. */
function numberOf(module: PickledObject, name: string, source: string): number {
  const value = attributesOf(module).get(name);
  if (typeof value === "number") return value;
  throw new CheckpointMismatchError(
    `${source}: the ${oneLine(module.type.name, 60)} has ${name} = ${
      quoted(value)
    }, expected a number`,
  );
}

/** What is around the network, by class (arXiv 2206.00364, table 1). */
const wrappers: Readonly<
  Record<string, (read: (name: string) => number) => Preconditioning>
> = {
  EDMPrecond: (read) => ({ kind: "edm", sigmaData: read("sigma_data") }),
  VPPrecond: (read) => ({
    kind: "vp",
    betaD: read("beta_d"),
    betaMin: read("beta_min"),
    timesteps: read("M"),
  }),
  VEPrecond: () => ({ kind: "ve" }),
};

/** The module of a class that is known; another is refused by its name. */
function known(
  module: unknown,
  { classes, what, source }: {
    readonly classes: readonly string[];
    readonly what: string;
    readonly source: string;
  },
): PickledObject {
  const name = module instanceof PickledObject ? module.type.name : undefined;
  if (name !== undefined && classes.includes(name)) return module as PickledObject;
  const found = name === undefined ? quoted(module) : `of class ${oneLine(name, 60)}`;
  throw new CheckpointMismatchError(
    `${source}: ${what} is ${found}, this release knows ${classes.join(", ")}`,
  );
}

/** Parameters by their names within the network, without what is told otherwise or never used. */
function arraysOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Map<string, StoredArray> {
  const arrays = new Map<string, StoredArray>();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (/(^|\.)(resample_filter|map_noise\.freqs|map_augment\.weight)$/.test(name)) continue;
    if (dtype !== "F32" && dtype !== "F16" && dtype !== "F64") {
      throw new CheckpointMismatchError(
        `${source}: ${oneLine(name, 100)} is ${dtype}, weights are floats`,
      );
    }
    arrays.set(name, { shape, data: data as Float32Array | Float64Array });
  }
  return arrays;
}

function read(bytes: Uint8Array<ArrayBuffer>, source: string): TrainedNetwork {
  const value = isTorch(bytes) ? parseTorch(bytes, source) : parsePickle(bytes, source);
  const { tensors: all, module } = torchStateDict(value, source);
  const what = "the network";
  const wrapper = known(module, { classes: Object.keys(wrappers), what, source });
  const number = (name: string) => numberOf(wrapper, name, source);
  const parts = attributesOf(wrapper).get("_modules");
  const inner = known(parts instanceof Map ? parts.get("model") : undefined, {
    ...{ classes: ["SongUNet"], source },
    what: `the network inside its ${wrapper.type.name}`,
  });
  const prefix = "model.";
  const tensors = new Map(
    [...all].map(([name, tensor]) =>
      [name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor] as const
    ),
  );
  const architecture = songArchitectureOf(tensors, source);
  // Names a size that cannot be.
  parseArchitecture(JSON.stringify(architecture), source);
  checkSongModule(inner, { architecture, source });
  const { imageShape: [side, , colors], classes } = architecture;
  const told = { img_resolution: side, img_channels: colors, label_dim: classes };
  for (const [name, found] of Object.entries(told)) {
    if (number(name) === found) continue;
    throw new CheckpointMismatchError(
      `${source}: the ${wrapper.type.name} has ${name} = ${number(name)}, its network ${found}`,
    );
  }
  const network = createNetwork(architecture);
  return {
    network,
    parameters: fromStateDict(network.parameters, arraysOf(tensors, source), source),
    schedule: edm({
      sigmaMin: Math.max(SAMPLED.least, number("sigma_min")),
      sigmaMax: Math.min(SAMPLED.most, number("sigma_max")),
    }),
    prediction: "x0",
    preconditioning: wrappers[wrapper.type.name]!(number),
    training: { name: lastName(source).replace(/\.\w+$/, "") },
  };
}

/** Pickles of EDM's classes. */
export const edmPickle: ForeignFile = {
  title: "EDM (SongUNet)",
  recognize(bytes) {
    if (!isTorch(bytes) && !isPickle(bytes)) return false;
    const start = new TextDecoder("latin1").decode(bytes.subarray(0, MARK_WITHIN));
    return start.includes(MARK);
  },
  read: (bytes, path) => Promise.resolve().then(() => read(bytes, path)),
};
