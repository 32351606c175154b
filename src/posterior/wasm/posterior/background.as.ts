/** Patches of pure background: found, counted, and added once with their number. */
import { bitsPerUnit64, cutoffBits, LIMIT, power } from "./arithmetic.as";
import {
  accs, B, background, backgroundValue, BORDER, C, cellPlane, cellRow, counts, doublePlane,
  exactQueries, FAR, H, image, imageBytes, imagePlane, imageRow, INTERIOR, minusPivotDistances, origins,
  radii, references, rule, S, sums, W, weighted,
} from "./layout.as";

/** Is the pair boxed; has the background been measured; are there counts not added yet? */
export let boxed: bool, measured: bool, counted: bool;
export let boxTop: i32, boxBottom: i32, boxLeft: i32, boxRight: i32;

/** Measures the background anew, since its distance depends on the queries. */
export function forgetBackground(): void {
  measured = false;
}

export function clearCounts(): void {
  memory.fill(counts, 0, (<usize>S * H * W) << 2);
  counted = false;
}

/**
 * Finds the box outside which the images of the pair have the value of their corners. Patches that do
 * not touch it are all the same patch: `window` leaves out those inside the image that are further than
 * r from the box, and they are counted here, to be added once (`addBackground`). Windows with weights reach
 * further and beyond the image: few of them would be left out.
 */
export function countBackground(images: i32): void {
  boxed = !weighted && (rule == INTERIOR || rule == BORDER) && findBox(images);
  if (!boxed) return;
  if (!measured || !hasMeasuredValue()) {
    if (counted) addBackground();
    for (let c = 0; c < C; c++) {
      store<f32>(backgroundValue + (<usize>c << 2), load<f32>(image + <usize>c * imagePlane));
    }
    measureBackground();
  }
  counted = true;
  for (let s = 0; s < S; s++) countAtScale(s, images);
}

/** Finds the box; false where little would be saved, nor the measuring of the background then. */
function findBox(images: i32): bool {
  boxTop = H; boxBottom = 0; boxLeft = W; boxRight = 0;
  for (let c = 0; c < C; c++) {
    const value = load<f32>(image + <usize>c * imagePlane);
    for (let i = 0; i < images; i++) {
      growBox(image + <usize>i * imageBytes + <usize>c * imagePlane, value);
    }
  }
  if (boxBottom == 0) boxTop = boxLeft = 0;
  const r = load<i32>(radii);
  const visited = (min(H, boxBottom + r) - max(0, boxTop - r)) *
    (min(W, boxRight + r) - max(0, boxLeft - r));
  return visited * 10 < H * W * 9;
}

/** Is the background of the image at hand the one that was measured? */
function hasMeasuredValue(): bool {
  for (let c = 0; c < C; c++) {
    const value = load<f32>(image + <usize>c * imagePlane);
    if (load<f32>(backgroundValue + (<usize>c << 2)) != value) return false;
  }
  return true;
}

/**
 * Adds to the counts of scale s. With the rule INTERIOR a pixel matches all background patches. With BORDER
 * only a pixel at least r from every border does, and the shifts along its own row and column leave out
 * nothing.
 */
function countAtScale(s: i32, images: i32): void {
  const r = load<i32>(radii + (<usize>s << 2));
  const top = max(r, boxTop - r), bottom = min(H - r, boxBottom + r);
  const left = max(r, boxLeft - r), right = min(W - r, boxRight + r);
  const rows = max(0, bottom - top), columns = max(0, right - left);
  const allRows = H - 2 * r, allColumns = W - 2 * r;
  const all = allRows * allColumns - rows * columns;
  const edge = rule == BORDER ? r : 0;
  for (let v = edge; v < H - edge; v++) {
    const inRows = v >= top && v < bottom;
    for (let u = edge; u < W - edge; u++) {
      let count = all;
      if (rule == BORDER) {
        const inColumns = u >= left && u < right;
        count -= inRows ? allColumns - columns : allColumns;
        count -= inColumns ? allRows - rows : allRows;
        count += inRows && inColumns ? 0 : 1;
      }
      const at = counts + (<usize>((s * H + v) * W + u) << 2);
      store<i32>(at, load<i32>(at) + images * count);
    }
  }
}

