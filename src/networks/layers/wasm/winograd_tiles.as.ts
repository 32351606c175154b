/** What Winograd's algorithm makes of tiles of images, and images of tiles; see `winograd`. */
import { fma, loadSome, storeSome } from "./lanes.as";
import { storeTransposed } from "./product.as";
import {
  a1, a2, a3, b1, b2, b3, minusA1, minusA2, minusB1, minusB2, storeGradients, storeInputs, TABLE,
} from "./winograd_points.as";

/** Bytes of a tile of 6 x 6 vectors. */
export const TILE: usize = 36 * 16;

// `scratch` begins with the table of constants everywhere.

/** 6 x 6 values of B^T d B, `step` bytes from each other, of four channels; d is at `from`. */
function transformTile(
  from: usize, line: usize, pixel: usize, scratch: usize, to: usize, step: usize,
): void {
  const a = a1(scratch), na = minusA1(scratch), naa = minusA2(scratch);
  const b = b1(scratch), nb = minusB1(scratch), nbb = minusB2(scratch);
  scratch += TABLE;
  for (const end = from + 6 * pixel; from < end; from += pixel, scratch += 16) {
    const p2 = from + 2 * line, p4 = p2 + 2 * line;
    storeInputs(scratch, 96,
      v128.load(from), v128.load(from + line), v128.load(p2), v128.load(p2 + line),
      v128.load(p4), v128.load(p4 + line), a, na, naa, b, nb, nbb);
  }
  scratch -= 96;
  for (const end = scratch + TILE; scratch < end; scratch += 96, to += 6 * step) {
    storeInputs(to, step,
      v128.load(scratch), v128.load(scratch, 16), v128.load(scratch, 32), v128.load(scratch, 48),
      v128.load(scratch, 64), v128.load(scratch, 80), a, na, naa, b, nb, nbb);
  }
}

/** planes [C] <- B^T d B of a tile whose surroundings begin at `from`. */
export function transformInputs(
  from: usize, line: usize, C: i32, scratch: usize, to: usize, plane: usize,
): void {
  const pixel = <usize>C << 2;
  for (const end = from + pixel; from < end; from += 16, to += 16) {
    transformTile(from, line, pixel, scratch, to, plane);
  }
}

/** The same of four tiles, packed: planes [C][4]. `scratch` holds five tiles after the table. */
export function transformFour(
  a: usize, b: usize, c: usize, d: usize, line: usize, C: i32,
  scratch: usize, to: usize, plane: usize,
): void {
  const pixel = <usize>C << 2, staged = scratch + TABLE + TILE;
  for (let at: usize = 0; at < pixel; at += 16, to += 64) {
    transformTile(a + at, line, pixel, scratch, staged, 16);
    transformTile(b + at, line, pixel, scratch, staged + TILE, 16);
    transformTile(c + at, line, pixel, scratch, staged + 2 * TILE, 16);
    transformTile(d + at, line, pixel, scratch, staged + 3 * TILE, 16);
    let q = to;
    for (let p = staged; p < staged + TILE; p += 16, q += plane) {
      const ra = v128.load(p), rb = v128.load(p, TILE);
      const rc = v128.load(p, 2 * TILE), rd = v128.load(p, 3 * TILE);
      storeTransposed(q, ra, rb, rc, rd);
    }
  }
}

/** planes [C] <- A dy A^T of a tile of 4 x 4 gradients, of which `from` is the first. */
export function transformGradients(
  from: usize, line: usize, C: i32, scratch: usize, to: usize, plane: usize,
): void {
  const pixel = <usize>C << 2;
  const a = a1(scratch), na = minusA1(scratch), aa = a2(scratch);
  const b = b1(scratch), nb = minusB1(scratch), bb = b2(scratch);
  scratch += TABLE;
  for (const end = from + pixel; from < end; from += 16, to += 16) {
    let at = scratch;
    for (let p = from; p < from + 4 * pixel; p += pixel, at += 16) {
      const below = p + 2 * line;
      storeGradients(at, 64,
        v128.load(p), v128.load(p + line), v128.load(below), v128.load(below + line),
        a, na, aa, b, nb, bb);
    }
    let q = to;
    for (at = scratch; at < scratch + 6 * 64; at += 64, q += 6 * plane) {
      storeGradients(q, plane,
        v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48),
        a, na, aa, b, nb, bb);
    }
  }
}

