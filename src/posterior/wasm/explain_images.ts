/** A thread's part of an explanation: the kernel's pass over some images, then their candidates one by one. */
import {
  matchingPlaces,
  windowDistance,
  type WindowSetting,
} from "../explanation/candidate_windows.ts";
import { insertCandidate } from "../explanation/insert_candidate.ts";
import type { PosteriorPlan } from "../posterior_plan.ts";

/** Exports of `posterior/explanation.as.ts`, and what else an explanation needs of the kernel. */
export interface ExplanationExports {
  readonly memory: WebAssembly.Memory;
  setNoise(bits: number, cutoff: number, exactFrom: number): void;
  clear(): void;
  adoptReferences(): void;
  addImage(): void;
  finish(): void;
  imageAt(): number;
  referencesAt(): number;
  logitsAt(): number;
  prepareExplanation(pixels: number, listed: number, images: number): void;
  placesAt(): number;
  factorsAt(): number;
  slacksAt(): number;
  massesAt(): number;
  imageWeightsAt(): number;
  listMarginsAt(): number;
  listImagesAt(): number;
}

/** One work item: some images of a tile, for a plan of one query and scale. */
export interface ExplanationWork {
  /** The query, its rule and scale, as `windowDistance` takes them. */
  readonly setting: WindowSetting;
  readonly sigma: number;
  /** Logarithm of the sum of weights at each pixel, `[P]`. */
  readonly logSum: Float64Array;
  readonly pixels: Uint32Array;
  readonly top: number;
  /** See `cutoffBits`. */
  readonly cutoff: number;
  /** See `thresholdsOf`. */
  readonly thresholds: Float32Array;
  /** Training images `[N, H, W, C]`. */
  readonly images: Float32Array;
  /** Which of them. */
  readonly indices: Uint32Array;
}

/** What these images are to the query; see `ExplanationState`. */
export interface KernelExplanation {
  readonly mass: Float64Array;
  readonly entropy: Float64Array;
  readonly imageEntropy: Float64Array;
  readonly logWeight: Float64Array;
  readonly image: Uint32Array;
  readonly position: Uint32Array;
  /** Of each of `indices`. */
  readonly imageWeights: Float64Array;
}

/** Logits are this close where float32 cannot tell them apart, relative to their magnitude. */
const rounding = 2e-6;

function emptyPart({ pixels, top, indices }: ExplanationWork): KernelExplanation {
  const cells = pixels.length;
  return {
    mass: new Float64Array(cells),
    entropy: new Float64Array(cells),
    imageEntropy: new Float64Array(cells),
    logWeight: new Float64Array(cells * top).fill(-Infinity),
    image: new Uint32Array(cells * top),
    position: new Uint32Array(cells * top),
    imageWeights: new Float64Array(indices.length),
  };
}

/** Explains by the kernel, configured for the plan; yields after each image, so that the caller can stop. */
export function* explainImages(
  kernel: ExplanationExports,
  plan: PosteriorPlan,
  work: ExplanationWork,
): Generator<void, KernelExplanation> {
  return yield* (plan.rule < 2
    ? explainWhole(kernel, plan, work)
    : explainPatches(kernel, plan, work));
}

function* explainPatches(
  kernel: ExplanationExports,
  plan: PosteriorPlan,
  work: ExplanationWork,
): Generator<void, KernelExplanation> {
  const { pixels, top, cutoff, thresholds, indices, logSum } = work;
  const { bitsPerUnit, shared } = plan;
  const count = pixels.length;
  // Some to spare: images whose nearest candidates float32 cannot tell apart.
  const listed = 2 * top + 4;
  // Whatever counts for enough is taken in float64.
  kernel.setNoise(bitsPerUnit, cutoff, 0);
  kernel.clear();
  kernel.prepareExplanation(count, listed, indices.length);
  const { buffer } = kernel.memory;
  new Float32Array(buffer, kernel.referencesAt(), thresholds.length).set(thresholds);
  kernel.adoptReferences();
  new Int32Array(buffer, kernel.placesAt(), count).set(pixels);
  const factors = new Float64Array(buffer, kernel.factorsAt(), count);
  const slacks = new Float32Array(buffer, kernel.slacksAt(), count);
  pixels.forEach((pixel, e) => {
    const threshold = thresholds[pixel]!;
    const bits = bitsPerUnit * (threshold + shared[pixel]!) + logSum[pixel]! / Math.LN2;
    factors[e] = 2 ** -bits;
    slacks[e] = rounding * (Math.abs(threshold) + 2 * shared[pixel]!);
  });
  yield* feed(kernel, plan, work);
  kernel.finish();
  const part = emptyPart(work);
  const moments = new Float64Array(buffer, kernel.massesAt(), 3 * count);
  for (let e = 0; e < count; e++) {
    part.mass[e] = moments[e]!;
    part.entropy[e] = moments[count + e]! * Math.LN2;
    part.imageEntropy[e] = moments[2 * count + e]! * Math.LN2;
  }
  part.imageWeights.set(new Float64Array(buffer, kernel.imageWeightsAt(), indices.length));
  const margins = new Float32Array(buffer, kernel.listMarginsAt(), count * listed);
  const images = new Int32Array(buffer, kernel.listImagesAt(), count * listed);
  for (let e = 0; e < count; e++) {
    const threshold = thresholds[pixels[e]!]!;
    const nearest = Array.from({ length: listed }, (_, i) => e * listed + i)
      .filter((i) => margins[i]! > -1e29)
      .map((i) => ({
        index: indices[images[i]!]!,
        distance: threshold - margins[i]! + shared[pixels[e]!]!,
      }));
    nameCandidates(part, { e, nearest, work, slack: slacks[e]! });
    yield;
  }
  return part;
}

