/** What a mosaic's run keeps of each sample: the reverse processes of network and machines, with provenance. */
import { DataFormatError } from "../../src/core/errors.ts";
import { type ImageBatch, type ImageShape, sliceBatch } from "../../src/core/image_batch.ts";
import { imagesHolding } from "../../src/evaluation/images_holding.ts";
import type { MosaicStep, MosaicTrace } from "../../src/figures/mosaic_step.ts";
import {
  parseSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import type { Explanation } from "../../src/machines/explanation.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";

const FORMAT = "els-mosaic-sample";

/** Name of a sample's file. */
export function sampleFile(sample: number): string {
  return `sample_${String(sample).padStart(4, "0")}.safetensors`;
}

/** Machines for which opposite borders touch. */
const tori: ReadonlySet<string> = new Set(["ES", "ELS", "ELS_wrapped"]);

/** A reverse process, step by step. */
export interface KeptProcess {
  /** Noisy images before the steps, `[S, H, W, C]`. */
  readonly x: ImageBatch;
  /** Denoised images, `[S, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** The final image, `[1, H, W, C]`. */
  readonly image: ImageBatch;
}

/** A step of a machine, with what the weights of all training images come to. */
export interface KeptStep extends MosaicStep {
  /** Training images that hold 90 % of the weight of the whole picture. */
  readonly imagesOf90: number;
  /** exp of the entropy of the training images' weights in the whole picture. */
  readonly effectiveSources: number;
  /** The heaviest training images of the whole picture. */
  readonly sources: readonly { readonly image: number; readonly weight: number }[];
}

/** A machine's reverse process. */
export interface KeptMachine extends MosaicTrace {
  readonly machine: MachineName;
  readonly steps: readonly KeptStep[];
}

/** A sample. */
export interface KeptSample {
  readonly network: KeptProcess;
  readonly machines: readonly KeptMachine[];
}

/** Training images kept of each step's weights. */
const keptSources = 32;

/** What all samples of a run have in common. */
export interface SampleShape {
  readonly machines: readonly MachineName[];
  /** Times before the steps, falling. */
  readonly times: readonly number[];
  readonly imageShape: ImageShape;
  /** Candidates kept of each pixel. */
  readonly top: number;
}

/** A machine's process in the making. */
export interface MadeMachine {
  readonly steps: readonly { readonly x: ImageBatch; readonly explanation: Explanation }[];
  readonly image: ImageBatch;
}

/** A sample as a file; the same sample gives the same bytes. */
export function writeSample(
  network: KeptProcess,
  machines: readonly (readonly [name: MachineName, made: MadeMachine])[],
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, StoredTensor>();
  const images = (name: string, { data, shape }: ImageBatch) =>
    tensors.set(name, { dtype: "F32", shape: [...shape], data: Float32Array.from(data) });
  images("network.x", network.x);
  images("network.xHat0", network.xHat0);
  images("network.image", network.image);
  for (const [name, { steps, image }] of machines) {
    images(`${name}.x`, stacked(steps.map(({ x }) => x)));
    images(`${name}.xHat0`, stacked(steps.map(({ explanation }) => explanation.xHat0)));
    images(`${name}.image`, image);
    const [, pixels, top] = steps[0]!.explanation.shape;
    const count = steps.length;
    for (const key of ["image", "row", "column"] as const) {
      const data = new Int32Array(count * pixels * top);
      steps.forEach(({ explanation }, s) => data.set(explanation[key], s * pixels * top));
      tensors.set(`${name}.top.${key}`, { dtype: "I32", shape: [count, pixels, top], data });
    }
    const weight = new Float32Array(count * pixels * top);
    steps.forEach(({ explanation }, s) => weight.set(explanation.weight, s * pixels * top));
    tensors.set(`${name}.top.weight`, {
      dtype: "F32",
      shape: [count, pixels, top],
      data: weight,
    });
    for (const key of ["rest", "entropy", "imageEntropy"] as const) {
      const data = new Float32Array(count * pixels);
      steps.forEach(({ explanation }, s) => data.set(explanation[key], s * pixels));
      tensors.set(`${name}.${key}`, { dtype: "F32", shape: [count, pixels], data });
    }
    const numbers = steps.map(({ explanation: { patchSize, imageWeights: [weights] } }) => {
      const sources = heaviest(weights!);
      return { patchSize, sources, holding: imagesHolding(weights!), entropy: entropyOf(weights!) };
    });
    const kept = numbers[0]!.sources.length;
    const int = (data: number[], shape: number[]): StoredTensor => ({
      dtype: "I32",
      shape,
      data: Int32Array.from(data),
    });
    const double = (data: number[], shape: number[]): StoredTensor => ({
      dtype: "F64",
      shape,
      data: Float64Array.from(data),
    });
    const patchSizes = numbers.map(({ patchSize }) => patchSize);
    // Widths of a window are no integers.
    const sizes = patchSizes.every(Number.isInteger) ? int : double;
    tensors.set(`${name}.patchSize`, sizes(patchSizes, [count]));
    tensors.set(`${name}.imagesOf90`, int(numbers.map(({ holding }) => holding), [count]));
    tensors.set(
      `${name}.sources.image`,
      int(numbers.flatMap(({ sources }) => sources.map(({ image }) => image)), [count, kept]),
    );
    tensors.set(
      `${name}.sources.weight`,
      double(numbers.flatMap(({ sources }) => sources.map(({ weight }) => weight)), [count, kept]),
    );
    tensors.set(`${name}.sources.entropy`, double(numbers.map(({ entropy }) => entropy), [count]));
  }
  return writeSafetensors(tensors, {
    checksum: true,
    metadata: { format: FORMAT, layout: "NHWC" },
  });
}

/** The heaviest training images, of equal ones the lower number first. */
function heaviest(weights: Float64Array): { image: number; weight: number }[] {
  return Array.from(weights, (weight, image) => ({ image, weight }))
    .sort((a, b) => b.weight - a.weight || a.image - b.image)
    .slice(0, keptSources);
}

function entropyOf(weights: Float64Array): number {
  let total = 0, sum = 0;
  for (const weight of weights) total += weight;
  for (const weight of weights) {
    const part = weight / total;
    if (part > 0) sum -= part * Math.log(part);
  }
  return Math.max(0, sum);
}

/** Batches one below the other. */
export function stacked(batches: readonly ImageBatch[]): ImageBatch {
  const [, ...shape] = batches[0]!.shape;
  const size = batches[0]!.data.length;
  const data = new Float32Array(batches.length * size);
  batches.forEach((batch, i) => data.set(batch.data, i * size));
  return { data, shape: [batches.length * batches[0]!.shape[0], ...shape] };
}

/**
 * Reads what {@linkcode writeSample} wrote.
 *
 * @throws DataFormatError if the bytes are damaged, or of another run.
 */
export function parseSample(
  bytes: Uint8Array,
  source: string,
  { machines, times, imageShape, top }: SampleShape,
): KeptSample {
  const { tensors, metadata } = parseSafetensors(bytes, source, { checksum: "required" });
  if (metadata.format !== FORMAT) {
    throw new DataFormatError(source, "it does not hold a sample of a mosaic");
  }
  const [height, width] = imageShape;
  const steps = times.length, pixels = height * width;
  const tensor = (name: string, shape: readonly number[]) => {
    const found = tensors.get(name);
    if (found === undefined || found.shape.join() !== shape.join()) {
      throw new DataFormatError(
        source,
        `${name} has the shape [${found?.shape ?? "missing"}], expected [${shape}]`,
      );
    }
    return found.data;
  };
  const floats = (name: string, shape: readonly number[]) => tensor(name, shape) as Float32Array;
  const integers = (name: string, shape: readonly number[]) => tensor(name, shape) as Int32Array;
  const batch = (name: string, count: number): ImageBatch => ({
    data: floats(name, [count, ...imageShape]),
    shape: [count, ...imageShape],
  });
  const process = (name: string): KeptProcess => ({
    x: batch(`${name}.x`, steps),
    xHat0: batch(`${name}.xHat0`, steps),
    image: batch(`${name}.image`, 1),
  });
  const everyPixel = Array.from(
    { length: pixels },
    (_, i) => [Math.floor(i / width), i % width] as const,
  );
  return {
    network: process("network"),
    machines: machines.map((machine) => {
      const { x, xHat0, image } = process(machine);
      const kept = tensors.get(`${machine}.sources.image`)?.shape[1] ?? 0;
      const part = <T extends Float32Array | Int32Array>(values: T, s: number): T =>
        values.subarray(s * values.length / steps, (s + 1) * values.length / steps) as T;
      const list = [steps, pixels, top];
      const of = {
        image: integers(`${machine}.top.image`, list),
        row: integers(`${machine}.top.row`, list),
        column: integers(`${machine}.top.column`, list),
        weight: floats(`${machine}.top.weight`, list),
        rest: floats(`${machine}.rest`, [steps, pixels]),
        entropy: floats(`${machine}.entropy`, [steps, pixels]),
        imageEntropy: floats(`${machine}.imageEntropy`, [steps, pixels]),
      };
      const patchSizes = tensor(`${machine}.patchSize`, [steps]);
      const holding = integers(`${machine}.imagesOf90`, [steps]);
      const sourceImages = integers(`${machine}.sources.image`, [steps, kept]);
      const sourceWeights = tensor(`${machine}.sources.weight`, [steps, kept]);
      const sourceEntropy = tensor(`${machine}.sources.entropy`, [steps]);
      return {
        machine,
        wrap: tori.has(machine),
        image,
        steps: times.map((t, s): KeptStep => {
          const entropy = Float64Array.from(part(of.entropy, s));
          const imageEntropy = Float64Array.from(part(of.imageEntropy, s));
          return {
            shape: [1, pixels, top],
            t,
            patchSize: Number(patchSizes[s]),
            x: sliceBatch(x, s, s + 1),
            xHat0: sliceBatch(xHat0, s, s + 1),
            pixels: everyPixel,
            image: part(of.image, s),
            row: part(of.row, s),
            column: part(of.column, s),
            weight: Float64Array.from(part(of.weight, s)),
            rest: Float64Array.from(part(of.rest, s)),
            entropy,
            imageEntropy,
            effectivePatches: entropy.map(Math.exp),
            effectiveImages: imageEntropy.map(Math.exp),
            imagesOf90: holding[s]!,
            effectiveSources: Math.exp(Number(sourceEntropy[s])),
            sources: Array.from({ length: kept }, (_, i) => ({
              image: sourceImages[s * kept + i]!,
              weight: Number(sourceWeights[s * kept + i]),
            })),
          };
        }),
      };
    }),
  };
}
