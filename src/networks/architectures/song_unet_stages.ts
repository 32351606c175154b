/** Song et al.'s UNet as a list of stages, from which follow parameters and operations. */
import {
  convSpecs,
  linearSpecs,
  normSpecs,
  type ParameterSpec,
  zeroed,
} from "../weights/parameters.ts";

/** A residual block, on images of size / 2^level once it has resampled them. */
export interface SongBlock {
  readonly op: "block";
  readonly name: string;
  readonly level: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly resample?: "down" | "up";
  readonly attention: boolean;
  /** It takes what the way down kept beside what is before it. */
  readonly joins: boolean;
  /** What it gives is kept for the way up. */
  readonly keeps: boolean;
}

/** One thing that the network does. */
export type SongStage =
  | SongBlock
  /** The first convolution. */
  | { readonly op: "first"; readonly name: string; readonly outputs: number }
  /** The image itself, smaller, joins the way down: added by a 1 x 1 convolution. */
  | Branch<"skip">
  /** The same by a 3 x 3 convolution, and what comes of it is the next such image. */
  | Branch<"residual">
  /** Normalization and convolution to an image, added to that of the level below. */
  | {
    readonly op: "head";
    readonly name: string;
    readonly level: number;
    readonly channels: number;
    readonly adds: boolean;
  };

interface Branch<O extends string> {
  readonly op: O;
  readonly name: string;
  readonly level: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** What decides the stages. */
export interface SongPlan {
  /** Height of the images. */
  readonly height: number;
  /** Of the images. */
  readonly colors: number;
  readonly width: number;
  readonly channels: readonly number[];
  readonly blocks: number;
  readonly attention: readonly number[];
  readonly encoder: "standard" | "skip" | "residual";
  readonly decoder: "standard" | "skip";
}

/** The stages in order. Names are those of NVIDIA's EDM. */
export function songStages(plan: SongPlan): SongStage[] {
  const { height, colors, width, channels, blocks, attention, encoder, decoder } = plan;
  const stages: SongStage[] = [];
  const kept: number[] = [];
  const last = channels.length - 1;
  let now = width;
  const side = (level: number) => height / 2 ** level;
  const named = (way: string, level: number, part: string) =>
    `${way}.${side(level)}x${side(level)}_${part}`;
  const block = (
    name: string,
    { level, outputs = now, joins = false, ...rest }:
      & Pick<SongBlock, "level">
      & Partial<SongBlock>,
  ) => {
    const keeps = name.startsWith("enc.");
    const inputs = now + (joins ? kept.pop()! : 0);
    stages.push({
      op: "block",
      name,
      level,
      inputs,
      outputs,
      joins,
      keeps,
      attention: false,
      ...rest,
    });
    if (keeps) kept.push(outputs);
    now = outputs;
  };

  let branch = colors;
  for (const [level, outputs] of channels.entries()) {
    if (level === 0) {
      stages.push({ op: "first", name: named("enc", 0, "conv"), outputs: now });
      kept.push(now);
    } else {
      block(named("enc", level, "down"), { level, resample: "down" });
      if (encoder !== "standard") {
        const name = named("enc", level, `aux_${encoder}`);
        stages.push({ op: encoder, name, level, inputs: branch, outputs: now });
        if (encoder === "residual") branch = now;
      }
    }
    for (let i = 0; i < blocks; i++) {
      const attends = attention.includes(side(level));
      block(named("enc", level, `block${i}`), { level, outputs, attention: attends });
    }
  }
  for (const [level, outputs] of [...channels.entries()].reverse()) {
    if (level === last) {
      block(named("dec", level, "in0"), { level, attention: true });
      block(named("dec", level, "in1"), { level });
    } else block(named("dec", level, "up"), { level, resample: "up" });
    for (let i = 0; i <= blocks; i++) {
      const attends = i === blocks && attention.includes(side(level));
      const name = named("dec", level, `block${i}`);
      block(name, { level, outputs, joins: true, attention: attends });
    }
    if (level === 0 || decoder === "skip") {
      const adds = level < last && decoder === "skip";
      stages.push({ op: "head", name: named("dec", level, "aux"), level, channels: now, adds });
    }
  }
  return stages;
}

/** Parameters of a stage of a network for images of so many colors. */
export function songStageSpecs(
  stage: SongStage,
  { colors, embedding }: { readonly colors: number; readonly embedding: number },
): ParameterSpec[] {
  const { op, name } = stage;
  if (op === "first") return convSpecs(name, colors, stage.outputs);
  if (op === "skip") return convSpecs(name, stage.inputs, stage.outputs, 1);
  if (op === "residual") return convSpecs(name, stage.inputs, stage.outputs);
  if (op === "head") {
    return [
      ...normSpecs(`${name}_norm`, stage.channels),
      ...zeroed(convSpecs(`${name}_conv`, stage.channels, colors)),
    ];
  }
  const { inputs, outputs } = stage;
  return [
    ...normSpecs(`${name}.norm0`, inputs),
    ...convSpecs(`${name}.conv0`, inputs, outputs),
    ...linearSpecs(`${name}.affine`, embedding, outputs),
    ...normSpecs(`${name}.norm1`, outputs),
    ...zeroed(convSpecs(`${name}.conv1`, outputs, outputs)),
    ...hasShortcut(stage) ? convSpecs(`${name}.skip`, inputs, outputs, 1) : [],
    ...stage.attention
      ? [
        ...normSpecs(`${name}.norm2`, outputs),
        ...convSpecs(`${name}.qkv`, outputs, 3 * outputs, 1),
        ...zeroed(convSpecs(`${name}.proj`, outputs, outputs, 1)),
      ]
      : [],
  ];
}

/** Whether a block's input goes through a convolution of its own to its output. */
export function hasShortcut({ inputs, outputs, resample }: SongBlock): boolean {
  return inputs !== outputs || resample !== undefined;
}

/** Multiply-adds times two of a stage, whose level has `pixels` pixels, for images of so many colors. */
export function songStageFlops(
  stage: SongStage,
  { colors, pixels }: { readonly colors: number; readonly pixels: number },
): number {
  if (stage.op === "first") return 2 * 9 * colors * stage.outputs * pixels;
  if (stage.op === "head") return 2 * 9 * colors * stage.channels * pixels;
  const { inputs, outputs: c } = stage;
  if (stage.op === "skip") return 2 * inputs * c * pixels;
  // The residual branch convolves before it halves.
  if (stage.op === "residual") return 2 * 9 * inputs * c * 4 * pixels;
  const shortcut = hasShortcut(stage) ? inputs * c : 0;
  const attention = stage.attention ? 4 * c * c + 2 * c * pixels : 0;
  return 2 * (9 * c * (inputs + c) + shortcut + attention) * pixels;
}
