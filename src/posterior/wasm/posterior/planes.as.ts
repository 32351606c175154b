/**
 * Distances. For one shift s = q - p, E(q) = e(q - s, q) for all q. Then
 *   C_k(q) = sum of E over k rows: by prefix and suffix sums of blocks of k rows (van Herk), three
 *   additions whatever k is; or grown from a smaller scale by its two outer rows;
 *   D_k(q) = sum of C_k over k columns.
 * Nothing is subtracted, so that errors stay relative. All of it works in strips of 8 columns.
 */
import { fma, four, setFour } from "./arithmetic.as";
import {
  apart, C, cellPlane, cellRow, columns, columnsBytes, distances, E, H, image, imageBytes, imagePlane,
  imageRow, planeRow, queries, R, rule, stripBytes, suffix, W, WRAPPED,
} from "./layout.as";

/**
 * E over q in [ya, yb) x [xa, xb) for query b and shift (sy, sx), and its column sums of radius r at
 * rows [y0, y1). E is kept in strips: strip i holds columns xa + 8 i .. xa + 8 i + 7, row after row,
 * with R rows above and below.
 */
export function differences(
  surrounded: bool, b: i32, sy: i32, sx: i32, ya: i32, yb: i32, xa: i32, xb: i32,
  r: i32, y0: i32, y1: i32,
): void {
  // Rows of the query wrap around once at most.
  const seam = sy > ya && sy < yb ? sy : yb;
  const v = ya < sy ? ya - sy + H : ya - sy;
  const u0 = (xa - sx + W) << 2;
  let u = queries + <usize>(b * C) * cellPlane + u0;
  let g = apart + <usize>b * cellPlane + u0;
  let at = image + (<usize>xa << 2);
  let strip = E;
  let out = columns + <usize>(y0 * planeRow + ((xa + R) << 2));
  for (let x = xa; x < xb; x += 8) {
    const e = strip + (<usize>(ya + R) << 6);
    if (xb - x > 4) {
      stripDifferences(true, e, u, g, at, ya, seam, v);
      if (seam < yb) stripDifferences(true, e + (<usize>(seam - ya) << 6), u, g, at, seam, yb, 0);
    } else {
      stripDifferences(false, e, u, g, at, ya, seam, v);
      if (seam < yb) stripDifferences(false, e + (<usize>(seam - ya) << 6), u, g, at, seam, yb, 0);
    }
    if (surrounded) surroundRows(strip);
    const first = strip + (<usize>(y0 - r + R) << 6);
    if (r == 0) copyRows(first, out, y1 - y0);
    else if (r == 1) sumThree(first, out, y1 - y0);
    else if (r == 2) {
      sumFive(first, out, y1 - y0);
      sumFive(first + 32, out + columnsBytes, y1 - y0);
    } else sumWindows(first, out, 2 * r + 1, y1 - y0);
    strip += stripBytes;
    u += 32;
    g += 32;
    at += 32;
    out += 32;
  }
}

@inline
function stripDifferences(
  pair: bool, e: usize, u: usize, g: usize, at: usize, y: i32, yEnd: i32, v: i32,
): void {
  const uPlane = cellPlane, yPlane = imagePlane, other = imageBytes;
  const cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  const end = e + (<usize>(yEnd - y) << 6);
  at += <usize>y * imageStep;
  u += <usize>v * cellStep;
  g += <usize>v * cellStep;
  if (C == 1) {
    for (; e < end; e += 64) {
      differencesOf(1, false, e, u, g, at, other, uPlane, yPlane);
      if (pair) differencesOf(1, true, e, u, g, at, other, uPlane, yPlane);
      at += imageStep;
      u += cellStep;
      g += cellStep;
    }
  } else if (C == 3) {
    for (; e < end; e += 64) {
      differencesOf(3, false, e, u, g, at, other, uPlane, yPlane);
      if (pair) differencesOf(3, true, e, u, g, at, other, uPlane, yPlane);
      at += imageStep;
      u += cellStep;
      g += cellStep;
    }
  } else {
    for (; e < end; e += 64) {
      differencesOf(0, false, e, u, g, at, other, uPlane, yPlane);
      if (pair) differencesOf(0, true, e, u, g, at, other, uPlane, yPlane);
      at += imageStep;
      u += cellStep;
      g += cellStep;
    }
  }
}

