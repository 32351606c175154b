import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { cutoffBits } from "../posterior_plan.ts";
import { packParams, paramsStride, workgroupSize } from "./common_wgsl.ts";
import { droppedBits, wholeDistanceWgsl, wholeSumWgsl } from "./whole_wgsl.ts";
import {
  byPiece,
  fixedQuery,
  type GpuBackend,
  Pace,
  queryPairs,
  type TileWork,
  workloadOf,
} from "./work.ts";

/** Most partial sums of a round and query: their number is read back. */
const mostSlots = 32;
/** Most bytes of distances that a round leaves on the GPU. */
const distanceBytes = 2 ** 26;

/** Sums one tile for the rules `whole` and `shifts`. */
export async function sumWholeImages(
  { gpu, store, tolerance }: GpuBackend,
  work: TileWork,
): Promise<PosteriorState> {
  const { plan, rule, images, indices, abort } = work;
  const { queries, height, width, channels } = plan;
  const pixels = height * width, values = pixels * channels;
  const shifts = rule === "shifts";
  const options = { height, width, channels, shifts };
  const candidates = shifts ? pixels : 1;
  const [distance, sum] = await Promise.all([
    gpu.kernel({ code: wholeDistanceWgsl(options), bindings: "rrrrw" }),
    gpu.kernel({ code: wholeSumWgsl(options), bindings: "rrrrw" }),
  ]);
  abort?.throwIfAborted();

  const { fraction, pairs } = fixedQuery(plan, images);
  const { pairsPerRound, mostIterations } = workloadOf(gpu);
  const { maxComputeWorkgroupsPerDimension: mostGroups } = gpu.device.limits;
  const perRound = Math.max(
    1,
    Math.floor(Math.min(
      pairsPerRound / (queries * candidates * values),
      distanceBytes / (8 * queries * candidates),
      mostGroups * (shifts ? workgroupSize / pixels : 1),
      // Longer sums would have more rounding than 1e-6.
      mostSlots * Math.max(1, Math.min(4096, Math.floor(mostIterations / (2 * candidates)))),
    )),
  );
  const slotFloats = 3 + values;
  const total = emptyState([queries, plan.scales, pixels, channels]);
  const { COPY_DST, COPY_SRC, STORAGE, UNIFORM } = GPUBufferUsage;
  const held: GPUBuffer[] = [];
  const hold = (buffer: GPUBuffer) => (held.push(buffer), buffer);
  try {
    const most = Math.min(perRound, indices.length);
    const buffers = await gpu.guarded(() => ({
      params: hold(gpu.buffer("parameters", paramsStride, UNIFORM | COPY_DST)),
      query: hold(gpu.upload("queries", queryPairs(plan))),
      fixed: hold(gpu.upload("queries in fixed point", pairs)),
      distances: hold(gpu.buffer("distances", 8 * queries * most * candidates, STORAGE)),
      results: hold(
        gpu.buffer("results", 4 * queries * mostSlots * slotFloats, STORAGE | COPY_SRC),
      ),
      indices: hold(gpu.buffer("image numbers", 4 * indices.length, STORAGE | COPY_DST)),
    }));
    const pace = new Pace(gpu, work);
    for (const { piece, places } of byPiece(indices, store.imagesPerPiece(images))) {
      for (let first = 0; first < places.length; first += perRound) {
        const count = Math.min(perRound, places.length - first);
        const perSlot = Math.ceil(count / Math.min(mostSlots, count));
        const slots = Math.ceil(count / perSlot);
        await gpu.guarded(() => {
          const imageBuffer = store.piece(images, piece);
          const packed = new DataView(new ArrayBuffer(paramsStride));
          packParams(packed, 0, {
            bits: plan.bitsPerUnit,
            window: cutoffBits(plan, { images: indices.length, tolerance }) + 16,
            exactFrom: 0,
            fraction,
            first,
            count,
            perSlot,
            slots,
            parts: 1,
            scale: 0,
            scales: plan.scales,
            resume: 0,
            result: 0,
          });
          const { queue } = gpu.device;
          queue.writeBuffer(buffers.params, 0, packed);
          if (first === 0) queue.writeBuffer(buffers.indices, 0, places);
          const shared = [imageBuffer, buffers.indices, buffers.query];
          const encoder = gpu.device.createCommandEncoder();
          const pass = encoder.beginComputePass();
          pass.setPipeline(distance.pipeline);
          pass.setBindGroup(
            0,
            gpu.bind(distance, buffers.params, [...shared, buffers.fixed, buffers.distances]),
            [0],
          );
          pass.dispatchWorkgroups(
            shifts ? Math.ceil(count * candidates / workgroupSize) : count,
            queries,
          );
          pass.setPipeline(sum.pipeline);
          pass.setBindGroup(
            0,
            gpu.bind(sum, buffers.params, [...shared, buffers.distances, buffers.results]),
            [0],
          );
          pass.dispatchWorkgroups(Math.ceil(values / workgroupSize), queries, slots);
          pass.end();
          queue.submit([encoder.finish()]);
        });
        const results = await gpu.read(buffers.results, 4 * queries * slots * slotFloats);
        mergeSlots(total, results, { work, slots, unit: 2 ** (droppedBits - 2 * fraction) });
        await pace.submitted(count, true);
      }
    }
  } finally {
    for (const buffer of held) buffer.destroy();
  }
  return total;
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
