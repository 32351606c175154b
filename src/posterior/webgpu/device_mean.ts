import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { type Dispatch, dispatchOf, type GpuContext } from "../../gpu/gpu_context.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import { programOf } from "../../gpu/program.ts";
import type { PatchRule } from "../patch_posterior.ts";
import { checkRequest, checkTile, hasScale } from "../request.ts";
import { cutoffBits, planPosterior } from "../posterior_plan.ts";
import { deviceMean, deviceQuery, deviceWorkgroup, extremesOf } from "./device_mean_wgsl.ts";
import { mergeProgram } from "./merge_wgsl.ts";
import { queryRow } from "./patch_wgsl.ts";
import { far } from "./round_params.ts";
import { neighbors, type QueryRange } from "./rounds.ts";
import { runRounds } from "./run_rounds.ts";
import { coarseFrom, compileScale } from "./scale_programs.ts";
import { fractionFor, type GpuBackend, largestOf, queriesBy, type TileWork } from "./work.ts";

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
  return holdingBuffers(async (held) => {
    const work = tileOf(request);
    const programs = await compileAround(backend, work);
    work.abort?.throwIfAborted();
    const { gpu } = backend;
    const buffers = await gpu.guarded(() => allocate(gpu, work, held));
    const { means } = buffers;
    try {
      await sumAll(backend, work, { ...buffers, ...programs, noisy: request.query });
      return means;
    } catch (error) {
      means.destroy();
      throw error;
    }
  });
}

/** Checks a request and plans it. */
function tileOf(options: DevicePosteriorRequest): DeviceWork {
  const { query, shape, images, select, rule, scales, signal, sigma, abort } = options;
  const count = shape.reduce((product, size) => product * size, 1);
  if (!hasScale(rule)) {
    throw new ArgumentError(`Cannot take the mean of rule "${rule}" on the GPU: use begin`);
  }
  // What a plan knows beside the query's values.
  const zeros = { data: new Float32Array(count), shape };
  const request = { query: zeros, rule, scales, signal, sigma };
  checkRequest(request);
  checkTile(images, imageShapeOf(zeros), select);
  if (query.size < 4 * count) {
    throw new ArgumentError(
      `Cannot read queries of shape [${shape.join(", ")}] from a buffer of ${query.size} bytes: ` +
        `expected ${4 * count}`,
    );
  }
  const indices = select ?? Uint32Array.from({ length: images.shape[0] }, (_, i) => i);
  if (indices.length === 0 || shape[0] === 0) {
    throw new ArgumentError(
      "Cannot take the posterior mean: there is no query or no training image",
    );
  }
  const plan = planPosterior(request);
  const imagesSoFar = indices.length;
  return { plan, rule, scales, images, indices, imagesSoFar, signal, sigma, abort };
}

/** A tile with the noise of its queries. */
interface DeviceWork extends TileWork {
  readonly signal: number;
  readonly sigma: number;
}

/** The programs before, between and after those of the scales. */
async function compileAround({ gpu }: GpuBackend, { plan }: DeviceWork) {
  const { height, width, channels } = plan;
  const sizes = { height, width, channels, rowLength: queryRow(width) };
  const merging = { pixels: height * width, channels, totals: true };
  const [prepare, finish, merge] = await Promise.all([
    gpu.compile(programOf(deviceQuery, sizes)),
    gpu.compile(programOf(deviceMean, sizes)),
    gpu.compile(programOf(mergeProgram, merging)),
  ]);
  return { prepare, finish, merge };
}

/** The buffers of a request; all but the means are destroyed with `held`. */
function allocate(gpu: GpuContext, { plan, scales }: DeviceWork, held: HeldBuffers) {
  const { queries, height, width, channels } = plan;
  const pixels = height * width, count = queries * pixels * channels;
  const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
  const storage = (label: string, bytes: number) =>
    gpu.buffer(label, bytes, STORAGE | COPY_DST | COPY_SRC);
  const empty = new Float32Array(2 * queries * scales.length * pixels);
  for (let i = 0; i < empty.length; i += 2) empty[i] = far;
  const rowBytes = 4 * queries * (2 * channels + 1) * height * queryRow(width);
  return {
    params: held.add(gpu.paramsBuffer(1)),
    rows: held.add(storage("queries", rowBytes)),
    fixed: held.add(storage("queries in fixed point", 8 * count)),
    running: held.add(gpu.upload("thresholds", empty)),
    totals: held.add(storage("sums", 4 * scales.length * queries * (2 + channels) * pixels)),
    extremes: held.add(storage("extremes", 4 * queries * extremesOf(scales.length))),
    // TensorFlow.js makes its copy with the same usage, and so writes to it.
    means: storage("means", 4 * count * scales.length),
  };
}

/** What the sums of a request need beside its data. */
type DeviceRun =
  & ReturnType<typeof allocate>
  & Awaited<ReturnType<typeof compileAround>>
  & { readonly noisy: GPUBuffer };

