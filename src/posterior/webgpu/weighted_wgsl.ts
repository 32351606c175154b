/**
 * The program for windows whose pixels count more or less, for every rule.
 *
 * @module
 */
import { components, repeat, wgsl } from "../../gpu/wgsl.ts";
import type { PatchRule } from "../patch_posterior.ts";
import { accumulateOneWgsl } from "./accumulate_one_wgsl.ts";
import { patchMain, type PatchProgram, patchProgram } from "./patch_wgsl.ts";
import { workgroupSize } from "./round_params.ts";

/** What such a program is made for. */
export interface WeightedProgramOptions {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly rule: PatchRule;
  /** How far the window goes, and how near a border is interior. */
  readonly radius: number;
  readonly reach: number;
  /** Take distances that float32 is too coarse for again in integers. */
  readonly exact: boolean;
  /** Bytes of workgroup memory that the device grants. */
  readonly workgroupMemory: number;
}

/** Bits of fraction of weights in fixed point. */
export const weightBits = 22;

/**
 * Taps as the program reads them, `[2 r + 4]` times four: at i those of term i of a window and of the three
 * that follow it.
 */
export function tapFours(taps: Float64Array): Float32Array<ArrayBuffer> {
  const radius = taps.length - 1;
  const tap = (i: number) => taps[Math.abs(i - radius)] ?? 0;
  const fours = new Float32Array(4 * (2 * radius + 4));
  for (let i = 0; i < fours.length; i++) fours[i] = tap(Math.floor(i / 4) - i % 4);
  return fours;
}

/** Shifts q - p along an axis: how many, and the first. */
function shiftsAlong(
  size: number,
  { rule, reach }: Pick<WeightedProgramOptions, "rule" | "reach">,
): { readonly count: number; readonly first: number } {
  if (rule === "same-position" || (rule === "same-border-distance" && size <= 2 * reach)) {
    return { count: 1, first: 0 };
  }
  return rule === "same-border-distance"
    ? { count: 2 * size - 1, first: 1 - size }
    : { count: size, first: 0 };
}

/** Pairs (p, q) of one training image. */
export function weightedPairs({ height, width, rule, reach }: WeightedProgramOptions): number {
  const along = (size: number) => {
    const inner = Math.max(0, size - 2 * reach);
    if (rule === "same-position") return size;
    if (rule === "wrapped") return size * size;
    return rule === "interior" ? size * inner : inner * inner + size - inner;
  };
  return along(height) * along(width);
}

const up4 = (value: number) => Math.ceil(value / 4) * 4;

/** How outputs are cut into tiles that fit workgroup memory. */
interface Tiling {
  readonly tileH: number;
  readonly tileW: number;
  readonly rows: number;
  /** Row strides of squared differences and of their row sums. */
  readonly stride: number;
  readonly sumStride: number;
  /** Whether the state fits beside them. */
  readonly stateInside: boolean;
}

function tilingOf(options: WeightedProgramOptions): Tiling | undefined {
  const { height, width, channels, radius, workgroupMemory } = options;
  const floats = Math.floor(workgroupMemory / 4), state = height * width * (2 + channels);
  let tileH = height, tileW = width;
  for (;;) {
    const rows = up4(tileH) + 2 * radius;
    // One beyond an even number, so that rows lie in different banks.
    const stride = up4(tileW) + 2 * radius + 1, sumStride = up4(tileW);
    const needed = rows * (stride + sumStride);
    if (needed <= floats) {
      return { tileH, tileW, rows, stride, sumStride, stateInside: needed + state <= floats };
    }
    if (tileH === 1 && tileW === 1) return undefined;
    if (tileH >= tileW) tileH = Math.ceil(tileH / 2);
    else tileW = Math.ceil(tileW / 2);
  }
}

/**
 * Makes the program, or undefined where not even one output's window fits workgroup memory.
 *
 * As `planesProgram`: for a shift, E(q) goes to workgroup memory, then row sums, then each thread sums columns
 * and accumulates; each term times its tap, in strips of four neighbors, which share what they read. E is
 * taken around the outputs as far as the window goes, with what the rule's padding shows outside the images.
 */
