/**
 * Windows whose pixels count more or less: D(q) = sum of u(|dy|) u(|dx|) E(q + d), the columns first and then the
 * rows, one multiply-add for each tap. Windows may reach beyond the image at places where boxes may not, so that
 * query and images lie in planes of their own here, with what their padding shows around them: E is then a
 * plane like any other.
 */
import { fma } from "./arithmetic.as";
import {
  C, cellPlane, cellRow, columns, columnsBytes, distances, doublePlane, E, ends, exactQueries, H, image, imageBytes,
  imagePlane, imageRow, INTERIOR, minusPivotDistances, paddedImage, paddedImageBytes, paddedImagePlane,
  paddedImageRow, paddedPivots, paddedQueries, paddedQueryPlane, paddedQueryRow, planeRow, R, rule, stripBytes,
  tapVectors, tapVectorsBytes, W, WRAPPED, zeroRow,
} from "./layout.as";
import { fillFour } from "./squared_differences.as";
import {
  bottom, left, query, radius, right, scaleOfQuery, shiftX, shiftY, top, x0, x1, y0, y1,
} from "./window.as";

@inline
function wrapped(at: i32, size: i32): i32 {
  return ((at % size) + size) % size;
}

/** Lays out the planes of a query: x / signal, and minus the squared distance from the pivot. */
export function padQuery(b: i32): void {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const first = -(W + R), end = W + R + 16;
  for (let y = 0; y < H; y++) {
    const pivotRow = minusPivotDistances + <usize>b * cellPlane + <usize>(y * cellRow);
    for (let x = first; x < end; x++) {
      const inside = x >= 0 && x < W;
      const from = cyclic ? wrapped(x, W) : x;
      const at = <usize>(y * paddedQueryRow + ((x - first) << 2));
      store<f32>(
        paddedPivots + <usize>b * paddedQueryPlane + at,
        cyclic || inside ? load<f32>(pivotRow + (<usize>from << 2)) : 0,
      );
      for (let c = 0; c < C; c++) {
        const exact = exactQueries + <usize>(b * C + c) * doublePlane;
        store<f32>(
          paddedQueries + <usize>(b * C + c) * paddedQueryPlane + at,
          cyclic || inside ? <f32>load<f64>(exact + (<usize>(y * W + from) << 3)) : 0,
        );
      }
    }
  }
}

/** Lays out the planes of the pair of images. */
export function padImages(): void {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  for (let i: usize = 0; i < 2; i++) {
    for (let c: usize = 0; c < <usize>C; c++) {
      for (let y = 0; y < H; y++) {
        const from = image + i * imageBytes + c * imagePlane + <usize>(y * imageRow);
        const to = paddedImage + i * paddedImageBytes + c * paddedImagePlane + <usize>(y * paddedImageRow);
        const middle = to + (<usize>R << 2);
        memory.copy(middle, from, <usize>W << 2);
        if (!cyclic) continue;
        for (let x = 1; x <= R; x++) {
          store<f32>(middle - (<usize>x << 2), load<f32>(from + (<usize>(W - x) << 2)));
          store<f32>(middle + (<usize>(W + x - 1) << 2), load<f32>(from + (<usize>(x - 1) << 2)));
        }
      }
    }
  }
}

/**
 * Where images wrap around, E at a shift is the same W columns further and H rows further, and so are its sums: they
 * are taken once. Columns come by strips, of which a period must have a whole number.
 */
@inline
function stripsOfPeriod(): i32 {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  return cyclic && (W & 7) == 0 ? W >> 3 : i32.MAX_VALUE >> 4;
}

/** E of the window's extent, as `squared_differences` fills it. */
export function fillPaddedDifferences(): void {
  if (C == 1) fillC1();
  else if (C == 3) fillC3();
  else fillAny();
}

function fillC1(): void { fill(1); }
function fillC3(): void { fill(3); }
function fillAny(): void { fill(0); }

