/** Whether the layers of a whole PyTorch module are those that this package computes. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine, quoted } from "../../core/quoted.ts";
import { attributesOf, isPickleGlobal, PickledObject } from "../../formats/pickled_object.ts";
import type { Architecture } from "../architectures/architecture.ts";

/** A layer that is expected: its class, and the attributes that decide what it computes. */
interface Layer {
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A class without the package before it. */
const ownName = (type: string) => type.replace(/^torch\.nn /, "");

/** Classes that only hold others, or hand their input to the one that they hold. */
const wrappers = new Set([
  "DDIM",
  "DataParallel",
  "DistributedDataParallel",
  "OptimizedModule",
  "AveragedModel",
]);

/** What objects of the public classes carry; another attribute may stand for another way to compute. */
const ownAttributes: Readonly<Record<string, string>> = {
  DDIM: "in_channels default_imsize noise_schedule device",
  MinimalResNet: "channels emb_dim mode conditional num_layers num_classes kernel_size " +
    "normalization lastksize",
  MinimalUNet:
    "fsizes channels conditional num_classes emb_dim mode kernel_size lastksize last_norm",
  EmbeddingModule: "fdim conditional channels num_classes",
  UBlock: "",
};

const layer = (type: string, attributes: Layer["attributes"] = {}): Layer => ({ type, attributes });

/** The class's own name; those of PyTorch keep the package before it. */
const torch = (name: string) => `torch.nn ${name}`;

const relu = layer(torch("ReLU"));
const linear = layer(torch("Linear"));
const sequence = layer(torch("Sequential"));
const list = layer(torch("ModuleList"));
const norm = (groups: number) =>
  layer(torch("GroupNorm"), { num_groups: groups, eps: 1e-5, affine: true });
const convolution = (k: number, padding: string) =>
  layer(torch("Conv2d"), {
    ...{ kernel_size: [k, k], stride: [1, 1], dilation: [1, 1], groups: 1, transposed: false },
    ...{ padding: "same", padding_mode: padding },
  });
const upsample = layer(torch("ConvTranspose2d"), {
  ...{ kernel_size: [2, 2], stride: [2, 2], padding: [0, 0], output_padding: [0, 0] },
  ...{ dilation: [1, 1], groups: 1, transposed: true },
});
const pool = layer(torch("MaxPool2d"), {
  ...{ kernel_size: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] },
  ...{ ceil_mode: false, return_indices: false },
});

const embedding = (classes: number): [string, Layer][] => [
  ["embedding", layer("EmbeddingModule")],
  ...classes === 0 ? [] : [
    ["embedding.class_embeddings", layer(torch("Embedding"), { max_norm: null })] as [
      string,
      Layer,
    ],
  ],
];

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The public code's layers by name; undefined for architectures that it does not have. */
function expectedLayers(architecture: Architecture): Map<string, Layer> | undefined {
  const { kind, padding, classes } = architecture;
  if (kind === "resnet") {
    const { layers, kernelSize } = architecture;
    const conv = convolution(kernelSize, padding);
    return new Map([
      ["", layer("MinimalResNet", { normalization: null })],
      ...embedding(classes),
      ["up_projection", conv],
      ["embs", list],
      ...range(layers + 1).flatMap((i): [string, Layer][] => [
        [`embs.${i}`, sequence],
        [`embs.${i}.0`, linear],
        [`embs.${i}.1`, norm(8)],
        [`embs.${i}.2`, relu],
      ]),
      ["convs", list],
      ...range(layers).flatMap((i): [string, Layer][] => [
        [`convs.${i}`, sequence],
        [`convs.${i}.0`, conv],
        [`convs.${i}.1`, relu],
      ]),
      ["down_projection", conv],
    ]);
  }
  if (kind !== "unet") return undefined;
  const { channels, norm: normalization } = architecture;
  const conv = convolution(3, padding);
  const block = (name: string, outputs: number): [string, Layer][] => {
    const after = normalization === "group" ? [norm(Math.min(32, outputs)), relu] : [relu];
    return [
      [name, layer("UBlock")],
      [`${name}.emb`, sequence],
      [`${name}.emb.0`, relu],
      [`${name}.emb.1`, linear],
      [`${name}.model`, sequence],
      ...[conv, ...after, conv, ...after].map((each, i): [string, Layer] => [
        `${name}.model.${i}`,
        each,
      ]),
    ];
  };
  const levels = channels.length - 1;
  return new Map([
    ["", layer("MinimalUNet", { last_norm: false })],
    ...embedding(classes),
    ["feature_blocks", list],
    ...range(levels).flatMap((i) => block(`feature_blocks.${i}`, channels[i]!)),
    ...block("bottleneck", channels[levels]!),
    ["output_blocks", list],
    ...range(levels).flatMap((i) => block(`output_blocks.${i}`, channels[levels - 1 - i]!)),
    ["upsamples", list],
    ...range(levels).map((i): [string, Layer] => [`upsamples.${i}`, upsample]),
    ["last_emb", sequence],
    ["last_emb.0", relu],
    ["last_emb.1", linear],
    ["output_conv", conv],
    ["pool", pool],
  ]);
}

