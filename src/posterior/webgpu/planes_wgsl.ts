/**
 * The general program for rules with a scale: one plane of squared differences per shift.
 *
 * @module
 */
import { components, repeat, treeSum, wgsl } from "../../gpu/wgsl.ts";
import { accumulateOneWgsl } from "./accumulate_one_wgsl.ts";
import {
  patchMain,
  type PatchProgram,
  patchProgram,
  type PatchProgramOptions,
  places,
} from "./patch_wgsl.ts";
import { workgroupSize } from "./round_params.ts";
import type { Axis, Segment } from "./segments.ts";

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

/** Output positions along an axis: where they begin, and how many are looked at in one go. */
interface Outputs {
  readonly from: number;
  readonly count: number;
  /** Only a band of this many at either end is anybody's; 0: all are. */
  readonly band: number;
}

function outputs(
  axis: Axis,
  size: number,
  { r, segment }: { r: number; segment: Segment },
): Outputs {
  if (axis === "inside") return { from: r, count: size - 2 * r, band: 0 };
  const edges = axis === "padded" && segment.owns === "edge-query" && 2 * r < size;
  return { from: 0, count: size, band: edges ? r : 0 };
}

function tilingOf(
  { height, width, channels, k, segment, workgroupMemory }: PatchProgramOptions,
): Tiling | undefined {
  const r = (k - 1) / 2;
  const floats = Math.floor(workgroupMemory / 4);
  const state = height * width * (2 + channels);
  const y = outputs(segment.y, height, { r, segment }),
    x = outputs(segment.x, width, { r, segment });
  let tileH = y.band || y.count, tileW = x.band || x.count;
  for (;;) {
    const rows = tileH + 2 * r;
    // A stride of 1 beyond a multiple of 4: strips of four columns of neighboring rows then lie in
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

/**
 * Makes the program, or undefined where not even one output's window fits workgroup memory.
 *
 * For a shift, E(q) goes to workgroup memory, then the row sums R(q), then each thread sums columns of
 * R and accumulates the candidates. Strips of four neighbors share the middle of
 * their windows, so that a sum costs (k + 8) / 4 additions and (k + 3) / 4 reads per axis. Two barriers
 * a shift; since q = p + s is one to one, every pixel's state has one owner between barriers, and no
 * reduction is needed. Where only pixels near the borders are matched, only bands along them are done.
 */
export function planesProgram(options: PatchProgramOptions): PatchProgram | undefined {
  const tiling = tilingOf(options);
  if (tiling === undefined) return undefined;
  const { height, width, k, segment, exact } = options;
  const r = (k - 1) / 2;
  const y = outputs(segment.y, height, { r, segment }),
    x = outputs(segment.x, width, { r, segment });
  const { tileH, tileW, rows, stride, sumRows, sumStride, stateInside } = tiling;
  // From band to band, or from tile to tile where even a band does not fit.
  const stepH = y.band === tileH ? height - y.band : tileH;
  const stepW = x.band === tileW ? width - x.band : tileW;
  const rowShifts = segment.y === "padded" ? 1 : height;
  const columnShifts = segment.x === "padded" ? 1 : width;
  const times = (count: number) => Math.ceil(count / workgroupSize);
  const weighed = 1 + (exact ? k * (1 + k) : 0);
  const main = patchMain({
    shifts: rowShifts * columnShifts,
    barrier: stateInside ? "workgroupBarrier();" : "storageBarrier();",
    perShift: wgsl`
      for (var top = 0; top < ${y.count}; top += ${stepH}) {
        for (var left = 0; left < ${x.count}; left += ${stepW}) {
          addShift(b, base, image, s / ${columnShifts}, s % ${columnShifts}, top, left, thread);
        }
      }
    `,
  });
  return patchProgram(options, {
    layout: { threads: workgroupSize, queryType: "f32" },
    shifts: rowShifts * columnShifts,
    iterations: Math.ceil(y.count / stepH) * Math.ceil(x.count / stepW) * (
      1 + times(rows * Math.floor(stride / 4)) + times(rows * up4(tileW) / 4) +
      times(tileW * Math.ceil(tileH / 4)) * (1 + 4 * weighed)
    ),
    code: wgsl`
      ${accumulateOneWgsl({ ...options, stateInside })}

      const ROWS: i32 = ${rows};
      const STRIDE: i32 = ${stride};
      const SUM_STRIDE: i32 = ${sumStride};
      var<workgroup> squares: array<f32, ${rows * stride}>;
      var<workgroup> rowSums: array<f32, ${sumRows * sumStride}>;

      ${squaresWgsl(options)}

      ${addShiftWgsl(k, { tiling, x, y, r })}

      ${main}
    `,
  });
}

/** Squared differences relative to the pivot, zero where both sides are padding. */
function squaresWgsl({ channels, segment }: PatchProgramOptions): string {
  const addChannel = (c: number) =>
    wgsl`
      {
        let d = query[queryRow + ${c} * QUERY_PLANE + px] - images[row + ${c} * P + qx];
        sum = fma(d, d, sum);
      }
    `;
  return wgsl`
    // Squared difference at a column, in a row of the image and one of the query.
    fn squareAt(row: i32, queryRow: i32, x: i32, sx: i32) -> f32 {
      var qx = x;
      ${places(segment.x, { name: "x", size: "W", outside: "0.0" })}
      var sum = query[queryRow + C * QUERY_PLANE + px];
      ${repeat(channels, addChannel)}
      return sum;
    }

    fn fourSquares(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> vec4f {
      var qy = y;
      ${places(segment.y, { name: "y", size: "H", outside: "vec4f()" })}
      let row = image + qy * W;
      let queryRow = b * QUERY + py * QUERY_ROW;
      return vec4f(
        ${repeat(4, (j) => `squareAt(row, queryRow, x + ${j}, sx),`)}
      );
    }
  `;
}

/** A tile of a shift: squares, their row sums, and the sums of those over columns. */
function addShiftWgsl(
  k: number,
  { tiling, x, y, r }: {
    readonly tiling: Tiling;
    readonly x: Outputs;
    readonly y: Outputs;
    readonly r: number;
  },
): string {
  const { tileH, tileW, stride, stateInside } = tiling;
  const fours = Math.floor(stride / 4), sumFours = up4(tileW) / 4;
  return wgsl`
    fn addShift(
      b: i32, base: i32, image: i32, sy: i32, sx: i32, top: i32, left: i32, thread: i32,
    ) {
      for (var i = thread; i < ROWS * ${fours}; i += T) {
        let row = i / ${fours};
        let column = 4 * (i - row * ${fours});
        let y = top + ${y.from - r} + row;
        let x = left + ${x.from - r} + column;
        let four = fourSquares(b, image, y, x, sy, sx);
        let to = row * STRIDE + column;
        ${repeat(4, (j) => `squares[to + ${j}] = four.${components[j]};`)}
      }
      workgroupBarrier();
      for (var i = thread; i < ROWS * ${sumFours}; i += T) {
        let row = i / ${sumFours};
        let column = 4 * (i - row * ${sumFours});
        let at = row * STRIDE + column;
        ${fourSums(k, (j) => `squares[at + ${j} * 1]`)}
        let to = row * SUM_STRIDE + column;
        ${repeat(4, (j) => `rowSums[to + ${j}] = sums.${components[j]};`)}
      }
      workgroupBarrier();
      for (var i = thread; i < ${tileW * Math.ceil(tileH / 4)}; i += T) {
        let strip = i / ${tileW};
        let column = i - strip * ${tileW};
        let row = 4 * strip;
        let at = row * SUM_STRIDE + column;
        ${fourSums(k, (j) => `rowSums[at + ${j} * SUM_STRIDE]`)}
        let qx = left + column + ${x.from};
        if (qx < ${x.from + x.count}) {
          for (var j = 0; j < 4; j++) {
            let qy = top + row + j + ${y.from};
            if (row + j < ${tileH} && qy < ${y.from + y.count}) {
              accumulate(sums[j], b, base, image, qy, qx, sy, sx);
            }
          }
        }
      }
      ${!stateInside && "storageBarrier();"}
    }
  `;
}

/** `sums`: those of k terms from each of four neighbors on, which share their middle. */
function fourSums(k: number, term: (j: number) => string): string {
  if (k === 1) return `let sums = vec4f(${repeat(4, term).join(", ")});`;
  const middle = repeat(k - 3, (j) => term(j + 3));
  return wgsl`
    let middle = ${middle.length > 0 ? treeSum(middle) : "0.0"};
    let t1 = ${term(1)};
    let t2 = ${term(2)};
    let n1 = ${term(k)};
    let n2 = ${term(k + 1)};
    let sums = middle + vec4f(
      ${term(0)} + (t1 + t2), (t1 + t2) + n1, t2 + (n1 + n2), (n1 + n2) + ${term(k + 2)});
  `;
}