@inline
function fill(channels: i32): void {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const images = paddedImage + (<usize>(left + R) << 2);
  const column = <usize>(left - shiftX + W + R) << 2;
  const queries = paddedQueries + <usize>(query * C) * paddedQueryPlane + column;
  const pivots = paddedPivots + <usize>query * paddedQueryPlane + column;
  const last = cyclic ? min(bottom, top + H) : bottom;
  const end = min(right, left + 8 * stripsOfPeriod());
  for (let q = top; q < last; q++) {
    let y = zeroRow, yPlane: usize = 0, yBytes: usize = 0;
    if (cyclic || (q >= 0 && q < H)) {
      y = images + <usize>((cyclic ? wrapped(q, H) : q) * paddedImageRow);
      yPlane = paddedImagePlane;
      yBytes = paddedImageBytes;
    }
    let u = zeroRow, g = zeroRow, uPlane: usize = 0;
    const p = q - shiftY;
    if (cyclic || (p >= 0 && p < H)) {
      const row = <usize>((cyclic ? wrapped(p, H) : p) * paddedQueryRow);
      u = queries + row;
      g = pivots + row;
      uPlane = paddedQueryPlane;
    }
    let e = E + (<usize>(q + R) << 6);
    const strip = stripBytes;
    for (let x = left; x < end; x += 8) {
      fillFour(channels, false, e, u, g, y, y + yBytes, uPlane, yPlane);
      if (x + 4 < end) fillFour(channels, true, e, u, g, y, y + yBytes, uPlane, yPlane);
      e += strip;
      u += 32;
      g += 32;
      y += 32;
    }
  }
  if (last == bottom) return;
  const rows = <usize>(bottom - last) << 6;
  let to = E + (<usize>(last + R) << 6);
  for (let x = left; x < end; x += 8, to += stripBytes) memory.copy(to, to - (<usize>H << 6), rows);
}

/** Where the scale's taps are: u(r), .., u(0), .., u(r), four times each, after a 0 and before one. */
@inline
function tapsOfScale(): usize {
  return tapVectors + <usize>scaleOfQuery * tapVectorsBytes;
}

/** C(q): sums of E over the rows of the window, each times its tap, of both images; two outputs at a time. */
export function sumWeightedColumns(): void {
  const r = radius, row = <usize>planeRow;
  const firstStrip = (x0 - r - left) >> 3, lastStrip = (x1 + r - left + 7) >> 3;
  const period = stripsOfPeriod(), copied = min(lastStrip, firstStrip + period);
  const strips = E + (<usize>(y0 - r + R) << 6);
  let out = columns + <usize>(y0 * planeRow + ((left + 8 * firstStrip + R) << 2));
  // Of the first tap that is not 0.
  const taps = tapsOfScale() + 16;
  const bytes = <usize>(2 * r + 2) << 4;
  for (let i = firstStrip; i < copied; i++) {
    let from = strips + <usize>(i % period) * stripBytes, to = out;
    for (let y = y0; y < y1; y += 2) {
      sumTwoRows(from, to, taps, taps + bytes, y + 1 < y1);
      from += 128;
      to += 2 * row;
    }
    out += 32;
  }
  for (let i = copied; i < lastStrip; i++) {
    let to = out;
    for (let y = y0; y < y1; y++) {
      copyEight(to, to - (<usize>W << 2));
      copyEight(to + columnsBytes, to + columnsBytes - (<usize>W << 2));
      to += row;
    }
    out += 32;
  }
}

