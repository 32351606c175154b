/** What all programs of a round of images share: the numbers that they are told, and powers of two. */
import type { GpuArray, ParamTypes, ParamValues } from "../../gpu/program.ts";
import { wgsl } from "../../gpu/wgsl.ts";

/** Threads of a workgroup: two subgroups of 32, so that a barrier is cheap and small work fills it. */
export const workgroupSize = 64;

/** A distance above every other; state cells start with it. */
export const far = 1e30;

/** Numbers of one dispatch. */
export const roundParams = {
  /** Bits of weight per unit of distance. */
  bits: "f32",
  /** How far below the sum a candidate still counts, in bits. */
  cutoff: "f32",
  /** Distances of larger magnitude are taken again in integers. */
  exactFrom: "f32",
  /** 2^F: fixed-point values are multiples of 2^-F. */
  fixedOne: "f32",
  /** Bits of weight per unit of a distance in fixed point, which is 2^(-2 F). */
  exactBits: "f32",
  /** 2 F. */
  fixedBits: "i32",
  /** First of the queries of this dispatch. */
  firstQuery: "u32",
  /** First of the images' indices of this round, their number, and how many each slot takes. */
  first: "u32",
  count: "u32",
  perSlot: "u32",
  /** Partial states per query: slots of images, times parts of their shifts. */
  slots: "u32",
  parts: "u32",
  /** Index of the scale, and how many there are: the place of this dispatch's thresholds. */
  scale: "u32",
  scales: "u32",
  /** 1: partial states go on from what the previous dispatch left. */
  resume: "u32",
  /** First value of the results, in floats. */
  result: "u32",
} as const satisfies ParamTypes;

/** Types of the numbers of a dispatch. */
export type RoundParams = typeof roundParams;

/** The numbers that fixed point with F bits of fraction sets. */
export function fixedPointParams(
  fraction: number,
  bits: number,
): Pick<ParamValues<RoundParams>, "fixedOne" | "exactBits" | "fixedBits"> {
  return {
    fixedOne: 2 ** fraction,
    exactBits: bits * 2 ** (-2 * fraction),
    fixedBits: 2 * fraction,
  };
}

/** Thresholds and sums so far, which every program of a round reads and the last one writes. */
export const runningArray: GpuArray = {
  name: "running",
  element: "vec2f",
  holds: "Threshold and sum so far, [B, S, P].",
};

/** Constants, and 2^t. */
export const powerWgsl: string = wgsl`
  const FAR: f32 = ${far};
  const LIMIT: f32 = 100.0;

  // The language lets exp2 be wrong by 2 |t| units in the last place: whole powers are made from bits.
  fn pow2(t: f32) -> f32 {
    if (t < -125.0) { return 0.0; }
    let whole = round(t);
    return bitcast<f32>(bitcast<i32>(exp2(t - whole)) + (i32(whole) << 23u));
  }
`;
