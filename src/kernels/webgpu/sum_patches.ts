import { DeviceUnavailableError } from "../../array/errors.ts";
import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { stateOf, thresholdsOf, windowBits } from "../wasm/posterior_plan.ts";
import { far, packParams, type Params, paramsStride } from "./common_wgsl.ts";
import type { GpuKernel } from "./gpu_context.ts";
import { mergedPixels, mergeWgsl } from "./merge_wgsl.ts";
import { queryRow } from "./candidate_wgsl.ts";
import { marchWgsl } from "./march_wgsl.ts";
import { planesWgsl } from "./planes_wgsl.ts";
import { planRounds, type Round } from "./rounds.ts";
import { pairsOf, segmentsOf } from "./segments.ts";
import {
  byPiece,
  fixedQuery,
  type GpuBackend,
  Pace,
  queryRows,
  type TileWork,
  workloadOf,
} from "./work.ts";

/** A tile for a rule with scales. */
export interface PatchWork extends TileWork {
  /** What earlier tiles summed: thresholds start from it. */
  readonly before: PosteriorState;
  /** Scales at which float32 is known to be too coarse; more are added when found. */
  readonly wary: Set<number>;
}

/**
 * Sums here are trees and their errors some 2e-9 of a nat per nat, so more is left to float32 than the
 * plan says: a scale is summed again where what counts is beyond `coarseFrom` times the plan's bound
 * (a thousand nats), and then every distance beyond `exactFrom` times it is taken in integers.
 */
const coarseFrom = 12, exactFrom = 4;

/** Bytes of results that wait on the GPU at most. */
const resultBytes = 2 ** 25;

interface ScaleKernels {
  readonly scale: number;
  readonly wary: boolean;
  /** One for each segment of the rule. */
  readonly kernels: readonly GpuKernel[];
  /** Pairs of an image and query; shifts, and rounds of loops per shift, of the largest segment. */
  readonly pairs: number;
  readonly shifts: number;
  readonly iterations: number;
}

/**
 * Sums one tile for all scales. A scale at which distances come out too large for float32 is summed
 * again, those distances in integers.
 */
export async function sumPatches(
  backend: GpuBackend,
  work: PatchWork,
): Promise<PosteriorState> {
  const { plan, scales, before, wary } = work;
  const first = scales.map((_, scale) => ({ scale, wary: wary.has(scale) }));
  const state = await sumRounds(backend, work, { scales: first, before });
  const coarse = first.filter((each) => !each.wary && isCoarse(work, state, each.scale));
  if (coarse.length === 0) return state;
  for (const { scale } of coarse) wary.add(scale);
  const { onProgress: _, ...quietly } = work;
  const again = await sumRounds(backend, quietly, {
    scales: coarse.map(({ scale }) => ({ scale, wary: true })),
    before: state,
  });
  const { queries, channels, height, width } = plan;
  const cells = height * width;
  for (const { scale } of coarse) {
    for (let b = 0; b < queries; b++) {
      const from = (b * scales.length + scale) * cells, to = from + cells;
      state.max.set(again.max.subarray(from, to), from);
      state.sum.set(again.sum.subarray(from, to), from);
      state.acc.set(again.acc.subarray(from * channels, to * channels), from * channels);
    }
  }
  return state;
}

/** Whether what was summed at some pixel has a distance that float32 sums are too coarse for. */
function isCoarse(
  { plan, scales }: PatchWork,
  state: PosteriorState,
  scale: number,
): boolean {
  const { queries, height, width, shared, bitsPerUnit } = plan;
  const pixels = height * width;
  for (let b = 0; b < queries; b++) {
    const from = (b * scales.length + scale) * pixels;
    for (let cell = from; cell < from + pixels; cell++) {
      if (!(state.sum[cell]! > 0)) continue;
      const bits = state.max[cell]! / Math.LN2 + Math.log2(state.sum[cell]!);
      if (Math.abs(bits / bitsPerUnit + shared[cell]!) > coarseFrom * plan.exactFrom) return true;
    }
  }
  return false;
}