/**
 * act(A^T m A + bias) + residual of a tile in planes [C], to the image `out` [H][W][C] whose pixel (y, x) is the
 * tile's first, as far as there are pixels; `bias` is 0 or has whole vectors, `residual` is 0 or like `out`.
 */
export function transformOutputs(
  from: usize, plane: usize, bias: usize, residual: usize, out: usize, scratch: usize,
  y: i32, x: i32, H: i32, W: i32, C: i32, relu: bool,
): void {
  const pixel = <usize>C << 2, line = <usize>W * pixel, row = 6 * plane;
  const least = f32x4.splat(relu ? 0 : -Infinity);
  const rows = <usize>min(4, H - y), columns = min(4, W - x);
  const a = a1(scratch), aa = a2(scratch), aaa = a3(scratch);
  const b = b1(scratch), bb = b2(scratch), bbb = b3(scratch);
  scratch += TABLE;
  // From a pixel of the output to the same of the residual.
  const toResidual = residual - out;
  out += <usize>y * line + <usize>x * pixel;
  for (let c = 0; c < C; c += 4, from += 16, out += 16) {
    let at = scratch;
    for (let p = from; at < scratch + 96; at += 16, p += plane) {
      let q = p + row;
      let m1 = v128.load(q), m2 = v128.load(q + row);
      const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
      q += 2 * row;
      m1 = v128.load(q); m2 = v128.load(q + row);
      const sumB = f32x4.add(m1, m2), differenceB = f32x4.sub(m1, m2);
      v128.store(at, f32x4.add(f32x4.add(sum, sumB), v128.load(p)));
      v128.store(at, fma(differenceB, b, f32x4.mul(difference, a)), 96);
      v128.store(at, fma(sumB, bb, f32x4.mul(sum, aa)), 192);
      v128.store(at, fma(differenceB, bbb, fma(difference, aaa, v128.load(q + 2 * row))), 288);
    }
    const offset = bias ? v128.load(bias + (<usize>c << 2)) : f32x4.splat(0);
    const left = C - c, whole = left >= 4 && columns == 4;
    let to = out;
    for (at = scratch; at < scratch + 96 * rows; at += 96, to += line) {
      let m1 = v128.load(at, 16), m2 = v128.load(at, 32);
      const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
      m1 = v128.load(at, 48); m2 = v128.load(at, 64);
      const sumB = f32x4.add(m1, m2), differenceB = f32x4.sub(m1, m2);
      let y0 = f32x4.max(least, f32x4.add(offset,
        f32x4.add(f32x4.add(sum, sumB), v128.load(at))));
      let y1 = f32x4.max(least, f32x4.add(offset,
        fma(differenceB, b, f32x4.mul(difference, a))));
      let y2 = f32x4.max(least, f32x4.add(offset, fma(sumB, bb, f32x4.mul(sum, aa))));
      let y3 = f32x4.max(least, f32x4.add(offset,
        fma(differenceB, bbb, fma(difference, aaa, v128.load(at, 80)))));
      if (residual) {
        const r = to + toResidual;
        y0 = f32x4.add(y0, loadSome(r, left));
        if (columns > 1) y1 = f32x4.add(y1, loadSome(r + pixel, left));
        if (columns > 2) y2 = f32x4.add(y2, loadSome(r + 2 * pixel, left));
        if (columns > 3) y3 = f32x4.add(y3, loadSome(r + 3 * pixel, left));
      }
      if (whole) {
        v128.store(to, y0);
        v128.store(to + pixel, y1);
        v128.store(to + 2 * pixel, y2);
        v128.store(to + 3 * pixel, y3);
        continue;
      }
      storeSome(to, y0, left);
      if (columns > 1) storeSome(to + pixel, y1, left);
      if (columns > 2) storeSome(to + 2 * pixel, y2, left);
      if (columns > 3) storeSome(to + 3 * pixel, y3, left);
    }
  }
}

