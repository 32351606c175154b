import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { cutoffBits, stateOf, thresholdsOf } from "../posterior_plan.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import { programOf } from "../../gpu/program.ts";
import { mergeProgram } from "./merge_wgsl.ts";
import { queryRow } from "./patch_wgsl.ts";
import { far } from "./round_params.ts";
import { runRounds } from "./run_rounds.ts";
import { coarseFrom, compileScale, type ScalePrograms } from "./scale_programs.ts";
import { fixedQuery, type GpuBackend, queryPlanes, type TileWork } from "./work.ts";

/** A tile for a rule with scales. */
export interface PatchWork extends TileWork {
  /** What earlier tiles summed: thresholds start from it. */
  readonly before: PosteriorState;
  /** Scales at which float32 is known to be too coarse; more are added when found. */
  readonly exact: Set<number>;
}

/** Bytes of results that wait on the GPU at most. */
const resultBytes = 2 ** 25;

/**
 * Sums one tile for all scales. A scale at which distances come out too large for float32 is summed
 * again, those distances in integers.
 */
export async function sumPatches(
  backend: GpuBackend,
  work: PatchWork,
): Promise<PosteriorState> {
  const { plan, scales, before, exact } = work;
  const first = scales.map((_, scale) => ({ scale, exact: exact.has(scale) }));
  const state = await sumRounds(backend, work, { scales: first, before });
  const coarse = first.filter((each) => !each.exact && isCoarse(work, state, each.scale));
  if (coarse.length === 0) return state;
  for (const { scale } of coarse) exact.add(scale);
  const { onProgress: _, ...quietly } = work;
  const again = await sumRounds(backend, quietly, {
    scales: coarse.map(({ scale }) => ({ scale, exact: true })),
    before: state,
  });
  const { queries, channels, height, width } = plan;
  const cells = height * width;
  for (const { scale } of coarse) {
    for (let b = 0; b < queries; b++) {
      const from = (b * scales.length + scale) * cells, to = from + cells;
      state.logScale.set(again.logScale.subarray(from, to), from);
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
      const bits = state.logScale[cell]! / Math.LN2 + Math.log2(state.sum[cell]!);
      if (Math.abs(bits / bitsPerUnit + shared[cell]!) > coarseFrom * plan.exactFrom) return true;
    }
  }
  return false;
}

interface SumOptions {
  readonly scales: readonly { scale: number; exact: boolean }[];
  readonly before: PosteriorState;
}

function sumRounds(
  backend: GpuBackend,
  work: PatchWork,
  options: SumOptions,
): Promise<PosteriorState> {
  return holdingBuffers((held) => sumHolding(backend, work, { ...options, held }));
}

async function sumHolding(
  backend: GpuBackend,
  work: PatchWork,
  options: SumOptions & { readonly held: HeldBuffers },
): Promise<PosteriorState> {
  const { gpu, tolerance } = backend;
  const { plan, images, indices, abort } = work;
  const { queries, height, width, channels } = plan;
  const pixels = height * width;
  const compiled = await Promise.all(
    options.scales.map((each) => compileScale(backend, work, each)),
  );
  const merge = await gpu.compile(programOf(mergeProgram, { pixels, channels, totals: false }));
  abort?.throwIfAborted();

  const cutoff = cutoffBits(plan, { images: indices.length, tolerance });
  const anyExact = compiled.some(({ exact }) => exact);
  const fixed = anyExact ? fixedQuery(plan, images) : { fraction: 20, pairs: new Int32Array(4) };
  const roundFloats = compiled.length * queries * (2 + channels) * pixels;
  const roundsAtOnce = Math.max(1, Math.floor(resultBytes / (4 * roundFloats)));
  const sum = emptyState([queries, plan.scales, pixels, channels]);
  const { held } = options;
  const { query, fixedPairs, running, results } = await gpu.guarded(() => ({
    query: held.add(gpu.upload("queries", queryPlanes(plan, queryRow(width)))),
    fixedPairs: held.add(gpu.upload("queries in fixed point", fixed.pairs)),
    running: held.add(gpu.upload("thresholds", runningOf(work, options.before, cutoff))),
    results: held.add(gpu.buffer(
      "results",
      4 * roundsAtOnce * roundFloats,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
    )),
  }));
  let waiting = 0;
  const readResults = async () => {
    const values = new Float32Array(await gpu.read(results, 4 * waiting * roundFloats));
    for (let round = 0; round < waiting; round++) {
      const part = values.subarray(round * roundFloats, (round + 1) * roundFloats);
      mergeInto(sum, stateOfRound(work, part, compiled));
    }
    waiting = 0;
  };
  await runRounds(backend, work, {
    compiled,
    cutoff,
    fraction: fixed.fraction,
    query,
    fixedQuery: fixedPairs,
    running,
    merge,
    results,
    resultOfNextRound: async () => {
      if (waiting === roundsAtOnce) await readResults();
      return waiting++ * roundFloats;
    },
  });
  await readResults();
  return sum;
}

/** Thresholds that a state allows, and sums relative to them: pairs `[B, S, P]`. */
function runningOf(
  { plan }: PatchWork,
  before: PosteriorState,
  cutoff: number,
): Float32Array<ArrayBuffer> {
  const thresholds = thresholdsOf(plan, before, cutoff);
  const running = new Float32Array(2 * thresholds.length);
  thresholds.forEach((threshold, cell) => {
    running[2 * cell] = threshold;
    running[2 * cell + 1] = before.sum[cell]! > 0 ? 2 ** cutoff : 0;
  });
  return running;
}

/** What the merging program wrote for one round, `[scales summed][B][2 + C][P]`. */
function stateOfRound(
  { plan }: PatchWork,
  values: Float32Array,
  compiled: readonly ScalePrograms[],
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
  return stateOf(plan, { references, sums, accs, origin: "pivot" });
}