async function compile(
  { gpu }: GpuBackend,
  { plan: { height, width, channels }, rule, scales }: PatchWork,
  { scale, wary }: { scale: number; wary: boolean },
): Promise<ScaleKernels> {
  const k = scales[scale]!;
  const shape = { height, width, channels, k };
  const segments = segmentsOf(rule, shape);
  const workgroupMemory = gpu.device.limits.maxComputeWorkgroupStorageSize;
  const shaders = segments.map((segment) => {
    const options = { ...shape, segment, wary, workgroupMemory };
    const shader = marchWgsl(options) ?? planesWgsl(options);
    if (shader === undefined) {
      throw new DeviceUnavailableError(
        `Cannot sum windows of ${k} x ${k} on the GPU ${gpu.adapter}: its workgroups have ` +
          `${workgroupMemory} bytes of memory; use the wasm backend for this scale`,
      );
    }
    return shader;
  });
  const kernels = await Promise.all(
    shaders.map(({ code }) => gpu.kernel({ code, bindings: wary ? "rrrrwr" : "rrrrw" })),
  );
  const iterations = Math.max(...shaders.map((shader) => shader.iterations));
  if (iterations > workloadOf(gpu).mostIterations) {
    throw new DeviceUnavailableError(
      `Cannot sum windows of ${k} x ${k} at this noise level on the software adapter ` +
        `${gpu.adapter}: its shaders end after too few rounds; use the wasm backend`,
    );
  }
  return {
    scale,
    wary,
    kernels,
    iterations,
    shifts: Math.max(...shaders.map((shader) => shader.shifts)),
    pairs: segments.reduce((sum, segment) => sum + pairsOf(segment, shape), 0),
  };
}

async function sumRounds(
  backend: GpuBackend,
  work: PatchWork,
  options: {
    readonly scales: readonly { scale: number; wary: boolean }[];
    readonly before: PosteriorState;
  },
): Promise<PosteriorState> {
  const { gpu, store, tolerance } = backend;
  const { plan, images, indices, abort } = work;
  const { queries, height, width, channels } = plan;
  const pixels = height * width, scaleCount = plan.scales;
  const stateFloats = (2 + channels) * pixels;
  const compiled = await Promise.all(options.scales.map((each) => compile(backend, work, each)));
  const merge = await gpu.kernel({ code: mergeWgsl({ pixels, channels }), bindings: "rww" });
  abort?.throwIfAborted();

  const window = windowBits(plan, { images: indices.length, tolerance });
  const anyWary = compiled.some(({ wary }) => wary);
  const fixed = anyWary ? fixedQuery(plan, images) : { fraction: 20, pairs: new Int32Array(4) };
  const pieces = byPiece(indices, store.imagesPerPiece(images)).map(({ piece, places }) => ({
    piece,
    places,
    rounds: planRounds({
      images: places.length,
      queries,
      pairs: Math.max(...compiled.map(({ pairs }) => pairs)),
      shifts: Math.max(...compiled.map(({ shifts }) => shifts)),
      iterations: Math.max(...compiled.map(({ iterations }) => iterations)),
      candidates: plan.candidatesPerImage,
      ...workloadOf(gpu),
    }),
  }));
  const states = Math.max(
    ...pieces.flatMap(({ rounds }) => rounds.map(({ slots, parts }) => slots * parts)),
  );
  const roundFloats = compiled.length * queries * stateFloats;
  const roundsAtOnce = Math.max(1, Math.floor(resultBytes / (4 * roundFloats)));

  const { COPY_DST, COPY_SRC, STORAGE, UNIFORM } = GPUBufferUsage;
  const held: GPUBuffer[] = [];
  const hold = (buffer: GPUBuffer) => (held.push(buffer), buffer);
  const sum = emptyState([queries, scaleCount, pixels, channels]);
  try {
    const dispatches = compiled.reduce((count, { kernels }) => count + kernels.length + 1, 0);
    const buffers = await gpu.guarded(() => ({
      params: hold(gpu.buffer("parameters", dispatches * paramsStride, UNIFORM | COPY_DST)),
      query: hold(gpu.upload("queries", queryRows(plan, queryRow(width)))),
      fixed: hold(gpu.upload("queries in fixed point", fixed.pairs)),
      running: hold(gpu.upload("thresholds", runningOf(work, options.before, window))),
      partial: hold(gpu.buffer("partial states", 4 * queries * states * stateFloats, STORAGE)),
      results: hold(gpu.buffer("results", 4 * roundsAtOnce * roundFloats, STORAGE | COPY_SRC)),
      indices: hold(gpu.buffer(
        "image numbers",
        4 * Math.max(...pieces.map(({ places }) => places.length)),
        STORAGE | COPY_DST,
      )),
    }));
    const common = {
      bits: plan.bitsPerUnit,
      window,
      exactFrom: exactFrom * plan.exactFrom,
      fraction: fixed.fraction,
      scales: scaleCount,
    };
    const packed = new DataView(new ArrayBuffer(dispatches * paramsStride));
    let waiting = 0;
    const readResults = async () => {
      const bytes = 4 * waiting * roundFloats;
      const values = new Float32Array(await gpu.read(buffers.results, bytes));
      for (let round = 0; round < waiting; round++) {
        const part = values.subarray(round * roundFloats, (round + 1) * roundFloats);
        mergeInto(sum, stateOfRound(work, part, compiled));
      }
      waiting = 0;
    };
    const submit = (round: Round, imageBuffer: GPUBuffer) => {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let at = 0;
      const dispatch = (
        kernel: GpuKernel,
        bound: readonly GPUBuffer[],
        [x, y]: readonly [number, number],
        params: Partial<Params>,
      ) => {
        packParams(packed, at, { ...common, ...round, scale: 0, resume: 0, result: 0, ...params });
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, gpu.bind(kernel, buffers.params, bound), [at]);
        pass.dispatchWorkgroups(x, y);
        at += paramsStride;
      };
      const { indices, query, running, partial, results, fixed } = buffers;
      compiled.forEach(({ scale, wary, kernels }, i) => {
        const bound = [imageBuffer, indices, query, running, partial, ...wary ? [fixed] : []];
        kernels.forEach((kernel, segment) => {
          const resume = segment === 0 ? 0 : 1;
          dispatch(kernel, bound, [round.slots * round.parts, queries], { scale, resume });
        });
        const result = waiting * roundFloats + i * queries * stateFloats;
        const groups = Math.ceil(pixels / mergedPixels);
        dispatch(merge, [partial, running, results], [groups, queries], { scale, result });
      });
      pass.end();
      gpu.device.queue.writeBuffer(buffers.params, 0, packed);
      gpu.device.queue.submit([encoder.finish()]);
      waiting++;
    };
    const pace = new Pace(gpu, work);
    for (const [i, { piece, places, rounds }] of pieces.entries()) {
      for (const [j, round] of rounds.entries()) {
        if (waiting === roundsAtOnce) await readResults();
        await gpu.guarded(() => {
          const imageBuffer = store.piece(images, piece);
          if (j === 0) gpu.device.queue.writeBuffer(buffers.indices, 0, places);
          submit(round, imageBuffer);
        });
        await pace.submitted(round.count, i === pieces.length - 1 && j === rounds.length - 1);
      }
    }
    await readResults();
  } finally {
    for (const buffer of held) buffer.destroy();
  }
  return sum;
}

