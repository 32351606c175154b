/** Posterior means over training images by WebAssembly, where filters are sets or boxes. */
import type { ImageShape } from "../../core/image_batch.ts";
import { fastestBuild } from "../../core/wasm_builds.ts";
import { pivotOf } from "../../posterior/posterior_plan.ts";
import type { Filter, FilterLevel, SourceImages } from "../filters.ts";
import { sourceCount, sourceOffset } from "./source_statistics.ts";
import { relaxed, simd } from "./wasm/image_posteriors_wasm.ts";

/** Exports of `wasm/image_posteriors.as.ts`. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  configure(...sizes: number[]): void;
  placeMembers(count: number): void;
  countAnswers(): void;
  begin(bitsPerUnit: number, cutoffBits: number, exactFrom: number): void;
  addImages(count: number): number;
  addAnswers(count: number): void;
  finish(): void;
  rawAt(): number;
  queryAt(): number;
  pivotAt(): number;
  startsAt(): number;
  membersAt(): number;
  meansAt(): number;
}

/**
 * Writes sets as the kernel has them: of three that follow each other, the members of the first alone, of the
 * second alone, of both, of the third alone, .. of all three. What they share is summed once.
 */
function writeTrios(
  { start, bounds }: Extract<Filter, { kind: "sets" }>,
  { values, starts, members }: {
    readonly values: number;
    readonly starts: Uint32Array;
    readonly members: Uint32Array;
  },
): void {
  const posteriors = start.length - 1;
  const sets = new Uint8Array(values), places = new Uint32Array(8);
  let at = starts[0] = 0;
  for (let trio = 0; 3 * trio < posteriors; trio++) {
    sets.fill(0);
    for (let j = 3 * trio; j < Math.min(posteriors, 3 * trio + 3); j++) {
      for (let r = 2 * start[j]!; r < 2 * start[j + 1]!; r += 2) {
        for (let i = bounds[r]!; i < bounds[r + 1]!; i++) sets[i]! |= 1 << (j - 3 * trio);
      }
    }
    places.fill(0);
    for (let i = 0; i < values; i++) places[sets[i]!]!++;
    for (let mask = 1; mask < 8; mask++) {
      const count = places[mask]!;
      places[mask] = at;
      starts[7 * trio + mask] = at += count;
    }
    for (let i = 0; i < values; i++) {
      const mask = sets[i]!;
      if (mask > 0) members[places[mask]!++] = i;
    }
  }
}

/** Filters that the kernel takes. */
export interface KernelFilters {
  readonly shape: ImageShape;
  readonly precision: Extract<Filter, { kind: "sets" | "boxes" }>;
  /** Coordinates that each posterior answers by itself; 0 where it answers what it compares. */
  readonly group: number;
}

/** Images that are looked at together. */
export const imagesTogether = 16;

/** Candidates below this part of the sum, all together, are left out: a thousandth of a rounding of float32. */
const tolerance = 1e-10;

/**
 * Nats up to which float32 sums are taken, whose error is 5e-8 of it: of more noise an error of the logit moves
 * the mean less.
 */
const float32Nats = 32;

/** Most members that sets may have in all: 4 bytes each. */
const mostMembers = 2 ** 27;

function membersOf({ start, bounds }: Extract<Filter, { kind: "sets" }>): number {
  let count = 0;
  for (let r = 2 * start[0]!, end = 2 * start.at(-1)!; r < end; r += 2) {
    count += bounds[r + 1]! - bounds[r]!;
  }
  return count;
}

/** What the kernel can do of a precision and a response; undefined if it cannot. */
export function kernelFiltersOf(
  { precision, response, shape }: {
    readonly precision: Filter;
    readonly response: Filter;
    readonly shape: ImageShape;
  },
): KernelFilters | undefined {
  const [height, width, channels] = shape;
  if (precision.kind !== "sets" && precision.kind !== "boxes") return undefined;
  if (precision.kind === "sets" && membersOf(precision) > mostMembers) return undefined;
  if (response === precision) return { shape, precision, group: 0 };
  if (precision.kind === "boxes") return undefined;
  const posteriors = precision.start.length - 1;
  if (response.kind === "pixels" && posteriors === height * width) {
    return { shape, precision, group: channels };
  }
  return response.kind === "coordinates" ? { shape, precision, group: 1 } : undefined;
}

/** Kernels that nobody uses: they keep their memory. */
const idle: ImageKernel[] = [];
/** Memory that an idle kernel may keep. */
const keptBytes = 2 ** 28;

let compiled: Promise<WebAssembly.Module> | undefined;

