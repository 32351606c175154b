import { DeviceUnavailableError } from "../../core/errors.ts";
import type { CompiledProgram } from "../../gpu/compile.ts";
import type { GpuContext } from "../../gpu/gpu_context.ts";
import { programOf } from "../../gpu/program.ts";
import { marchProgram } from "./march_wgsl.ts";
import type { PatchProgram, PatchProgramOptions } from "./patch_wgsl.ts";
import { planesProgram } from "./planes_wgsl.ts";
import { pairsOf, segmentsOf } from "./segments.ts";
import {
  tapFours,
  weightedPairs,
  weightedProgram,
  type WeightedProgramOptions,
} from "./weighted_wgsl.ts";
import { type GpuBackend, type TileWork, workloadOf } from "./work.ts";

/**
 * Sums here are trees and their errors some 2e-9 of a nat per nat, so more is left to float32 than the
 * plan says: a scale is summed again where what counts is beyond `coarseFrom` times the plan's bound
 * (a thousand nats), and then every distance beyond `exactFrom` times it is taken in integers.
 */
export const coarseFrom = 12;
/** See {@linkcode coarseFrom}. */
export const exactFrom = 4;

/** The programs of one scale. */
export interface ScalePrograms {
  readonly scale: number;
  /** Distances that float32 is too coarse for are taken again in integers. */
  readonly exact: boolean;
  /** Taps of a window with weights, as its program reads them; absent: a box. */
  readonly taps?: Float32Array<ArrayBuffer>;
  /** One for each segment of the rule. */
  readonly programs: readonly CompiledProgram<PatchProgram>[];
  /** Pairs of an image and query; shifts, and rounds of loops per shift, of the largest segment. */
  readonly pairs: number;
  readonly shifts: number;
  readonly iterations: number;
}

/** The fastest program for a segment; undefined where a device has too little workgroup memory. */
function patchProgramOf(options: PatchProgramOptions): PatchProgram | undefined {
  return marchProgram(options) ?? planesProgram(options);
}

/** Compiles what a scale needs: a program for each segment of the rule, or the one of its window. */
export async function compileScale(
  backend: GpuBackend,
  work: TileWork,
  options: { readonly scale: number; readonly exact: boolean },
): Promise<ScalePrograms> {
  const { taps } = work.plan;
  if (taps !== null) return await compileWeighted(backend, work, { ...options, taps });
  const { gpu } = backend;
  const { plan: { height, width, channels }, rule, scales } = work;
  const { scale, exact } = options;
  const k = scales[scale]!;
  const shape = { height, width, channels, k };
  const segments = segmentsOf(rule, shape);
  const workgroupMemory = gpu.device.limits.maxComputeWorkgroupStorageSize;
  const programs = segments.map((segment) => {
    const program = programOf(patchProgramOf, { ...shape, segment, exact, workgroupMemory });
    if (program) return program;
    throw tooLittleMemory(gpu, k);
  });
  const compiled = await Promise.all(programs.map((program) => gpu.compile(program)));
  const iterations = Math.max(...programs.map((program) => program.iterations));
  checkIterations(gpu, { iterations, k });
  return {
    scale,
    exact,
    programs: compiled,
    iterations,
    shifts: Math.max(...programs.map((program) => program.shifts)),
    pairs: segments.reduce((sum, segment) => sum + pairsOf(segment, shape), 0),
  };
}

/** The same for a window with weights. */
async function compileWeighted(
  { gpu }: GpuBackend,
  { plan: { height, width, channels, radii, reaches }, rule }: TileWork,
  { scale, exact, taps }: {
    readonly scale: number;
    readonly exact: boolean;
    readonly taps: readonly Float64Array[];
  },
): Promise<ScalePrograms> {
  const [radius, reach] = [radii[scale]!, reaches[scale]!];
  const workgroupMemory = gpu.device.limits.maxComputeWorkgroupStorageSize;
  const shape = { height, width, channels, rule, radius, reach };
  const options: WeightedProgramOptions = { ...shape, exact, workgroupMemory };
  const program = programOf(weightedProgram, options);
  if (program === undefined) throw tooLittleMemory(gpu, 2 * radius + 1);
  checkIterations(gpu, { iterations: program.iterations, k: 2 * radius + 1 });
  const { iterations, shifts } = program;
  return {
    scale,
    exact,
    taps: tapFours(taps[scale]!),
    programs: [await gpu.compile(program)],
    iterations,
    shifts,
    pairs: weightedPairs(options),
  };
}

function tooLittleMemory({ device, adapter }: GpuContext, k: number): DeviceUnavailableError {
  return new DeviceUnavailableError(
    `Cannot sum windows of ${k} x ${k} on the GPU ${adapter}: its workgroups have ` +
      `${device.limits.maxComputeWorkgroupStorageSize} bytes of memory; use the wasm backend for this scale`,
  );
}

function checkIterations(
  gpu: GpuContext,
  { iterations, k }: { readonly iterations: number; readonly k: number },
): void {
  if (iterations <= workloadOf(gpu).maxIterations) return;
  throw new DeviceUnavailableError(
    `Cannot sum windows of ${k} x ${k} at this noise level on the software adapter ` +
      `${gpu.adapter}: its shaders end after too few rounds; use the wasm backend`,
  );
}