/** Thresholds that a state allows, and sums relative to them: pairs `[B, S, P]`. */
function runningOf(
  { plan }: PatchWork,
  before: PosteriorState,
  window: number,
): Float32Array<ArrayBuffer> {
  const thresholds = thresholdsOf(plan, before, window);
  const running = new Float32Array(2 * thresholds.length);
  thresholds.forEach((threshold, cell) => {
    running[2 * cell] = threshold;
    running[2 * cell + 1] = before.sum[cell]! > 0 ? 2 ** window : 0;
  });
  return running;
}

/** What the merging shader wrote for one round, `[scales summed][B][2 + C][P]`. */
function stateOfRound(
  { plan }: PatchWork,
  values: Float32Array,
  compiled: readonly ScaleKernels[],
): PosteriorState {
  const { queries, scales, height, width, channels } = plan;
  const pixels = height * width;
  const references = new Float32Array(queries * scales * pixels).fill(far);
  const sums = new Float64Array(queries * scales * pixels);
  const accs = new Float64Array(queries * scales * pixels * channels);
  let at = 0;
  for (const { scale } of compiled) {
    for (let b = 0; b < queries; b++) {
      const cell = (b * scales + scale) * pixels;
      references.set(values.subarray(at, at + pixels), cell);
      sums.set(values.subarray(at + pixels, at + 2 * pixels), cell);
      at += 2 * pixels;
      accs.set(values.subarray(at, at + channels * pixels), cell * channels);
      at += channels * pixels;
    }
  }
  return stateOf(plan, { references, sums, accs });
}
