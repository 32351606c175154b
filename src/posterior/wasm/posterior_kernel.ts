import { DeviceUnavailableError } from "../../core/errors.ts";
import type { KernelResult, PosteriorPlan } from "../posterior_plan.ts";
import { fastestBuild, wasmBytes } from "../../core/wasm_builds.ts";
import {
  explainImages,
  type ExplanationExports,
  type ExplanationWork,
  type KernelExplanation,
} from "./explain_images.ts";
import { relaxed, simd } from "./posterior_wasm.ts";

/** Exports of `posterior/posterior.as.ts`. */
interface Exports extends ExplanationExports {
  configure(...sizes: number[]): void;
  prepareQuery(b: number): void;
  prepareWindows(): void;
  radiiAt(): number;
  reachesAt(): number;
  tapsAt(): number;
  queriesAt(): number;
  sumsAt(): number;
  accsAt(): number;
}

/**
 * Which build of the kernel to use: with fused multiply-add where the engine has it, or without.
 *
 * @category Posterior
 */
export type KernelBuild = "simd" | "relaxed";

function bytesOf(build: KernelBuild | undefined): Uint8Array<ArrayBuffer> {
  const builds = { simd, relaxed };
  return build === undefined ? fastestBuild(builds) ?? wasmBytes(simd) : wasmBytes(builds[build]);
}

/**
 * Are centers summed as they are? With three channels that is faster; at high noise, where the score
 * hangs little on the last digits of the mean, it is as good as relative to the pivot.
 */
function hasNoPivot({ rule, channels, bitsPerUnit }: PosteriorPlan): boolean {
  return rule >= 2 && channels === 3 && bitsPerUnit < 4;
}

/** One work item: some images of a tile under a plan. */
export interface KernelWork {
  /** See `cutoffBits`. */
  readonly cutoff: number;
  /** Training images `[N, H, W, C]`. */
  readonly images: Float32Array;
  /** Which of them, in order. */
  readonly indices: Uint32Array;
  /** See `thresholdsOf`. */
  readonly thresholds: Float32Array | null;
}

/** What a thread can be asked for, and what it answers. */
export type AnyWork = KernelWork | ExplanationWork;
export type AnyResult = KernelResult | KernelExplanation;

/** An instance of the kernel with memory of its own. Not for use by two threads at once. */
export class PosteriorKernel {
  readonly #exports: Exports;
  #plan: PosteriorPlan | undefined;

  private constructor(exports: Exports) {
    this.#exports = exports;
  }

  /**
   * Compiles the kernel: the fastest build that the engine takes, the one asked for, or that in some
   * bytes, such as another version's in a benchmark.
   */
  static async create(build?: KernelBuild | Uint8Array<ArrayBuffer>): Promise<PosteriorKernel> {
    const bytes = build instanceof Uint8Array ? build : bytesOf(build);
    const { instance } = await WebAssembly.instantiate(bytes, {
      env: {
        abort: () => {
          throw new Error("the posterior kernel stopped");
        },
      },
    });
    return new PosteriorKernel(instance.exports as unknown as Exports);
  }

  /** Bytes of memory that it has taken; it never gives any back. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Prepares for a plan; the same plan object again is free. */
  configure(plan: PosteriorPlan): void {
    if (this.#plan === plan) return;
    this.#plan = undefined;
    const kernel = this.#exports;
    const { rule, height, width, channels, queries, scales, radii, reaches, taps, x, pivot } = plan;
    const largest = Math.max(...radii);
    const sizes = [height, width, channels, queries, scales, largest];
    try {
      kernel.configure(rule, ...sizes, Number(hasNoPivot(plan)), Number(taps !== null));
    } catch (error) {
      // All that it does there is to ask for memory.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new DeviceUnavailableError(
        `Cannot compute ${queries} images at ${scales} scales at a time: they need more memory than ` +
          "WebAssembly gives a thread; take fewer images or fewer scales at a time",
        { cause: error },
      );
    }
    const { buffer } = kernel.memory;
    new Int32Array(buffer, kernel.radiiAt(), scales).set(radii);
    if (rule >= 2) new Int32Array(buffer, kernel.reachesAt(), scales).set(reaches);
    taps?.forEach((each, s) =>
      new Float64Array(buffer, kernel.tapsAt(), scales * (largest + 1)).set(each, s * (largest + 1))
    );
    kernel.prepareWindows();
    new Float64Array(buffer, kernel.queriesAt(), x.length).set(x);
    const values = channels * height * width;
    for (let b = 0; b < queries; b++) {
      new Float32Array(buffer, kernel.imageAt(), values).set(
        pivot.subarray(b * values, (b + 1) * values),
      );
      kernel.prepareQuery(b);
    }
    this.#plan = plan;
  }

  /** Does the work under the plan; yields after each image, so that the caller can stop. */
  do(work: AnyWork): Generator<void, AnyResult> {
    return "setting" in work ? explainImages(this.#exports, this.#plan!, work) : this.run(work);
  }

  /** Sums over some images. */
  *run({ cutoff, images, indices, thresholds }: KernelWork): Generator<void, KernelResult> {
    const plan = this.#plan!;
    const kernel = this.#exports;
    kernel.setNoise(plan.bitsPerUnit, cutoff, plan.exactFrom);
    kernel.clear();
    kernel.prepareExplanation(0, 0, 0);
    const { buffer } = kernel.memory;
    const cells = plan.queries * plan.scales * plan.height * plan.width;
    const wholeImages = plan.rule < 2;
    if (thresholds !== null && !wholeImages) {
      new Float32Array(buffer, kernel.referencesAt(), cells).set(thresholds);
      kernel.adoptReferences();
    }
    const values = plan.channels * plan.height * plan.width;
    const image = new Float32Array(buffer, kernel.imageAt(), values);
    for (const index of indices) {
      image.set(images.subarray(index * values, (index + 1) * values));
      kernel.addImage();
      yield;
    }
    kernel.finish();
    return {
      references: wholeImages
        ? new Float64Array(buffer, kernel.referencesAt(), plan.queries).slice()
        : new Float32Array(buffer, kernel.referencesAt(), cells).slice(),
      sums: new Float64Array(buffer, kernel.sumsAt(), cells).slice(),
      accs: new Float64Array(buffer, kernel.accsAt(), cells * plan.channels).slice(),
      origin: wholeImages || hasNoPivot(plan) ? "zero" : "pivot",
    };
  }
}
