import type { CompiledProgram } from "../../gpu/compile.ts";
import { type Dispatch, dispatchOf } from "../../gpu/gpu_context.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import { type GpuProgram, programOf } from "../../gpu/program.ts";
import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { cutoffBits } from "../posterior_plan.ts";
import { fixedPointParams, type RoundParams, workgroupSize } from "./round_params.ts";
import { droppedBits, wholeDistance, wholeSum } from "./whole_wgsl.ts";
import { neighbors, type QueryRange } from "./rounds.ts";
import {
  byPiece,
  fixedQueries,
  fractionsOf,
  type GpuBackend,
  Pace,
  queriesBy,
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

/** Sums some images for the rules `whole` and `shifts`. How a query is summed hangs on none of the others. */
export function sumWholeImages(backend: GpuBackend, work: TileWork): Promise<PosteriorState> {
  return holdingBuffers((held) => sumHolding(backend, work, held));
}

/** Images that a round takes, and queries at a time. */
function roundSize(
  { gpu }: GpuBackend,
  { plan, rule, indices }: TileWork,
): { images: number; queries: number } {
  const { height, width, channels } = plan;
  const pixels = height * width;
  const shifts = rule === "shifts", candidates = shifts ? pixels : 1;
  const { pairsPerRound, maxIterations } = workloadOf(gpu);
  const { maxComputeWorkgroupsPerDimension: maxGroups } = gpu.device.limits;
  const pairs = candidates * pixels * channels;
  const most = Math.min(
    pairsPerRound / pairs,
    distanceBytes / (8 * candidates),
    maxGroups * (shifts ? workgroupSize / pixels : 1),
    maxSlots * Math.max(1, Math.min(maxPerSlot, Math.floor(maxIterations / (2 * candidates)))),
    indices.length,
  );
  const images = Math.max(1, Math.floor(most));
  const queries = Math.min(
    pairsPerRound / (pairs * images),
    distanceBytes / (8 * candidates * images),
  );
  return { images, queries: Math.max(1, Math.floor(queries)) };
}

async function sumHolding(
  backend: GpuBackend,
  work: TileWork,
  held: HeldBuffers,
): Promise<PosteriorState> {
  const { gpu, store, tolerance } = backend;
  const { plan, rule, images, indices, imagesSoFar, abort } = work;
  const { height, width, channels } = plan;
  const pixels = height * width, slotFloats = 3 + pixels * channels;
  const shifts = rule === "shifts";
  const options = { height, width, channels, shifts };
  const [distance, sum] = await Promise.all([
    gpu.compile(programOf(wholeDistance, options)),
    gpu.compile(programOf(wholeSum, options)),
  ]);
  abort?.throwIfAborted();

  const fractions = fractionsOf(work);
  const perRound = roundSize(backend, work);
  const all = Array.from({ length: plan.queries }, (_, b) => b);
  const ranges = [...queriesBy(all, (b) => String(fractions[b])).values()]
    .flatMap((queries) => neighbors(queries, perRound.queries));
  const together = Math.max(...ranges.map(({ count }) => count));
  const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
  const buffers = await gpu.guarded(() => ({
    params: held.add(gpu.paramsBuffer(2)),
    query: held.add(gpu.upload("queries", queryPairs(plan))),
    fixed: held.add(gpu.upload("queries in fixed point", fixedQueries(plan, fractions))),
    distances: held.add(gpu.buffer(
      "distances",
      8 * together * perRound.images * (shifts ? pixels : 1),
      STORAGE,
    )),
    results: held.add(
      gpu.buffer("results", 4 * together * maxSlots * slotFloats, STORAGE | COPY_SRC),
    ),
    numbers: held.add(gpu.buffer("image numbers", 4 * indices.length, STORAGE | COPY_DST)),
  }));
  const cutoff = cutoffBits(plan, { images: imagesSoFar, tolerance }) + 16;
  const total = emptyState([plan.queries, plan.scales, pixels, channels]);
  const pace = new Pace(gpu, work);
  for (const { piece, places } of byPiece(indices, store.imagesPerPiece(images))) {
    for (let first = 0; first < places.length; first += perRound.images) {
      const count = Math.min(perRound.images, places.length - first);
      const perSlot = Math.ceil(count / Math.min(maxSlots, count));
      const slots = Math.ceil(count / perSlot);
      for (const range of ranges) {
        const fraction = fractions[range.from]!;
        await gpu.guarded(() => {
          const round = { first, count, perSlot, slots, cutoff, fraction };
          const bound = { ...buffers, images: store.piece(images, piece), distance, sum };
          if (first === 0) gpu.device.queue.writeBuffer(buffers.numbers, 0, places);
          gpu.submit(dispatchesOf(work, { round, range }, bound), buffers.params);
        });
        const results = await gpu.read(buffers.results, 4 * range.count * slots * slotFloats);
        const unit = 2 ** (droppedBits - 2 * fraction);
        mergeSlots(total, results, { work, range, slots, unit });
        await pace.submitted(range === ranges.at(-1) ? count : 0, true);
      }
    }
  }
  return total;
}

type RoundProgram = CompiledProgram<GpuProgram<RoundParams>>;

/** What one round submits: the distances of its candidates, then the sums of its slots. */
function dispatchesOf(
  { plan, rule }: TileWork,
  { round: { cutoff, fraction, ...round }, range }: {
    readonly round: Readonly<
      Record<"first" | "count" | "perSlot" | "slots" | "cutoff" | "fraction", number>
    >;
    readonly range: QueryRange;
  },
  { distance, sum, ...buffers }:
    & Readonly<
      Record<"images" | "numbers" | "query" | "fixed" | "distances" | "results", GPUBuffer>
    >
    & { readonly distance: RoundProgram; readonly sum: RoundProgram },
): Dispatch[] {
  const { height, width, channels, bitsPerUnit } = plan;
  const { images, numbers, query, fixed, distances, results } = buffers;
  const pixels = height * width, { count, slots } = round;
  const params = {
    bits: bitsPerUnit,
    cutoff,
    exactFrom: 0,
    ...fixedPointParams(fraction, bitsPerUnit),
    ...round,
    firstQuery: range.from,
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
      groups: [groups, range.count],
    }),
    dispatchOf<RoundParams>(sum, {
      params,
      buffers: [images, numbers, query, distances, results],
      groups: [Math.ceil(pixels * channels / workgroupSize), range.count, slots],
    }),
  ];
}

/** Adds what a round wrote: `[queries, slots][low, high, sum, acc of each channel and pixel]`. */
function mergeSlots(
  total: PosteriorState,
  results: ArrayBuffer,
  { work: { plan }, range, slots, unit }: {
    readonly work: TileWork;
    readonly range: QueryRange;
    readonly slots: number;
    readonly unit: number;
  },
): void {
  const { height, width, channels, scales, x, pivot, bitsPerUnit } = plan;
  const pixels = height * width, values = pixels * channels;
  const floats = new Float32Array(results), low = new Uint32Array(results);
  const high = new Int32Array(results);
  for (let i = 0; i < range.count; i++) {
    const b = range.from + i;
    // What all candidates share: the query's distance from its pivot.
    let shared = 0;
    for (let j = b * values; j < (b + 1) * values; j++) shared += (x[j]! - pivot[j]!) ** 2;
    for (let slot = 0; slot < slots; slot++) {
      const at = (i * slots + slot) * (3 + values);
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
