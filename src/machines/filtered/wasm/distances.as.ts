/** Squared differences, and their sums over sets and boxes: of 16 images at a time. */
import { fma } from "../../../posterior/wasm/posterior/arithmetic.as";
import {
  C, differences, H, images, LINE, LISTS, members, n, ofPixels, opposite, perPosterior, pivot, query, raw, rows,
  size, starts, V, W,
} from "./memory.as";

/** Images by lanes. */
export function transpose(): void {
  const bytes = <usize>n << 2;
  let to = images;
  for (let from = raw; from < raw + bytes; from += 4) {
    let at = from;
    for (const end = to + LINE; to < end; to += 4) {
      store<f32>(to, load<f32>(at));
      at += bytes;
    }
  }
}

/** (x - y)^2 - (x - z)^2 = (z - y) (2 x - z - y), x the query over signal, z the pivot. */
export function fillDifferences(): void {
  const channels = ofPixels ? C : 1;
  let y = images, z = pivot, w = opposite;
  for (let to = differences; to < differences + <usize>V * LINE; to += LINE) {
    let e0 = f32x4.splat(0), e1 = e0, e2 = e0, e3 = e0;
    for (let c = 0; c < channels; c++) {
      const one = v128.load32_splat(z), other = v128.load32_splat(w);
      const y0 = v128.load(y), y1 = v128.load(y, 16), y2 = v128.load(y, 32), y3 = v128.load(y, 48);
      e0 = fma(f32x4.sub(one, y0), f32x4.sub(other, y0), e0);
      e1 = fma(f32x4.sub(one, y1), f32x4.sub(other, y1), e1);
      e2 = fma(f32x4.sub(one, y2), f32x4.sub(other, y2), e2);
      e3 = fma(f32x4.sub(one, y3), f32x4.sub(other, y3), e3);
      y += LINE;
      z += 4;
      w += 4;
    }
    v128.store(to, e0);
    v128.store(to, e1, 16);
    v128.store(to, e2, 32);
    v128.store(to, e3, 48);
  }
}

/** Sums of the seven lists of a trio. */
const listSums: usize = memory.data(448, 64);

function sumList(list: i32, to: usize): void {
  const bounds = starts + (<usize>list << 2), from = differences;
  let at = members + (<usize>load<u32>(bounds) << 2);
  const end = members + (<usize>load<u32>(bounds, 4) << 2);
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  for (; at + 4 < end; at += 8) {
    const p = from + <usize>load<u32>(at), q = from + <usize>load<u32>(at, 4);
    a0 = f32x4.add(a0, v128.load(p));
    a1 = f32x4.add(a1, v128.load(p, 16));
    a2 = f32x4.add(a2, v128.load(p, 32));
    a3 = f32x4.add(a3, v128.load(p, 48));
    b0 = f32x4.add(b0, v128.load(q));
    b1 = f32x4.add(b1, v128.load(q, 16));
    b2 = f32x4.add(b2, v128.load(q, 32));
    b3 = f32x4.add(b3, v128.load(q, 48));
  }
  if (at < end) {
    const p = from + <usize>load<u32>(at);
    a0 = f32x4.add(a0, v128.load(p));
    a1 = f32x4.add(a1, v128.load(p, 16));
    a2 = f32x4.add(a2, v128.load(p, 32));
    a3 = f32x4.add(a3, v128.load(p, 48));
  }
  v128.store(to, f32x4.add(a0, b0));
  v128.store(to, f32x4.add(a1, b1), 16);
  v128.store(to, f32x4.add(a2, b2), 32);
  v128.store(to, f32x4.add(a3, b3), 48);
}

/** Distances of the three sets of a trio. */
export function sumTrio(trio: i32, to: usize): void {
  for (let i = 0; i < LISTS; i++) sumList(LISTS * trio + i, listSums + <usize>i * LINE);
  for (let at = listSums; at < listSums + LINE; at += 16, to += 16) {
    const a = v128.load(at), b = v128.load(at, 64), ab = v128.load(at, 128), c = v128.load(at, 192);
    const ac = v128.load(at, 256), bc = v128.load(at, 320), abc = v128.load(at, 384);
    v128.store(to, f32x4.add(f32x4.add(a, ab), f32x4.add(ac, abc)));
    v128.store(to, f32x4.add(f32x4.add(b, ab), f32x4.add(bc, abc)), 64);
    v128.store(to, f32x4.add(f32x4.add(c, ac), f32x4.add(bc, abc)), 128);
  }
}

/** Sums `terms` values, `step` bytes apart. */
@inline
export function sumLine(from: usize, step: usize, terms: i32, to: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  for (const end = from + <usize>terms * step; from < end; from += step) {
    a0 = f32x4.add(a0, v128.load(from));
    a1 = f32x4.add(a1, v128.load(from, 16));
    a2 = f32x4.add(a2, v128.load(from, 32));
    a3 = f32x4.add(a3, v128.load(from, 48));
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
}

/** Distances of all boxes, along rows and then along columns, into `perPosterior`. */
export function sumBoxes(): void {
  const down = H - size + 1, across = W - size + 1;
  let to = rows;
  for (let y = 0; y < H; y++) {
    for (let u = 0; u < across; u++, to += LINE) {
      sumLine(differences + <usize>(y * W + u) * LINE, LINE, size, to);
    }
  }
  to = perPosterior;
  const row = <usize>across * LINE;
  for (let from = rows; from < rows + <usize>(down * across) * LINE; from += LINE, to += LINE) {
    sumLine(from, row, size, to);
  }
}

/** Distance of posterior j to one image in float64. */
export function exactDistance(j: i32, lane: usize): f64 {
  let sum: f64 = 0;
  if (size > 0) {
    const across = W - size + 1, y = j / across, u = j % across;
    for (let v = y; v < y + size; v++) {
      for (let i = (v * W + u) * C; i < (v * W + u + size) * C; i++) sum += exactDifference(i, lane);
    }
    return sum;
  }
  const channels = ofPixels ? C : 1, trio = j / 3, bit = 1 << (j % 3);
  for (let mask = 1; mask <= LISTS; mask++) {
    if ((mask & bit) == 0) continue;
    const bounds = starts + (<usize>(LISTS * trio + mask - 1) << 2);
    for (let r = load<u32>(bounds), end = load<u32>(bounds, 4); r < end; r++) {
      const first = <i32>(<usize>load<u32>(members + (<usize>r << 2)) / LINE) * channels;
      for (let i = first; i < first + channels; i++) sum += exactDifference(i, lane);
    }
  }
  return sum;
}

@inline
function exactDifference(i: i32, lane: usize): f64 {
  const y = <f64>load<f32>(images + <usize>i * LINE + (lane << 2));
  const z = <f64>load<f32>(pivot + (<usize>i << 2));
  return (z - y) * (2 * load<f64>(query + (<usize>i << 3)) - z - y);
}