/** Queries that are summed together, at some scales. */
interface DevicePass {
  readonly queries: readonly number[];
  readonly scales: readonly number[];
  readonly exact: boolean;
  /** Bits of fraction of fixed-point numbers. */
  readonly fraction: number;
}

/**
 * Sums all scales, then those of each query at which float32 was too coarse again, in integers. How a query
 * is summed hangs on none of the others.
 */
async function sumAll(backend: GpuBackend, work: DeviceWork, run: DeviceRun): Promise<void> {
  const { gpu } = backend;
  const { plan, scales, images, indices } = work;
  const all = Array.from({ length: plan.queries }, (_, b) => b), allScales = [...scales.keys()];
  const first = { queries: all, scales: allScales, exact: false, fraction: 0 };
  await prepareQueries(gpu, work, { run, pass: first });
  await sumPass(backend, work, { run, pass: first });
  const each = extremesOf(scales.length);
  const extremes = new Float32Array(await gpu.read(run.extremes, 4 * plan.queries * each));
  const coarseOf = (b: number) =>
    allScales.filter((scale) => extremes[b * each + 1 + scale]! > coarseFrom * plan.exactFrom);
  const ofImages = largestOf(images, indices);
  const fractionOf = (b: number) => fractionFor(Math.max(ofImages, extremes[b * each]!));
  const coarse = all.filter((b) => coarseOf(b).length > 0);
  const keyOf = (b: number) => JSON.stringify([coarseOf(b), fractionOf(b)]);
  for (const queries of queriesBy(coarse, keyOf).values()) {
    const [b] = queries as [number];
    const pass = { queries, scales: coarseOf(b), exact: true, fraction: fractionOf(b) };
    await prepareQueries(gpu, work, { run, pass });
    await sumPass(backend, work, { run, pass });
  }
  await gpu.finished();
}

interface PassOptions {
  readonly run: DeviceRun;
  readonly pass: DevicePass;
}

/** Submits a dispatch for each run of neighboring queries. */
async function submitFor(
  gpu: GpuContext,
  queries: readonly number[],
  { params, dispatch }: {
    readonly params: GPUBuffer;
    readonly dispatch: (range: QueryRange) => Dispatch;
  },
): Promise<void> {
  for (const range of neighbors(queries, Infinity)) {
    await gpu.guarded(() => gpu.submit([dispatch(range)], params));
  }
}

function prepareQueries(
  gpu: GpuContext,
  { plan, scales, signal, sigma }: DeviceWork,
  { run: { prepare, noisy, rows, fixed, extremes, params }, pass }: PassOptions,
): Promise<void> {
  return submitFor(gpu, pass.queries, {
    params,
    dispatch: ({ from, count }) =>
      dispatchOf(prepare, {
        params: {
          signal,
          noise: sigma / signal,
          fixedOne: 2 ** pass.fraction,
          firstQuery: from,
          extremes: extremesOf(scales.length),
        },
        buffers: [noisy, rows, fixed, extremes],
        groups: perPixel(plan, count),
      }),
  });
}

/** Sums the scales of a pass and turns each into its means. */
async function sumPass(
  backend: GpuBackend,
  work: DeviceWork,
  { run, pass }: PassOptions,
): Promise<void> {
  const { gpu, tolerance } = backend;
  const { plan, scales, imagesSoFar } = work;
  const { rows, fixed, running, merge, totals, means, extremes, params } = run;
  const compiled = await Promise.all(
    pass.scales.map((scale) => compileScale(backend, work, { scale, exact: pass.exact })),
  );
  const pixels = plan.height * plan.width, stateFloats = (2 + plan.channels) * pixels;
  const none = new Float32Array(pass.scales.length * plan.queries * stateFloats);
  for (let at = 0; at < none.length; at += stateFloats) none.fill(far, at, at + pixels);
  await gpu.guarded(() => gpu.device.queue.writeBuffer(totals, 0, none));
  await runRounds(backend, work, {
    queries: pass.queries,
    // The exact sums go on with the thresholds of the coarse ones.
    warm: pass.exact,
    compiled,
    cutoff: cutoffBits(plan, { images: imagesSoFar, tolerance }),
    fraction: pass.fraction,
    query: rows,
    fixedQuery: fixed,
    running,
    merge,
    results: totals,
    resultOfNextRound: () => 0,
  });
  for (const [place, scale] of pass.scales.entries()) {
    await submitFor(gpu, pass.queries, {
      params,
      dispatch: ({ from, count }) =>
        dispatchOf(run.finish, {
          params: {
            bits: plan.bitsPerUnit,
            scale,
            place,
            queries: plan.queries,
            firstQuery: from,
            extremes: extremesOf(scales.length),
          },
          buffers: [totals, rows, means, extremes],
          groups: perPixel(plan, count),
        }),
    });
  }
}

/** Workgroups for a thread per pixel of so many queries. */
function perPixel({ height, width }: TileWork["plan"], queries: number): Dispatch["groups"] {
  return [Math.ceil(height * width / deviceWorkgroup), queries];
}
