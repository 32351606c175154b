import type { GpuProgram } from "../../gpu/program.ts";
import { wgsl } from "../../gpu/wgsl.ts";
import { powerWgsl, type RoundParams, roundParams, runningArray } from "./round_params.ts";

/** Pixels of a workgroup, and threads that share the states of each. */
export const mergedPixels = 16;
const sharers = 16;

/**
 * The program that adds up the partial states of a round and lets the thresholds of the next one
 * follow what has been summed. Sixteen threads have a run of states each, then the first of them
 * adds up the sixteen: always in the same order.
 */
export function mergeProgram(
  { pixels, channels, totals }: {
    readonly pixels: number;
    readonly channels: number;
    /** Results are added to what is there, rather than written over it. */
    readonly totals: boolean;
  },
): GpuProgram<RoundParams> {
  const values = 2 + channels;
  const addOld = totals && wgsl`
    let old = results[to];
    lowest = min(lowest, old);
    if (old < FAR) {
      let factor = pow2((lowest - old) * params.bits);
      for (var c = 0; c <= C; c++) { total[c] = factor * results[to + (1 + c) * P]; }
    }
  `;
  const addBefore = !totals &&
    "if (before.x < FAR) { sum += before.y * pow2((lowest - before.x) * params.bits); }";
  return {
    code: wgsl`
      ${powerWgsl}

      const C: i32 = ${channels};
      const P: i32 = ${pixels};

      var<workgroup> shares: array<array<f32, ${values}>, ${sharers * mergedPixels}>;

      @compute @workgroup_size(${sharers * mergedPixels})
      fn main(
        @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32,
      ) {
        let share = i32(index) / ${mergedPixels};
        let p = i32(group.x) * ${mergedPixels} + i32(index) % ${mergedPixels};
        let b = i32(params.firstQuery + group.y);
        let states = i32(params.slots * params.parts);
        let step = (2 + C) * P;
        let begin = i32(group.y) * states * step + p;
        let perShare = (states + ${sharers - 1}) / ${sharers};
        let start = min(share * perShare, states);
        let end = select(start, min(start + perShare, states), p < P);
        var threshold = FAR;
        for (var j = start; j < end; j++) { threshold = min(threshold, partial[begin + j * step]); }
        var sums: array<f32, ${values - 1}>;
        for (var j = start; j < end; j++) {
          let state = begin + j * step;
          if (partial[state + P] > 0.0) {
            let factor = pow2((threshold - partial[state]) * params.bits);
            for (var c = 0; c <= C; c++) { sums[c] += factor * partial[state + (1 + c) * P]; }
          }
        }
        shares[index][0] = threshold;
        for (var c = 0; c <= C; c++) { shares[index][1 + c] = sums[c]; }
        workgroupBarrier();
        if (share > 0 || p >= P) { return; }

        let at = (b * i32(params.scales) + i32(params.scale)) * P + p;
        let before = running[at];
        var lowest = before.x;
        for (var i = 0u; i < ${sharers}u; i++) {
          lowest = min(lowest, shares[index + i * ${mergedPixels}u][0]);
        }
        let to = i32(params.result) + b * step + p;
        var total: array<f32, ${values - 1}>;
        ${addOld}
        for (var i = 0u; i < ${sharers}u; i++) {
          let other = index + i * ${mergedPixels}u;
          if (shares[other][1] > 0.0) {
            let factor = pow2((lowest - shares[other][0]) * params.bits);
            for (var c = 0; c <= C; c++) { total[c] += factor * shares[other][1 + c]; }
          }
        }
        results[to] = lowest;
        for (var c = 0; c <= C; c++) { results[to + (1 + c) * P] = total[c]; }
        if (lowest >= FAR) { return; }
        var sum = total[0];
        ${addBefore}
        // The threshold stays where a candidate weighs 2^-cutoff of the sum.
        let excess = log2(max(sum, 1e-30)) - params.cutoff;
        if (excess > 1.0) {
          running[at] = vec2f(lowest - excess / params.bits, sum * pow2(-excess));
        } else {
          running[at] = vec2f(lowest, sum);
        }
      }
    `,
    arrays: [
      { name: "partial", element: "f32" },
      { ...runningArray, write: true },
      {
        name: "results",
        element: "f32",
        holds: "[B][threshold, sum, acc of each channel][P] from params.result on.",
        write: true,
      },
    ],
    params: roundParams,
  };
}
