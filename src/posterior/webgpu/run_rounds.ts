import type { CompiledProgram } from "../../gpu/compile.ts";
import { type Dispatch, dispatchOf } from "../../gpu/gpu_context.ts";
import { type HeldBuffers, holdingBuffers } from "../../gpu/held_buffers.ts";
import type { GpuProgram } from "../../gpu/program.ts";
import { mergedPixels } from "./merge_wgsl.ts";
import { fixedPointParams, type RoundParams } from "./round_params.ts";
import { planRounds, type QueryRange, rangesOf, type Round } from "./rounds.ts";
import { exactFrom, type ScalePrograms } from "./scale_programs.ts";
import { weightBits } from "./weighted_wgsl.ts";
import { byPiece, type GpuBackend, Pace, type TileWork, workloadOf } from "./work.ts";

/** What {@linkcode runRounds} reads and writes. */
export interface RoundOptions {
  /** Which queries are summed, ascending. */
  readonly queries: readonly number[];
  /** Whether thresholds are known. */
  readonly warm: boolean;
  readonly compiled: readonly ScalePrograms[];
  /** See `cutoffBits`. */
  readonly cutoff: number;
  /** Bits of fraction of `fixedQuery`. */
  readonly fraction: number;
  /** See `queryPlanes`. */
  readonly query: GPUBuffer;
  /** The query in fixed point; anything where no scale is exact. */
  readonly fixedQuery: GPUBuffer;
  /** Threshold and sum so far, `[B, S, P]`; the sums grow. */
  readonly running: GPUBuffer;
  /** The merging program and where it writes, a block `[B][2 + C][P]` for each scale summed; B of the batch. */
  readonly merge: CompiledProgram<GpuProgram<RoundParams>>;
  readonly results: GPUBuffer;
  /** Place of the next round's blocks in the results, in floats. */
  readonly resultOfNextRound: () => number | Promise<number>;
}

/** Sums a tile round by round: the segments of every scale, then the merging of their states. */
export function runRounds(
  backend: GpuBackend,
  work: TileWork,
  options: RoundOptions,
): Promise<void> {
  return holdingBuffers((held) => submitRounds(backend, work, { ...options, held }));
}

/** The rounds of each piece of images. */
function planPieces(
  { gpu, store }: GpuBackend,
  work: TileWork,
  { compiled, queries, warm }: RoundOptions,
) {
  const { plan, images, indices } = work;
  const { height, width, channels } = plan;
  const stateBytes = 4 * (2 + channels) * height * width;
  const options = {
    pairs: Math.max(...compiled.map(({ pairs }) => pairs)),
    shifts: Math.max(...compiled.map(({ shifts }) => shifts)),
    iterations: Math.max(...compiled.map(({ iterations }) => iterations)),
    candidates: plan.candidatesPerImage,
    maxStates: Math.floor(gpu.device.limits.maxStorageBufferBindingSize / stateBytes),
    ...workloadOf(gpu),
  };
  const pieces = byPiece(indices, store.imagesPerPiece(images)).map(({ piece, places }, i) => ({
    piece,
    places,
    rounds: planRounds({ images: places.length, warm: warm || i > 0, ...options }),
  }));
  return { pieces, ranges: rangesOf(queries, pieces.flatMap(({ rounds }) => rounds), options) };
}

async function submitRounds(
  backend: GpuBackend,
  work: TileWork,
  options: RoundOptions & { readonly held: HeldBuffers },
): Promise<void> {
  const { gpu, store } = backend;
  const { plan: { height, width, channels }, images } = work;
  const { compiled, held } = options;
  const { pieces, ranges } = planPieces(backend, work, options);
  const states = Math.max(
    ...pieces.flatMap(({ rounds }) => rounds.map(({ slots, parts }) => slots * parts)),
  );
  const together = Math.max(...ranges.map(({ count }) => count));
  const stateBytes = 4 * together * states * (2 + channels) * height * width;
  const largest = Math.max(...pieces.map(({ places }) => places.length));
  const dispatches = compiled.reduce((count, { programs }) => count + programs.length + 1, 0);
  const { COPY_DST, STORAGE } = GPUBufferUsage;
  const { params, partial, numbers, taps } = await gpu.guarded(() => ({
    taps: compiled.map(({ taps }) => taps && held.add(gpu.upload("taps", taps))),
    params: held.add(gpu.paramsBuffer(dispatches)),
    partial: held.add(gpu.buffer("partial states", stateBytes, STORAGE)),
    numbers: held.add(gpu.buffer("image numbers", 4 * largest, STORAGE | COPY_DST)),
  }));
  const pace = new Pace(gpu, work);
  for (const [i, { piece, places, rounds }] of pieces.entries()) {
    for (const [j, round] of rounds.entries()) {
      const result = await options.resultOfNextRound();
      const lastRound = i === pieces.length - 1 && j === rounds.length - 1;
      for (const range of ranges) {
        await gpu.guarded(() => {
          const buffers = { images: store.piece(images, piece), numbers, partial, taps };
          if (j === 0) gpu.device.queue.writeBuffer(numbers, 0, places);
          gpu.submit(dispatchesOf(round, work, { ...options, ...buffers, range, result }), params);
        });
        const last = range === ranges.at(-1);
        await pace.submitted(last ? round.count : 0, last && lastRound);
      }
    }
  }
}

/** What one round submits. */
function dispatchesOf(
  round: Round,
  { plan }: TileWork,
  { compiled, cutoff, fraction, range, result, ...buffers }: RoundOptions & {
    readonly range: QueryRange;
    readonly images: GPUBuffer;
    readonly numbers: GPUBuffer;
    readonly partial: GPUBuffer;
    /** Taps of each of the scales; undefined where its window is a box. */
    readonly taps: readonly (GPUBuffer | undefined)[];
    /** Place of the round's first block in the results, in floats. */
    readonly result: number;
  },
): Dispatch[] {
  const { queries, height, width, channels, bitsPerUnit } = plan;
  const { images, numbers, query, running, partial, taps, fixedQuery, merge, results } = buffers;
  const pixels = height * width, blockFloats = queries * (2 + channels) * pixels;
  const common = {
    bits: bitsPerUnit,
    cutoff,
    exactFrom: exactFrom * plan.exactFrom,
    ...fixedPointParams(fraction, bitsPerUnit),
    scales: plan.scales,
    firstQuery: range.from,
    first: round.first,
    count: round.count,
    perSlot: round.perSlot,
    slots: round.slots,
    parts: round.parts,
    resume: 0,
    result: 0,
  };
  // A distance in fixed point has the bits of the weights too; sums are no trees.
  const weighted = {
    exactFrom: plan.exactFrom,
    exactBits: common.exactBits * 2 ** -weightBits,
    fixedBits: common.fixedBits + weightBits,
  };
  return compiled.flatMap(({ scale, exact, programs }, i) => [
    ...programs.map((program, segment) =>
      dispatchOf<RoundParams>(program, {
        params: { ...common, ...taps[i] && weighted, scale, resume: segment === 0 ? 0 : 1 },
        buffers: [
          ...[images, numbers, query, running, partial],
          ...exact ? [fixedQuery] : [],
          ...taps[i] ? [taps[i]] : [],
        ],
        groups: [round.slots * round.parts, range.count],
      })
    ),
    dispatchOf<RoundParams>(merge, {
      params: { ...common, scale, result: result + i * blockFloats },
      buffers: [partial, running, results],
      groups: [Math.ceil(pixels / mergedPixels), range.count],
    }),
  ]);
}
