import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import {
  cutoffBits,
  type PosteriorPlan,
  stateOf,
  sumBitsOf,
  thresholdsOf,
} from "../posterior_plan.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import { programOf } from "../../gpu/program.ts";
import { mergeProgram } from "./merge_wgsl.ts";
import { queryRow } from "./patch_wgsl.ts";
import { far } from "./round_params.ts";
import { runRounds } from "./run_rounds.ts";
import { coarseFrom, compileScale } from "./scale_programs.ts";
import {
  fixedQueries,
  fractionsOf,
  type GpuBackend,
  queriesBy,
  queryPlanes,
  type TileWork,
} from "./work.ts";

/** Images for a rule with scales. */
export interface PatchWork extends TileWork {
  /** What was summed before: thresholds start from it. */
  readonly before: PosteriorState;
  /** Queries and scales, b * S + s, at which float32 is known to be too coarse; more are added when found. */
  readonly exact: Set<number>;
}

/** Queries that are summed together: by the same programs, with the same numbers. */
interface Pass {
  readonly queries: readonly number[];
  readonly scales: readonly { readonly scale: number; readonly exact: boolean }[];
  /** Bits of fraction of its fixed-point numbers; 0 where no scale is exact. */
  readonly fraction: number;
}

/** Bytes of results that wait on the GPU at most. */
const resultBytes = 2 ** 25;

/**
 * Sums some images for all scales. A query and scale at which distances come out too large for float32 is
 * summed again, those distances in integers. How a query is summed hangs on none of the others.
 */
export async function sumPatches(
  backend: GpuBackend,
  work: PatchWork,
): Promise<PosteriorState> {
  const { plan, scales, before, exact } = work;
  // Most work needs none, and to find them all images are looked at.
  let fractions: readonly number[] | undefined;
  const fractionOf = (b: number, passed: Pass["scales"]) =>
    passed.some((each) => each.exact) ? (fractions ??= fractionsOf(work))[b]! : 0;
  const all = Array.from({ length: plan.queries }, (_, b) => b);
  const isExact = (b: number, scale: number) => exact.has(b * scales.length + scale);
  const passesOf = (scalesOf: (b: number) => Pass["scales"]): Pass[] => {
    const keyOf = (b: number) => {
      const passed = scalesOf(b);
      return JSON.stringify([passed, fractionOf(b, passed)]);
    };
    return [...queriesBy(all, keyOf).values()].map((queries) => {
      const passed = scalesOf(queries[0]!);
      return { queries, scales: passed, fraction: fractionOf(queries[0]!, passed) };
    }).filter((pass) => pass.scales.length > 0);
  };
  const state = emptyState(before.shape);
  const first = passesOf((b) => scales.map((_, scale) => ({ scale, exact: isExact(b, scale) })));
  const warm = work.imagesSoFar > work.indices.length;
  for (const [i, pass] of first.entries()) {
    const quiet = i < first.length - 1 ? { ...work, onProgress: undefined } : work;
    mergeInto(state, await sumPass(backend, quiet, { pass, before, warm }));
  }
  const coarse = new Set<number>();
  for (let cell = 0; cell < plan.queries * scales.length; cell++) {
    if (!exact.has(cell) && isCoarse(plan, state, cell)) coarse.add(cell);
  }
  const again = passesOf((b) =>
    [...scales.keys()].filter((scale) => coarse.has(b * scales.length + scale))
      .map((scale) => ({ scale, exact: true }))
  );
  const quiet = { ...work, onProgress: undefined };
  for (const pass of again) {
    const found = await sumPass(backend, quiet, { pass, before: state, warm: true });
    for (const b of pass.queries) {
      for (const { scale } of pass.scales) setCell(state, found, b * scales.length + scale);
    }
  }
  for (const cell of coarse) exact.add(cell);
  return state;
}

/** Writes the state of one query and scale over another. */
function setCell(into: PosteriorState, from: PosteriorState, cell: number): void {
  const [, , pixels, channels] = into.shape;
  const start = cell * pixels, end = start + pixels;
  into.logScale.set(from.logScale.subarray(start, end), start);
  into.sum.set(from.sum.subarray(start, end), start);
  into.acc.set(from.acc.subarray(start * channels, end * channels), start * channels);
}

