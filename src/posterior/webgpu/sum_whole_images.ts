import type { CompiledProgram } from "../../gpu/compile.ts";
import { type Dispatch, dispatchOf } from "../../gpu/gpu_context.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import { type GpuProgram, programOf } from "../../gpu/program.ts";
import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { cutoffBits } from "../posterior_plan.ts";
import { fixedPointParams, type RoundParams, workgroupSize } from "./round_params.ts";
import { droppedBits, wholeDistance, wholeSum } from "./whole_wgsl.ts";
import {
  byPiece,
  fixedQuery,
  type GpuBackend,
  Pace,
  queryPairs,
  type TileWork,
  workloadOf,
} from "./work.ts";

/** Partial sums of a round and query at most: their number is read back. */
const maxSlots = 32;
/** Bytes of distances that a round leaves on the GPU at most. */
const distanceBytes = 2 ** 26;
/** Images of a slot at most: longer sums would have more rounding than 1e-6. */
const maxPerSlot = 4096;

/** Sums one tile for the rules `whole` and `shifts`. */
export function sumWholeImages(backend: GpuBackend, work: TileWork): Promise<PosteriorState> {
  return holdingBuffers((held) => sumHolding(backend, work, held));
}

/** Images that a round takes. */
function imagesPerRound({ gpu }: GpuBackend, { plan, rule }: TileWork): number {
  const { queries, height, width, channels } = plan;
  const pixels = height * width;
  const shifts = rule === "shifts", candidates = shifts ? pixels : 1;
  const { pairsPerRound, maxIterations } = workloadOf(gpu);
  const { maxComputeWorkgroupsPerDimension: maxGroups } = gpu.device.limits;
  const images = Math.min(
    pairsPerRound / (queries * candidates * pixels * channels),
    distanceBytes / (8 * queries * candidates),
    maxGroups * (shifts ? workgroupSize / pixels : 1),
    maxSlots * Math.max(1, Math.min(maxPerSlot, Math.floor(maxIterations / (2 * candidates)))),
  );
  return Math.max(1, Math.floor(images));
}

async function sumHolding(
  backend: GpuBackend,
  work: TileWork,
  held: HeldBuffers,
): Promise<PosteriorState> {
  const { gpu, store, tolerance } = backend;
  const { plan, rule, images, indices, abort } = work;
  const { queries, height, width, channels } = plan;
  const pixels = height * width, slotFloats = 3 + pixels * channels;
  const shifts = rule === "shifts";
  const options = { height, width, channels, shifts };
  const [distance, sum] = await Promise.all([
    gpu.compile(programOf(wholeDistance, options)),
    gpu.compile(programOf(wholeSum, options)),
  ]);
  abort?.throwIfAborted();

  const { fraction, pairs } = fixedQuery(plan, images);
  const perRound = imagesPerRound(backend, work);
  const distances = queries * Math.min(perRound, indices.length) * (shifts ? pixels : 1);
  const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
  const buffers = await gpu.guarded(() => ({
    params: held.add(gpu.paramsBuffer(2)),
    query: held.add(gpu.upload("queries", queryPairs(plan))),
    fixed: held.add(gpu.upload("queries in fixed point", pairs)),
    distances: held.add(gpu.buffer("distances", 8 * distances, STORAGE)),
    results: held.add(
      gpu.buffer("results", 4 * queries * maxSlots * slotFloats, STORAGE | COPY_SRC),
    ),
    numbers: held.add(gpu.buffer("image numbers", 4 * indices.length, STORAGE | COPY_DST)),
  }));
  const cutoff = cutoffBits(plan, { images: indices.length, tolerance }) + 16;
  const total = emptyState([queries, plan.scales, pixels, channels]);
  const pace = new Pace(gpu, work);
  for (const { piece, places } of byPiece(indices, store.imagesPerPiece(images))) {
    for (let first = 0; first < places.length; first += perRound) {
      const count = Math.min(perRound, places.length - first);
      const perSlot = Math.ceil(count / Math.min(maxSlots, count));
      const slots = Math.ceil(count / perSlot);
      await gpu.guarded(() => {
        const round = { first, count, perSlot, slots, cutoff, fraction };
        const bound = { ...buffers, images: store.piece(images, piece), distance, sum };
        if (first === 0) gpu.device.queue.writeBuffer(buffers.numbers, 0, places);
        gpu.submit(dispatchesOf(work, round, bound), buffers.params);
      });
      const results = await gpu.read(buffers.results, 4 * queries * slots * slotFloats);
      mergeSlots(total, results, { work, slots, unit: 2 ** (droppedBits - 2 * fraction) });
      await pace.submitted(count, true);
    }
  }
  return total;
}

