/** The Inception network of a file that the user has. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { quoted } from "../../core/quoted.ts";
import { sha256Hex } from "../../core/sha256.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import type { StoredTensor } from "../../formats/stored_tensor.ts";
import { isPickle, parsePickle, parseTorch } from "../../formats/torch_file.ts";
import { isTorch } from "../../formats/torch_magic.ts";
import { torchStateDict } from "../../formats/torch_networks.ts";
import {
  convolutionsOf,
  type ConvStage,
  type InceptionPlan,
  inceptionPlan,
} from "./inception_stages.ts";

/**
 * SHA-256 of the published file of weights, pt_inception-2015-12-05-6726825d.pth: only numbers that were made
 * with it are called FID and KID.
 *
 * @category Networks
 */
export const publishedInceptionSha256 =
  "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2";

/**
 * The Inception network of 2015-12-05, whose pool3 features the Frechet inception distance is made of.
 *
 * @category Networks
 */
export interface InceptionNetwork {
  /** Values of its features: 2048. */
  readonly features: number;
  /** Classes of its head: 1008. */
  readonly classes: number;
  /** SHA-256 (hex) of the file. */
  readonly sha256: string;
  /** Whether the file is the published one, byte for byte. */
  readonly published: boolean;
  /** Its convolutions by their names in the file. */
  readonly convolutions: ReadonlyMap<string, FoldedConv>;
  /** Weights of the head, `[classes, features]`. */
  readonly head: Float32Array;
}

/**
 * A convolution of the Inception network with its normalization in it.
 *
 * @category Networks
 */
export interface FoldedConv {
  /** `[height, width, in, out]`. */
  readonly filter: Float32Array;
  /** `[out]`. */
  readonly bias: Float32Array;
}

/** Added to the variances of its normalizations. */
const epsilon = 1e-3;

/**
 * Reads the Inception network of 2015-12-05 from the PyTorch form of its weights (`pt_inception-2015-12-05`): a
 * state dict as `torch.save` wrote it, or in safetensors. This package does not ship it. Names and shapes of
 * all parameters are checked; nothing in the file is run.
 *
 * @example
 * ```ts
 * import { CheckpointMismatchError, readInception } from "@els/toolkit/networks";
 * import { writeTorchStateDict } from "@els/toolkit/formats";
 * import { assertRejects } from "@std/assert";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * const other = writeTorchStateDict(new Map([["bias", bias]]));
 * await assertRejects(() => readInception(other, "other.pth"), CheckpointMismatchError);
 * ```
 *
 * @param bytes What the file holds.
 * @param source Its name, for messages.
 * @throws DataFormatError if the bytes are no intact file of tensors.
 * @throws CheckpointMismatchError if they are those of something else.
 * @category Networks
 */
export function readInception(
  bytes: Uint8Array<ArrayBuffer>,
  source: string,
): Promise<InceptionNetwork> {
  return readInceptionOf(inceptionPlan(), bytes, source);
}

/** The same for a plan, which may be narrower. */
export async function readInceptionOf(
  plan: InceptionPlan,
  bytes: Uint8Array<ArrayBuffer>,
  source: string,
): Promise<InceptionNetwork> {
  const tensors = tensorsOf(bytes, source);
  const taken = new Set<string>();
  const of = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = tensors.get(name);
    taken.add(name);
    if (tensor === undefined) {
      throw new CheckpointMismatchError(
        `${source}: ${name} is missing, expected the weights of pt_inception-2015-12-05`,
      );
    }
    const whole = tensor.shape.join() === shape.join();
    if (!whole || (tensor.dtype !== "F32" && tensor.dtype !== "F16")) {
      throw new CheckpointMismatchError(
        `${source}: ${name} is ${tensor.dtype} of [${tensor.shape.join(", ")}], expected F32 of [${
          shape.join(", ")
        }], as pt_inception-2015-12-05 has it`,
      );
    }
    return tensor.data;
  };
  const convolutions = new Map(
    convolutionsOf(plan.stages).map((stage) => [stage.name, foldedConv(stage, of)] as const),
  );
  const head = of("fc.weight", [plan.classes, plan.features]);
  // The score leaves it out, as the first implementation did.
  of("fc.bias", [plan.classes]);
  const odd = [...tensors.keys()].find((name) =>
    !taken.has(name) && !name.endsWith(".bn.num_batches_tracked")
  );
  if (odd !== undefined) {
    throw new CheckpointMismatchError(
      `${source}: it has ${quoted(odd)}, which pt_inception-2015-12-05 has not; other Inception ` +
        "networks give other numbers",
    );
  }
  const sha256 = await sha256Hex(bytes);
  const { features, classes } = plan;
  const published = sha256 === publishedInceptionSha256;
  return { features, classes, sha256, published, convolutions, head };
}

function tensorsOf(bytes: Uint8Array, source: string): ReadonlyMap<string, StoredTensor> {
  if (isTorch(bytes)) return torchStateDict(parseTorch(bytes, source), source).tensors;
  if (isPickle(bytes)) return torchStateDict(parsePickle(bytes, source), source).tensors;
  return parseSafetensors(bytes, source).tensors;
}

/** `scale (conv(x) - mean) / deviation + offset` as one convolution. */
function foldedConv(
  { name, inputs, outputs, kernel: [height, width] }: ConvStage,
  of: (name: string, shape: readonly number[]) => Float32Array,
): FoldedConv {
  const weight = of(`${name}.conv.weight`, [outputs, inputs, height, width]);
  const [scale, offset, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
    .map((part) => of(`${name}.bn.${part}`, [outputs]));
  const factors = Float64Array.from(
    { length: outputs },
    (_, o) => scale![o]! / Math.sqrt(variance![o]! + epsilon),
  );
  const filter = new Float32Array(weight.length);
  const pixels = height * width;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let p = 0; p < pixels; p++) {
        filter[(p * inputs + i) * outputs + o] = weight[(o * inputs + i) * pixels + p]! *
          factors[o]!;
      }
    }
  }
  const bias = Float32Array.from(factors, (factor, o) => offset![o]! - mean![o]! * factor);
  return { filter, bias };
}
