/**
 * C_k(q): sums of E over k rows, of both images. By prefix and suffix sums of blocks of k rows (van Herk),
 * three additions whatever k is; or grown from a smaller scale by its two outer rows. Nothing is
 * subtracted, so that errors stay relative.
 */
import {
  columns, columnsBytes, E, planeRow, R, rule, stripBytes, suffix, W, WRAPPED,
} from "./layout.as";
import { insideX, left, radius, right, sumsBottom, sumsTop } from "./window.as";

/** Column sums of the window's scale. */
export function sumColumns(): void {
  const r = radius, rows = sumsBottom - sumsTop;
  let first = E + (<usize>(sumsTop - r + R) << 6);
  let out = columns + <usize>(sumsTop * planeRow + ((left + R) << 2));
  for (let x = left; x < right; x += 8) {
    if (r == 0) copyRows(first, out, rows);
    else if (r == 1) sumThree(first, out, rows);
    else if (r == 2) {
      sumFive(first, out, rows);
      sumFive(first + 32, out + columnsBytes, rows);
    } else sumBlocks(first, out, 2 * r + 1, rows);
    first += stripBytes;
    out += 32;
  }
  if (!insideX) surroundColumns();
}

/** Column sums of radius `before` grow to those of the window's scale. */
export function growColumns(before: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  const rows = <usize>(sumsBottom - sumsTop) << 6;
  let e = E + (<usize>(sumsTop + R) << 6);
  let out = columns + <usize>(sumsTop * planeRow + ((left + R) << 2));
  for (let x = left; x < right; x += 8) {
    for (let j = before + 1; j <= radius; j++) {
      let above = e - (<usize>j << 6), below = e + (<usize>j << 6), to = out;
      const end = above + rows;
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
  if (!insideX) surroundColumns();
}

@inline
function addBoth(to: usize, above: usize, below: usize): void {
  v128.store(to, f32x4.add(v128.load(to), f32x4.add(v128.load(above), v128.load(below))));
}

/** Columns left and right where windows may leave the image: wrapped around, or zeros. */
function surroundColumns(): void {
  surroundColumnsOf(columns);
  surroundColumnsOf(columns + columnsBytes);
}

@inline
function surroundColumnsOf(plane: usize): void {
  const bytes = <usize>radius << 2, all = <usize>W << 2;
  const yEnd = sumsBottom;
  for (let y = sumsTop; y < yEnd; y++) {
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

function copyRows(from: usize, to: usize, rows: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  for (; rows > 0; rows--) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to + other, v128.load(from, 32));
    v128.store(to + other, v128.load(from, 48), 16);
    from += 64;
    to += row;
  }
}

/** Sums of 3 consecutive rows of a strip, of both images, for `rows` outputs. */
@inline
function sumThree(from: usize, to: usize, rows: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  let r0 = v128.load(from), r1 = v128.load(from, 64);
  let s0 = v128.load(from, 16), s1 = v128.load(from, 80);
  let t0 = v128.load(from, 32), t1 = v128.load(from, 96);
  let u0 = v128.load(from, 48), u1 = v128.load(from, 112);
  for (; rows > 0; rows--) {
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
function sumFive(from: usize, to: usize, rows: i32): void {
  const row = <usize>planeRow;
  let r3 = v128.load(from, 192), s3 = v128.load(from, 208);
  let p1 = f32x4.add(v128.load(from), v128.load(from, 64));
  let p2 = f32x4.add(v128.load(from, 64), v128.load(from, 128));
  let p3 = f32x4.add(v128.load(from, 128), r3);
  let q1 = f32x4.add(v128.load(from, 16), v128.load(from, 80));
  let q2 = f32x4.add(v128.load(from, 80), v128.load(from, 144));
  let q3 = f32x4.add(v128.load(from, 144), s3);
  for (; rows > 0; rows--) {
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
 * Sums of k consecutive rows of a strip, of both images, for `rows` outputs: a window is the suffix of
 * one block of k rows and the prefix of the next, so an output takes three additions.
 */
@inline
function sumBlocks(from: usize, to: usize, k: i32, rows: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  const block = <usize>k << 6;
  while (rows > 0) {
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
    const end = next + (<usize>(min(k, rows) - 1) << 6);
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
    rows -= k;
    from = next;
  }
}