type RoundProgram = CompiledProgram<GpuProgram<RoundParams>>;

/** What one round submits: the distances of its candidates, then the sums of its slots. */
function dispatchesOf(
  { plan, rule }: TileWork,
  { cutoff, fraction, ...round }: Readonly<
    Record<"first" | "count" | "perSlot" | "slots" | "cutoff" | "fraction", number>
  >,
  { distance, sum, ...buffers }:
    & Readonly<
      Record<"images" | "numbers" | "query" | "fixed" | "distances" | "results", GPUBuffer>
    >
    & { readonly distance: RoundProgram; readonly sum: RoundProgram },
): Dispatch[] {
  const { queries, height, width, channels, bitsPerUnit } = plan;
  const { images, numbers, query, fixed, distances, results } = buffers;
  const pixels = height * width, { count, slots } = round;
  const params = {
    bits: bitsPerUnit,
    cutoff,
    exactFrom: 0,
    ...fixedPointParams(fraction, bitsPerUnit),
    ...round,
    parts: 1,
    scale: 0,
    scales: plan.scales,
    resume: 0,
    result: 0,
  };
  const groups = rule === "shifts" ? Math.ceil(count * pixels / workgroupSize) : count;
  return [
    dispatchOf<RoundParams>(distance, {
      params,
      buffers: [images, numbers, query, fixed, distances],
      groups: [groups, queries],
    }),
    dispatchOf<RoundParams>(sum, {
      params,
      buffers: [images, numbers, query, distances, results],
      groups: [Math.ceil(pixels * channels / workgroupSize), queries, slots],
    }),
  ];
}

/** Adds what a round wrote: `[B, slots][low, high, sum, acc of each channel and pixel]`. */
function mergeSlots(
  total: PosteriorState,
  results: ArrayBuffer,
  { work: { plan }, slots, unit }: {
    readonly work: TileWork;
    readonly slots: number;
    readonly unit: number;
  },
): void {
  const { queries, height, width, channels, scales, x, pivot, bitsPerUnit } = plan;
  const pixels = height * width, values = pixels * channels;
  const floats = new Float32Array(results), low = new Uint32Array(results);
  const high = new Int32Array(results);
  for (let b = 0; b < queries; b++) {
    // What all candidates share: the query's distance from its pivot.
    let shared = 0;
    for (let i = b * values; i < (b + 1) * values; i++) shared += (x[i]! - pivot[i]!) ** 2;
    for (let slot = 0; slot < slots; slot++) {
      const at = (b * slots + slot) * (3 + values);
      const distance = (high[at + 1]! * 2 ** 32 + low[at]!) * unit + shared;
      const logit = -bitsPerUnit * Math.LN2 * distance;
      const state = emptyState([1, 1, pixels, channels]);
      state.logScale.fill(logit);
      state.sum.fill(floats[at + 2]!);
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < pixels; p++) {
          const z = pivot[(b * channels + c) * pixels + p]!;
          state.acc[p * channels + c] = floats[at + 3 + c * pixels + p]! + z * state.sum[p]!;
        }
      }
      const cell = b * scales * pixels;
      mergeInto({
        shape: state.shape,
        logScale: total.logScale.subarray(cell, cell + pixels),
        sum: total.sum.subarray(cell, cell + pixels),
        acc: total.acc.subarray(cell * channels, (cell + pixels) * channels),
      }, state);
    }
  }
}