/** Lets the box take in the pixels of a plane that have another value. */
function growBox(plane: usize, value: f32): void {
  for (let y = 0; y < H; y++) {
    const row = plane + <usize>(y * imageRow);
    for (let x = 0; x < W; x++) {
      if (load<f32>(row + (<usize>x << 2)) == value) continue;
      boxTop = min(boxTop, y);
      boxBottom = max(boxBottom, y + 1);
      boxLeft = min(boxLeft, x);
      boxRight = max(boxRight, x + 1);
    }
  }
}

/** D between every patch of every query and the patch of the background's value. */
function measureBackground(): void {
  measured = true;
  for (let bs = 0; bs < B * S; bs++) {
    const r = load<i32>(radii + (<usize>(bs % S) << 2));
    for (let v = 0; v < H; v++) {
      for (let u = 0; u < W; u++) {
        const at = background + <usize>bs * doublePlane + (<usize>(v * W + u) << 3);
        store<f64>(at, backgroundDistance(bs / S, r, v, u));
      }
    }
  }
}

/** D of the window of radius r around (v, u) of query b, relative to the pivot, in float64. */
function backgroundDistance(b: i32, r: i32, v: i32, u: i32): f64 {
  let sum: f64 = 0;
  for (let dy = -r; dy <= r; dy++) {
    const y = (v + dy + H) % H;
    for (let dx = -r; dx <= r; dx++) {
      const x = (u + dx + W) % W;
      sum += <f64>load<f32>(
        minusPivotDistances + <usize>b * cellPlane + <usize>(y * cellRow + (x << 2)),
      );
      for (let c = 0; c < C; c++) {
        const value = <f64>load<f32>(backgroundValue + (<usize>c << 2));
        const difference = load<f64>(
          exactQueries + <usize>(b * C + c) * doublePlane + (<usize>(y * W + x) << 3),
        ) - value;
        sum += difference * difference;
      }
    }
  }
  return sum;
}

/** Adds the background patches counted so far, relative to the references; counting begins anew. */
export function addBackground(): void {
  counted = false;
  for (let bs = 0; bs < B * S; bs++) {
    for (let p = 0; p < H * W; p++) {
      const count = load<i32>(counts + (<usize>(bs % S * H * W + p) << 2));
      if (count > 0) addPatches(bs, p, count);
    }
  }
  memory.fill(counts, 0, (<usize>S * H * W) << 2);
}

/** Adds `count` patches of background to pixel p of a (query, scale). */
function addPatches(bs: i32, p: i32, count: i32): void {
  const cell = <usize>(bs * H * W + p);
  const distance = load<f64>(background + (cell << 3));
  const reference = load<f32>(references + (cell << 2));
  let t = (<f64>reference - distance) * bitsPerUnit64;
  if (t < -<f64>LIMIT) return;
  if (t > <f64>LIMIT) {
    const next = <f32>(distance + cutoffBits / bitsPerUnit64);
    moveReference(bs, p, next, reference >= FAR ? 0 : power(next, reference));
    t = (<f64>next - distance) * bitsPerUnit64;
  }
  const weight = <f64>count * Math.pow(2, t);
  store<f64>(sums + (cell << 3), load<f64>(sums + (cell << 3)) + weight);
  for (let c = 0; c < C; c++) {
    const acc = accs + (<usize>((bs * C + c) * H * W + p) << 3);
    const origin = origins + <usize>(bs / S * C + c) * cellPlane +
      <usize>(p / W * cellRow + (p % W << 2));
    const value = <f64>load<f32>(backgroundValue + (<usize>c << 2)) - <f64>load<f32>(origin);
    store<f64>(acc, load<f64>(acc) + weight * value);
  }
}

/** Makes the float64 sums of a pixel relative to another reference, by the factor `keep`. */
function moveReference(bs: i32, p: i32, reference: f32, keep: f64): void {
  const cell = <usize>(bs * H * W + p);
  store<f32>(references + (cell << 2), reference);
  store<f64>(sums + (cell << 3), load<f64>(sums + (cell << 3)) * keep);
  for (let c = 0; c < C; c++) {
    const acc = accs + (<usize>((bs * C + c) * H * W + p) << 3);
    store<f64>(acc, load<f64>(acc) * keep);
  }
}