/** E of four pixels of both images. */
@inline
function differencesOf(
  channels: i32, second: bool, e: usize, u: usize, g: usize, at: usize, other: usize,
  uPlane: usize, yPlane: usize,
): void {
  const shared = four(second, g);
  let uc = four(second, u);
  let one = addSquare(uc, four(second, at), shared);
  let two = addSquare(uc, four(second, at + other), shared);
  if (channels == 3) {
    uc = four(second, u + uPlane);
    one = addSquare(uc, four(second, at + yPlane), one);
    two = addSquare(uc, four(second, at + other + yPlane), two);
    uc = four(second, u + 2 * uPlane);
    one = addSquare(uc, four(second, at + 2 * yPlane), one);
    two = addSquare(uc, four(second, at + other + 2 * yPlane), two);
  } else if (channels != 1) {
    for (let c = 1; c < C; c++) {
      u += uPlane;
      at += yPlane;
      uc = four(second, u);
      one = addSquare(uc, four(second, at), one);
      two = addSquare(uc, four(second, at + other), two);
    }
  }
  setFour(second, e, one);
  setFour(second, e + 32, two);
}

/** sum + (u - y)^2 of four pixels. */
@inline
function addSquare(u: v128, y: v128, sum: v128): v128 {
  const difference = f32x4.sub(u, y);
  return fma(difference, difference, sum);
}

/** Rows above and below a strip where patches may leave the image: wrapped around, or zeros. */
function surroundRows(above: usize): void {
  const bytes = <usize>R << 6, all = <usize>H << 6;
  const below = above + bytes + all;
  if (rule == WRAPPED) {
    memory.copy(above, above + all, bytes);
    memory.copy(below, above + bytes, bytes);
  } else {
    memory.fill(above, 0, bytes);
    memory.fill(below, 0, bytes);
  }
}

/** Columns left and right of the column sums, likewise. */
export function surroundColumns(r: i32, y0: i32, y1: i32): void {
  surroundColumnsOf(columns, r, y0, y1);
  surroundColumnsOf(columns + columnsBytes, r, y0, y1);
}

@inline
function surroundColumnsOf(plane: usize, r: i32, y0: i32, y1: i32): void {
  const bytes = <usize>r << 2, all = <usize>W << 2;
  for (let y = y0; y < y1; y++) {
    const row = plane + <usize>(y * planeRow + (R << 2));
    if (rule == WRAPPED) {
      memory.copy(row - bytes, row + all - bytes, bytes);
      memory.copy(row + all, row, bytes);
    } else {
      memory.fill(row - bytes, 0, bytes);
      memory.fill(row + all, 0, bytes);
    }
  }
}

/** Column sums of radius `before` at rows [y0, y1) of columns [xa, xb) grow to radius r. */
export function growColumns(before: i32, r: i32, y0: i32, y1: i32, xa: i32, xb: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  let e = E + (<usize>(y0 + R) << 6);
  let out = columns + <usize>(y0 * planeRow + ((xa + R) << 2));
  for (let x = xa; x < xb; x += 8) {
    for (let j = before + 1; j <= r; j++) {
      let above = e - (<usize>j << 6), below = e + (<usize>j << 6), to = out;
      const end = above + (<usize>(y1 - y0) << 6);
      for (; above < end; above += 64) {
        addBoth(to, above, below);
        addBoth(to + 16, above + 16, below + 16);
        addBoth(to + other, above + 32, below + 32);
        addBoth(to + other + 16, above + 48, below + 48);
        below += 64;
        to += row;
      }
    }
    e += stripBytes;
    out += 32;
  }
}

@inline
function addBoth(to: usize, above: usize, below: usize): void {
  v128.store(to, f32x4.add(v128.load(to), f32x4.add(v128.load(above), v128.load(below))));
}

function copyRows(from: usize, to: usize, left: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  for (; left > 0; left--) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to + other, v128.load(from, 32));
    v128.store(to + other, v128.load(from, 48), 16);
    from += 64;
    to += row;
  }
}

/** Sums of 3 consecutive rows of a strip, of both images, for `left` outputs. */
@inline
function sumThree(from: usize, to: usize, left: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  let r0 = v128.load(from), r1 = v128.load(from, 64);
  let s0 = v128.load(from, 16), s1 = v128.load(from, 80);
  let t0 = v128.load(from, 32), t1 = v128.load(from, 96);
  let u0 = v128.load(from, 48), u1 = v128.load(from, 112);
  for (; left > 0; left--) {
    const r2 = v128.load(from, 128), s2 = v128.load(from, 144);
    const t2 = v128.load(from, 160), u2 = v128.load(from, 176);
    v128.store(to, f32x4.add(f32x4.add(r0, r1), r2));
    v128.store(to, f32x4.add(f32x4.add(s0, s1), s2), 16);
    v128.store(to + other, f32x4.add(f32x4.add(t0, t1), t2));
    v128.store(to + other, f32x4.add(f32x4.add(u0, u1), u2), 16);
    r0 = r1;
    r1 = r2;
    s0 = s1;
    s1 = s2;
    t0 = t1;
    t1 = t2;
    u0 = u1;
    u1 = u2;
    from += 64;
    to += row;
  }
}

