import { DeviceUnavailableError } from "../../core/errors.ts";
import { marchWgsl } from "./march_wgsl.ts";
import { packParams, type Params, paramsStride } from "./common_wgsl.ts";
import type { GpuKernel } from "../../gpu/gpu_context.ts";
import { mergedPixels } from "./merge_wgsl.ts";
import { planesWgsl } from "./planes_wgsl.ts";
import { planRounds, type Round } from "./rounds.ts";
import { pairsOf, segmentsOf } from "./segments.ts";
import { byPiece, type GpuBackend, Pace, type TileWork, workloadOf } from "./work.ts";

/**
 * Sums here are trees and their errors some 2e-9 of a nat per nat, so more is left to float32 than the
 * plan says: a scale is summed again where what counts is beyond `coarseFrom` times the plan's bound
 * (a thousand nats), and then every distance beyond `exactFrom` times it is taken in integers.
 */
export const coarseFrom = 12;
const exactFrom = 4;

/** The kernels of one scale. */
export interface ScaleKernels {
  readonly scale: number;
  readonly wary: boolean;
  /** One for each segment of the rule. */
  readonly kernels: readonly GpuKernel[];
  /** Pairs of an image and query; shifts, and rounds of loops per shift, of the largest segment. */
  readonly pairs: number;
  readonly shifts: number;
  readonly iterations: number;
}

/** Compiles what a scale needs: a kernel for each segment of the rule. */
export async function compileScale(
  { gpu }: GpuBackend,
  { plan: { height, width, channels }, rule, scales }: TileWork,
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

/** Buffers that are destroyed together. */
export class HeldBuffers {
  readonly #buffers: GPUBuffer[] = [];

  add(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** Does some work, and destroys the buffers that it held, however it ends. */
export async function holdingBuffers<T>(work: (held: HeldBuffers) => Promise<T>): Promise<T> {
  const held = new HeldBuffers();
  try {
    return await work(held);
  } finally {
    held.destroy();
  }
}

/** What {@linkcode runRounds} reads and writes. */
export interface RoundOptions {
  readonly compiled: readonly ScaleKernels[];
  /** See `cutoffBits`. */
  readonly window: number;
  /** Bits of fraction of `fixedQuery`. */
  readonly fraction: number;
  /** See `queryPlanes`. */
  readonly query: GPUBuffer;
  /** The query in fixed point; anything where no scale is wary. */
  readonly fixedQuery: GPUBuffer;
  /** Threshold and sum so far, `[B, S, P]`; the sums grow. */
  readonly running: GPUBuffer;
  /** The merging shader and where it writes, a block `[B][2 + C][P]` for each scale summed. */
  readonly merge: GpuKernel;
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

async function submitRounds(
  { gpu, store }: GpuBackend,
  work: TileWork,
  options: RoundOptions & { readonly held: HeldBuffers },
): Promise<void> {
  const { plan, images, indices } = work;
  const { queries, height, width, channels } = plan;
  const { compiled, window, fraction, query, fixedQuery, running, merge, results, held } = options;
  const pixels = height * width, stateFloats = (2 + channels) * pixels;
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
      mostStates: Math.floor(gpu.device.limits.maxStorageBufferBindingSize / (4 * stateFloats)),
      ...workloadOf(gpu),
    }),
  }));
  const states = Math.max(
    ...pieces.flatMap(({ rounds }) => rounds.map(({ slots, parts }) => slots * parts)),
  );
  const most = Math.max(...pieces.map(({ places }) => places.length));
  const dispatches = compiled.reduce((count, { kernels }) => count + kernels.length + 1, 0);
  const { COPY_DST, STORAGE, UNIFORM } = GPUBufferUsage;
  const { params, partial, numbers } = await gpu.guarded(() => ({
    params: held.add(gpu.buffer("parameters", dispatches * paramsStride, UNIFORM | COPY_DST)),
    partial: held.add(gpu.buffer("partial states", 4 * queries * states * stateFloats, STORAGE)),
    numbers: held.add(gpu.buffer("image numbers", 4 * most, STORAGE | COPY_DST)),
  }));
  const common = {
    bits: plan.bitsPerUnit,
    window,
    exactFrom: exactFrom * plan.exactFrom,
    fraction,
    scales: plan.scales,
  };
  const packed = new DataView(new ArrayBuffer(dispatches * paramsStride));
  const submit = (round: Round, imageBuffer: GPUBuffer, result: number) => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let at = 0;
    const dispatch = (
      kernel: GpuKernel,
      bound: readonly GPUBuffer[],
      [x, y]: readonly [number, number],
      given: Partial<Params>,
    ) => {
      packParams(packed, at, { ...common, ...round, scale: 0, resume: 0, result: 0, ...given });
      pass.setPipeline(kernel.pipeline);
      pass.setBindGroup(0, gpu.bind(kernel, params, bound), [at]);
      pass.dispatchWorkgroups(x, y);
      at += paramsStride;
    };
    compiled.forEach(({ scale, wary, kernels }, i) => {
      const bound = [imageBuffer, numbers, query, running, partial, ...wary ? [fixedQuery] : []];
      kernels.forEach((kernel, segment) => {
        const resume = segment === 0 ? 0 : 1;
        dispatch(kernel, bound, [round.slots * round.parts, queries], { scale, resume });
      });
      const groups = Math.ceil(pixels / mergedPixels);
      dispatch(merge, [partial, running, results], [groups, queries], {
        scale,
        result: result + i * queries * stateFloats,
      });
    });
    pass.end();
    gpu.device.queue.writeBuffer(params, 0, packed);
    gpu.device.queue.submit([encoder.finish()]);
  };
  const pace = new Pace(gpu, work);
  for (const [i, { piece, places, rounds }] of pieces.entries()) {
    for (const [j, round] of rounds.entries()) {
      const result = await options.resultOfNextRound();
      await gpu.guarded(() => {
        const imageBuffer = store.piece(images, piece);
        if (j === 0) gpu.device.queue.writeBuffer(numbers, 0, places);
        submit(round, imageBuffer, result);
      });
      await pace.submitted(round.count, i === pieces.length - 1 && j === rounds.length - 1);
    }
  }
}