export function weightedProgram(options: WeightedProgramOptions): PatchProgram | undefined {
  const tiling = tilingOf(options);
  if (tiling === undefined) return undefined;
  const { height, width, channels, rule, radius, reach, exact } = options;
  const { tileH, tileW, rows, stride, sumStride, stateInside } = tiling;
  const y = shiftsAlong(height, options), x = shiftsAlong(width, options);
  const times = (count: number) => Math.ceil(count / workgroupSize);
  const terms = 2 * radius + 4, k = 2 * radius + 1;
  const weighed = 1 + (exact ? k * (1 + k) : 0);
  const tiles = Math.ceil(height / tileH) * Math.ceil(width / tileW);
  const shape = { height, width, channels, exact, k };
  const segment = { y: "padded", x: "padded", owns: "every" } as const;
  const main = patchMain({
    shifts: y.count * x.count,
    barrier: stateInside ? "workgroupBarrier();" : "storageBarrier();",
    perShift: wgsl`
      addShift(b, base, image, s / ${x.count} + ${y.first}, s % ${x.count} + ${x.first}, thread);
    `,
  });
  return patchProgram({ ...shape, segment, workgroupMemory: options.workgroupMemory }, {
    layout: { threads: workgroupSize, queryType: "f32" },
    shifts: y.count * x.count,
    iterations: tiles * (
      1 + times(rows * (up4(tileW) + 2 * radius)) +
      times(rows * up4(tileW) / 4) * (1 + terms) +
      times(tileW * Math.ceil(tileH / 4)) * (1 + terms + 4 * weighed)
    ),
    arrays: [{ name: "taps", element: "vec4f", holds: "Taps of a term and the next three." }],
    exactDistance: exactWeightedWgsl(options),
    code: wgsl`
      ${accumulateOneWgsl({ ...shape, segment, stateInside })}

      const REACH: i32 = ${reach};
      const ROWS: i32 = ${rows};
      const STRIDE: i32 = ${stride};
      const SUM_STRIDE: i32 = ${sumStride};
      const TERMS: i32 = ${terms};
      var<workgroup> squares: array<f32, ${rows * stride}>;
      var<workgroup> rowSums: array<f32, ${rows * sumStride}>;

      ${squareWgsl(options)}

      ${boundsWgsl(rule)}

      ${addShiftWgsl(tiling)}

      ${main}
    `,
  });
}

/** Where p and q of a place lie, and whether they are in their images. */
function placesWgsl(rule: PatchRule): string {
  return rule === "interior" || rule === "wrapped"
    ? wgsl`
      let qy = wrapped(y, H);
      let qx = wrapped(x, W);
      let py = wrapped(qy - sy, H);
      let px = wrapped(qx - sx, W);
      let hasQ = true;
      let hasP = true;
    `
    : wgsl`
      let hasQ = y >= 0 && y < H && x >= 0 && x < W;
      let hasP = y - sy >= 0 && y - sy < H && x - sx >= 0 && x - sx < W;
      let qy = select(0, y, hasQ);
      let qx = select(0, x, hasQ);
      let py = select(0, y - sy, hasP);
      let px = select(0, x - sx, hasP);
    `;
}

/** Squared difference relative to the pivot, of padding on either side or not. */
function squareWgsl({ channels, rule }: WeightedProgramOptions): string {
  const addChannel = (c: number) =>
    wgsl`
      {
        let u = select(0.0, query[queryRow + ${c} * QUERY_PLANE + px], hasP);
        let d = u - select(0.0, images[row + ${c} * P + qx], hasQ);
        sum = fma(d, d, sum);
      }
    `;
  return wgsl`
    fn squareAt(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> f32 {
      ${placesWgsl(rule)}
      let row = image + qy * W;
      let queryRow = b * QUERY + py * QUERY_ROW;
      var sum = select(0.0, query[queryRow + C * QUERY_PLANE + px], hasP);
      ${repeat(channels, addChannel)}
      return sum;
    }
  `;
}

/** Centers along an axis at a shift: the first, and the one after the last. */
function boundsWgsl(rule: PatchRule): string {
  const bounds = {
    "interior": "vec2i(REACH, size - REACH)",
    "same-border-distance":
      "select(vec2i(max(0, shift), min(0, shift)) + vec2i(REACH, size - REACH), vec2i(0, size), shift == 0)",
  } as Partial<Record<PatchRule, string>>;
  return wgsl`
    fn boundsOf(size: i32, shift: i32) -> vec2i { return ${bounds[rule] ?? "vec2i(0, size)"}; }
  `;
}

