import { DeviceUnavailableError } from "../../core/errors.ts";
import type { CompiledProgram } from "../../gpu/compile.ts";
import { programOf } from "../../gpu/program.ts";
import { marchProgram } from "./march_wgsl.ts";
import type { PatchProgram, PatchProgramOptions } from "./patch_wgsl.ts";
import { planesProgram } from "./planes_wgsl.ts";
import { pairsOf, segmentsOf } from "./segments.ts";
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

/** Compiles what a scale needs: a program for each segment of the rule. */
export async function compileScale(
  { gpu }: GpuBackend,
  { plan: { height, width, channels }, rule, scales }: TileWork,
  { scale, exact }: { scale: number; exact: boolean },
): Promise<ScalePrograms> {
  const k = scales[scale]!;
  const shape = { height, width, channels, k };
  const segments = segmentsOf(rule, shape);
  const workgroupMemory = gpu.device.limits.maxComputeWorkgroupStorageSize;
  const programs = segments.map((segment) => {
    const program = programOf(patchProgramOf, { ...shape, segment, exact, workgroupMemory });
    if (program) return program;
    throw new DeviceUnavailableError(
      `Cannot sum windows of ${k} x ${k} on the GPU ${gpu.adapter}: its workgroups have ` +
        `${workgroupMemory} bytes of memory; use the wasm backend for this scale`,
    );
  });
  const compiled = await Promise.all(programs.map((program) => gpu.compile(program)));
  const iterations = Math.max(...programs.map((program) => program.iterations));
  if (iterations > workloadOf(gpu).maxIterations) {
    throw new DeviceUnavailableError(
      `Cannot sum windows of ${k} x ${k} at this noise level on the software adapter ` +
        `${gpu.adapter}: its shaders end after too few rounds; use the wasm backend`,
    );
  }
  return {
    scale,
    exact,
    programs: compiled,
    iterations,
    shifts: Math.max(...programs.map((program) => program.shifts)),
    pairs: segments.reduce((sum, segment) => sum + pairsOf(segment, shape), 0),
  };
}