/** Sums of 5 consecutive rows of one image; sums of two are kept, so an output takes three additions. */
@inline
function sumFive(from: usize, to: usize, left: i32): void {
  const row = <usize>planeRow;
  let r3 = v128.load(from, 192), s3 = v128.load(from, 208);
  let p1 = f32x4.add(v128.load(from), v128.load(from, 64));
  let p2 = f32x4.add(v128.load(from, 64), v128.load(from, 128));
  let p3 = f32x4.add(v128.load(from, 128), r3);
  let q1 = f32x4.add(v128.load(from, 16), v128.load(from, 80));
  let q2 = f32x4.add(v128.load(from, 80), v128.load(from, 144));
  let q3 = f32x4.add(v128.load(from, 144), s3);
  for (; left > 0; left--) {
    const r4 = v128.load(from, 256), s4 = v128.load(from, 272);
    v128.store(to, f32x4.add(f32x4.add(p1, p3), r4));
    v128.store(to, f32x4.add(f32x4.add(q1, q3), s4), 16);
    p1 = p2;
    p2 = p3;
    p3 = f32x4.add(r3, r4);
    q1 = q2;
    q2 = q3;
    q3 = f32x4.add(s3, s4);
    r3 = r4;
    s3 = s4;
    from += 64;
    to += row;
  }
}

/**
 * Sums of k consecutive rows of a strip, of both images, for `left` outputs: a window is the suffix of
 * one block of k rows and the prefix of the next, so an output takes three additions.
 */
@inline
function sumWindows(from: usize, to: usize, k: i32, left: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  const block = <usize>k << 6;
  while (left > 0) {
    const next = from + block, suffixOf = suffix - from;
    let i = next - 64;
    let r = v128.load(i), s = v128.load(i, 16), t = v128.load(i, 32), u = v128.load(i, 48);
    while (i > from) {
      const at = i + suffixOf;
      v128.store(at, r);
      v128.store(at, s, 16);
      v128.store(at, t, 32);
      v128.store(at, u, 48);
      i -= 64;
      r = f32x4.add(r, v128.load(i));
      s = f32x4.add(s, v128.load(i, 16));
      t = f32x4.add(t, v128.load(i, 32));
      u = f32x4.add(u, v128.load(i, 48));
    }
    v128.store(to, r);
    v128.store(to, s, 16);
    v128.store(to + other, t);
    v128.store(to + other, u, 16);
    to += row;
    const end = next + (<usize>(min(k, left) - 1) << 6);
    const blockBefore = suffixOf - block + 64;
    r = f32x4.splat(0);
    s = r;
    t = r;
    u = r;
    for (i = next; i < end; i += 64) {
      const at = i + blockBefore;
      r = f32x4.add(r, v128.load(i));
      s = f32x4.add(s, v128.load(i, 16));
      t = f32x4.add(t, v128.load(i, 32));
      u = f32x4.add(u, v128.load(i, 48));
      v128.store(to, f32x4.add(v128.load(at), r));
      v128.store(to, f32x4.add(v128.load(at, 16), s), 16);
      v128.store(to + other, f32x4.add(v128.load(at, 32), t));
      v128.store(to + other, f32x4.add(v128.load(at, 48), u), 16);
      to += row;
    }
    left -= k;
    from = next;
  }
}

/**
 * Sums k = 8 m + rest consecutive columns of column sums, for 8 outputs in each of `left` rows; `mask`
 * is added to the last four. Sums of 2, 4 and 8 columns are built from each other: at vector i of four
 * columns
 *   S2 = c + c one further, S4 = S2 + S2 two further, S8(i) = S4(i) + S4(i + 1).
 */
@inline
function sumEight(rest: i32, m: i32, from: usize, mask: v128, left: i32): void {
  const row = <usize>planeRow, eights = <usize>m << 5, other = columnsBytes;
  const end = distances + (<usize>left << 6);
  for (let to = distances; to < end; to += 64) {
    sumEightOf(rest, eights, to, from, mask);
    sumEightOf(rest, eights, to + 32, from + other, mask);
    from += row;
  }
}

