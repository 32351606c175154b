/**
 * The general shader for rules with a scale: one plane of squared differences per shift.
 *
 * @module
 */
import { commonWgsl, exactWgsl, workgroupSize } from "./common_wgsl.ts";
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
export interface PlanesOptions extends KernelShape {
  readonly segment: Segment;
  /** Take coarse distances again in integers. */
  readonly wary: boolean;
  /** Bytes of workgroup memory that the device grants. */
  readonly workgroupMemory: number;
}

/** A sum as a balanced tree: a longer chain has more rounding, and each addition would wait. */
function tree(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return `(${tree(terms.slice(0, half))} + ${tree(terms.slice(half))})`;
}

/** How the outputs of a plane are cut into tiles that fit workgroup memory. */
interface Tiling {
  readonly tileH: number;
  readonly tileW: number;
  /** Rows and row stride of the squared differences. */
  readonly rows: number;
  readonly stride: number;
  /** The same of the row sums; the last strip of four outputs may read past the rows that are filled. */
  readonly sumRows: number;
  readonly sumStride: number;
  /** Whether the state fits beside them. */
  readonly stateInside: boolean;
}

const up4 = (value: number) => Math.ceil(value / 4) * 4;

/** Output positions along an axis, and the first of them. */
function outputs(axis: Axis, size: number, r: number): { count: number; from: number } {
  return axis === "inside" ? { count: size - 2 * r, from: r } : { count: size, from: 0 };
}

function tilingOf(
  { height, width, channels, k, segment, workgroupMemory }: PlanesOptions,
): Tiling | undefined {
  const r = (k - 1) / 2;
  const floats = Math.floor(workgroupMemory / 4);
  const state = height * width * (2 + channels);
  let tileH = outputs(segment.y, height, r).count, tileW = outputs(segment.x, width, r).count;
  for (;;) {
    const rows = tileH + 2 * r;
    // A stride of 1 beyond a multiple of 4: strips of four columns of neighbouring rows then lie in
    // different banks.
    const stride = up4(up4(tileW) + 2 * r) + 1, sumStride = up4(tileW);
    const sumRows = up4(tileH) + 2 * r;
    const needed = rows * stride + sumRows * sumStride;
    if (needed <= floats) {
      const stateInside = needed + state <= floats;
      return { tileH, tileW, rows, stride, sumRows, sumStride, stateInside };
    }
    if (tileH === 1 && tileW === 1) return undefined;
    if (tileH >= tileW) tileH = Math.ceil(tileH / 2);
    else tileW = Math.ceil(tileW / 2);
  }
}