@inline
function copyEight(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/**
 * Two rows of outputs of a strip, or one; `taps` is that of the first row's first term, and there is an even
 * number of terms. What is the first row's tap is the second row's for the next term.
 */
@inline
function sumTwoRows(from: usize, to: usize, taps: usize, end: usize, two: bool): void {
  const row = <usize>planeRow, other = columnsBytes;
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  let b = a0;
  for (let at = taps; at < end; at += 32) {
    const a = v128.load(at);
    let e0 = v128.load(from), e1 = v128.load(from, 16);
    let e2 = v128.load(from, 32), e3 = v128.load(from, 48);
    a0 = fma(a, e0, a0);
    a1 = fma(a, e1, a1);
    a2 = fma(a, e2, a2);
    a3 = fma(a, e3, a3);
    b0 = fma(b, e0, b0);
    b1 = fma(b, e1, b1);
    b2 = fma(b, e2, b2);
    b3 = fma(b, e3, b3);
    b = v128.load(at, 16);
    e0 = v128.load(from, 64);
    e1 = v128.load(from, 80);
    e2 = v128.load(from, 96);
    e3 = v128.load(from, 112);
    a0 = fma(b, e0, a0);
    a1 = fma(b, e1, a1);
    a2 = fma(b, e2, a2);
    a3 = fma(b, e3, a3);
    b0 = fma(a, e0, b0);
    b1 = fma(a, e1, b1);
    b2 = fma(a, e2, b2);
    b3 = fma(a, e3, b3);
    from += 128;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to + other, a2);
  v128.store(to + other, a3, 16);
  if (!two) return;
  const next = to + row;
  v128.store(next, b0);
  v128.store(next, b1, 16);
  v128.store(next + other, b2);
  v128.store(next + other, b3, 16);
}

/**
 * D(q): sums of column sums over the columns of the window, each times its tap, for 8 columns of both images in
 * `rows` rows; see `distances`.
 */
export function sumWeightedEight(from: usize, beyond: i32, rows: i32): void {
  sumAlongRows(true, from, beyond, rows);
}

/** Distances of 4 columns, likewise. */
export function sumWeightedFour(from: usize, beyond: i32, rows: i32): void {
  sumAlongRows(false, from, beyond, rows);
}

/** Two rows at a time, which share their taps; the last of an odd number with whatever follows it. */
@inline
function sumAlongRows(eight: bool, from: usize, beyond: i32, rows: i32): void {
  const row = <usize>planeRow, mask = v128.load(ends + (<usize>beyond << 2));
  const first = eight ? f32x4.splat(0) : mask;
  const taps = tapsOfScale() + 16, end = taps + (<usize>(2 * radius + 2) << 4);
  const lastRow = distances + (<usize>rows << 6);
  for (let to = distances; to < lastRow; to += 128) {
    let a0 = first, a1 = mask, a2 = first, a3 = mask;
    let b0 = first, b1 = mask, b2 = first, b3 = mask;
    let at = from, second = from + columnsBytes, below = from + row, secondBelow = second + row;
    for (let tap = taps; tap < end; tap += 32) {
      let t = v128.load(tap);
      a0 = fma(t, v128.load(at), a0);
      if (eight) a1 = fma(t, v128.load(at, 16), a1);
      a2 = fma(t, v128.load(second), a2);
      if (eight) a3 = fma(t, v128.load(second, 16), a3);
      b0 = fma(t, v128.load(below), b0);
      if (eight) b1 = fma(t, v128.load(below, 16), b1);
      b2 = fma(t, v128.load(secondBelow), b2);
      if (eight) b3 = fma(t, v128.load(secondBelow, 16), b3);
      t = v128.load(tap, 16);
      a0 = fma(t, v128.load(at, 4), a0);
      if (eight) a1 = fma(t, v128.load(at, 20), a1);
      a2 = fma(t, v128.load(second, 4), a2);
      if (eight) a3 = fma(t, v128.load(second, 20), a3);
      b0 = fma(t, v128.load(below, 4), b0);
      if (eight) b1 = fma(t, v128.load(below, 20), b1);
      b2 = fma(t, v128.load(secondBelow, 4), b2);
      if (eight) b3 = fma(t, v128.load(secondBelow, 20), b3);
      at += 8;
      second += 8;
      below += 8;
      secondBelow += 8;
    }
    putRow(eight, to, a0, a1, a2, a3);
    putRow(eight, to + 64, b0, b1, b2, b3);
    from += 2 * row;
  }
}

@inline
function putRow(eight: bool, to: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  v128.store(to, d0);
  if (eight) v128.store(to, d1, 16);
  v128.store(to, d2, 32);
  if (eight) v128.store(to, d3, 48);
}
