/**
 * Programs of the rules that compare whole images.
 *
 * @module
 */
import type { GpuArray, GpuProgram } from "../../gpu/program.ts";
import { wgsl } from "../../gpu/wgsl.ts";
import { exactWgsl } from "./exact_wgsl.ts";
import { powerWgsl, type RoundParams, roundParams, workgroupSize } from "./round_params.ts";

/** What the programs are made for. */
export interface WholeOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Every cyclic shift of an image is a candidate, not only the image. */
  readonly shifts: boolean;
}

/** Bits that distances lose on their way from 96 bits to 64. */
export const droppedBits = 14;

const header = ({ height, width, channels, shifts }: WholeOptions) =>
  wgsl`
    ${powerWgsl}

    ${exactWgsl}

    const H: i32 = ${height};
    const W: i32 = ${width};
    const C: i32 = ${channels};
    const P: i32 = ${height * width};
    // Candidates of an image.
    const S: i32 = ${shifts ? height * width : 1};
    const T: i32 = ${workgroupSize};
  `;

const shared: readonly GpuArray[] = [
  { name: "images", element: "f32" },
  { name: "indices", element: "u32" },
  { name: "query", element: "vec2f", holds: "Pivot z and mirror 2 x / signal - z, [B, C, P]." },
];

/**
 * Distances of every candidate, in integers: they are sums over thousands of values, of which float32
 * would lose what tells near images apart. Workgroups are (block of candidates, query); with shifts
 * a thread has a shift, else the threads of a workgroup share an image.
 */
export function wholeDistance(options: WholeOptions): GpuProgram<RoundParams> {
  const { shifts } = options;
  const work = shifts
    ? wgsl`
      let candidate = i32(group.x) * T + i32(thread);
      let n = candidate / S;
      if (n >= i32(params.count)) { return; }
      let s = candidate % S;
      let image = i32(indices[params.first + u32(n)]) * C * P;
      store(local, candidate, distanceOf(b, image, s / W, s % W, 0, 1));
    `
    : wgsl`
      let image = i32(indices[params.first + group.x]) * C * P;
      shares[thread] = distanceOf(b, image, 0, 0, i32(thread), T);
      workgroupBarrier();
      if (thread == 0u) {
        var sum = shares[0];
        for (var i = 1; i < T; i++) { sum = addWide(sum, shares[i]); }
        store(local, i32(group.x), sum);
      }
    `;
  return {
    code: wgsl`
      ${header(options)}

      fn distanceOf(b: i32, image: i32, sy: i32, sx: i32, offset: i32, step: i32) -> Wide {
        var sum = Wide(0u, 0u, 0);
        for (var i = offset; i < P; i += step) {
          let y = i / W + sy;
          let x = i % W + sx;
          let q = select(y, y - H, y >= H) * W + select(x, x - W, x >= W);
          for (var c = 0; c < C; c++) {
            let value = toFixed(images[image + c * P + q]);
            let pivot = fixedQuery[(b * C + c) * P + i];
            sum = addWide(sum, product(pivot.x - value, pivot.y - value));
          }
        }
        return sum;
      }

      fn store(local: i32, candidate: i32, distance: Wide) {
        let low = (distance.low >> ${droppedBits}u) | (distance.middle << ${32 - droppedBits}u);
        let high = (distance.middle >> ${droppedBits}u) | (u32(distance.high) << ${
      32 - droppedBits
    }u);
        distances[local * i32(params.count) * S + candidate] = vec2u(low, high);
      }

      ${!shifts && `var<workgroup> shares: array<Wide, ${workgroupSize}>;`}

      @compute @workgroup_size(${workgroupSize})
      fn main(
        @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32,
      ) {
        let local = i32(group.y);
        let b = i32(params.firstQuery) + local;
        ${work}
      }
    `,
    arrays: [
      ...shared,
      { name: "fixedQuery", element: "vec2i" },
      {
        name: "distances",
        element: "vec2u",
        holds:
          "[queries of the dispatch, candidates of the round]: low and high word of the distance.",
        write: true,
      },
    ],
    params: roundParams,
  };
}

/**
 * Sums of weights and of weighted images over a slot of images, relative to the slot's smallest distance:
 * a thread per value; weights that do not count are skipped by all threads at once.
 */
export function wholeSum(options: WholeOptions): GpuProgram<RoundParams> {
  return {
    code: wgsl`
      ${header(options)}

      var<workgroup> smallest: array<vec2u, ${workgroupSize}>;

      fn isLess(a: vec2u, b: vec2u) -> bool {
        return bitcast<i32>(a.y) < bitcast<i32>(b.y) || (a.y == b.y && a.x < b.x);
      }

      fn bitsBelow(reference: vec2u, distance: vec2u) -> f32 {
        let low = reference.x - distance.x;
        let high = bitcast<i32>(reference.y) - bitcast<i32>(distance.y) -
          select(0, 1, reference.x < distance.x);
        return (f32(high) * 4294967296.0 + f32(low)) * ${2 ** droppedBits}.0 * params.exactBits;
      }

      @compute @workgroup_size(${workgroupSize})
      fn main(
        @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32,
      ) {
        let value = i32(group.x) * T + i32(thread);
        let local = i32(group.y);
        let b = i32(params.firstQuery) + local;
        let slot = i32(group.z);
        let begin = slot * i32(params.perSlot);
        let count = min(i32(params.perSlot), i32(params.count) - begin);
        let distancesAt = (local * i32(params.count) + begin) * S;
        var reference = distances[distancesAt];
        for (var i = i32(thread); i < count * S; i += T) {
          let distance = distances[distancesAt + i];
          if (isLess(distance, reference)) { reference = distance; }
        }
        smallest[thread] = reference;
        workgroupBarrier();
        for (var i = 0; i < T; i++) {
          if (isLess(smallest[i], reference)) { reference = smallest[i]; }
        }
        let v = min(value, C * P - 1);
        let c = v / P;
        let p = v % P;
        let pivot = query[b * C * P + v].x;
        var sum = 0.0;
        var acc = 0.0;
        for (var n = 0; n < count; n++) {
          let image = i32(indices[i32(params.first) + begin + n]) * C * P + c * P;
          var imageSum = 0.0;
          var imageAcc = 0.0;
          for (var s = 0; s < S; s++) {
            let t = bitsBelow(reference, distances[distancesAt + n * S + s]);
            if (t < -params.cutoff) { continue; }
            let w = pow2(t);
            let y = p / W + s / W;
            let x = p % W + s % W;
            let q = select(y, y - H, y >= H) * W + select(x, x - W, x >= W);
            imageSum += w;
            imageAcc = fma(w, images[image + q] - pivot, imageAcc);
          }
          sum += imageSum;
          acc += imageAcc;
        }
        let to = i32(params.result) + (local * i32(params.slots) + slot) * (3 + C * P);
        if (value == 0) {
          results[to] = reference.x;
          results[to + 1] = reference.y;
          results[to + 2] = bitcast<u32>(sum);
        }
        if (value < C * P) { results[to + 3 + value] = bitcast<u32>(acc); }
      }
    `,
    arrays: [
      ...shared,
      { name: "distances", element: "vec2u" },
      {
        name: "results",
        element: "u32",
        holds:
          "[queries of the dispatch, slots][distance (low, high), sum, acc of each value], floats by their bits.",
        write: true,
      },
    ],
    params: roundParams,
  };
}