/** `name` of q along an axis as a place in the image, and of p; zero outside where that is padding. */
function places(axis: Axis, name: string, size: string): string {
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
export function exactDistanceWgsl(segment: Segment): string {
  return /* wgsl */ `
fn exactTerm(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> Wide {
  var qy = y;
  var qx = x;
  var sum = Wide(0u, 0u, 0);
  ${places(segment.y, "y", "H").replaceAll("return 0.0;", "return sum;")}
  ${places(segment.x, "x", "W").replaceAll("return 0.0;", "return sum;")}
  for (var c = 0; c < C; c++) {
    let value = toFixed(images[image + c * P + qy * W + qx]);
    let pivot = fixedQuery[(b * C + c) * P + py * W + px];
    sum = addWide(sum, product(pivot.x - value, pivot.y - value));
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

/** Declarations and the weighing of candidates, shared by the shaders of rules with a scale. */
export function candidateWgsl(
  { height, width, channels, k, segment, wary, stateInside }:
    & Omit<PlanesOptions, "workgroupMemory">
    & { readonly stateInside: boolean },
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
const T: i32 = ${workgroupSize};

@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
// Pivot z and mirror m = 2 x / signal - z, [B, C, P].
@group(0) @binding(3) var<storage, read> query: array<vec2<f32>>;
// Threshold and sum so far, [B, S, P].
@group(0) @binding(4) var<storage, read> running: array<vec2<f32>>;
// [B, slots, parts][threshold, sum, acc of each channel][P].
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
${wary ? "@group(0) @binding(6) var<storage, read> fixedQuery: array<vec2<i32>>;" : ""}
${stateInside ? `var<workgroup> state: array<f32, ${height * width * (2 + channels)}>;` : ""}
${wary ? exactDistanceWgsl(segment) : ""}

// One candidate: q at (qy, qx) of an image, p = q - s, at distance d relative to the pivot. Only this
// thread looks at p until the next barrier, since a shift is one to one.
fn weigh(d: f32, b: i32, base: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32) {
  let py = select(qy - sy, qy - sy + H, qy < sy);
  let px = select(qx - sx, qx - sx + W, qx < sx);
  ${conditions.length > 0 ? `if (!(${conditions.join(" && ")})) { return; }` : ""}
  let p = py * W + px;
  var threshold = ${name}[${cell("0")}];
  if (!(d < threshold)) { return; }
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
  for (var c = 0; c < C; c++) {
    let difference = images[image + c * P + qy * W + qx] - query[(b * C + c) * P + p].x;
    ${name}[${cell("(2 + c)")}] = ${name}[${cell("(2 + c)")}] * keep + w * difference;
  }
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

/**
 * Makes the shader, or undefined where not even one output's window fits workgroup memory.
 *
 * A workgroup takes some images (a slot) and some of their shifts (a part), one by one. For a shift, E(q) goes to workgroup memory, then the row sums R(q), then each
 * thread sums columns of R and weighs the candidates. Strips of four neighbours share the middle of
 * their windows, so that a sum costs (k + 8) / 4 additions and (k + 3) / 4 reads per axis. Two barriers
 * a shift; since q = p + s is one to one, every pixel's state has one owner between barriers, and no
 * reduction is needed.
 */
export function planesWgsl(options: PlanesOptions): PatchShader | undefined {
  const tiling = tilingOf(options);
  if (tiling === undefined) return undefined;
  const { height, width, channels, k, segment, wary } = options;
  const r = (k - 1) / 2;
  const y = outputs(segment.y, height, r), x = outputs(segment.x, width, r);
  const { tileH, tileW, rows, stride, sumRows, sumStride, stateInside } = tiling;
  const columns = up4(tileW);
  const rowShifts = segment.y === "padded" ? 1 : height;
  const columnShifts = segment.x === "padded" ? 1 : width;
  const fourSums = (source: string, step: string) => {
    const term = (j: number) => `${source}[at + ${j} * ${step}]`;
    if (k === 1) return `let sums = vec4<f32>(${[0, 1, 2, 3].map(term).join(", ")});`;
    const middle = Array.from({ length: k - 3 }, (_, j) => term(j + 3));
    return `let middle = ${middle.length > 0 ? tree(middle) : "0.0"};
    let t1 = ${term(1)};
    let t2 = ${term(2)};
    let n1 = ${term(k)};
    let n2 = ${term(k + 1)};
    let sums = middle + vec4<f32>(
      ${term(0)} + (t1 + t2), (t1 + t2) + n1, t2 + (n1 + n2), (n1 + n2) + ${term(k + 2)});`;
  };
  const times = (count: number) => Math.ceil(count / workgroupSize);
  const weighed = channels + 2 + (wary ? k * (1 + k * (1 + channels)) : 0);
  const iterations = Math.ceil(y.count / tileH) * Math.ceil(x.count / tileW) * (
    1 + times(rows * stride) + times(rows * columns / 4) +
    times(tileW * Math.ceil(tileH / 4)) * (1 + 4 * weighed)
  );
  const code = /* wgsl */ `
${candidateWgsl({ ...options, stateInside })}
const ROWS: i32 = ${rows};
const STRIDE: i32 = ${stride};
const SUM_STRIDE: i32 = ${sumStride};
var<workgroup> squares: array<f32, ${rows * stride}>;
var<workgroup> rowSums: array<f32, ${sumRows * sumStride}>;

fn difference(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> f32 {
  var qy = y;
  var qx = x;
  ${places(segment.y, "y", "H")}
  ${places(segment.x, "x", "W")}
  var sum = 0.0;
  ${
    Array.from({ length: channels }, (_, c) =>
      `{
    let value = images[image + ${c} * P + qy * W + qx];
    let pivot = query[(b * C + ${c}) * P + py * W + px];
    sum = fma(pivot.x - value, pivot.y - value, sum);
  }`).join("\n  ")
  }
  return sum;
}

fn addShift(
  b: i32, base: i32, image: i32, sy: i32, sx: i32, top: i32, left: i32, thread: i32,
) {
  for (var i = thread; i < ROWS * STRIDE; i += T) {
    let row = i / STRIDE;
    squares[i] = difference(
      b, image, top + ${y.from - r} + row, left + ${x.from - r} + i - row * STRIDE, sy, sx);
  }
  workgroupBarrier();
  for (var i = thread; i < ROWS * ${columns / 4}; i += T) {
    let row = i / ${columns / 4};
    let column = 4 * (i - row * ${columns / 4});
    let at = row * STRIDE + column;
    ${fourSums("squares", "1")}
    let to = row * SUM_STRIDE + column;
    rowSums[to] = sums.x;
    rowSums[to + 1] = sums.y;
    rowSums[to + 2] = sums.z;
    rowSums[to + 3] = sums.w;
  }
  workgroupBarrier();
  for (var i = thread; i < ${tileW * Math.ceil(tileH / 4)}; i += T) {
    let strip = i / ${tileW};
    let column = i - strip * ${tileW};
    let row = 4 * strip;
    let at = row * SUM_STRIDE + column;
    ${fourSums("rowSums", "SUM_STRIDE")}
    let qx = left + column + ${x.from};
    if (qx < ${x.from + x.count}) {
      for (var j = 0; j < 4; j++) {
        let qy = top + row + j + ${y.from};
        if (row + j < ${tileH} && qy < ${y.from + y.count}) {
          weigh(sums[j], b, base, image, qy, qx, sy, sx);
        }
      }
    }
  }
  ${stateInside ? "" : "storageBarrier();"}
}

@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
) {
  let thread = i32(index);
  let part = i32(group.x % params.parts);
  let slot = group.x / params.parts;
  let b = i32(group.y);
  let base = i32((group.y * params.slots * params.parts + group.x)) * (2 + C) * P;
  loadState(b, base, thread);
  ${stateInside ? "workgroupBarrier();" : "storageBarrier();"}
  for (var n = 0u; n < params.perSlot; n++) {
    let item = slot * params.perSlot + n;
    if (item >= params.count) { break; }
    let image = i32(indices[params.first + item]) * C * P;
    for (var s = part; s < ${rowShifts * columnShifts}; s += i32(params.parts)) {
      for (var top = 0; top < ${y.count}; top += ${tileH}) {
        for (var left = 0; left < ${x.count}; left += ${tileW}) {
          addShift(b, base, image, s / ${columnShifts}, s % ${columnShifts}, top, left, thread);
        }
      }
    }
  }
  workgroupBarrier();
  storeState(base, thread);
}
`;
  return { code, shifts: rowShifts * columnShifts, iterations };
}
