import { commonWgsl } from "./common_wgsl.ts";

/** Pixels of a workgroup, and threads that share the states of each. */
export const mergedPixels = 16;
const sharers = 16;

/**
 * Makes the shader that adds up the partial states of a round and lets the thresholds of the next one
 * follow what has been summed. Sixteen threads have a run of states each, then the first of them
 * adds up the sixteen: always in the same order.
 */
export function mergeWgsl(
  { pixels, channels, totals = false }: {
    readonly pixels: number;
    readonly channels: number;
    /** Results are added to what is there, rather than written over it. */
    readonly totals?: boolean;
  },
): string {
  const values = 2 + channels;
  return /* wgsl */ `
${commonWgsl}
const C: i32 = ${channels};
const P: i32 = ${pixels};

@group(0) @binding(1) var<storage, read> partial: array<f32>;
// Threshold and sum so far, [B, S, P].
@group(0) @binding(2) var<storage, read_write> running: array<vec2<f32>>;
// [B][threshold, sum, acc of each channel][P] from params.result on.
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

var<workgroup> shares: array<array<f32, ${values}>, ${sharers * mergedPixels}>;

@compute @workgroup_size(${sharers * mergedPixels})
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
) {
  let share = i32(index) / ${mergedPixels};
  let p = i32(group.x) * ${mergedPixels} + i32(index) % ${mergedPixels};
  let b = i32(group.y);
  let states = i32(params.slots * params.parts);
  let step = (2 + C) * P;
  let begin = b * states * step + p;
  let each = (states + ${sharers - 1}) / ${sharers};
  let start = min(share * each, states);
  let end = select(start, min(start + each, states), p < P);
  var least = FAR;
  for (var j = start; j < end; j++) { least = min(least, partial[begin + j * step]); }
  var sums: array<f32, ${values - 1}>;
  for (var j = start; j < end; j++) {
    let state = begin + j * step;
    if (partial[state + P] > 0.0) {
      let factor = pow2((least - partial[state]) * params.bits);
      for (var c = 0; c <= C; c++) { sums[c] += factor * partial[state + (1 + c) * P]; }
    }
  }
  shares[index][0] = least;
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
  ${
    totals
      ? `let old = results[to];
  lowest = min(lowest, old);
  if (old < FAR) {
    let factor = pow2((lowest - old) * params.bits);
    for (var c = 0; c <= C; c++) { total[c] = factor * results[to + (1 + c) * P]; }
  }`
      : ""
  }
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
  ${
    totals
      ? ""
      : "if (before.x < FAR) { sum += before.y * pow2((lowest - before.x) * params.bits); }"
  }
  // The threshold stays where a candidate weighs 2^-window of the sum.
  let excess = log2(max(sum, 1e-30)) - params.window;
  if (excess > 1.0) {
    running[at] = vec2<f32>(lowest - excess / params.bits, sum * pow2(-excess));
  } else {
    running[at] = vec2<f32>(lowest, sum);
  }
}
`;
}
