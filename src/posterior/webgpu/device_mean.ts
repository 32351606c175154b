import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, type ImageShape, imageShapeOf } from "../../core/image_batch.ts";
import type { PatchRule } from "../patch_posterior.ts";
import { prepareImages } from "../training_set.ts";
import { checkRequest, checkTile, hasScale } from "../request.ts";
import { cutoffBits, planPosterior } from "../posterior_plan.ts";
import { queryRow } from "./candidate_wgsl.ts";
import { far } from "./common_wgsl.ts";
import { deviceMeanWgsl, deviceQueryWgsl, deviceWorkgroup } from "./device_mean_wgsl.ts";
import { mergeWgsl } from "./merge_wgsl.ts";
import {
  coarseFrom,
  compileScale,
  type HeldBuffers,
  holdingBuffers,
  runRounds,
} from "./run_rounds.ts";
import { fractionFor, type GpuBackend, largestValue } from "./work.ts";

/**
 * What {@linkcode meanOnDevice} computes.
 *
 * @category Posterior
 */
export interface DevicePosteriorRequest {
  /** Noisy images, float32 `[B, H, W, C]`, in a buffer of the backend's device with usage STORAGE. */
  readonly query: GPUBuffer;
  /** B, H, W, C. */
  readonly shape: ImageBatch["shape"];
  /** Training images `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Only these images are candidates; all when absent. */
  readonly select?: Uint32Array;
  /** Which patches may match; not `whole` or `shifts`, which have no scale. */
  readonly rule: PatchRule;
  /** Patch sizes k, odd, ascending. */
  readonly scales: readonly number[];
  /** Factor of the clean image, positive. */
  readonly signal: number;
  /** Standard deviation of the noise, positive. */
  readonly sigma: number;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal;
}

/** Posterior means of queries on the GPU; see `WebgpuPosterior.meanOnDevice`. */
export function meanOnDevice(
  backend: GpuBackend,
  request: DevicePosteriorRequest,
): Promise<GPUBuffer> {
  return holdingBuffers((held) => meanHolding(backend, { ...request, held }));
}