/** Gives the images to the kernel, one after another. */
function* feed(
  kernel: ExplanationExports,
  { channels, height, width }: PosteriorPlan,
  { images, indices }: ExplanationWork,
): Generator<void> {
  const values = channels * height * width;
  const image = new Float32Array(kernel.memory.buffer, kernel.imageAt(), values);
  for (const index of indices) {
    image.set(images.subarray(index * values, (index + 1) * values));
    kernel.addImage();
    yield;
  }
}

/** An image of the tile, and about how far its nearest candidate is, after division by the signal. */
interface NearImage {
  readonly index: number;
  readonly distance: number;
}

/** Finds the heaviest candidates of pixel e in its nearest images, in float64. */
function nameCandidates(
  part: KernelExplanation,
  { e, nearest, work, slack }: {
    readonly e: number;
    readonly nearest: NearImage[];
    readonly work: ExplanationWork;
    readonly slack: number;
  },
): void {
  const { setting, sigma, logSum, pixels, top, images } = work;
  const { rule, height, width, channels, signal } = setting;
  const reach = setting.weights?.reach ?? setting.radius;
  const pixel = pixels[e]!, values = height * width * channels;
  const p = [Math.floor(pixel / width), pixel % width] as const;
  const rows = matchingPlaces(rule, { size: height, reach, place: p[0] });
  const columns = matchingPlaces(rule, { size: width, reach, place: p[1] });
  const lists = { shape: [1, pixels.length, top] as const, ...part };
  nearest.sort((a, b) => a.distance - b.distance || a.index - b.index);
  const spareOf = (distance: number) => 2 * slack + 4 * rounding * Math.abs(distance);
  // As many images as candidates are asked for have one as near as this: what is farther is none of them.
  const enough = nearest[top - 1]?.distance ?? Infinity;
  const bound = enough === Infinity ? enough : signal ** 2 * (enough + spareOf(enough));
  // The nearest so far: what is farther than the last need not be looked at.
  const distances = new Float64Array(top).fill(bound);
  for (const { index, distance: least } of nearest) {
    if (signal ** 2 * (least - spareOf(least)) > distances[top - 1]!) continue;
    for (const row of rows) {
      for (const column of columns) {
        const of = { images, start: index * values, limit: distances[top - 1]! };
        const distance = windowDistance(setting, { p, q: [row, column] }, of);
        if (distance === Infinity) continue;
        keepSmallest(distances, distance);
        insertCandidate(lists, {
          cell: e,
          logWeight: -distance / (2 * sigma ** 2) - logSum[pixel]!,
          image: index,
          position: row * width + column,
        });
      }
    }
  }
}

/** Puts a number in its place in ascending order; the largest falls out. */
function keepSmallest(sorted: Float64Array, value: number): void {
  let at = sorted.length - 1;
  if (value >= sorted[at]!) return;
  for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/** Rules `whole` and `shifts`: the weights of an image's shifts are the same at all pixels. */
function* explainWhole(
  kernel: ExplanationExports,
  plan: PosteriorPlan,
  work: ExplanationWork,
): Generator<void, KernelExplanation> {
  const { pixels, top, cutoff, indices, logSum } = work;
  const { height, width, bitsPerUnit, candidatesPerImage } = plan;
  kernel.setNoise(bitsPerUnit, cutoff, plan.exactFrom);
  kernel.clear();
  kernel.prepareExplanation(0, 0, 0);
  const part = emptyPart(work);
  const logits = new Float64Array(kernel.memory.buffer, kernel.logitsAt(), candidatesPerImage);
  const named = {
    shape: [1, 1, top] as const,
    logWeight: new Float64Array(top).fill(-Infinity),
    image: new Uint32Array(top),
    position: new Uint32Array(top),
  };
  const steps = feed(kernel, plan, work);
  let mass = 0, entropy = 0, imageEntropy = 0;
  for (let i = 0; !steps.next().done; i++) {
    let weight = 0;
    for (let shift = 0; shift < candidatesPerImage; shift++) {
      const logWeight = logits[shift]! - logSum[0]!, w = Math.exp(logWeight);
      weight += w;
      if (w > 0) entropy -= w * logWeight;
      insertCandidate(named, { cell: 0, logWeight, image: indices[i]!, position: shift });
    }
    mass += weight;
    if (weight > 0) imageEntropy -= weight * Math.log(weight);
    part.imageWeights[i] = weight * pixels.length;
    yield;
  }
  part.mass.fill(mass);
  part.entropy.fill(entropy);
  part.imageEntropy.fill(imageEntropy);
  const lists = { shape: [1, pixels.length, top] as const, ...part };
  pixels.forEach((pixel, e) => {
    const row = Math.floor(pixel / width), column = pixel % width;
    for (let i = 0; i < top; i++) {
      const shift = named.position[i]!;
      const y = (row + Math.floor(shift / width)) % height, x = (column + shift % width) % width;
      insertCandidate(lists, {
        cell: e,
        logWeight: named.logWeight[i]!,
        image: named.image[i]!,
        position: y * width + x,
      });
    }
  });
  return part;
}