@inline
function sumEightOf(rest: i32, eights: usize, to: usize, at: usize, mask: v128): void {
  let d = f32x4.splat(0), e = mask;
  let c0 = v128.load(at), c1 = v128.load(at, 16), c2 = v128.load(at, 32);
  let s0 = addNext(c0, c1), s1 = addNext(c1, c2), q0 = addSecond(s0, s1);
  for (const last = at + eights; at < last; at += 32) {
    const c3 = v128.load(at, 48), c4 = v128.load(at, 64);
    const s2 = addNext(c2, c3), s3 = addNext(c3, c4);
    const q1 = addSecond(s1, s2), q2 = addSecond(s2, s3);
    d = f32x4.add(d, f32x4.add(q0, q1));
    e = f32x4.add(e, f32x4.add(q1, q2));
    c0 = c2;
    c1 = c3;
    c2 = c4;
    s0 = s2;
    s1 = s3;
    q0 = q2;
  }
  if (rest == 1) {
    d = f32x4.add(d, c0);
    e = f32x4.add(e, c1);
  } else if (rest == 3) {
    d = f32x4.add(d, f32x4.add(s0, second(c0, c1)));
    e = f32x4.add(e, f32x4.add(s1, second(c1, c2)));
  } else if (rest == 5) {
    d = f32x4.add(d, f32x4.add(q0, c1));
    e = f32x4.add(e, f32x4.add(addSecond(s1, addNext(c2, c2)), c2));
  } else {
    const c3 = v128.load(at, 48), s2 = addNext(c2, c3);
    d = f32x4.add(d, f32x4.add(q0, f32x4.add(s1, second(c1, c2))));
    e = f32x4.add(e, f32x4.add(addSecond(s1, s2), f32x4.add(s2, second(c2, c3))));
  }
  v128.store(to, d);
  v128.store(to, e, 16);
}

/** Columns one further. */
@inline
function next(c: v128, after: v128): v128 {
  return v128.shuffle<f32>(c, after, 1, 2, 3, 4);
}

/** Columns two further. */
@inline
function second(c: v128, after: v128): v128 {
  return v128.shuffle<f32>(c, after, 2, 3, 4, 5);
}

@inline
function addNext(c: v128, after: v128): v128 {
  return f32x4.add(c, next(c, after));
}

@inline
function addSecond(c: v128, after: v128): v128 {
  return f32x4.add(c, second(c, after));
}

/** The same for k = 2 r + 1 up to 5, where plain sums take fewer steps. */
@inline
function sumFew(r: i32, from: usize, mask: v128, left: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  const end = distances + (<usize>left << 6);
  for (let to = distances; to < end; to += 64) {
    sumFewOf(r, to, from, mask);
    sumFewOf(r, to + 32, from + other, mask);
    from += row;
  }
}

@inline
function sumFewOf(r: i32, to: usize, from: usize, mask: v128): void {
  const c0 = v128.load(from), c1 = v128.load(from, 16);
  let d = c0, e = f32x4.add(mask, c1);
  if (r == 1) {
    const c2 = v128.load(from, 32);
    d = f32x4.add(d, f32x4.add(next(c0, c1), second(c0, c1)));
    e = f32x4.add(e, f32x4.add(next(c1, c2), second(c1, c2)));
  } else if (r == 2) {
    const c2 = v128.load(from, 32);
    const s1 = addNext(c1, c2);
    d = f32x4.add(addSecond(addNext(c0, c1), s1), c1);
    e = f32x4.add(f32x4.add(addSecond(s1, addNext(c2, c2)), c2), mask);
  }
  v128.store(to, d);
  v128.store(to, e, 16);
}

/** Distances of 8 columns of both images; `mask` points at what is added to the last four. */
export function sumColumnsOf8(r: i32, from: usize, mask: usize, left: i32): void {
  const added = v128.load(mask);
  if (r == 0) sumFew(0, from, added, left);
  else if (r == 1) sumFew(1, from, added, left);
  else if (r == 2) sumFew(2, from, added, left);
  else {
    const k = 2 * r + 1, eights = k >> 3, rest = k & 7;
    if (rest == 1) sumEight(1, eights, from, added, left);
    else if (rest == 3) sumEight(3, eights, from, added, left);
    else if (rest == 5) sumEight(5, eights, from, added, left);
    else sumEight(7, eights, from, added, left);
  }
}

/** Distances of 4 columns of both images; `mask` points at what is added. */
export function sumColumnsOf4(r: i32, from: usize, mask: usize, left: i32): void {
  const row = <usize>planeRow, bytes = <usize>r << 3, other = columnsBytes;
  const added = v128.load(mask);
  const end = distances + (<usize>left << 6);
  for (let to = distances; to < end; to += 64) {
    let d = f32x4.add(added, v128.load(from)), e = f32x4.add(added, v128.load(from + other));
    for (let at = from; at < from + bytes; at += 8) {
      d = f32x4.add(d, f32x4.add(v128.load(at, 4), v128.load(at, 8)));
      e = f32x4.add(e, f32x4.add(v128.load(at + other, 4), v128.load(at + other, 8)));
    }
    v128.store(to, d);
    v128.store(to, e, 32);
    from += row;
  }
}
