import { commonWgsl, exactWgsl } from "./common_wgsl.ts";
import type { Axis, KernelShape, Segment } from "./segments.ts";

/** A shader of a rule with a scale. */
export interface PatchShader {
  readonly code: string;
  /** Shifts of an image, which parts share. */
  readonly shifts: number;
  /** Rounds of loops that a thread goes through per shift, at most. */
  readonly iterations: number;
}

/** What a shader of this kind is made for. */
export interface PatchShaderOptions extends KernelShape {
  readonly segment: Segment;
  /** Take coarse distances again in integers. */
  readonly wary: boolean;
  /** Bytes of workgroup memory that the device grants. */
  readonly workgroupMemory: number;
}

/** A sum as a balanced tree: a longer chain has more rounding, and each addition would wait. */
export function tree(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return `(${tree(terms.slice(0, half))} + ${tree(terms.slice(half))})`;
}

/** `name` of q along an axis as a place in the image, and of p; zero outside where that is padding. */
export function places(axis: Axis, name: string, size: string): string {
  const q = `q${name}`, p = `p${name}`;
  switch (axis) {
    case "inside":
      return `if (${q} >= ${size}) { return 0.0; }
  let ${p} = select(${q} - s${name}, ${q} - s${name} + ${size}, ${q} < s${name});`;
    case "padded":
      return `if (${q} < 0 || ${q} >= ${size}) { return 0.0; }
  let ${p} = ${q};`;
    case "cyclic":
      return `${q} = select(${q}, ${q} + ${size}, ${q} < 0);
  ${q} = select(${q}, ${q} - ${size}, ${q} >= ${size});
  let ${p} = select(${q} - s${name}, ${q} - s${name} + ${size}, ${q} < s${name});`;
  }
}

/** The exact distance of one candidate, window by window. */
function exactDistanceWgsl(segment: Segment, channels: number): string {
  return /* wgsl */ `
fn exactTerm(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> Wide {
  var qy = y;
  var qx = x;
  var sum = Wide(0u, 0u, 0);
  ${places(segment.y, "y", "H").replaceAll("return 0.0;", "return sum;")}
  ${places(segment.x, "x", "W").replaceAll("return 0.0;", "return sum;")}
  ${
    Array.from({ length: channels }, (_, c) =>
      `{
    let value = toFixed(images[image + ${c} * P + qy * W + qx]);
    let pivot = fixedQuery[(b * C + ${c}) * P + py * W + px];
    sum = addWide(sum, product(pivot.x - value, pivot.y - value));
  }`).join("\n  ")
  }
  return sum;
}

fn exactDistance(b: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32) -> Wide {
  var sum = Wide(0u, 0u, 0);
  for (var dy = -R; dy <= R; dy++) {
    for (var dx = -R; dx <= R; dx++) {
      sum = addWide(sum, exactTerm(b, image, qy + dy, qx + dx, sy, sx));
    }
  }
  return sum;
}
`;
}

/** Floats of a row of the query: the row, the row again, and what a last strip reads beyond. */
export function queryRow(width: number): number {
  return 2 * width + 4;
}

