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

/** Floats of a row of the query: the row, the row again, and what a last strip reads beyond; in fours. */
export function queryRow(width: number): number {
  return 4 * Math.ceil((2 * width + 8) / 4);
}

/** How many neighboring values of an image are read at once. */
export type ImageVector = 1 | 2 | 4;

/**
 * Reads `count` neighboring columns of an image, at once as many as aligned vectors hold: statements,
 * and the expression of each column.
 */
export function readColumns(
  { row, column, skip, count, vector, channel, wraps }: {
    /** Place of the row's first column, a multiple of the vector. */
    readonly row: string;
    /** First column that is read, a multiple of the vector; it may be one where the row ends. */
    readonly column: string;
    /** Columns until the first that counts. */
    readonly skip: number;
    readonly count: number;
    readonly vector: ImageVector;
    readonly channel: number;
    /** Columns beyond the row's end are those at its beginning. */
    readonly wraps: boolean;
  },
): { statements: string; columns: readonly string[] } {
  const reads = Array.from({ length: Math.ceil((skip + count) / vector) }, (_, i) => {
    const at = wraps ? `(${column} + ${i * vector}) % W` : `${column} + ${i * vector}`;
    const place = `${row} + ${channel} * P + ${at}`;
    return `let v${i} = images[${vector === 1 ? place : `(${place}) >> ${vector / 2}u`}];`;
  });
  const columns = Array.from({ length: count }, (_, j) => {
    const at = Math.floor((skip + j) / vector);
    return vector === 1 ? `v${at}` : `v${at}.${"xyzw"[(skip + j) % vector]}`;
  });
  return { statements: reads.join("\n    "), columns };
}

/** Constants and bindings of the shaders of rules with a scale, and exact distances if they are wary. */
export function patchHeaderWgsl(
  { height, width, channels, k, segment, wary, threads, queryType, vector = 1 }:
    & Omit<PatchShaderOptions, "workgroupMemory">
    & {
      readonly threads: number;
      /** How the query is read: value by value, or four columns at once. */
      readonly queryType: "f32" | "vec4<f32>";
      readonly vector?: ImageVector;
    },
): string {
  const step = queryType === "f32" ? 1 : 4;
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
const QUERY_ROW: i32 = ${queryRow(width) / step};
const QUERY_PLANE: i32 = ${height * queryRow(width) / step};
const QUERY: i32 = ${(2 * channels + 1) * height * queryRow(width) / step};

@group(0) @binding(1) var<storage, read> images: array<${
    vector === 1 ? "f32" : `vec${vector}<f32>`
  }>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
// [B][u = x / signal of each channel, -|u - z|^2, pivot z of each channel][H][row].
@group(0) @binding(3) var<storage, read> query: array<${queryType}>;
// Threshold and sum so far, [B, S, P].
@group(0) @binding(4) var<storage, read> running: array<vec2<f32>>;
// [B, slots, parts][threshold, sum, acc of each channel][P].
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
${wary ? "@group(0) @binding(6) var<storage, read> fixedQuery: array<vec2<i32>>;" : ""}

// A place up to one size beyond either end of an axis.
fn wrapped(at: i32, size: i32) -> i32 {
  return select(select(at, at - size, at >= size), at + size, at < 0);
}
${wary ? exactDistanceWgsl(segment, channels) : ""}
`;
}

/**
 * The entry point, shared by the shaders of rules with a scale: a workgroup takes the images of a slot,
 * and of each the shifts of a part.
 */
export function patchMainWgsl(
  { shifts, barrier, perShift }: {
    readonly shifts: number;
    readonly barrier: string;
    /** What is done for a shift `s` of the image that begins at `image`, for query `b`. */
    readonly perShift: string;
  },
): string {
  return /* wgsl */ `
@compute @workgroup_size(T)
fn main(
  @builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32,
) {
  let thread = i32(index);
  let part = i32(group.x % params.parts);
  let slot = group.x / params.parts;
  let b = i32(group.y);
  let base = i32((group.y * params.slots * params.parts + group.x)) * (2 + C) * P;
  loadState(b, base, thread);
  ${barrier}
  for (var n = 0u; n < params.perSlot; n++) {
    let item = slot * params.perSlot + n;
    if (item >= params.count) { break; }
    let image = i32(indices[params.first + item]) * C * P;
    for (var s = part; s < ${shifts}; s += i32(params.parts)) {
      ${perShift}
    }
  }
  ${barrier}
  storeState(b, base, thread);
}
`;
}