/** to [count][C] <- from where gate > floor, 0 for a floor of zeros; whole vectors. */
function copyOpen(from: usize, gate: usize, floor: usize, to: usize, count: i32, C: i32): void {
  const zero = f32x4.splat(0);
  const end = to + (<usize>(count * C) << 2), toFloor = floor - gate;
  for (; to < end; to += 16, from += 16, gate += 16) {
    const least = floor ? v128.load(gate + toFloor) : zero;
    v128.store(to, v128.and(v128.load(from), f32x4.gt(v128.load(gate), least)));
  }
}

/** to [count][C] <- from + shift; whole vectors. */
function copyShifted(from: usize, shift: usize, to: usize, count: i32, C: i32): void {
  const pixel = <usize>C << 2, end = to + <usize>count * pixel;
  for (let c: usize = 0; c < pixel; c += 16) {
    const s = v128.load(shift + c);
    for (let p = from + c, q = to + c; q < end; p += pixel, q += pixel) {
      v128.store(q, f32x4.add(v128.load(p), s));
    }
  }
}

/** to [count][padded] <- from [count][C] + shift, or from where gate > floor; 0 for what there is not. */
function copyPixels(
  from: usize, shift: usize, gate: usize, floor: usize, to: usize, count: i32, C: i32, padded: i32,
): void {
  if (C == padded) {
    if (gate) copyOpen(from, gate, floor, to, count, C);
    else if (shift) copyShifted(from, shift, to, count, C);
    else memory.copy(to, from, <usize>(count * C) << 2);
    return;
  }
  const zero = f32x4.splat(0);
  for (let p = 0; p < count; p++) {
    for (let c = 0; c < padded; c += 4, to += 16) {
      const left = C - c;
      if (left <= 0) {
        v128.store(to, zero);
        continue;
      }
      const at = <usize>(p * C + c) << 2;
      let v = loadSome(from + at, left);
      if (shift) v = f32x4.add(v, loadSome(shift + (<usize>c << 2), left));
      if (gate) {
        const least = floor ? loadSome(floor + at, left) : zero;
        v = v128.and(v, f32x4.gt(loadSome(gate + at, left), least));
      }
      v128.store(to, v);
    }
  }
}

/**
 * strip [6][across * 4 + 2][padded] <- what the tiles in rows y .. y + 3 of an image [H][W][C] see of it:
 * a border of a pixel, zeros or wrapped around, and zeros beyond.
 */
export function gather(
  image: usize, shift: usize, gate: usize, floor: usize, strip: usize,
  y: i32, H: i32, W: i32, C: i32, padded: i32, across: i32, circular: bool,
): void {
  const row = <usize>(W * C) << 2, pixel = <usize>padded << 2;
  const stripRow = <usize>(across * 4 + 2) * pixel;
  for (let i = 0; i < 6; i++, strip += stripRow) {
    let from = y - 1 + i;
    if (circular && from < 0) from = H - 1;
    else if (circular && from == H) from = 0;
    if (from < 0 || from >= H) {
      memory.fill(strip, 0, stripRow);
      continue;
    }
    const offset = <usize>from * row;
    const first = strip + pixel, after = first + <usize>W * pixel;
    copyPixels(image + offset, shift, gate && gate + offset, floor && floor + offset, first,
      W, C, padded);
    memory.fill(after, 0, strip + stripRow - after);
    if (circular) {
      memory.copy(strip, after - pixel, pixel);
      memory.copy(after, first, pixel);
    } else memory.fill(strip, 0, pixel);
  }
}