/** Declarations and the weighing of candidates, shared by the shaders of rules with a scale. */
export function candidateWgsl(
  { height, width, channels, k, segment, wary, stateInside, threads }:
    & Omit<PatchShaderOptions, "workgroupMemory">
    & { readonly stateInside: boolean; readonly threads: number },
): string {
  const { owns } = segment;
  const inner = (v: string, size: string) => `(${v} >= R && ${v} < ${size} - R)`;
  const conditions = [];
  if (owns === "inner-query" || owns === "edge-query") {
    // A pixel belongs to exactly one segment: interior in an axis that slides, at an edge in one
    // that stays.
    conditions.push(segment.y === "padded" ? `!${inner("py", "H")}` : inner("py", "H"));
    conditions.push(segment.x === "padded" ? `!${inner("px", "W")}` : inner("px", "W"));
  }
  const cell = (plane: string) => stateInside ? `${plane} * P + p` : `base + ${plane} * P + p`;
  const name = stateInside ? "state" : "partial";
  return /* wgsl */ `
${commonWgsl}${wary ? exactWgsl : ""}
const H: i32 = ${height};
const W: i32 = ${width};
const C: i32 = ${channels};
const P: i32 = ${height * width};
const R: i32 = ${(k - 1) / 2};
const K: i32 = ${k};
const T: i32 = ${threads};
// Each row of the query is there twice, so that columns that wrap around need no test.
const QUERY_ROW: i32 = ${queryRow(width)};

@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
// Pivot z and mirror m = 2 x / signal - z, [B, C, H, QUERY_ROW].
@group(0) @binding(3) var<storage, read> query: array<vec2<f32>>;
// Threshold and sum so far, [B, S, P].
@group(0) @binding(4) var<storage, read> running: array<vec2<f32>>;
// [B, slots, parts][threshold, sum, acc of each channel][P].
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
${wary ? "@group(0) @binding(6) var<storage, read> fixedQuery: array<vec2<i32>>;" : ""}
${stateInside ? `var<workgroup> state: array<f32, ${height * width * (2 + channels)}>;` : ""}
${wary ? exactDistanceWgsl(segment, channels) : ""}

// One candidate within the threshold: q at (qy, qx) of an image, p = (py, px) = q - s, at distance d
// relative to the pivot.
fn add(
  d: f32, limit: f32, b: i32, base: i32, image: i32,
  qy: i32, qx: i32, py: i32, px: i32, sy: i32, sx: i32,
) {
  let p = py * W + px;
  var threshold = limit;
  var t = (threshold - d) * params.bits;
  var keep = 1.0;
  if (t > LIMIT) {
    let next = d + params.window / params.bits;
    keep = select(pow2((next - threshold) * params.bits), 0.0, threshold >= FAR);
    threshold = next;
    ${name}[${cell("0")}] = next;
    t = (threshold - d) * params.bits;
  }
  ${
    wary
      ? `if (abs(d) > params.exactFrom) {
    t = exactBitsBelow(threshold, exactDistance(b, image, qy, qx, sy, sx));
  }`
      : ""
  }
  let w = pow2(clamp(t, -LIMIT, LIMIT));
  ${name}[${cell("1")}] = ${name}[${cell("1")}] * keep + w;
  ${
    Array.from({ length: channels }, (_, c) =>
      `{
    let y = images[image + ${c} * P + qy * W + qx];
    let difference = y - query[((b * C + ${c}) * H + py) * QUERY_ROW + px].x;
    ${name}[${cell(String(2 + c))}] = fma(w, difference, ${name}[${cell(String(2 + c))}] * keep);
  }`).join("\n  ")
  }
}

fn owned(py: i32, px: i32) -> bool { return ${conditions.join(" && ") || "true"}; }

// Only this thread looks at p until the next barrier, since a shift is one to one.
fn weigh(d: f32, b: i32, base: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32) {
  let py = select(qy - sy, qy - sy + H, qy < sy);
  let px = select(qx - sx, qx - sx + W, qx < sx);
  if (!owned(py, px)) { return; }
  let p = py * W + px;
  let threshold = ${name}[${cell("0")}];
  if (d < threshold) { add(d, threshold, b, base, image, qy, qx, py, px, sy, sx); }
}

fn loadState(b: i32, base: i32, thread: i32) {
  for (var p = thread; p < P; p += T) {
    if (params.resume == 0u) {
      ${name}[${cell("0")}] = running[(b * i32(params.scales) + i32(params.scale)) * P + p].x;
      for (var c = 1; c < 2 + C; c++) { ${name}[${cell("c")}] = 0.0; }
    } ${
    stateInside
      ? "else { for (var c = 0; c < 2 + C; c++) { state[c * P + p] = partial[base + c * P + p]; } }"
      : ""
  }
  }
}

fn storeState(base: i32, thread: i32) {
  ${
    stateInside
      ? `for (var i = thread; i < (2 + C) * P; i += T) { partial[base + i] = state[i]; }`
      : ""
  }
}
`;
}
