/**
 * D_k(q): sums of column sums over k columns, of 4 or 8 neighboring q of both images, row after row of the
 * window's centers. They lie in `distances`: 8 of the first image and 8 of the second to a row.
 */
import { columnsBytes, distances, ends, planeRow } from "./layout.as";
import { radius } from "./window.as";

/**
 * Distances of 8 columns of both images in `rows` rows: column sums of the first window begin at `from`,
 * `beyond` of the last four columns are past the end.
 */
export function sumEight(from: usize, beyond: i32, rows: i32): void {
  const mask = v128.load(ends + (<usize>beyond << 2)), r = radius;
  if (r == 0) sumFew(0, from, mask, rows);
  else if (r == 1) sumFew(1, from, mask, rows);
  else if (r == 2) sumFew(2, from, mask, rows);
  else {
    const k = 2 * r + 1, eights = k >> 3, rest = k & 7;
    if (rest == 1) sumMany(1, eights, from, mask, rows);
    else if (rest == 3) sumMany(3, eights, from, mask, rows);
    else if (rest == 5) sumMany(5, eights, from, mask, rows);
    else sumMany(7, eights, from, mask, rows);
  }
}

/** Distances of 4 columns, likewise. */
export function sumFour(from: usize, beyond: i32, rows: i32): void {
  const row = <usize>planeRow, bytes = <usize>radius << 3, other = columnsBytes;
  const mask = v128.load(ends + (<usize>beyond << 2));
  const end = distances + (<usize>rows << 6);
  for (let to = distances; to < end; to += 64) {
    let d = f32x4.add(mask, v128.load(from)), e = f32x4.add(mask, v128.load(from + other));
    for (let at = from; at < from + bytes; at += 8) {
      d = f32x4.add(d, f32x4.add(v128.load(at, 4), v128.load(at, 8)));
      e = f32x4.add(e, f32x4.add(v128.load(at + other, 4), v128.load(at + other, 8)));
    }
    v128.store(to, d);
    v128.store(to, e, 32);
    from += row;
  }
}

/**
 * Sums k = 8 m + rest columns for 8 windows in each of `rows` rows; `mask` is added to the last four. Sums
 * of 2, 4 and 8 columns are built from each other: at vector i of four columns
 *   S2 = c + c one further, S4 = S2 + S2 two further, S8(i) = S4(i) + S4(i + 1).
 */
@inline
function sumMany(rest: i32, m: i32, from: usize, mask: v128, rows: i32): void {
  const row = <usize>planeRow, eights = <usize>m << 5, other = columnsBytes;
  const end = distances + (<usize>rows << 6);
  for (let to = distances; to < end; to += 64) {
    sumManyOf(rest, eights, to, from, mask);
    sumManyOf(rest, eights, to + 32, from + other, mask);
    from += row;
  }
}

@inline
function sumManyOf(rest: i32, eights: usize, to: usize, at: usize, mask: v128): void {
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

/** The same for k = 2 r + 1 up to 5, where sums one by one take fewer steps. */
@inline
function sumFew(r: i32, from: usize, mask: v128, rows: i32): void {
  const row = <usize>planeRow, other = columnsBytes;
  const end = distances + (<usize>rows << 6);
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