/** The modules in a module, by name. */
function children(module: PickledObject): [string, PickledObject][] {
  const found = attributesOf(module).get("_modules");
  if (!(found instanceof Map)) return [];
  return [...found as Map<unknown, unknown>].flatMap(([name, child]) =>
    child instanceof PickledObject ? [[String(name), child] as [string, PickledObject]] : []
  );
}

/** A class as it is compared: by its own name, with the package where that is PyTorch's. */
function typeName({ type: { name } }: PickledObject): string {
  const own = name.slice(name.lastIndexOf(".") + 1);
  return name.startsWith("torch.nn.") ? torch(own) : own;
}

/**
 * Checks a whole module layer by layer against the network that its parameters look like: the same parameters
 * in other layers compute something else.
 *
 * @param options.prefix Where in the module the network stands, such as "backbone.".
 * @throws CheckpointMismatchError with the name of the first layer or attribute that differs, what was
 * found, and what this package computes.
 */
export function checkLayers(
  root: PickledObject,
  { prefix, architecture, source }: {
    readonly prefix: string;
    readonly architecture: Architecture;
    readonly source: string;
  },
): void {
  const expected = expectedLayers(architecture);
  if (expected === undefined) return;
  const refuse = (name: string, found: string, wanted: string): never => {
    throw new CheckpointMismatchError(
      `${source}: ${oneLine(name, 60)} is ${oneLine(found, 60)}, this package computes ${
        oneLine(wanted, 60)
      }; the same weights would give other images`,
    );
  };
  let module = root;
  for (const part of prefix.split(".").slice(0, -1)) {
    const type = ownName(typeName(module));
    if (!wrappers.has(type)) {
      refuse("the module around the network", `of class ${module.type.name}`, "a plain one");
    }
    plainly(module, type, refuse);
    const inner = children(module).find(([name]) => name === part)?.[1];
    if (inner === undefined) return;
    module = inner;
  }
  const left = new Map(expected);
  const pending: [string, PickledObject][] = [["", module]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [name, found] = next;
    const shown = `${prefix}${name}`.replace(/\.$/, "") || "the module";
    const wanted = left.get(name);
    const type = typeName(found);
    // A module that contains itself meets a name that is not expected.
    if (wanted === undefined) {
      return refuse(shown, `a ${ownName(type)}`, "nothing there");
    }
    if (type !== wanted.type) {
      // The same name of another package is told in full.
      const [own, theirs] = [ownName(type), ownName(wanted.type)];
      refuse(shown, `a ${own === theirs ? found.type.name : own}`, `a ${theirs}`);
    }
    left.delete(name);
    plainly(found, shown, refuse);
    const attributes = attributesOf(found);
    for (const [key, value] of Object.entries(wanted.attributes)) {
      if (!attributes.has(key)) continue;
      const there = attributes.get(key);
      if (!same(key, there, value, attributes)) {
        refuse(`${shown}.${key}`, quoted(there, 50), quoted(value, 50));
      }
    }
    for (const [key, child] of children(found)) {
      pending.push([name === "" ? key : `${name}.${key}`, child]);
    }
  }
  const [missing] = left;
  if (missing) refuse(`${prefix}${missing[0]}`, "missing", `a ${ownName(missing[1].type)}`);
}

/** Hooks, and a function of its own in place of the class's, may compute anything. */
function plainly(
  module: PickledObject,
  name: string,
  refuse: (name: string, found: string, wanted: string) => never,
): void {
  const attributes = attributesOf(module);
  const known = ownAttributes[ownName(typeName(module))]?.split(" ");
  for (const [key, value] of known ? attributes : []) {
    const isPlain = typeof key !== "string" || key.startsWith("_") || key === "training" ||
      value === null || key === "forward";
    if (!isPlain && !known!.includes(key)) {
      refuse(`${name}.${key}`, quoted(value, 50), `a ${ownName(typeName(module))} without it`);
    }
  }
  for (const key of ["_forward_hooks", "_forward_pre_hooks"]) {
    const hooks = attributes.get(key);
    if (hooks instanceof Map && hooks.size > 0) {
      refuse(`${name}.${key}`, "a function of its own", "none");
    }
  }
  const forward = attributes.get("forward");
  if (forward instanceof PickledObject || isPickleGlobal(forward)) {
    refuse(`${name}.forward`, "a function of its own", "that of its class");
  }
}

/** Whether an attribute is as expected; sizes may be one number for both axes. */
function same(
  key: string,
  found: unknown,
  wanted: unknown,
  attributes: ReadonlyMap<unknown, unknown>,
): boolean {
  if (wanted === "same" && key === "padding") {
    const size = attributes.get("kernel_size");
    const half = Array.isArray(size) ? size.map((n) => (Number(n) - 1) / 2) : [];
    return found === "same" || (half.length > 0 && pair(found) === half.join());
  }
  return Array.isArray(wanted) ? pair(found) === wanted.join() : found === wanted;
}

const pair = (value: unknown) => Array.isArray(value) ? value.join() : `${value},${value}`;
