/** What the Inception network of 2015-12-05 is made of, as data: stages one after the other. */

/** A convolution with normalization and ReLU. */
export interface ConvStage {
  readonly kind: "conv";
  /** Name in the state dict. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width of the filter. */
  readonly kernel: readonly [height: number, width: number];
  readonly stride: 1 | 2;
  /** `same`: as large as the input, zeros outside; `valid`: only where the filter lies inside. */
  readonly padding: "same" | "valid";
}

/** Maximum or mean over 3 x 3 pixels; what lies outside has no part in either. */
export interface PoolStage {
  readonly kind: "pool";
  readonly of: "max" | "mean";
  /** 1: as large as the input; 2: only where the square lies inside. */
  readonly stride: 1 | 2;
}

/** Ways from the same input whose channels stand one after the other. */
export interface BranchesStage {
  readonly kind: "branches";
  readonly branches: readonly (readonly InceptionStage[])[];
}

/** A stage. */
export type InceptionStage = ConvStage | PoolStage | BranchesStage;

/** Convolutions before their inputs are known. */
type Outline =
  | Omit<ConvStage, "inputs">
  | PoolStage
  | { readonly kind: "branches"; readonly branches: readonly (readonly Outline[])[] };

/** Side of the images that it takes. */
export const inceptionSide = 299;

/** Its features. */
export const inceptionWidth = 2048;

/** Classes of its head. */
const inceptionClasses = 1008;

/** The network before its weights. */
export interface InceptionPlan {
  readonly stages: readonly InceptionStage[];
  /** Channels at the end: the features. */
  readonly features: number;
  readonly classes: number;
}

/**
 * The stages. Average pooling leaves out what lies outside, and the second of the last two blocks takes the
 * maximum: that is how the network was trained in TensorFlow, and where its published PyTorch form differs
 * from the Inception v3 of libraries.
 *
 * @param narrowing All channels are divided by it, for tests: a divisor of 16.
 */
