/** Weights of posteriors, added up over what each of them answers, which is what it compares. */
import { sumLine } from "./distances.as";
import {
  C, H, images, LINE, LISTS, means, members, ofPixels, perPosterior, pivot, rows, size, spread, starts, trios, V, W,
} from "./memory.as";

/** From `perPosterior` to `spread`. */
export function spreadWeights(): void {
  if (size > 0) spreadBoxes();
  else spreadSets();
}

function spreadBoxes(): void {
  const down = H - size + 1, across = W - size + 1;
  let to = rows;
  for (let v = 0; v < down; v++) {
    for (let x = 0; x < W; x++, to += LINE) {
      const first = max(0, x - size + 1), last = min(across - 1, x);
      sumLine(perPosterior + <usize>(v * across + first) * LINE, LINE, last - first + 1, to);
    }
  }
  to = spread;
  for (let y = 0; y < H; y++) {
    const first = max(0, y - size + 1), last = min(down - 1, y);
    for (let x = 0; x < W; x++, to += LINE) {
      sumLine(rows + <usize>(first * W + x) * LINE, <usize>W * LINE, last - first + 1, to);
    }
  }
}

function spreadSets(): void {
  memory.fill(spread, 0, <usize>V * LINE);
  for (let list = 0; list < LISTS * trios; list++) {
    const first = perPosterior + <usize>(list / LISTS * 3) * LINE, mask = list % LISTS + 1;
    let w0 = f32x4.splat(0), w1 = w0, w2 = w0, w3 = w0;
    for (let b = 0; b < 3; b++) {
      if ((mask & (1 << b)) == 0) continue;
      const from = first + <usize>b * LINE;
      w0 = f32x4.add(w0, v128.load(from));
      w1 = f32x4.add(w1, v128.load(from, 16));
      w2 = f32x4.add(w2, v128.load(from, 32));
      w3 = f32x4.add(w3, v128.load(from, 48));
    }
    if (!v128.any_true(v128.or(v128.or(w0, w1), v128.or(w2, w3)))) continue;
    const bounds = starts + (<usize>list << 2);
    const end = members + (<usize>load<u32>(bounds, 4) << 2);
    for (let at = members + (<usize>load<u32>(bounds) << 2); at < end; at += 4) {
      const to = spread + <usize>load<u32>(at);
      v128.store(to, f32x4.add(v128.load(to), w0));
      v128.store(to, f32x4.add(v128.load(to, 16), w1), 16);
      v128.store(to, f32x4.add(v128.load(to, 32), w2), 32);
      v128.store(to, f32x4.add(v128.load(to, 48), w3), 48);
    }
  }
}

/** Sum of the lanes. */
@inline
export function total(a: v128): f64 {
  return (<f64>f32x4.extract_lane(a, 0) + <f64>f32x4.extract_lane(a, 1)) +
    (<f64>f32x4.extract_lane(a, 2) + <f64>f32x4.extract_lane(a, 3));
}

/** Adds weights times images less the pivot, coordinate i. */
@inline
export function addMean(i: i32, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const y = images + <usize>i * LINE, z = v128.load32_splat(pivot + (<usize>i << 2));
  const sum = f32x4.add(
    f32x4.add(
      f32x4.mul(w0, f32x4.sub(v128.load(y), z)), f32x4.mul(w1, f32x4.sub(v128.load(y, 16), z))),
    f32x4.add(
      f32x4.mul(w2, f32x4.sub(v128.load(y, 32), z)), f32x4.mul(w3, f32x4.sub(v128.load(y, 48), z))));
  const to = means + (<usize>i << 3);
  store<f64>(to, load<f64>(to) + total(sum));
}

/** Adds what `spread` weighs. */
export function addMeans(): void {
  const channels = ofPixels ? C : 1;
  let from = spread;
  for (let i = 0; i < V * channels; from += LINE) {
    const w0 = v128.load(from), w1 = v128.load(from, 16), w2 = v128.load(from, 32), w3 = v128.load(from, 48);
    for (let c = 0; c < channels; c++, i++) addMean(i, w0, w1, w2, w3);
  }
}
