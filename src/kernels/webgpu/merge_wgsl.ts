import { commonWgsl, workgroupSize } from "./common_wgsl.ts";

/**
 * Makes the shader that adds up the partial states of a round, in their order, one thread per pixel,
 * and lets the thresholds of the next round follow what has been summed.
 */
export function mergeWgsl(
  { pixels, channels }: { readonly pixels: number; readonly channels: number },
): string {
  return /* wgsl */ `
${commonWgsl}
const C: i32 = ${channels};
const P: i32 = ${pixels};

@group(0) @binding(1) var<storage, read> partial: array<f32>;
// Threshold and sum so far, [B, S, P].
@group(0) @binding(2) var<storage, read_write> running: array<vec2<f32>>;
// [B][threshold, sum, acc of each channel][P] from params.result on.
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = i32(id.x);
  let b = i32(id.y);
  if (p >= P) { return; }
  let states = i32(params.slots * params.parts);
  let step = (2 + C) * P;
  let begin = b * states * step + p;
  let at = (b * i32(params.scales) + i32(params.scale)) * P + p;
  let before = running[at];
  var lowest = before.x;
  for (var j = 0; j < states; j++) { lowest = min(lowest, partial[begin + j * step]); }
  var sums: array<f32, ${channels + 1}>;
  var blocks: array<f32, ${channels + 1}>;
  for (var j = 0; j < states; j++) {
    let state = begin + j * step;
    if (partial[state + P] > 0.0) {
      let factor = pow2((lowest - partial[state]) * params.bits);
      for (var c = 0; c <= C; c++) { blocks[c] += factor * partial[state + (1 + c) * P]; }
    }
    // Sums of sums of 32: the rounding of a thousand states is that of some sixty.
    if ((j & 31) == 31 || j == states - 1) {
      for (var c = 0; c <= C; c++) { sums[c] += blocks[c]; blocks[c] = 0.0; }
    }
  }
  let to = i32(params.result) + b * step + p;
  results[to] = lowest;
  for (var c = 0; c <= C; c++) { results[to + (1 + c) * P] = sums[c]; }
  if (lowest >= FAR) { return; }
  var total = sums[0];
  if (before.x < FAR) { total += before.y * pow2((lowest - before.x) * params.bits); }
  // The threshold stays where a candidate weighs 2^-window of the sum.
  let excess = log2(max(total, 1e-30)) - params.window;
  if (excess > 1.0) {
    running[at] = vec2<f32>(lowest - excess / params.bits, total * pow2(-excess));
  } else {
    running[at] = vec2<f32>(lowest, total);
  }
}
`;
}
