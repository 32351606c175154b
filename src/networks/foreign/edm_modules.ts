/** Whether the modules of EDM's classes compute what we do: every class and attribute is looked at. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import { attributesOf, PickledObject } from "../../formats/pickled_object.ts";
import { isStoredTensor } from "../../formats/torch_values.ts";
import type { SongUnetArchitecture } from "../architectures/song_unet.ts";
import { hasShortcut, type SongStage, songStages } from "../architectures/song_unet_stages.ts";
import { resampleTaps } from "./song_state_dict.ts";

type Expected = Readonly<Record<string, number | boolean>>;

/** A module that we compute, by its place in the network. */
interface Layer {
  readonly place: string;
  readonly type: string;
  readonly attributes: Expected;
}

const conv = (place: string, resampling: Expected = {}): Layer => ({
  ...{ place, type: "Conv2d" },
  attributes: { up: false, down: false, fused_resample: false, ...resampling },
});

const norm = (place: string, channels: number): Layer => ({
  ...{ place, type: "GroupNorm" },
  attributes: { num_groups: Math.min(32, Math.floor(channels / 4)), eps: 1e-6 },
});

/** The layers of a stage. */
function layersOf(stage: SongStage): Layer[] {
  const { name } = stage;
  if (stage.op === "first") return [conv(name)];
  if (stage.op === "residual") return [conv(name, { down: true, fused_resample: true })];
  if (stage.op === "skip") {
    return [conv(name), conv(name.replace(/_skip$/, "_down"), { down: true })];
  }
  if (stage.op === "head") {
    const up = stage.adds ? [conv(`${name}_up`, { up: true })] : [];
    return [...up, norm(`${name}_norm`, stage.channels), conv(`${name}_conv`)];
  }
  const { inputs, outputs, resample, attention } = stage;
  const resampling = resample === undefined ? {} : { [resample]: true };
  return [
    {
      ...{ place: name, type: "UNetBlock" },
      attributes: {
        num_heads: attention ? 1 : 0,
        skip_scale: Math.SQRT1_2,
        adaptive_scale: false,
      },
    },
    norm(`${name}.norm0`, inputs),
    conv(`${name}.conv0`, resampling),
    { place: `${name}.affine`, type: "Linear", attributes: {} },
    norm(`${name}.norm1`, outputs),
    conv(`${name}.conv1`),
    ...hasShortcut(stage) ? [conv(`${name}.skip`, resampling)] : [],
    ...attention ? [norm(`${name}.norm2`, outputs), conv(`${name}.qkv`), conv(`${name}.proj`)] : [],
  ];
}

/** All layers of a network of Song et al. */
function layers(architecture: SongUnetArchitecture): Layer[] {
  const { imageShape: [height, , colors], frequencies, waves, classes } = architecture;
  const linear = (place: string): Layer => ({ place, type: "Linear", attributes: {} });
  return [
    frequencies.length > 0 ? { place: "map_noise", type: "FourierEmbedding", attributes: {} } : {
      ...{ place: "map_noise", type: "PositionalEmbedding" },
      attributes: { num_channels: waves, max_positions: 10_000, endpoint: true },
    },
    ...classes > 0 ? [linear("map_label")] : [],
    linear("map_layer0"),
    linear("map_layer1"),
    ...songStages({ ...architecture, height, colors }).flatMap(layersOf),
  ];
}

/** Modules by their places, `enc` and `dec` with what is in them; lists of layers need no look. */
function modulesIn(
  root: PickledObject,
  refuse: (problem: string) => never,
): Map<string, PickledObject> {
  const found = new Map<string, PickledObject>();
  const pending = [{ module: root, prefix: "", depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { module, prefix, depth } = next;
    const children = attributesOf(module).get("_modules");
    if (!(children instanceof Map)) continue;
    for (const [name, child] of children as ReadonlyMap<unknown, unknown>) {
      if (!(child instanceof PickledObject)) continue;
      const place = `${prefix}${oneLine(String(name), 60)}`;
      // A block's layers lie deepest: enc, the block, the layer.
      if (depth > 2 || found.size > 10_000) refuse(`${place} lies deeper than its layers do`);
      if (!/\.ModuleDict$/.test(child.type.name)) found.set(place, child);
      pending.push({ module: child, prefix: `${place}.`, depth: depth + 1 });
    }
  }
  return found;
}

/**
 * Checks that the modules of a SongUNet are those that its parameters tell, each of the class and with the
 * attributes that we compute.
 *
 * @throws CheckpointMismatchError that names the first difference.
 */
export function checkSongModule(
  module: PickledObject,
  { architecture, source }: {
    readonly architecture: SongUnetArchitecture;
    readonly source: string;
  },
): void {
  const refuse = (problem: string): never => {
    throw new CheckpointMismatchError(`${source}: ${problem}`);
  };
  const modules = modulesIn(module, refuse);
  for (const { place, type, attributes } of layers(architecture)) {
    const found = modules.get(place) ?? refuse(`${place} is missing, expected a ${type}`);
    modules.delete(place);
    if (found.type.name !== type) {
      refuse(
        `${place} is a ${oneLine(found.type.name, 60)}, this release computes a ${type} there`,
      );
    }
    const own = attributesOf(found);
    for (const [name, value] of Object.entries(attributes)) {
      const given = own.get(name);
      const same = typeof value === "number" && typeof given === "number"
        ? Math.abs(given - value) <= 1e-9 * Math.abs(value)
        : given === value;
      if (!same) {
        refuse(`${place} has ${name} = ${quoted(given)}, this release computes ${value}`);
      }
    }
    const buffers = own.get("_buffers");
    const filter = buffers instanceof Map ? buffers.get("resample_filter") : undefined;
    if (!isStoredTensor(filter)) continue;
    const taps = resampleTaps(filter, source);
    if (taps.join() !== architecture.filter.join()) {
      refuse(`${place} resamples by ${taps}, other layers by ${architecture.filter}`);
    }
  }
  modules.delete("map_augment");
  const [extra] = modules;
  if (extra !== undefined) {
    refuse(`${extra[0]} (${oneLine(extra[1].type.name, 60)}) is a layer that this release lacks`);
  }
}
