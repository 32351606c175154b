/** Residual UNets as a list of stages, from which follow parameters, operations and range. */
import {
  convSpecs,
  linearSpecs,
  normSpecs,
  type ParameterSpec,
  zeroed,
} from "../weights/parameters.ts";
import type { RangeStage } from "../analysis/receptive_range.ts";

/** One thing that the network does between its first convolution and its head. */
export type Stage =
  & { readonly name: string; readonly channels: number; readonly level: number }
  & (
    | { readonly op: "block"; readonly inputs: number; readonly joins: boolean }
    | { readonly op: "attention" }
    | { readonly op: "down" }
    | { readonly op: "up" }
    | { readonly op: "keep" }
  );

/** What decides the stages. */
export interface StagePlan {
  readonly channels: readonly number[];
  readonly blocks: number;
  /** Levels, 0 the finest, at which attention follows each block; and whether it is in the middle. */
  readonly attention: {
    readonly down: (level: number) => boolean;
    readonly up: (level: number) => boolean;
    readonly middle: boolean;
  };
}

/** What decides the parameters of stages besides themselves. */
export interface StageSpecOptions {
  /** Values that the embedding of time and class has. */
  readonly width: number;
  /** Whether the embedding scales channels, too. Default false. */
  readonly scaleShift?: boolean;
}

/** The stages in order, between the first convolution and the head. */
export function plan({ channels, blocks, attention }: StagePlan): Stage[] {
  const stages: Stage[] = [];
  const kept: number[] = [];
  let now = channels[0]!;
  const keep = (level: number) => {
    kept.push(now);
    stages.push({ op: "keep", name: "", channels: now, level });
  };
  const attend = (name: string, level: number) =>
    stages.push({ op: "attention", name, channels: now, level });
  const block = (name: string, level: number, joins: boolean) => {
    const inputs = now + (joins ? kept.pop()! : 0);
    now = channels[level]!;
    stages.push({ op: "block", name, inputs, channels: now, level, joins });
  };
  const last = channels.length - 1;
  keep(0);
  for (let level = 0; level <= last; level++) {
    for (let i = 0; i < blocks; i++) {
      block(`down_blocks.${level}.resnets.${i}`, level, false);
      if (attention.down(level)) attend(`down_blocks.${level}.attentions.${i}`, level);
      keep(level);
    }
    if (level === last) continue;
    const name = `down_blocks.${level}.downsamplers.0.conv`;
    stages.push({ op: "down", name, channels: now, level });
    keep(level + 1);
  }
  block("mid_block.resnets.0", last, false);
  if (attention.middle) attend("mid_block.attentions.0", last);
  block("mid_block.resnets.1", last, false);
  for (let level = last; level >= 0; level--) {
    const up = `up_blocks.${last - level}`;
    for (let i = 0; i <= blocks; i++) {
      block(`${up}.resnets.${i}`, level, true);
      if (attention.up(level)) attend(`${up}.attentions.${i}`, level);
    }
    if (level === 0) continue;
    stages.push({ op: "up", name: `${up}.upsamplers.0.conv`, channels: now, level: level - 1 });
  }
  return stages;
}

/** Parameters of a stage. */
export function stageSpecs(
  stage: Stage,
  { width, scaleShift = false }: StageSpecOptions,
): ParameterSpec[] {
  const { name, channels } = stage;
  if (stage.op === "keep") return [];
  if (stage.op === "down" || stage.op === "up") return convSpecs(name, channels, channels);
  if (stage.op === "attention") {
    return [
      ...normSpecs(`${name}.group_norm`, channels),
      ...["to_q", "to_k", "to_v"].flatMap((part) =>
        linearSpecs(`${name}.${part}`, channels, channels)
      ),
      ...zeroed(linearSpecs(`${name}.to_out.0`, channels, channels)),
    ];
  }
  return [
    ...normSpecs(`${name}.norm1`, stage.inputs),
    ...convSpecs(`${name}.conv1`, stage.inputs, channels),
    ...linearSpecs(`${name}.time_emb_proj`, width, scaleShift ? 2 * channels : channels),
    ...normSpecs(`${name}.norm2`, channels),
    ...zeroed(convSpecs(`${name}.conv2`, channels, channels)),
    ...stage.inputs === channels
      ? []
      : convSpecs(`${name}.conv_shortcut`, stage.inputs, channels, 1),
  ];
}

/** Multiply-adds times two of a stage on `pixels` pixels at its level. */
export function stageFlops(stage: Stage, pixels: number): number {
  const { channels: c } = stage;
  if (stage.op === "keep") return 0;
  // Counted as a convolution with stride 2, whatever is computed besides and thrown away.
  if (stage.op === "down") return 2 * 9 * c * c * pixels / 4;
  if (stage.op === "up") return 2 * 9 * c * c * pixels;
  if (stage.op === "attention") return 2 * (4 * c * c + 2 * c * pixels) * pixels;
  const shortcut = stage.inputs === c ? 0 : stage.inputs * c;
  return 2 * (9 * c * (stage.inputs + c) + shortcut) * pixels;
}

/** The stages that widen what an output sees, on the longest way: through the middle. */
export function rangeStages(stages: readonly Stage[]): RangeStage[] {
  const between = stages.flatMap(({ op }): RangeStage[] => {
    if (op === "block") return ["conv", "conv"];
    if (op === "down") return ["stride"];
    return op === "up" ? ["upsample", "conv"] : [];
  });
  return ["conv", ...between, "conv"];
}