/** A tile of a shift: squares, their row sums, and the sums of those over columns. */
function addShiftWgsl({ tileH, tileW, stateInside }: Tiling): string {
  return wgsl`
    fn addShift(b: i32, base: i32, image: i32, sy: i32, sx: i32, thread: i32) {
      let rows = boundsOf(H, sy);
      let columns = boundsOf(W, sx);
      for (var top = rows.x; top < rows.y; top += ${tileH}) {
        for (var left = columns.x; left < columns.y; left += ${tileW}) {
          addTile(b, base, image, sy, sx, vec2i(top, min(rows.y, top + ${tileH})),
            vec2i(left, min(columns.y, left + ${tileW})), thread);
        }
      }
    }

    fn addTile(
      b: i32, base: i32, image: i32, sy: i32, sx: i32, rows: vec2i, columns: vec2i, thread: i32,
    ) {
      // Of a tile that is not full only what is needed.
      let fours = (columns.y - columns.x + 3) / 4;
      let across = 4 * fours + 2 * R;
      let down = 4 * ((rows.y - rows.x + 3) / 4) + 2 * R;
      for (var i = thread; i < down * across; i += T) {
        let row = i / across;
        let column = i - row * across;
        squares[row * STRIDE + column] =
          squareAt(b, image, rows.x - R + row, columns.x - R + column, sy, sx);
      }
      workgroupBarrier();
      for (var i = thread; i < down * fours; i += T) {
        let row = i / fours;
        let column = 4 * (i - row * fours);
        let at = row * STRIDE + column;
        var sums = vec4f();
        for (var d = 0; d < TERMS; d++) { sums = fma(vec4f(squares[at + d]), taps[d], sums); }
        let to = row * SUM_STRIDE + column;
        ${repeat(4, (j) => `rowSums[to + ${j}] = sums.${components[j]};`)}
      }
      workgroupBarrier();
      let wide = columns.y - columns.x;
      for (var i = thread; i < wide * ((rows.y - rows.x + 3) / 4); i += T) {
        let strip = i / wide;
        let column = i - strip * wide;
        let row = 4 * strip;
        let at = row * SUM_STRIDE + column;
        var sums = vec4f();
        for (var d = 0; d < TERMS; d++) {
          sums = fma(vec4f(rowSums[at + d * SUM_STRIDE]), taps[d], sums);
        }
        for (var j = 0; j < 4; j++) {
          let qy = rows.x + row + j;
          if (qy < rows.y) { accumulate(sums[j], b, base, image, qy, columns.x + column, sy, sx); }
        }
      }
      ${!stateInside && "storageBarrier();"}
    }
  `;
}

/** The exact distance of one candidate: each term times its weight, in multiples of 2^-weightBits. */
function exactWeightedWgsl({ channels, rule }: WeightedProgramOptions): string {
  const addChannel = (c: number) =>
    wgsl`
      {
        let value = select(0, toFixed(images[image + ${c} * P + qy * W + qx]), hasQ);
        let pivot = select(vec2i(), fixedQuery[(b * C + ${c}) * P + py * W + px], hasP);
        sum = addWide(sum, product(pivot.x - value, pivot.y - value));
      }
    `;
  return wgsl`
    fn exactTerm(b: i32, image: i32, y: i32, x: i32, sy: i32, sx: i32) -> Wide {
      ${placesWgsl(rule)}
      var sum = Wide(0u, 0u, 0);
      ${repeat(channels, addChannel)}
      return sum;
    }

    // A number that is not negative, times one below 2^16.
    fn timesSmall(a: Wide, w: u32) -> Wide {
      let high = u32(a.high);
      let a0 = (a.low & 0xffffu) * w;
      let a1 = (a.low >> 16u) * w + (a0 >> 16u);
      let a2 = (a.middle & 0xffffu) * w + (a1 >> 16u);
      let a3 = (a.middle >> 16u) * w + (a2 >> 16u);
      let a4 = high * w + (a3 >> 16u);
      return Wide((a0 & 0xffffu) | (a1 << 16u), (a2 & 0xffffu) | (a3 << 16u), i32(a4));
    }

    // A sum times a weight in multiples of 2^-${weightBits}, at most 1, by two halves.
    fn timesWeight(a: Wide, weight: u32) -> Wide {
      let negative = a.high < 0;
      var size = a;
      if (negative) { size = negateWide(a); }
      let upper = timesSmall(timesSmall(size, weight >> 11u), 2048u);
      let whole = addWide(upper, timesSmall(size, weight & 2047u));
      if (negative) { return negateWide(whole); }
      return whole;
    }

    fn exactDistance(b: i32, image: i32, qy: i32, qx: i32, sy: i32, sx: i32) -> Wide {
      var sum = Wide(0u, 0u, 0);
      for (var dy = -R; dy <= R; dy++) {
        for (var dx = -R; dx <= R; dx++) {
          let weight = u32(round(taps[dy + R].x * taps[dx + R].x * ${2 ** weightBits}.0));
          sum = addWide(sum, timesWeight(exactTerm(b, image, qy + dy, qx + dx, sy, sx), weight));
        }
      }
      return sum;
    }
  `;
}
