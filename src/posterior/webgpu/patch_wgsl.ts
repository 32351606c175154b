/** What the programs of rules with a scale have in common: arrays, constants, candidates, entry point. @module */
import type { GpuArray, GpuProgram } from "../../gpu/program.ts";
import { components, repeat, wgsl } from "../../gpu/wgsl.ts";
import { exactWgsl } from "./exact_wgsl.ts";
import { powerWgsl, type RoundParams, roundParams, runningArray } from "./round_params.ts";
import type { Axis, KernelShape, Segment } from "./segments.ts";

/** A program of a rule with a scale. */
export interface PatchProgram extends GpuProgram<RoundParams> {
  /** Shifts of an image, which parts share. */
  readonly shifts: number;
  /** Rounds of loops that a thread goes through per shift, at most. */
  readonly iterations: number;
}

/** What a program of this kind is made for. */
export interface PatchProgramOptions extends KernelShape {
  readonly segment: Segment;
  /** Take distances that float32 is too coarse for again in integers. */
  readonly exact: boolean;
  /** Bytes of workgroup memory that the device grants. */
  readonly workgroupMemory: number;
}

/** `name` of q along an axis as a place in the image, and of p; `outside` where that is padding. */
export function places(
  axis: Axis,
  { name, size, outside }: Readonly<Record<"name" | "size" | "outside", string>>,
): string {
  const q = `q${name}`, p = `p${name}`, shift = `s${name}`;
  const unshifted =
    `let ${p} = select(${q} - ${shift}, ${q} - ${shift} + ${size}, ${q} < ${shift});`;
  switch (axis) {
    case "inside":
      return wgsl`
        if (${q} >= ${size}) { return ${outside}; }
        ${unshifted}
      `;
    case "padded":
      return wgsl`
        if (${q} < 0 || ${q} >= ${size}) { return ${outside}; }
        let ${p} = ${q};
      `;
    case "cyclic":
      return wgsl`
        ${q} = select(${q}, ${q} + ${size}, ${q} < 0);
        ${q} = select(${q}, ${q} - ${size}, ${q} >= ${size});
        ${unshifted}
      `;
  }
}

/** The exact distance of one candidate, window by window. */
function exactDistanceWgsl(segment: Segment, channels: number): string {
  const addChannel = (c: number) =>
    wgsl`
      {
        let value = toFixed(images[image + ${c} * P + qy * W + qx]);
        let pivot = fixedQuery[(b * C + ${c}) * P + py * W + px];
        sum = addWide(sum, product(pivot.x - value, pivot.y - value));
      }
    `;
  return wgsl`
    fn exactTerm(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> Wide {
      var qy = y;
      var qx = x;
      var sum = Wide(0u, 0u, 0);
      ${places(segment.y, { name: "y", size: "H", outside: "sum" })}
      ${places(segment.x, { name: "x", size: "W", outside: "sum" })}
      ${repeat(channels, addChannel)}
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
): { statements: readonly string[]; columns: readonly string[] } {
  const statements = repeat(Math.ceil((skip + count) / vector), (i) => {
    const at = wraps ? `(${column} + ${i * vector}) % W` : `${column} + ${i * vector}`;
    const place = `${row} + ${channel} * P + ${at}`;
    return `let v${i} = images[${vector === 1 ? place : `(${place}) >> ${vector / 2}u`}];`;
  });
  const columns = repeat(count, (j) => {
    const at = Math.floor((skip + j) / vector);
    return vector === 1 ? `v${at}` : `v${at}.${components[(skip + j) % vector]}`;
  });
  return { statements, columns };
}

/** How a program reads and shares its work. */
export interface PatchLayout {
  readonly threads: number;
  /** How the query is read: value by value, or four columns at once. */
  readonly queryType: "f32" | "vec4f";
  readonly vector?: ImageVector;
}

/** Arrays of a program of a rule with a scale. */
export function patchArrays(exact: boolean, { queryType, vector = 1 }: PatchLayout): GpuArray[] {
  return [
    { name: "images", element: vector === 1 ? "f32" : `vec${vector}f` },
    { name: "indices", element: "u32" },
    {
      name: "query",
      element: queryType,
      holds: "[B][u = x / signal of each channel, -|u - z|^2, pivot z of each channel][H][row].",
    },
    runningArray,
    {
      name: "partial",
      element: "f32",
      holds: "[B, slots, parts][threshold, sum, acc of each channel][P].",
      write: true,
    },
    ...exact ? [{ name: "fixedQuery", element: "vec2i" }] : [],
  ];
}

/** A program: what its way of making distances adds to what they have in common. */
export function patchProgram(
  options: PatchProgramOptions,
  { layout, code, shifts, iterations, arrays = [], exactDistance }: {
    readonly layout: PatchLayout;
    readonly code: string;
    readonly shifts: number;
    readonly iterations: number;
    /** Arrays that it reads beside those of all programs. */
    readonly arrays?: readonly GpuArray[];
    /** How it takes the exact distance of a candidate; absent: that of a patch of k x k. */
    readonly exactDistance?: string;
  },
): PatchProgram {
  const { height, width, channels, k, segment, exact } = options;
  const step = layout.queryType === "f32" ? 1 : 4;
  const text = wgsl`
    ${powerWgsl}

    ${exact && exactWgsl}

    const H: i32 = ${height};
    const W: i32 = ${width};
    const C: i32 = ${channels};
    const P: i32 = ${height * width};
    const R: i32 = ${(k - 1) / 2};
    const K: i32 = ${k};
    const T: i32 = ${layout.threads};
    // Each row of the query is there twice, so that columns that wrap around need no test.
    const QUERY_ROW: i32 = ${queryRow(width) / step};
    const QUERY_PLANE: i32 = ${height * queryRow(width) / step};
    const QUERY: i32 = ${(2 * channels + 1) * height * queryRow(width) / step};

    // A place up to one size beyond either end of an axis.
    fn wrapped(at: i32, size: i32) -> i32 {
      return select(select(at, at - size, at >= size), at + size, at < 0);
    }

    ${exact && (exactDistance ?? exactDistanceWgsl(segment, channels))}

    ${code}
  `;
  return {
    code: text,
    arrays: [...patchArrays(exact, layout), ...arrays],
    params: roundParams,
    shifts,
    iterations,
  };
}

/**
 * The entry point: a workgroup takes the images of a slot, and of each the shifts of a part.
 */
export function patchMain(
  { shifts, barrier, perShift }: {
    readonly shifts: number;
    readonly barrier: string;
    /** What is done for a shift `s` of the image that begins at `image`, for query `b`. */
    readonly perShift: string;
  },
): string {
  return wgsl`
    @compute @workgroup_size(T)
    fn main(
      @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32,
    ) {
      let thread = i32(index);
      let part = i32(group.x % params.parts);
      let slot = group.x / params.parts;
      let b = i32(params.firstQuery + group.y);
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