export function inceptionPlan(narrowing = 1): InceptionPlan {
  const of = (channels: number) => channels / narrowing;
  const conv = (
    name: string,
    outputs: number,
    [height, width]: readonly [number, number] = [1, 1],
    { stride = 1, padding = "same" }: Partial<Pick<ConvStage, "stride" | "padding">> = {},
  ): Outline => ({
    ...{ kind: "conv", name, outputs: of(outputs), kernel: [height, width], stride, padding },
  });
  const inside = { padding: "valid" } as const;
  const halved = { stride: 2, padding: "valid" } as const;
  const pool = (what: PoolStage["of"], stride: 1 | 2 = 1): Outline => ({
    ...{ kind: "pool", of: what, stride },
  });
  const branches = (...ways: readonly (readonly Outline[])[]): Outline => ({
    kind: "branches",
    branches: ways,
  });
  const blockA = (name: string, pooled: number) =>
    branches(
      [conv(`${name}.branch1x1`, 64)],
      [conv(`${name}.branch5x5_1`, 48), conv(`${name}.branch5x5_2`, 64, [5, 5])],
      [
        conv(`${name}.branch3x3dbl_1`, 64),
        conv(`${name}.branch3x3dbl_2`, 96, [3, 3]),
        conv(`${name}.branch3x3dbl_3`, 96, [3, 3]),
      ],
      [pool("mean"), conv(`${name}.branch_pool`, pooled)],
    );
  const blockB = (name: string) =>
    branches(
      [conv(`${name}.branch3x3`, 384, [3, 3], halved)],
      [
        conv(`${name}.branch3x3dbl_1`, 64),
        conv(`${name}.branch3x3dbl_2`, 96, [3, 3]),
        conv(`${name}.branch3x3dbl_3`, 96, [3, 3], halved),
      ],
      [pool("max", 2)],
    );
  const blockC = (name: string, middle: number) =>
    branches(
      [conv(`${name}.branch1x1`, 192)],
      [
        conv(`${name}.branch7x7_1`, middle),
        conv(`${name}.branch7x7_2`, middle, [1, 7]),
        conv(`${name}.branch7x7_3`, 192, [7, 1]),
      ],
      [
        conv(`${name}.branch7x7dbl_1`, middle),
        conv(`${name}.branch7x7dbl_2`, middle, [7, 1]),
        conv(`${name}.branch7x7dbl_3`, middle, [1, 7]),
        conv(`${name}.branch7x7dbl_4`, middle, [7, 1]),
        conv(`${name}.branch7x7dbl_5`, 192, [1, 7]),
      ],
      [pool("mean"), conv(`${name}.branch_pool`, 192)],
    );
  const blockD = (name: string) =>
    branches(
      [conv(`${name}.branch3x3_1`, 192), conv(`${name}.branch3x3_2`, 320, [3, 3], halved)],
      [
        conv(`${name}.branch7x7x3_1`, 192),
        conv(`${name}.branch7x7x3_2`, 192, [1, 7]),
        conv(`${name}.branch7x7x3_3`, 192, [7, 1]),
        conv(`${name}.branch7x7x3_4`, 192, [3, 3], halved),
      ],
      [pool("max", 2)],
    );
  const blockE = (name: string, pooled: PoolStage["of"]) =>
    branches(
      [conv(`${name}.branch1x1`, 320)],
      [
        conv(`${name}.branch3x3_1`, 384),
        branches(
          [conv(`${name}.branch3x3_2a`, 384, [1, 3])],
          [conv(`${name}.branch3x3_2b`, 384, [3, 1])],
        ),
      ],
      [
        conv(`${name}.branch3x3dbl_1`, 448),
        conv(`${name}.branch3x3dbl_2`, 384, [3, 3]),
        branches(
          [conv(`${name}.branch3x3dbl_3a`, 384, [1, 3])],
          [conv(`${name}.branch3x3dbl_3b`, 384, [3, 1])],
        ),
      ],
      [pool(pooled), conv(`${name}.branch_pool`, 192)],
    );
  const { stages, channels } = connected([
    conv("Conv2d_1a_3x3", 32, [3, 3], halved),
    conv("Conv2d_2a_3x3", 32, [3, 3], inside),
    conv("Conv2d_2b_3x3", 64, [3, 3]),
    pool("max", 2),
    conv("Conv2d_3b_1x1", 80),
    conv("Conv2d_4a_3x3", 192, [3, 3], inside),
    pool("max", 2),
    blockA("Mixed_5b", 32),
    blockA("Mixed_5c", 64),
    blockA("Mixed_5d", 64),
    blockB("Mixed_6a"),
    blockC("Mixed_6b", 128),
    blockC("Mixed_6c", 160),
    blockC("Mixed_6d", 160),
    blockC("Mixed_6e", 192),
    blockD("Mixed_7a"),
    blockE("Mixed_7b", "mean"),
    blockE("Mixed_7c", "max"),
  ], 3);
  return { stages, features: channels, classes: of(inceptionClasses) };
}

/** Stages with their inputs, and the channels behind them. */
function connected(
  outlines: readonly Outline[],
  inputs: number,
): { readonly stages: readonly InceptionStage[]; readonly channels: number } {
  let channels = inputs;
  const stages = outlines.map((outline): InceptionStage => {
    if (outline.kind === "pool") return outline;
    if (outline.kind === "conv") {
      const stage = { ...outline, inputs: channels };
      channels = outline.outputs;
      return stage;
    }
    const ways = outline.branches.map((way) => connected(way, channels));
    channels = ways.reduce((sum, way) => sum + way.channels, 0);
    return { kind: "branches", branches: ways.map(({ stages }) => stages) };
  });
  return { stages, channels };
}

/** All convolutions of stages, in order. */
export function convolutionsOf(stages: readonly InceptionStage[]): readonly ConvStage[] {
  return stages.flatMap((stage) =>
    stage.kind === "conv"
      ? [stage]
      : stage.kind === "branches"
      ? stage.branches.flatMap(convolutionsOf)
      : []
  );
}
