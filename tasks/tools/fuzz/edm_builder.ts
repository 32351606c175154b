/** Pickles of the kind that EDM's trainings write, of networks of ours: no class source is in them. */
import type { SongUnetArchitecture } from "../../../src/networks/architectures/song_unet.ts";
import {
  hasShortcut,
  type SongBlock,
  songStages,
} from "../../../src/networks/architectures/song_unet_stages.ts";
import { toStateDict } from "../../../src/networks/weights/parameters.ts";
import type { TrainedNetwork } from "../../../src/networks/weights/weights.ts";
import { big, join, little, type Piece } from "./bytes.ts";
import { call, dictionary, global, integer, text, tuple } from "./pickle_builder.ts";

/** A module as its class, attributes, arrays and parts. */
export interface EdmModule {
  type: string;
  readonly attributes: Record<string, unknown>;
  readonly parameters: Record<string, EdmArray | null>;
  readonly buffers: Record<string, EdmArray | null>;
  readonly modules: Record<string, EdmModule>;
}

/** An array in PyTorch's layout. */
export interface EdmArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function real(value: number): Piece {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  return join("G", big(bits.getBigUint64(0), 8));
}

function plain(value: unknown): Piece {
  if (value === null) return "N";
  if (value === true) return "\x88";
  if (value === false) return "\x89";
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return Number.isSafeInteger(value) ? integer(value) : real(value);
  throw new TypeError(`no pickle of ${value}`);
}

const ordered = global("collections", "OrderedDict");

function orderedDict(entries: readonly (readonly [string, Piece])[]): Piece {
  const empty = join(ordered, ")R");
  if (entries.length === 0) return empty;
  return join(empty, "(", ...entries.flatMap(([name, value]) => [text(name), value]), "u");
}

/** A storage as torch.save wrote it before PyTorch 1.6. */
function savedStorage(data: Float32Array): Uint8Array {
  const proto = "\x80\x02";
  const id = tuple(
    ...[text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu")],
    ...[integer(data.length), "N"],
  );
  return join(
    ...[proto, [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19], "."],
    ...[proto, integer(1001), "."],
    ...[proto, dictionary([[text("little_endian"), "\x88"]]), "."],
    ...[proto, id, "Q."],
    ...[proto, "](", text("0"), "e."],
    ...[little(data.length, 8), new Uint8Array(data.slice().buffer)],
  );
}

function tensor({ shape, data }: EdmArray): Piece {
  const bytes = savedStorage(data);
  const storage = call(
    global("torch.storage", "_load_from_bytes"),
    join("B", little(bytes.length, 4), bytes),
  );
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((n, size) => n * size, 1));
  return call(
    global("torch._utils", "_rebuild_tensor_v2"),
    ...[storage, integer(0), tuple(...shape.map(integer)), tuple(...strides.map(integer))],
    ...["\x89", join(ordered, ")R")],
  );
}

const arrays = (all: Readonly<Record<string, EdmArray | null>>) =>
  orderedDict(Object.entries(all).map(([name, array]) => [name, array ? tensor(array) : "N"]));

function pickled({ type, attributes, parameters, buffers, modules }: EdmModule): Piece {
  const state = dictionary([
    [text("training"), "\x89"],
    [text("_parameters"), arrays(parameters)],
    [text("_buffers"), arrays(buffers)],
    [
      text("_modules"),
      orderedDict(Object.entries(modules).map(([name, module]) => [name, pickled(module)])),
    ],
    ...Object.entries(attributes).map(([name, value]) => [text(name), plain(value)] as const),
  ]);
  if (type.startsWith("torch.")) {
    const at = type.lastIndexOf(".");
    return join(global(type.slice(0, at), type.slice(at + 1)), ")\x81", state, "b");
  }
  return call(
    global("torch_utils.persistence", "_reconstruct_persistent_obj"),
    dictionary([
      [text("type"), text("class")],
      [text("version"), integer(6)],
      [text("module_src"), text("raise SystemExit('never run')\n")],
      [text("class_name"), text(type)],
      [text("state"), state],
    ]),
  );
}

const layer = (type: string, attributes: EdmModule["attributes"] = {}): EdmModule => ({
  ...{ type, attributes, parameters: {}, buffers: {}, modules: {} },
});

function conv(filter: readonly number[], resample: Record<string, boolean> = {}): EdmModule {
  const sum = filter.reduce((all, tap) => all + tap, 0) ** 2;
  const resamples = Object.keys(resample).length > 0;
  const data = Float32Array.from(filter.flatMap((a) => filter.map((b) => a * b / sum)));
  return {
    ...layer("Conv2d", { up: false, down: false, fused_resample: false, ...resample }),
    buffers: {
      resample_filter: resamples ? { shape: [1, 1, filter.length, filter.length], data } : null,
    },
  };
}