/** Whether what was summed at some pixel of a query and scale has a distance that float32 is too coarse for. */
function isCoarse(
  { shared, bitsPerUnit, exactFrom, taps, height, width }: PosteriorPlan,
  state: PosteriorState,
  cell: number,
): boolean {
  const pixels = height * width;
  // Weighted sums are no trees.
  const bound = taps === null ? coarseFrom * exactFrom : exactFrom;
  for (let at = cell * pixels; at < (cell + 1) * pixels; at++) {
    if (!(state.sum[at]! > 0)) continue;
    const bits = state.logScale[at]! / Math.LN2 + Math.log2(state.sum[at]!);
    if (Math.abs(bits / bitsPerUnit + shared[at]!) > bound) return true;
  }
  return false;
}

interface PassOptions {
  readonly pass: Pass;
  readonly before: PosteriorState;
  /** Whether there is something in it. */
  readonly warm: boolean;
}

function sumPass(
  backend: GpuBackend,
  work: PatchWork,
  options: PassOptions,
): Promise<PosteriorState> {
  return holdingBuffers((held) => sumHolding(backend, work, { ...options, held }));
}

async function sumHolding(
  backend: GpuBackend,
  work: PatchWork,
  { pass, before, warm, held }: PassOptions & { readonly held: HeldBuffers },
): Promise<PosteriorState> {
  const { gpu, tolerance } = backend;
  const { plan, imagesSoFar, abort } = work;
  const { queries, height, width, channels } = plan;
  const pixels = height * width;
  const compiled = await Promise.all(
    pass.scales.map((each) => compileScale(backend, work, each)),
  );
  const merge = await gpu.compile(programOf(mergeProgram, { pixels, channels, totals: false }));
  abort?.throwIfAborted();

  const cutoff = cutoffBits(plan, { images: imagesSoFar, tolerance });
  const anyExact = compiled.some(({ exact }) => exact);
  // Of queries that are not of this pass nothing is read.
  const fixed = anyExact
    ? fixedQueries(plan, new Array<number>(queries).fill(pass.fraction))
    : new Int32Array(4);
  const roundFloats = compiled.length * queries * (2 + channels) * pixels;
  const roundsAtOnce = Math.max(1, Math.floor(resultBytes / (4 * roundFloats)));
  const sum = emptyState([queries, plan.scales, pixels, channels]);
  const { query, fixedPairs, running, results } = await gpu.guarded(() => ({
    query: held.add(gpu.upload("queries", queryPlanes(plan, queryRow(width)))),
    fixedPairs: held.add(gpu.upload("queries in fixed point", fixed)),
    running: held.add(gpu.upload("thresholds", runningOf(work, before, cutoff))),
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
      mergeInto(sum, stateOfRound(work, part, pass));
    }
    waiting = 0;
  };
  await runRounds(backend, work, {
    queries: pass.queries,
    warm,
    compiled,
    cutoff,
    fraction: pass.fraction,
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
  const thresholds = thresholdsOf(plan, { sumBits: sumBitsOf(before), cutoff });
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
  pass: Pass,
): PosteriorState {
  const { queries, scales, height, width, channels } = plan;
  const pixels = height * width, blockFloats = (2 + channels) * pixels;
  const references = new Float32Array(queries * scales * pixels).fill(far);
  const sums = new Float64Array(queries * scales * pixels);
  const accs = new Float64Array(queries * scales * pixels * channels);
  for (const [place, { scale }] of pass.scales.entries()) {
    for (const b of pass.queries) {
      const at = (place * queries + b) * blockFloats;
      const cell = (b * scales + scale) * pixels;
      references.set(values.subarray(at, at + pixels), cell);
      sums.set(values.subarray(at + pixels, at + 2 * pixels), cell);
      accs.set(values.subarray(at + 2 * pixels, at + blockFloats), cell * channels);
    }
  }
  return stateOf(plan, { references, sums, accs, origin: "pivot" });
}