async function meanHolding(
  backend: GpuBackend,
  options: DevicePosteriorRequest & { readonly held: HeldBuffers },
): Promise<GPUBuffer> {
  const { query, shape, images, select, rule, scales, signal, sigma, abort, held } = options;
  const { gpu, tolerance } = backend;
  const [queries, height, width, channels] = shape;
  const pixels = height * width, values = pixels * channels, count = queries * values;
  if (!hasScale(rule)) {
    throw new ArgumentError(`Cannot take the mean of rule "${rule}" on the GPU: use begin`);
  }
  // What a plan knows beside the query's values.
  const zeros = { data: new Float32Array(count), shape };
  const request = { query: zeros, rule, scales, signal, sigma };
  checkRequest(request);
  const imageShape: ImageShape = imageShapeOf(zeros);
  checkTile(images, imageShape, select);
  if (query.size < 4 * count) {
    throw new ArgumentError(
      `Cannot read queries of shape [${shape.join(", ")}] from a buffer of ${query.size} bytes: ` +
        `expected ${4 * count}`,
    );
  }
  const indices = select ?? Uint32Array.from({ length: images.shape[0] }, (_, i) => i);
  if (indices.length === 0 || queries === 0) {
    throw new ArgumentError(
      "Cannot take the posterior mean: there is no query or no training image",
    );
  }
  const plan = planPosterior(request);
  const work = { plan, rule, scales, images, indices, ...(abort && { abort }) };
  const sizes = { height, width, channels, rowLength: queryRow(width) };
  const [prepare, finish, merge] = await Promise.all([
    gpu.kernel({ code: deviceQueryWgsl(sizes), bindings: "rwww" }),
    gpu.kernel({ code: deviceMeanWgsl(sizes), bindings: "rrww" }),
    gpu.kernel({ code: mergeWgsl({ pixels, channels, totals: true }), bindings: "rww" }),
  ]);
  abort?.throwIfAborted();
  const window = cutoffBits(plan, { images: indices.length, tolerance });
  const stateFloats = (2 + channels) * pixels;
  const { COPY_DST, COPY_SRC, STORAGE, UNIFORM } = GPUBufferUsage;
  const empty = new Float32Array(2 * queries * scales.length * pixels);
  for (let i = 0; i < empty.length; i += 2) empty[i] = far;
  const buffers = await gpu.guarded(() => {
    const storage = (label: string, bytes: number, usage = 0) =>
      held.add(gpu.buffer(label, bytes, STORAGE | COPY_DST | COPY_SRC | usage));
    return {
      params: held.add(gpu.buffer("parameters", 64, UNIFORM | COPY_DST)),
      rows: storage("queries", 4 * queries * (2 * channels + 1) * height * sizes.rowLength),
      fixed: storage("queries in fixed point", 8 * count),
      running: held.add(gpu.upload("thresholds", empty)),
      totals: storage("sums", 4 * scales.length * queries * stateFloats),
      // Largest value of the query, then of each scale the largest distance that counts.
      extremes: storage("extremes", 4 * (1 + scales.length)),
    };
  });
  // Not held: it is the result.
  const mean = await gpu.guarded(() =>
    // TensorFlow.js makes its copy with the same usage, and so writes to it.
    gpu.buffer("means", 4 * count * scales.length, STORAGE | COPY_SRC | COPY_DST)
  );
  const run = (kernel: typeof prepare, bound: readonly GPUBuffer[], params: readonly number[]) => {
    const packed = new Float32Array(16);
    packed.set(params);
    gpu.device.queue.writeBuffer(buffers.params, 0, packed);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, gpu.bind(kernel, buffers.params, bound), [0]);
    pass.dispatchWorkgroups(Math.ceil(pixels / deviceWorkgroup), queries);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
  };
  const prepareQuery = (fraction: number) =>
    gpu.guarded(() => {
      const bound = [query, buffers.rows, buffers.fixed, buffers.extremes];
      run(prepare, bound, [signal, sigma / signal, 2 ** fraction]);
    });
  const sumScales = async (some: readonly number[], wary: boolean, fraction: number) => {
    const compiled = await Promise.all(
      some.map((scale) => compileScale(backend, work, { scale, wary })),
    );
    const none = new Float32Array(some.length * queries * stateFloats);
    for (let at = 0; at < none.length; at += stateFloats) none.fill(far, at, at + pixels);
    await gpu.guarded(() => gpu.device.queue.writeBuffer(buffers.totals, 0, none));
    await runRounds(backend, work, {
      compiled,
      window,
      fraction,
      query: buffers.rows,
      fixedQuery: buffers.fixed,
      running: buffers.running,
      merge,
      results: buffers.totals,
      resultOfNextRound: () => 0,
    });
    for (const [i, scale] of some.entries()) {
      await gpu.guarded(() => {
        const bound = [buffers.totals, buffers.rows, mean, buffers.extremes];
        run(finish, bound, [plan.bitsPerUnit, scale, i, queries]);
      });
    }
  };
  try {
    await prepareQuery(0);
    await sumScales([...scales.keys()], false, 0);
    const extremes = new Float32Array(await gpu.read(buffers.extremes, 4 * (1 + scales.length)));
    const coarse = [...scales.keys()].filter((scale) =>
      extremes[1 + scale]! > coarseFrom * plan.exactFrom
    );
    if (coarse.length > 0) {
      const fraction = fractionFor(
        Math.max(prepareImages(images).once(largestValue), extremes[0]!),
      );
      await prepareQuery(fraction);
      await sumScales(coarse, true, fraction);
    }
    await gpu.finished();
    return mean;
  } catch (error) {
    mean.destroy();
    throw error;
  }
}
