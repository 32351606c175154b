/** What Winograd's algorithm makes of tiles of images, and images of tiles; see `winograd`. */
import { loadSome, storeSome } from "./lanes.as";
import {
  output0, output1, output2, output3, storeGradients, storeInputs,
} from "./winograd_points.as";

/** Bytes of a tile of 6 x 6 vectors. */
export const TILE: usize = 36 * 16;

/** 6 x 6 values of B^T d B, `step` bytes from each other, of four channels; d is at `from`. */
function transformTile(
  from: usize, line: usize, pixel: usize, scratch: usize, to: usize, step: usize,
): void {
  for (const end = from + 6 * pixel; from < end; from += pixel, scratch += 16) {
    const p2 = from + 2 * line, p4 = p2 + 2 * line;
    storeInputs(scratch, 96,
      v128.load(from), v128.load(from + line), v128.load(p2), v128.load(p2 + line),
      v128.load(p4), v128.load(p4 + line));
  }
  scratch -= 96;
  for (const end = scratch + TILE; scratch < end; scratch += 96, to += 6 * step) {
    storeInputs(to, step,
      v128.load(scratch), v128.load(scratch, 16), v128.load(scratch, 32), v128.load(scratch, 48),
      v128.load(scratch, 64), v128.load(scratch, 80));
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

/** The same of four tiles, packed: planes [C][4]. `scratch` holds five tiles. */
export function transformFour(
  a: usize, b: usize, c: usize, d: usize, line: usize, C: i32,
  scratch: usize, to: usize, plane: usize,
): void {
  const pixel = <usize>C << 2, staged = scratch + TILE;
  for (let at: usize = 0; at < pixel; at += 16, to += 64) {
    transformTile(a + at, line, pixel, scratch, staged, 16);
    transformTile(b + at, line, pixel, scratch, staged + TILE, 16);
    transformTile(c + at, line, pixel, scratch, staged + 2 * TILE, 16);
    transformTile(d + at, line, pixel, scratch, staged + 3 * TILE, 16);
    let q = to;
    for (let p = staged; p < staged + TILE; p += 16, q += plane) {
      const ra = v128.load(p), rb = v128.load(p, TILE);
      const rc = v128.load(p, 2 * TILE), rd = v128.load(p, 3 * TILE);
      const ab = v128.shuffle<f32>(ra, rb, 0, 4, 1, 5), cd = v128.shuffle<f32>(rc, rd, 0, 4, 1, 5);
      v128.store(q, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(q, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
      const ef = v128.shuffle<f32>(ra, rb, 2, 6, 3, 7), gh = v128.shuffle<f32>(rc, rd, 2, 6, 3, 7);
      v128.store(q, v128.shuffle<f32>(ef, gh, 0, 1, 4, 5), 32);
      v128.store(q, v128.shuffle<f32>(ef, gh, 2, 3, 6, 7), 48);
    }
  }
}

/** planes [C] <- A dy A^T of a tile of 4 x 4 gradients, of which `from` is the first. */
export function transformGradients(
  from: usize, line: usize, C: i32, scratch: usize, to: usize, plane: usize,
): void {
  const pixel = <usize>C << 2;
  for (const end = from + pixel; from < end; from += 16, to += 16) {
    let at = scratch;
    for (let p = from; p < from + 4 * pixel; p += pixel, at += 16) {
      const below = p + 2 * line;
      storeGradients(at, 64,
        v128.load(p), v128.load(p + line), v128.load(below), v128.load(below + line));
    }
    let q = to;
    for (at = scratch; at < scratch + 6 * 64; at += 64, q += 6 * plane) {
      storeGradients(q, plane,
        v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
    }
  }
}

/** Pixels of an image as far as a tile covers it. */
@inline
function inside(start: i32, size: i32): i32 { return min(4, size - start); }

/**
 * act(A^T m A + bias) of a tile in planes [C], to the image `out` [H][W][C] whose pixel (y, x) is the tile's
 * first; `bias` is 0 or has whole vectors.
 */
export function transformOutputs(
  from: usize, plane: usize, bias: usize, out: usize, scratch: usize,
  y: i32, x: i32, H: i32, W: i32, C: i32, relu: bool,
): void {
  const pixel = <usize>C << 2, line = <usize>W * pixel;
  const least = f32x4.splat(relu ? 0 : -Infinity);
  const rows = inside(y, H), columns = inside(x, W);
  out += <usize>y * line + <usize>x * pixel;
  for (let c = 0; c < C; c += 4, from += 16, out += 16) {
    let p = from, at = scratch;
    for (; at < scratch + 96; at += 16, p += plane) {
      const row = 6 * plane;
      let q = p + row;
      const m1 = v128.load(q), m2 = v128.load(q + row);
      q += 2 * row;
      const m3 = v128.load(q), m4 = v128.load(q + row);
      const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
      const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
      v128.store(at, output0(v128.load(p), sumA, sumB));
      v128.store(at, output1(differenceA, differenceB), 96);
      v128.store(at, output2(sumA, sumB), 192);
      v128.store(at, output3(differenceA, differenceB, v128.load(q + 2 * row)), 288);
    }
    const b = bias ? v128.load(bias + (<usize>c << 2)) : f32x4.splat(0);
    let to = out;
    at = scratch;
    for (let i = 0; i < rows; i++, at += 96, to += line) {
      const m1 = v128.load(at, 16), m2 = v128.load(at, 32);
      const m3 = v128.load(at, 48), m4 = v128.load(at, 64);
      const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
      const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
      const y0 = f32x4.max(f32x4.add(output0(v128.load(at), sumA, sumB), b), least);
      const y1 = f32x4.max(f32x4.add(output1(differenceA, differenceB), b), least);
      const y2 = f32x4.max(f32x4.add(output2(sumA, sumB), b), least);
      const y3 = f32x4.max(
        f32x4.add(output3(differenceA, differenceB, v128.load(at, 80)), b), least);
      const left = C - c;
      storeSome(to, y0, left);
      if (columns > 1) storeSome(to + pixel, y1, left);
      if (columns > 2) storeSome(to + 2 * pixel, y2, left);
      if (columns > 3) storeSome(to + 3 * pixel, y3, left);
    }
  }
}

/** to [count][padded] <- from [count][C] + shift, or from where gate > 0; 0 for no shift or gate. */
function copyPixels(
  from: usize, shift: usize, gate: usize, to: usize, count: i32, C: i32, padded: i32,
): void {
  if (!shift && !gate && C == padded) {
    memory.copy(to, from, <usize>(count * C) << 2);
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
      if (gate) v = v128.and(v, f32x4.gt(loadSome(gate + at, left), zero));
      v128.store(to, v);
    }
  }
}

/**
 * strip [6][across * 4 + 2][padded] <- what the tiles in rows y .. y + 3 of an image [H][W][C] see of it:
 * a border of a pixel, zeros or wrapped around, and zeros beyond.
 */
export function gather(
  image: usize, shift: usize, gate: usize, strip: usize,
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
    copyPixels(image + offset, shift, gate && gate + offset, first, W, C, padded);
    memory.fill(after, 0, strip + stripRow - after);
    if (circular) {
      memory.copy(strip, after - pixel, pixel);
      memory.copy(after, first, pixel);
    } else memory.fill(strip, 0, pixel);
  }
}
