/**
 * The general shader for rules with a scale: one plane of squared differences per shift.
 *
 * @module
 */
import {
  patchHeaderWgsl,
  patchMainWgsl,
  type PatchShader,
  type PatchShaderOptions,
  places,
  tree,
} from "./candidate_wgsl.ts";
import { weighWgsl } from "./weigh_wgsl.ts";
import { workgroupSize } from "./common_wgsl.ts";
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
  { height, width, channels, k, segment, workgroupMemory }: PatchShaderOptions,
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
 * Makes the shader, or undefined where not even one output's window fits workgroup memory.
 *
 * For a shift, E(q) goes to workgroup memory, then the row sums R(q), then each thread sums columns of
 * R and weighs the candidates. Strips of four neighbors share the middle of
 * their windows, so that a sum costs (k + 8) / 4 additions and (k + 3) / 4 reads per axis. Two barriers
 * a shift; since q = p + s is one to one, every pixel's state has one owner between barriers, and no
 * reduction is needed. Where only pixels near the borders are matched, only bands along them are done.
 */
export function planesWgsl(options: PatchShaderOptions): PatchShader | undefined {
  const tiling = tilingOf(options);
  if (tiling === undefined) return undefined;
  const { height, width, channels, k, segment, wary } = options;
  const r = (k - 1) / 2;
  const y = outputs(segment.y, height, { r, segment }),
    x = outputs(segment.x, width, { r, segment });
  const { tileH, tileW, rows, stride, sumRows, sumStride, stateInside } = tiling;
  const columns = up4(tileW), fours = Math.floor(stride / 4);
  // From band to band, or from tile to tile where even a band does not fit.
  const stepH = y.band === tileH ? height - y.band : tileH;
  const stepW = x.band === tileW ? width - x.band : tileW;
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
  const weighed = 1 + (wary ? k * (1 + k) : 0);
  const iterations = Math.ceil(y.count / stepH) * Math.ceil(x.count / stepW) * (
    1 + times(rows * fours) + times(rows * columns / 4) +
    times(tileW * Math.ceil(tileH / 4)) * (1 + 4 * weighed)
  );
  const code = /* wgsl */ `
${patchHeaderWgsl({ ...options, threads: workgroupSize, queryType: "f32" })}
${weighWgsl({ ...options, stateInside })}
const ROWS: i32 = ${rows};
const STRIDE: i32 = ${stride};
const SUM_STRIDE: i32 = ${sumStride};
var<workgroup> squares: array<f32, ${rows * stride}>;
var<workgroup> rowSums: array<f32, ${sumRows * sumStride}>;

// Squared difference at a column, in a row of the image and one of the query.
fn squareAt(row: i32, queryRow: i32, x: i32, sx: i32) -> f32 {
  var qx = x;
  ${places(segment.x, "x", "W")}
  var sum = query[queryRow + C * QUERY_PLANE + px];
  ${
    Array.from({ length: channels }, (_, c) =>
      `{
    let d = query[queryRow + ${c} * QUERY_PLANE + px] - images[row + ${c} * P + qx];
    sum = fma(d, d, sum);
  }`).join("\n  ")
  }
  return sum;
}

fn fourSquares(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> vec4<f32> {
  var qy = y;
  ${places(segment.y, "y", "H").replaceAll("return 0.0;", "return vec4<f32>();")}
  let row = image + qy * W;
  let queryRow = b * QUERY + py * QUERY_ROW;
  return vec4<f32>(
    ${[0, 1, 2, 3].map((j) => `squareAt(row, queryRow, x + ${j}, sx)`).join(",\n    ")});
}

fn addShift(
  b: i32, base: i32, image: i32, sy: i32, sx: i32, top: i32, left: i32, thread: i32,
) {
  for (var i = thread; i < ROWS * ${fours}; i += T) {
    let row = i / ${fours};
    let column = 4 * (i - row * ${fours});
    let four = fourSquares(b, image, top + ${y.from - r} + row, left + ${
    x.from - r
  } + column, sy, sx);
    let to = row * STRIDE + column;
    ${["x", "y", "z", "w"].map((j, at) => `squares[to + ${at}] = four.${j};`).join("\n    ")}
  }
  workgroupBarrier();
  for (var i = thread; i < ROWS * ${columns / 4}; i += T) {
    let row = i / ${columns / 4};
    let column = 4 * (i - row * ${columns / 4});
    let at = row * STRIDE + column;
    ${fourSums("squares", "1")}
    let to = row * SUM_STRIDE + column;
    ${["x", "y", "z", "w"].map((j, at) => `rowSums[to + ${at}] = sums.${j};`).join("\n    ")}
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

${
    patchMainWgsl({
      shifts: rowShifts * columnShifts,
      barrier: stateInside ? "workgroupBarrier();" : "storageBarrier();",
      perShift: `for (var top = 0; top < ${y.count}; top += ${stepH}) {
        for (var left = 0; left < ${x.count}; left += ${stepW}) {
          addShift(b, base, image, s / ${columnShifts}, s % ${columnShifts}, top, left, thread);
        }
      }`,
    })
  }`;
  return { code, shifts: rowShifts * columnShifts, iterations };
}