/** An instance with memory of its own, for one query at a time. */
export class ImageKernel {
  readonly #exports: Exports;
  #filters: Pick<KernelFilters, "precision" | "group"> | undefined;
  #source: SourceImages | undefined;
  #values = 0;

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  /** One that is free, or a new one; undefined where the engine has no SIMD, or no memory is left. */
  static async take(filters: KernelFilters): Promise<ImageKernel | undefined> {
    const kernel = idle.pop() ?? await ImageKernel.#create();
    if (kernel === undefined) return undefined;
    try {
      kernel.#configure(filters);
    } catch (error) {
      // All that it does there is to ask for memory.
      if (error instanceof WebAssembly.RuntimeError) return undefined;
      throw error;
    }
    return kernel;
  }

  static async #create(): Promise<ImageKernel | undefined> {
    const bytes = fastestBuild({ simd, relaxed });
    if (bytes === undefined) return undefined;
    compiled ??= WebAssembly.compile(bytes);
    const { exports } = await WebAssembly.instantiate(await compiled, { env: { abort: () => {} } });
    return new ImageKernel(exports as unknown as Exports);
  }

  /** Gives it back. */
  free(): void {
    this.#source = undefined;
    if (this.#exports.memory.buffer.byteLength <= keptBytes) idle.push(this);
  }

  #configure({ shape: [height, width, channels], precision, group }: KernelFilters): void {
    const kernel = this.#exports;
    const values = height * width * channels;
    const same = this.#filters?.precision === precision && this.#filters.group === group &&
      this.#values === values;
    if (same) return;
    this.#filters = undefined;
    this.#values = values;
    if (precision.kind === "boxes") {
      const { size } = precision;
      const posteriors = (height - size + 1) * (width - size + 1);
      kernel.configure(height, width, channels, posteriors, size, 1, group, 0);
    } else {
      const { start, of } = precision;
      const count = membersOf(precision), posteriors = start.length - 1;
      const pixels = Number(of === "pixels");
      kernel.configure(height, width, channels, posteriors, 0, pixels, group, count);
      const { buffer } = kernel.memory;
      writeTrios(precision, {
        values: height * width * (pixels ? 1 : channels),
        starts: new Uint32Array(buffer, kernel.startsAt(), 7 * Math.ceil(posteriors / 3) + 1),
        members: new Uint32Array(buffer, kernel.membersAt(), count),
      });
      kernel.placeMembers(count);
    }
    if (group === 0) kernel.countAnswers();
    // A kernel without memory for them has none of the filters, either.
    this.#filters = { precision, group };
  }

  /** Begins with a noisy image `[H, W, C]`. */
  begin(
    x: Float64Array,
    { source, level: { signal, sigma } }: {
      readonly source: SourceImages;
      readonly level: FilterLevel;
    },
  ): void {
    const kernel = this.#exports;
    this.#source = source;
    const [, height, width, channels] = source.images.shape;
    const pixels = height * width;
    const query = new Float64Array(kernel.memory.buffer, kernel.queryAt(), x.length);
    for (let i = 0; i < x.length; i++) query[i] = x[i]! / signal;
    const planes = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) {
      planes[i % channels * pixels + Math.floor(i / channels)] = query[i]!;
    }
    const pivot = pivotOf(planes, { height, width, noise: sigma / signal });
    const pivots = new Float32Array(kernel.memory.buffer, kernel.pivotAt(), x.length);
    for (let i = 0; i < x.length; i++) {
      pivots[i] = pivot[i % channels * pixels + Math.floor(i / channels)]!;
    }
    const bitsPerUnit = signal ** 2 / (2 * sigma ** 2 * Math.LN2);
    const exactFrom = float32Nats * Math.max(1, 3 * sigma / signal) / Math.LN2 / bitsPerUnit;
    const cutoffBits = Math.min(80, Math.log2(sourceCount(source) / tolerance));
    kernel.begin(bitsPerUnit, cutoffBits, exactFrom);
  }

  /** Images of the source from one on, at most {@linkcode imagesTogether}. */
  #bring(first: number): number {
    const source = this.#source!, { images: { data }, select } = source;
    const values = this.#values;
    const count = Math.min(imagesTogether, sourceCount(source) - first);
    const raw = new Float32Array(
      this.#exports.memory.buffer,
      this.#exports.rawAt(),
      count * values,
    );
    if (select === undefined) raw.set(data.subarray(first * values, (first + count) * values));
    else {
      for (let i = 0; i < count; i++) {
        const at = sourceOffset(source, first + i);
        raw.set(data.subarray(at, at + values), i * values);
      }
    }
    return count;
  }

  /** Adds images; false if none of them weighs anything. */
  addImages(first: number): boolean {
    return this.#exports.addImages(this.#bring(first)) !== 0;
  }

  /** Adds images in the second pass, which there is where posteriors answer what they compare. */
  addAnswers(first: number): void {
    this.#exports.addAnswers(this.#bring(first));
  }

  /** The mean `[H, W, C]`. */
  finish(): Float64Array {
    const kernel = this.#exports;
    kernel.finish();
    return new Float64Array(kernel.memory.buffer, kernel.meansAt(), this.#values).slice();
  }
}