const norm = (channels: number) =>
  layer("GroupNorm", { num_groups: Math.min(32, Math.floor(channels / 4)), eps: 1e-6 });

function block(stage: SongBlock, filter: readonly number[]): EdmModule {
  const { inputs, outputs, resample, attention } = stage;
  const resampling = resample === undefined ? {} : { [resample]: true };
  return {
    ...layer("UNetBlock", {
      ...{ in_channels: inputs, out_channels: outputs, num_heads: attention ? 1 : 0 },
      ...{ dropout: 0.1, skip_scale: Math.sqrt(0.5), adaptive_scale: false },
    }),
    modules: {
      ...{ norm0: norm(inputs), conv0: conv(filter, resampling), affine: layer("Linear") },
      ...{ norm1: norm(outputs), conv1: conv(filter) },
      ...hasShortcut(stage) && { skip: conv(filter, resampling) },
      ...attention && { norm2: norm(outputs), qkv: conv(filter), proj: conv(filter) },
    },
  };
}

const list = () => layer("torch.nn.modules.container.ModuleDict");

/** The modules of a network, without arrays. */
function songModule(architecture: SongUnetArchitecture): EdmModule {
  const { imageShape: [height, , colors], frequencies, waves, classes, filter } = architecture;
  const ways: Record<string, EdmModule> = { enc: list(), dec: list() };
  const put = (name: string, module: EdmModule) => {
    const [way, rest] = name.split(".") as [string, string];
    ways[way]!.modules[rest] = module;
  };
  for (const stage of songStages({ ...architecture, height, colors })) {
    const { name } = stage;
    if (stage.op === "first") put(name, conv(filter));
    if (stage.op === "block") put(name, block(stage, filter));
    if (stage.op === "residual") put(name, conv(filter, { down: true, fused_resample: true }));
    if (stage.op === "skip") {
      put(name.replace("_skip", "_down"), conv(filter, { down: true }));
      put(name, conv(filter));
    }
    if (stage.op === "head") {
      if (stage.adds) put(`${name}_up`, conv(filter, { up: true }));
      put(`${name}_norm`, norm(stage.channels));
      put(`${name}_conv`, conv(filter));
    }
  }
  const noise = frequencies.length > 0
    ? {
      ...layer("FourierEmbedding"),
      buffers: { freqs: { shape: [frequencies.length], data: Float32Array.from(frequencies) } },
    }
    : layer("PositionalEmbedding", { num_channels: waves, max_positions: 10000, endpoint: true });
  return {
    ...layer("SongUNet", { label_dropout: 0 }),
    modules: {
      map_noise: noise,
      ...classes > 0 && { map_label: layer("Linear") },
      ...{ map_layer0: layer("Linear"), map_layer1: layer("Linear"), ...ways },
    },
  };
}

/** The modules of a network of Song et al. with what is around it. */
export function edmModule(trained: TrainedNetwork): EdmModule {
  const { network, parameters, preconditioning = { kind: "none" } } = trained;
  const architecture = network.architecture as SongUnetArchitecture;
  const root = songModule(architecture);
  for (const [name, array] of toStateDict(network.parameters, parameters)) {
    const path = name.split(".");
    const own = path.pop()!;
    let module = root;
    for (const part of path) module = module.modules[part]!;
    module.parameters[own] = array;
  }
  const { kind } = preconditioning;
  const around = kind === "edm"
    ? { sigma_data: preconditioning.sigmaData, sigma_min: 0, sigma_max: Infinity }
    : kind === "vp"
    ? {
      beta_d: preconditioning.betaD,
      beta_min: preconditioning.betaMin,
      ...{ M: preconditioning.timesteps, epsilon_t: 1e-5, sigma_min: 0.001, sigma_max: 152.2 },
    }
    : { sigma_min: 0.02, sigma_max: 100 };
  const [side, , colors] = architecture.imageShape;
  return {
    ...layer(`${kind.toUpperCase()}Precond`, {
      ...{ img_resolution: side, img_channels: colors, label_dim: architecture.classes },
      ...{ use_fp16: false, ...around },
    }),
    modules: { model: root },
  };
}

/** The pickle that a training keeps of it. */
export function writeEdmPickle(module: EdmModule): Uint8Array<ArrayBuffer> {
  return join(
    ...["\x80\x04", dictionary([[text("ema"), pickled(module)], [text("augment_pipe"), "N"]]), "."],
  );
}
