/**
 * The plane of one shift, E(q) = e(q - shift, q), for both images of the pair. E is kept in strips of 8
 * columns: strip i holds columns left + 8 i .. left + 8 i + 7, row after row, 8 values of the first image
 * and 8 of the second, with R rows above and below.
 */
import { fma, four, setFour } from "./arithmetic.as";
import {
  C, cellPlane, cellRow, E, H, image, imageBytes, imagePlane, imageRow, minusPivotDistances, queries, R,
  rule, stripBytes, W, WRAPPED,
} from "./layout.as";
import { bottom, insideY, left, query, right, shiftX, shiftY, top } from "./window.as";

/** E of the window's extent. */
export function fillDifferences(): void {
  if (C == 1) fillC1();
  else if (C == 3) fillC3();
  else fillAny();
  if (!insideY) surroundStrips();
}

// One function for each number of channels, so that the compiler keeps their loops apart.
function fillC1(): void { fill(1); }
function fillC3(): void { fill(3); }
function fillAny(): void { fill(0); }

/** E for 1 or 3 channels, or 0: any number. Rows of p wrap around once at most. */
@inline
function fill(channels: i32): void {
  const column = <usize>(left - shiftX + W) << 2;
  const u = queries + <usize>(query * C) * cellPlane + column;
  const g = minusPivotDistances + <usize>query * cellPlane + column;
  const y = image + (<usize>left << 2);
  const e = E + (<usize>R << 6);
  const seam = top < shiftY && shiftY < bottom ? shiftY : bottom;
  const v = <usize>((top < shiftY ? top - shiftY + H : top - shiftY) * cellRow);
  const above = <usize>top << 6, aboveY = <usize>(top * imageRow);
  fillStrips(channels, e + above, u + v, g + v, y + aboveY, seam - top);
  if (seam < bottom) {
    const below = <usize>seam << 6, belowY = <usize>(seam * imageRow);
    fillStrips(channels, e + below, u, g, y + belowY, bottom - seam);
  }
}

/** So many rows of all strips, the first of which begins at `e`. */
@inline
function fillStrips(channels: i32, e: usize, u: usize, g: usize, y: usize, rows: i32): void {
  const strip = stripBytes;
  for (let columns = right - left; columns > 0; columns -= 8) {
    if (columns > 4) fillRows(channels, true, e, u, g, y, rows);
    else fillRows(channels, false, e, u, g, y, rows);
    e += strip;
    u += 32;
    g += 32;
    y += 32;
  }
}

@inline
function fillRows(
  channels: i32, eight: bool, e: usize, u: usize, g: usize, y: usize, rows: i32,
): void {
  const imageStep = <usize>imageRow, cellStep = <usize>cellRow;
  let y2 = y + imageBytes;
  for (const end = e + (<usize>rows << 6); e < end; e += 64) {
    fillFour(channels, false, e, u, g, y, y2, cellPlane, imagePlane);
    if (eight) fillFour(channels, true, e, u, g, y, y2, cellPlane, imagePlane);
    u += cellStep;
    g += cellStep;
    y += imageStep;
    y2 += imageStep;
  }
}

/**
 * E of four pixels of both images, the first or the second four of a row of the strip; planes of channels of the
 * query and of the images are `uPlane` and `yPlane` apart.
 */
@inline
export function fillFour(
  channels: i32, second: bool, e: usize, u: usize, g: usize, y: usize, y2: usize, uPlane: usize, yPlane: usize,
): void {
  const shared = four(second, g);
  let uc = four(second, u);
  let one = addSquare(uc, four(second, y), shared), two = addSquare(uc, four(second, y2), shared);
  if (channels == 3) {
    uc = four(second, u + uPlane);
    one = addSquare(uc, four(second, y + yPlane), one);
    two = addSquare(uc, four(second, y2 + yPlane), two);
    uc = four(second, u + 2 * uPlane);
    one = addSquare(uc, four(second, y + 2 * yPlane), one);
    two = addSquare(uc, four(second, y2 + 2 * yPlane), two);
  } else if (channels != 1) {
    for (let c = 1; c < C; c++) {
      u += uPlane;
      y += yPlane;
      y2 += yPlane;
      uc = four(second, u);
      one = addSquare(uc, four(second, y), one);
      two = addSquare(uc, four(second, y2), two);
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

/** Rows above and below strips where windows may leave the image: wrapped around, or zeros. */
function surroundStrips(): void {
  const bytes = <usize>R << 6, all = <usize>H << 6;
  const end = E + <usize>((right - left + 7) >> 3) * stripBytes;
  for (let above = E; above < end; above += stripBytes) {
    const below = above + bytes + all;
    if (rule == WRAPPED) {
      memory.copy(above, above + all, bytes);
      memory.copy(below, above + bytes, bytes);
    } else {
      memory.fill(above, 0, bytes);
      memory.fill(below, 0, bytes);
    }
  }
}
