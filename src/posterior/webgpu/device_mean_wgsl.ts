/** Programs around a posterior whose query never leaves the GPU. @module */
import type { GpuArray, GpuProgram } from "../../gpu/program.ts";
import { wgsl } from "../../gpu/wgsl.ts";

/** Threads of a workgroup: one per pixel. */
export const deviceWorkgroup = 64;

/** Sizes that the programs are compiled for. */
export interface DeviceSizes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Values of a row of the prepared query. */
  readonly rowLength: number;
}

const header = ({ height, width, channels, rowLength }: DeviceSizes) =>
  wgsl`
    const H: i32 = ${height};
    const W: i32 = ${width};
    const C: i32 = ${channels};
    const P: i32 = ${height * width};
    const QUERY_ROW: i32 = ${rowLength};
    const QUERY_PLANE: i32 = ${height * rowLength};
    const QUERY: i32 = ${(2 * channels + 1) * height * rowLength};
    const FAR: f32 = 1e30;
  `;

const extremes: GpuArray = {
  name: "extremes",
  element: "atomic<u32>",
  holds:
    "[B][largest value, largest distance of each scale]: positive floats, ordered as their bits are.",
  write: true,
};

/** Of each query: the largest value, then of each scale the largest distance that counts. */
export const extremesOf = (scales: number): number => 1 + scales;

/** Numbers of {@linkcode deviceQuery}; `extremes` is how many each query has. */
const queryParams = {
  signal: "f32",
  noise: "f32",
  fixedOne: "f32",
  firstQuery: "i32",
  extremes: "i32",
} as const;

/**
 * Prepares noisy images `[B, H, W, C]`: planes as the posterior's programs read them (`queryPlanes`),
 * pivot and mirror in fixed point, and the largest value. The pivot is that of `planPosterior`.
 */
export function deviceQuery(sizes: DeviceSizes): GpuProgram<typeof queryParams> {
  return {
    code: wgsl`
      ${header(sizes)}

      @compute @workgroup_size(${deviceWorkgroup})
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        let b = params.firstQuery + i32(id.y);
        if (p >= P) { return; }
        let row = p / W;
        let column = p % W;
        var minusSquare = 0.0;
        for (var c = 0; c < C; c++) {
          let x = noisy[(b * P + p) * C + c] / params.signal;
          var sum = 0.0;
          var count = 0.0;
          for (var v = max(0, row - 2); v <= min(H - 1, row + 2); v++) {
            for (var u = max(0, column - 2); u <= min(W - 1, column + 2); u++) {
              sum += noisy[(b * P + v * W + u) * C + c] / params.signal;
              count += 1.0;
            }
          }
          let smoothed = clamp(sum / count, -1.0, 1.0);
          let near = clamp(smoothed, x - 1.5 * params.noise, x + 1.5 * params.noise);
          let z = round(near * 1024.0) / 1024.0;
          let m = 2.0 * x - z;
          minusSquare -= (x - z) * (x - z);
          for (var u = column; u < QUERY_ROW; u += W) {
            let at = b * QUERY + row * QUERY_ROW + u;
            planes[at + c * QUERY_PLANE] = x;
            planes[at + (C + 1 + c) * QUERY_PLANE] = z;
          }
          fixedRows[(b * C + c) * P + p] =
            vec2i(i32(round(z * params.fixedOne)), i32(round(m * params.fixedOne)));
          atomicMax(&extremes[b * params.extremes], bitcast<u32>(max(abs(z), abs(m))));
        }
        for (var u = column; u < QUERY_ROW; u += W) {
          planes[b * QUERY + C * QUERY_PLANE + row * QUERY_ROW + u] = minusSquare;
        }
      }
    `,
    arrays: [
      { name: "noisy", element: "f32", holds: "[B, H, W, C]" },
      { name: "planes", element: "f32", holds: "[B][x, -|x - z|^2, z][H][row]", write: true },
      { name: "fixedRows", element: "vec2i", holds: "[B, C, P]", write: true },
      extremes,
    ],
    params: queryParams,
  };
}

/** Numbers of {@linkcode deviceMean}: the scale, its place among those summed, the queries of the batch. */
const meanParams = {
  bits: "f32",
  scale: "i32",
  place: "i32",
  queries: "i32",
  firstQuery: "i32",
  extremes: "i32",
} as const;

/**
 * Turns the sums of a scale, one of those that lie there, into means `[B, H, W, C]`, and finds the largest
 * distance that counts.
 */
export function deviceMean(sizes: DeviceSizes): GpuProgram<typeof meanParams> {
  return {
    code: wgsl`
      ${header(sizes)}

      @compute @workgroup_size(${deviceWorkgroup})
      fn main(@builtin(global_invocation_id) id: vec3u) {
        let p = i32(id.x);
        let b = params.firstQuery + i32(id.y);
        if (p >= P) { return; }
        let at = (params.place * params.queries + b) * (2 + C) * P + p;
        let sum = totals[at + P];
        let distance = totals[at] - log2(max(sum, 1e-30)) / params.bits;
        atomicMax(&extremes[b * params.extremes + 1 + params.scale], bitcast<u32>(min(abs(distance), FAR)));
        let to = ((params.scale * params.queries + b) * P + p) * C;
        for (var c = 0; c < C; c++) {
          let z = planes[b * QUERY + (C + 1 + c) * QUERY_PLANE + p / W * QUERY_ROW + p % W];
          means[to + c] = z + totals[at + (2 + c) * P] / sum;
        }
      }
    `,
    arrays: [
      {
        name: "totals",
        element: "f32",
        holds: "[scales summed][B][threshold, sum, acc of each channel][P]",
      },
      { name: "planes", element: "f32", holds: "As the query's program writes them." },
      { name: "means", element: "f32", holds: "[S, B, H, W, C]", write: true },
      extremes,
    ],
    params: meanParams,
  };
}
