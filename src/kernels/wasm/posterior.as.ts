/**
 * The patch posterior on the CPU: AssemblyScript, SIMD, one query after another against one training
 * image at a time. docs/kernels.md explains the idea; the names below are those of that page.
 *
 * Units. With x = signal * y + sigma * eps all distances are taken after division by signal:
 *   D(p, q) = sum over the window of (x / signal - y)^2, logit = -D * signal^2 / (2 sigma^2).
 * Only differences of logits matter, so each square is taken relative to a pivot z close to the clean
 * image: e = (x/signal - y)^2 - (x/signal - z)^2 = (z - y) * (m - y), m = 2 x/signal - z. It is computed
 * as this product (no square is expanded). The terms that all candidates share, which are the bulk
 * of D, never enter the sums, and float32 keeps its digits for what tells candidates apart.
 *
 * Planes. For one shift s = q - p, E(q) = e(q - s, q) for all q. Then
 *   R_k(q) = sum of E over k columns, grown from scale to scale by its two outer columns;
 *   D_k(q) = sum of R_k over k rows, by prefix and suffix sums of blocks of k rows (van Herk):
 *   three additions whatever k is, and no subtraction, so that errors stay relative.
 *
 * State of (query, scale, pixel), float32, relative to a threshold distance `thr`:
 *   sum += w, acc += w * (y - z), w = 2^((thr - D) * bitsPerUnit).
 * A candidate with D >= thr weighs less than 2^-window of what has been summed already: skipped.
 * Every few images the float32 sums move to float64 and thr follows the growing sum.
 *
 * State cells, z and m have a row of 2 W: position p and its copy p + W, so that four lanes that are
 * neighbours in q are neighbours in p although p wraps around.
 */

const WHOLE = 0, SHIFTS = 1, SAME = 2, INTERIOR = 3, WRAPPED = 4, BORDER = 5;
/** Above every distance; sums of a few hundred stay finite. */
const FAR: f32 = 1e30;
/** Weights stay within 2^-LIMIT .. 2^LIMIT, sums of thousands of them within float32. */
const LIMIT: f32 = 100;
/** Float32 sums move to float64 after about this many candidates per pixel. */
const FLUSH_AFTER = 4096;

let rule: i32, H: i32, W: i32, C: i32, B: i32, S: i32, R: i32;
let bitsPerUnit: f32, windowBits: f64, exactFrom: f32;

/** Row strides in bytes: planes E and R; state cells, z and m; the training image. */
let planeRow: i32, cellRow: i32, imageRow: i32;
let cellPlane: usize, imagePlane: usize, doublePlane: usize;

let top: usize;
let radii: usize, raw: usize, image: usize, E: usize, rows: usize, triples: usize, suffix: usize;
let pivots: usize, mirrors: usize, exactMirrors: usize, states: usize;
let calms: usize, references: usize, sums: usize, accs: usize, logits: usize;
let unflushed: i32, nextFlush: i32;
/** Number of background patches per scale and pixel, their distance, and the value that they have. */
let counts: usize, background: usize, backgroundValue: usize;
let boxed: bool, measured: bool, counted: bool;
let boxTop: i32, boxBottom: i32, boxLeft: i32, boxRight: i32;

function take(bytes: usize): usize {
  const at = top;
  top = (top + bytes + 15) & ~15;
  return at;
}

/** Lays out memory for a job and clears the state. */
export function configure(
  rule_: i32, H_: i32, W_: i32, C_: i32, B_: i32, S_: i32, R_: i32,
): void {
  rule = rule_; H = H_; W = W_; C = C_; B = B_; S = S_; R = R_;
  const slack: usize = 64;
  planeRow = (W + 2 * R + 12) << 2;
  cellRow = (2 * W + 12) << 2;
  imageRow = (W + 8) << 2;
  cellPlane = <usize>H * cellRow;
  imagePlane = <usize>H * imageRow;
  doublePlane = (<usize>H * W) << 3;
  const scaled = rule != WHOLE && rule != SHIFTS;
  top = (__heap_base + 15) & ~15;
  radii = take(<usize>S << 2);
  raw = take((<usize>H * W * C) << 2);
  image = take(C * imagePlane + slack);
  pivots = take(<usize>B * C * cellPlane + slack);
  exactMirrors = take(<usize>B * C * doublePlane);
  sums = take(<usize>B * S * doublePlane);
  accs = take(<usize>B * S * C * doublePlane);
  if (scaled) {
    const plane = <usize>(H + 2 * R + 1) * planeRow + slack;
    E = take(plane);
    rows = take(plane);
    triples = take(planeRow + 2 * slack);
    suffix = take((<usize>(2 * R + 1) << 5) + 32);
    mirrors = take(<usize>B * C * cellPlane + slack);
    counts = take((<usize>S * H * W) << 2);
    background = take(<usize>B * S * doublePlane);
    backgroundValue = take(<usize>C << 2);
    states = take(<usize>B * S * (2 + C) * cellPlane + slack);
    references = take((<usize>B * S * H * W) << 2);
    calms = take(B * S);
  } else {
    logits = take(max(<usize>B << 3, (<usize>H * W) << 3));
    references = take(<usize>B << 3);
  }
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  memory.fill(image, 0, C * imagePlane + slack);
  clear();
}

/** Forgets all candidates; the queries stay. */
export function clear(): void {
  const cells = <usize>B * S * H * W;
  memory.fill(sums, 0, cells << 3);
  memory.fill(accs, 0, (cells * C) << 3);
  unflushed = 0;
  nextFlush = 1;
  if (rule == WHOLE || rule == SHIFTS) {
    for (let b = 0; b < B; b++) store<f64>(references + (<usize>b << 3), -Infinity);
    return;
  }
  memory.fill(counts, 0, (<usize>S * H * W) << 2);
  counted = false;
  memory.fill(states, 0, <usize>B * S * (2 + C) * cellPlane);
  memory.fill(calms, 0, B * S);
  for (let i: usize = 0; i < cells; i++) store<f32>(references + (i << 2), FAR);
  for (let i = 0; i < B * S; i++) {
    const thr = states + <usize>i * (2 + C) * cellPlane;
    for (let at = thr; at < thr + cellPlane; at += 4) store<f32>(at, FAR);
  }
}

/**
 * The noise level: `bits` is signal^2 / (2 sigma^2 ln 2); weights below 2^-window of the sum are
 * skipped; distances beyond `exact` (in magnitude) are taken again in float64.
 */
export function setNoise(bits: f64, window: f64, exact: f64): void {
  bitsPerUnit = <f32>bits;
  exactBits = bits;
  windowBits = window;
  exactFrom = <f32>exact;
  loadConstants();
}
let exactBits: f64;

// Where the caller writes and reads.
export function radiiAt(): usize { return radii; }
export function imageAt(): usize { return raw; }
/** [B][C][H][W] float64: x / signal is written here, m = 2 x / signal - z stays. */
export function queriesAt(): usize { return exactMirrors; }
/** [B][S][H W] float32 distances (float64 logits [B] for whole images). */
export function referencesAt(): usize { return references; }
export function sumsAt(): usize { return sums; }
export function accsAt(): usize { return accs; }

/** Takes the pivot [C][H][W] float32 at `imageAt()` and x / signal of query b; lays both out. */
export function prepareQuery(b: i32): void {
  measured = false;
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const at = <usize>((c * H + y) * W + x);
        const z = load<f32>(raw + (at << 2));
        const exact = exactMirrors + <usize>(b * C) * doublePlane + (at << 3);
        if (rule == WHOLE || rule == SHIFTS) continue;
        const m = 2 * load<f64>(exact) - <f64>z;
        store<f64>(exact, m);
        const row = <usize>(b * C + c) * cellPlane + <usize>(y * cellRow);
        for (let copy = x; copy < 2 * W + 12; copy += W) {
          store<f32>(pivots + row + (copy << 2), z);
          store<f32>(mirrors + row + (copy << 2), <f32>m);
        }
      }
    }
  }
}

/** Takes the references [B][S][H W] that the caller wrote as thresholds, before the first image. */
export function adoptReferences(): void {
  for (let i = 0; i < B * S; i++) {
    const thr = states + <usize>i * (2 + C) * cellPlane;
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const cell = thr + <usize>(y * cellRow + (x << 2));
        const reference = load<f32>(references + (<usize>((i * H + y) * W + x) << 2));
        store<f32>(cell, reference);
        store<f32>(cell + (<usize>W << 2), reference);
      }
    }
  }
}

// ---------------------------------------------------------------- arithmetic

/**
 * Constants of the inner loop. They are loaded before it: an engine that sees a literal builds it
 * again at each use, in several instructions.
 */
let c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128, magic: v128, limit: v128, low: v128;
let bits4: v128, exact4: v128;

function loadConstants(): void {
  // Minimax of degree 5 for 2^f on [-1/2, 1/2] with p(0) = 1: relative error below 1e-7.
  c5 = f32x4.splat(0.001326472723042024);
  c4 = f32x4.splat(0.009671513081489773);
  c3 = f32x4.splat(0.055507337472945624);
  c2 = f32x4.splat(0.24022242078466247);
  c1 = f32x4.splat(0.693146977594463);
  one = f32x4.splat(1);
  magic = f32x4.splat(12582912); // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  limit = f32x4.splat(LIMIT);
  low = f32x4.splat(-LIMIT);
  bits4 = f32x4.splat(bitsPerUnit);
  exact4 = f32x4.splat(exactFrom);
}

// @ts-ignore: decorator
@inline
function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// ---------------------------------------------------------------- softmax state

/** Exponents of four candidates of which some are far above the threshold or too coarse in float32. */
function reconsider(d: v128, tp: usize, yp: usize, k: i32, bs: i32): v128 {
  const state = states + <usize>bs * (2 + C) * cellPlane;
  let t = f32x4.splat(0);
  for (let lane = 0; lane < 4; lane++) {
    const distance = lane == 0 ? f32x4.extract_lane(d, 0) : lane == 1 ? f32x4.extract_lane(d, 1)
      : lane == 2 ? f32x4.extract_lane(d, 2) : f32x4.extract_lane(d, 3);
    const cell = tp + (<usize>lane << 2);
    let thr = load<f32>(cell);
    if ((thr - distance) * bitsPerUnit > LIMIT) {
      const next = distance + <f32>(windowBits / exactBits);
      const keep = <f32>Math.pow(2, (<f64>next - <f64>thr) * exactBits);
      for (let c = 0; c <= C; c++) {
        const at = cell + <usize>(c + 1) * cellPlane;
        store<f32>(at, load<f32>(at) * keep);
      }
      store<f32>(cell, next);
      if (!isCalm(next, next)) store<u8>(calms + bs, 0);
      thr = next;
    }
    let bits = (<f64>thr - <f64>distance) * exactBits;
    if (bits > 0 && abs(distance) > exactFrom) {
      const offset = cell - state, from = yp - image;
      bits = (<f64>thr - exactDistance(
        bs / S, k >> 1,
        <i32>(offset / cellRow), <i32>((offset % cellRow) >> 2) % W,
        <i32>(from / imageRow), <i32>((from % imageRow) >> 2) + lane,
      )) * exactBits;
    }
    const value = <f32>min(max(bits, -LIMIT), LIMIT);
    t = lane == 0 ? f32x4.replace_lane(t, 0, value) : lane == 1 ? f32x4.replace_lane(t, 1, value)
      : lane == 2 ? f32x4.replace_lane(t, 2, value) : f32x4.replace_lane(t, 3, value);
  }
  return t;
}

/** D of one candidate in float64, relative to the pivot as everywhere. */
function exactDistance(b: i32, r: i32, py: i32, px: i32, qy: i32, qx: i32): f64 {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const k = 2 * r + 1;
  let sum: f64 = 0;
  for (let dy = -r; dy <= r; dy++) {
    let y = qy + dy, v = py + dy;
    if (cyclic) {
      if (y < 0) y += H; else if (y >= H) y -= H;
      if (v < 0) v += H; else if (v >= H) v -= H;
    } else if (y < 0 || y >= H) continue;
    const alongside = qx >= r && qx + r < W && px >= r && px + r < W;
    for (let c = 0; c < C; c++) {
      const yRow = image + c * imagePlane + <usize>(y * imageRow);
      const zRow = pivots + <usize>(b * C + c) * cellPlane + <usize>(v * cellRow);
      const mRow = exactMirrors + <usize>(b * C + c) * doublePlane + (<usize>(v * W) << 3);
      if (alongside) {
        let yp = yRow + (<usize>(qx - r) << 2), zp = zRow + (<usize>(px - r) << 2);
        let mp = mRow + (<usize>(px - r) << 3);
        let part = f64x2.splat(0);
        for (let i = 1; i < k; i += 2) {
          const value = f64x2.promote_low_f32x4(v128.load64_zero(yp));
          const z = f64x2.promote_low_f32x4(v128.load64_zero(zp));
          const m = v128.load(mp);
          part = f64x2.add(part, f64x2.mul(f64x2.sub(z, value), f64x2.sub(m, value)));
          yp += 8;
          zp += 8;
          mp += 16;
        }
        const value = <f64>load<f32>(yp);
        sum += (<f64>load<f32>(zp) - value) * (load<f64>(mp) - value) +
          (f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1));
        continue;
      }
      for (let dx = -r; dx <= r; dx++) {
        let x = qx + dx, u = px + dx;
        if (cyclic) {
          if (x < 0) x += W; else if (x >= W) x -= W;
          if (u < 0) u += W; else if (u >= W) u -= W;
        } else if (x < 0 || x >= W) continue;
        const value = <f64>load<f32>(yRow + (<usize>x << 2));
        sum += (<f64>load<f32>(zRow + (<usize>u << 2)) - value) *
          (load<f64>(mRow + (<usize>u << 3)) - value);
      }
    }
  }
  return sum;
}

/** Moves float32 sums to float64 and lets thresholds follow the sums. */
export function flush(): void {
  unflushed = 0;
  if (rule == WHOLE || rule == SHIFTS) return;
  if (counted) addBackground();
  const copy = <usize>W << 2;
  const limit = Math.pow(2, windowBits + 1);
  for (let bs = 0; bs < B * S; bs++) {
    const state = states + <usize>bs * (2 + C) * cellPlane;
    let nearest: f32 = FAR, farthest: f32 = -FAR;
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const cell = state + <usize>(y * cellRow + (x << 2));
        const p = <usize>(bs * H * W + y * W + x);
        const first = load<f32>(cell), second = load<f32>(cell + copy);
        let reference = load<f32>(references + (p << 2));
        let sum = load<f64>(sums + (p << 3));
        const lowest = min(reference, min(first, second));
        if (lowest >= FAR) continue;
        let keep = power(lowest, reference);
        const one = power(lowest, first), two = power(lowest, second);
        sum = sum * keep + one * <f64>load<f32>(cell + cellPlane) +
          two * <f64>load<f32>(cell + copy + cellPlane);
        let next: f64 = 1;
        if (sum > limit) {
          reference = <f32>(<f64>lowest - (Math.log2(sum) - windowBits) / exactBits);
          next = power(reference, lowest);
        } else reference = lowest;
        store<f64>(sums + (p << 3), sum * next);
        let at = cell + cellPlane;
        store<f32>(at, 0);
        store<f32>(at + copy, 0);
        for (let c = 0; c < C; c++) {
          at += cellPlane;
          const acc = accs + (<usize>((bs * C + c) * H * W + y * W + x) << 3);
          store<f64>(acc, next * (load<f64>(acc) * keep + one * <f64>load<f32>(at) +
            two * <f64>load<f32>(at + copy)));
          store<f32>(at, 0);
          store<f32>(at + copy, 0);
        }
        nearest = min(nearest, reference);
        farthest = max(farthest, reference);
        store<f32>(references + (p << 2), reference);
        store<f32>(cell, reference);
        store<f32>(cell + copy, reference);
      }
    }
    store<u8>(calms + bs, <u8>isCalm(nearest, farthest));
  }
}

/**
 * Can a candidate below thresholds in this range be too coarse in float32 only with a weight beyond
 * LIMIT, where it is reconsidered anyway? Thresholds only fall, and when one falls it is asked again.
 */
function isCalm(nearest: f32, farthest: f32): bool {
  return farthest < exactFrom && nearest - LIMIT / bitsPerUnit > -exactFrom;
}

/** Factor that takes a sum relative to `from` to one relative to `to`. */
// @ts-ignore: decorator
@inline
function power(to: f32, from: f32): f64 {
  return to == from ? 1 : Math.pow(2, (<f64>to - <f64>from) * exactBits);
}

// ---------------------------------------------------------------- planes

/** E over q in [ya, yb) x [xa, xb) for query b and shift (sy, sx). */
function differences(b: i32, sy: i32, sx: i32, ya: i32, yb: i32, xa: i32, xb: i32): void {
  const channels = C;
  const zPlane = cellPlane, yPlane = imagePlane;
  const apart = mirrors - pivots;
  for (let y = ya; y < yb; y++) {
    let v = y - sy;
    if (v < 0) v += H;
    let e = E + <usize>((y + R) * planeRow + ((xa + R) << 2));
    const end = e + (<usize>(xb - xa) << 2);
    let z = pivots + <usize>(b * channels) * zPlane + <usize>(v * cellRow + ((xa - sx + W) << 2));
    let at = image + <usize>(y * imageRow + (xa << 2));
    if (channels == 1) {
      for (let m = z + apart; e < end; e += 32) {
        const value = v128.load(at), more = v128.load(at, 16);
        v128.store(e, f32x4.mul(f32x4.sub(v128.load(z), value), f32x4.sub(v128.load(m), value)));
        v128.store(e, f32x4.mul(
          f32x4.sub(v128.load(z, 16), more), f32x4.sub(v128.load(m, 16), more)), 16);
        at += 32;
        z += 32;
        m += 32;
      }
    } else if (channels == 3) {
      let m = z + apart;
      const z1 = zPlane, z2 = 2 * zPlane, y1 = yPlane, y2 = 2 * yPlane;
      for (; e < end; e += 16) {
        const value = v128.load(at);
        let sum = f32x4.mul(f32x4.sub(v128.load(z), value), f32x4.sub(v128.load(m), value));
        const second = v128.load(at + y1);
        sum = fma(f32x4.sub(v128.load(z + z1), second), f32x4.sub(v128.load(m + z1), second), sum);
        const third = v128.load(at + y2);
        sum = fma(f32x4.sub(v128.load(z + z2), third), f32x4.sub(v128.load(m + z2), third), sum);
        v128.store(e, sum);
        at += 16;
        z += 16;
        m += 16;
      }
    } else {
      for (; e < end; e += 16) {
        let sum = f32x4.splat(0);
        let zc = z, yc = at;
        for (let c = 0; c < channels; c++) {
          const value = v128.load(yc);
          sum = fma(f32x4.sub(v128.load(zc), value), f32x4.sub(v128.load(zc + apart), value), sum);
          zc += zPlane;
          yc += yPlane;
        }
        v128.store(e, sum);
        at += 16;
        z += 16;
      }
    }
  }
}

/** Surroundings of E where patches may leave the image: wrapped around, or zero differences. */
function surround(padY: bool, padX: bool, ya: i32, yb: i32, xa: i32, xb: i32): void {
  const wrap = rule == WRAPPED;
  const border = <usize>R << 2;
  if (padX) {
    for (let y = ya; y < yb; y++) {
      const row = E + <usize>((y + R) * planeRow);
      const right = row + border + (<usize>W << 2);
      if (wrap) {
        memory.copy(row, row + (<usize>W << 2), border);
        memory.copy(right, row + border, border);
      } else {
        memory.fill(row, 0, border);
        memory.fill(right, 0, border);
      }
    }
  }
  if (padY) {
    const bytes = <usize>(R * planeRow), below = E + <usize>((R + H) * planeRow);
    if (wrap) {
      memory.copy(E, E + <usize>(H * planeRow), bytes);
      memory.copy(below, E + bytes, bytes);
    } else {
      memory.fill(E, 0, bytes);
      memory.fill(below, 0, bytes);
    }
  }
}

/**
 * Row sums of radius r at columns [x0, x1) of rows [y0, y1): grown from radius `before`, or made from
 * E where `before` is -1. Columns from x1 on are far, so that no lane beyond the end passes.
 */
function growRows(before: i32, r: i32, y0: i32, y1: i32, x0: i32, x1: i32): void {
  const far = f32x4.splat(FAR);
  const bytes = <usize>(x1 - x0) << 2;
  for (let y = y0; y < y1; y++) {
    const offset = <usize>((y + R) * planeRow + ((x0 + R) << 2));
    let e = E + offset, out = rows + offset;
    const end = out + bytes;
    if (before == r - 1 && before >= 0) {
      const reach = <usize>r << 2;
      let left = e - reach, right = e + reach;
      for (; out < end; out += 32) {
        v128.store(out, f32x4.add(v128.load(out), f32x4.add(v128.load(left), v128.load(right))));
        v128.store(out, f32x4.add(
          v128.load(out, 16), f32x4.add(v128.load(left, 16), v128.load(right, 16))), 16);
        left += 32;
        right += 32;
      }
    } else if (before >= 0) {
      for (; out < end; out += 16) {
        let sum = f32x4.splat(0);
        for (let j = before + 1; j <= r; j++) {
          const reach = <usize>j << 2;
          sum = f32x4.add(sum, f32x4.add(v128.load(e - reach), v128.load(e + reach)));
        }
        v128.store(out, f32x4.add(v128.load(out), sum));
        e += 16;
      }
    } else if (r == 0) {
      memory.copy(out, e, bytes);
    } else if (r == 1) {
      for (e -= 4; out < end; out += 32) {
        v128.store(out, f32x4.add(f32x4.add(v128.load(e), v128.load(e, 4)), v128.load(e, 8)));
        v128.store(out, f32x4.add(
          f32x4.add(v128.load(e, 16), v128.load(e, 20)), v128.load(e, 24)), 16);
        e += 32;
      }
    } else if (r == 2) {
      for (e -= 8; out < end; out += 32) {
        const middle = v128.load(e, 16);
        v128.store(out, f32x4.add(
          f32x4.add(f32x4.add(v128.load(e), v128.load(e, 4)),
            f32x4.add(v128.load(e, 8), v128.load(e, 12))), middle));
        v128.store(out, f32x4.add(
          f32x4.add(f32x4.add(middle, v128.load(e, 20)),
            f32x4.add(v128.load(e, 24), v128.load(e, 28))), v128.load(e, 32)), 16);
        e += 32;
      }
    } else {
      // Sums of three columns first, then as many of them as fit, then single columns.
      const first = e - (<usize>r << 2);
      const k = 2 * r + 1, whole = k / 3;
      const last = bytes + (<usize>(2 * r) << 2);
      for (let i: usize = 0; i < last; i += 32) {
        const at = first + i;
        v128.store(triples + i, f32x4.add(
          f32x4.add(v128.load(at), v128.load(at, 4)), v128.load(at, 8)));
        v128.store(triples + i, f32x4.add(
          f32x4.add(v128.load(at, 16), v128.load(at, 20)), v128.load(at, 24)), 16);
      }
      let i: usize = 0;
      for (; out < end; out += 32) {
        let at = triples + i;
        let sum = v128.load(at), next = v128.load(at, 16);
        for (let j = 1; j < whole; j++) {
          at += 12;
          sum = f32x4.add(sum, v128.load(at));
          next = f32x4.add(next, v128.load(at, 16));
        }
        at = first + i + <usize>(whole * 12);
        for (let j = 3 * whole; j < k; j++) {
          sum = f32x4.add(sum, v128.load(at));
          next = f32x4.add(next, v128.load(at, 16));
          at += 4;
        }
        v128.store(out, sum);
        v128.store(out, next, 16);
        i += 32;
      }
    }
    v128.store(rows + offset + bytes, far);
    v128.store(rows + offset + bytes, far, 16);
  }
}

/** One candidate of four neighbouring pixels: distances d; cells from tp, centres from yp. */
// @ts-ignore: decorator
@inline
function weighFour(
  d: v128, tp: usize, yp: usize,
  calm: bool, channels: i32, k: i32, bs: i32, plane: usize, yPlane: usize, zOffset: usize,
  k5: v128, k4: v128, k3: v128, k2: v128, k1: v128, k0: v128, round: v128,
  highest: v128, lowest: v128, scale: v128, coarse: v128,
): void {
  const thr = v128.load(tp);
  if (v128.any_true(f32x4.lt(d, thr))) {
    let t = f32x4.mul(f32x4.sub(thr, d), scale);
    let unusual = f32x4.gt(t, highest);
    if (!calm) {
      const large = f32x4.gt(f32x4.abs(d), coarse);
      unusual = v128.or(unusual, v128.and(large, f32x4.lt(d, thr)));
    }
    if (v128.any_true(unusual)) t = reconsider(d, tp, yp, k, bs);
    // w = 2^t: the nearest integer goes to the exponent, the rest through the polynomial.
    t = f32x4.pmax(t, lowest);
    const rounded = f32x4.add(t, round);
    const f = f32x4.sub(t, f32x4.sub(rounded, round));
    let p = fma(k5, f, k4);
    p = fma(p, f, k3);
    p = fma(p, f, k2);
    p = fma(p, f, k1);
    p = fma(p, f, k0);
    const w = i32x4.add(p, i32x4.shl(rounded, 23));
    v128.store(tp + plane, f32x4.add(v128.load(tp + plane), w));
    addCentre(w, tp + 2 * plane, tp + zOffset, yp);
    if (channels == 3) {
      addCentre(w, tp + 3 * plane, tp + zOffset + plane, yp + yPlane);
      addCentre(w, tp + 4 * plane, tp + zOffset + 2 * plane, yp + 2 * yPlane);
    } else if (channels != 1) {
      const count = C;
      let ap = tp + 2 * plane, zp = tp + zOffset;
      for (let c = 1; c < count; c++) {
        ap += plane;
        zp += plane;
        yp += yPlane;
        addCentre(w, ap, zp, yp);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addCentre(w: v128, ap: usize, zp: usize, yp: usize): void {
  v128.store(ap, fma(w, f32x4.sub(v128.load(yp), v128.load(zp)), v128.load(ap)));
}

/**
 * Sums k rows of row sums at the outputs q in [y0, y1) of 4 or 8 columns from x on, and weighs the
 * candidates. `calm`: no distance can be too coarse in float32 unless its weight is beyond LIMIT.
 */
// @ts-ignore: decorator
@inline
function sumColumns(
  pair: bool, calm: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x: i32,
): void {
  const k5 = c5, k4 = c4, k3 = c3, k2 = c2, k1 = c1, k0 = one, round = magic;
  const highest = limit, lowest = low, scale = bits4, coarse = exact4;
  const k = 2 * r + 1;
  const plane = cellPlane, yPlane = imagePlane;
  const state = states + <usize>bs * (2 + C) * plane;
  const zOffset = pivots + <usize>(b * C) * plane - state;
  const row = <usize>planeRow, cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  let v = y0 - sy;
  if (v < 0) v += H;
  const column = state + (<usize>(x - sx + W) << 2);
  const wrapAt = column + plane;
  let tp = column + <usize>v * cellStep;
  let yp = image + <usize>(y0 * imageRow + (x << 2));
  let from = rows + <usize>((y0 - r + R) * planeRow + ((x + R) << 2));
  let left = y1 - y0;
  let r0 = f32x4.splat(0), r1 = r0, s0 = r0, s1 = r0;
  if (k == 3) {
    r0 = v128.load(from);
    r1 = v128.load(from + row);
    if (pair) {
      s0 = v128.load(from, 16);
      s1 = v128.load(from + row, 16);
    }
    from += row << 1;
  }
  while (left > 0) {
    let outputs = left;
    let at = suffix;
    if (k != 3) {
      // Suffix sums of the k rows of this block.
      from += <usize>(k - 1) * row;
      at += <usize>(k - 1) << 5;
      r0 = v128.load(from);
      v128.store(at, r0);
      if (pair) {
        s0 = v128.load(from, 16);
        v128.store(at, s0, 16);
      }
      while (at > suffix) {
        from -= row;
        at -= 32;
        r0 = f32x4.add(r0, v128.load(from));
        v128.store(at, r0);
        if (pair) {
          s0 = f32x4.add(s0, v128.load(from, 16));
          v128.store(at, s0, 16);
        }
      }
      outputs = min(k, left);
      from += <usize>k * row;
      r0 = f32x4.splat(0);
      s0 = r0;
    }
    left -= outputs;
    let next = from;
    for (; outputs > 0; outputs--) {
      // A window is three rows, or a suffix of one block and a prefix of the next.
      let d: v128, e: v128 = r0;
      if (k == 3) {
        const r2 = v128.load(next);
        d = f32x4.add(f32x4.add(r0, r1), r2);
        r0 = r1;
        r1 = r2;
        if (pair) {
          const s2 = v128.load(next, 16);
          e = f32x4.add(f32x4.add(s0, s1), s2);
          s0 = s1;
          s1 = s2;
        }
      } else {
        d = f32x4.add(v128.load(at), r0);
        r0 = f32x4.add(r0, v128.load(next));
        if (pair) {
          e = f32x4.add(v128.load(at, 16), s0);
          s0 = f32x4.add(s0, v128.load(next, 16));
        }
      }
      weighFour(
        d, tp, yp, calm, channels, k, bs, plane, yPlane, zOffset,
        k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
      );
      if (pair) {
        weighFour(
          e, tp + 16, yp + 16, calm, channels, k, bs, plane, yPlane, zOffset,
          k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
        );
      }
      at += 32;
      next += row;
      yp += imageStep;
      tp += cellStep;
      if (tp == wrapAt) tp = column;
    }
  }
}

/** All outputs of one scale, 8 columns at a time. `channels`: 1, 3, or 0 for any number. */
// @ts-ignore: decorator
@inline
function sumAllColumns(
  calm: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  let x = x0;
  for (; x + 4 < x1; x += 8) sumColumns(true, calm, channels, b, bs, r, sy, sx, y0, y1, x);
  if (x < x1) sumColumns(false, calm, channels, b, bs, r, sy, sx, y0, y1, x);
}

// One function for each case, so that the compiler leaves the others out of its loop.
function calm1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  sumAllColumns(true, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
function calm3(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  sumAllColumns(true, 3, b, bs, r, sy, sx, y0, y1, x0, x1);
}
function wary1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  sumAllColumns(false, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
function waryAny(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  sumAllColumns(false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}

/** All candidates of the current image for query b at shift (sy, sx). */
function addShift(b: i32, sy: i32, sx: i32): void {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  // Patches stay inside the image along an axis, or reach into the surroundings.
  const insideY = rule == INTERIOR || (rule == BORDER && sy != 0);
  const insideX = rule == INTERIOR || (rule == BORDER && sx != 0);
  const ya = cyclic ? 0 : max(0, sy), yb = cyclic ? H : min(H, H + sy);
  const xa = cyclic ? 0 : max(0, sx), xb = cyclic ? W : min(W, W + sx);
  const smallest = load<i32>(radii);
  if ((insideY && yb - ya <= 2 * smallest) || (insideX && xb - xa <= 2 * smallest)) return;
  // Patches centred further than R from the box are background.
  const cropped = boxed && insideY && insideX;
  const top = cropped ? max(ya, boxTop - 2 * R) : ya, bottom = cropped ? min(yb, boxBottom + 2 * R) : yb;
  const left = cropped ? max(xa, boxLeft - 2 * R) : xa, right = cropped ? min(xb, boxRight + 2 * R) : xb;
  if (top >= bottom || left >= right) return;
  differences(b, sy, sx, top, bottom, left, right);
  if (!insideY || !insideX) surround(!insideY, !insideX, ya, yb, xa, xb);
  const rowsFrom = insideY ? top : -R, rowsTo = insideY ? bottom : H + R;
  let before = -1;
  for (let s = 0; s < S; s++) {
    const r = load<i32>(radii + (<usize>s << 2));
    let y0 = insideY ? ya + r : 0, y1 = insideY ? yb - r : H;
    let x0 = insideX ? xa + r : 0, x1 = insideX ? xb - r : W;
    if (cropped) {
      y0 = max(y0, boxTop - R);
      y1 = min(y1, boxBottom + R);
      x0 = max(x0, boxLeft - R);
      x1 = min(x1, boxRight + R);
    }
    if (y0 >= y1 || x0 >= x1) return;
    growRows(before, r, rowsFrom, rowsTo, x0, x1);
    const bs = b * S + s;
    const calm = load<u8>(calms + bs) != 0;
    if (C == 1 && calm) calm1(b, bs, r, sy, sx, y0, y1, x0, x1);
    else if (C == 3 && calm) calm3(b, bs, r, sy, sx, y0, y1, x0, x1);
    else if (C == 1) wary1(b, bs, r, sy, sx, y0, y1, x0, x1);
    else waryAny(b, bs, r, sy, sx, y0, y1, x0, x1);
    before = r;
  }
}

// ---------------------------------------------------------------- background

/**
 * Finds the box outside which the current image has its corner's value. Patches that do not touch it
 * are all the same patch: `addShift` leaves out those inside the image that are further than R from
 * the box, and they are counted here, to be weighed once (`addBackground`).
 *
 * With the rule INTERIOR a pixel matches all of them. With BORDER only a pixel at least r from every
 * border does, and the shifts along its own row and column leave out nothing.
 */
function countBackground(): void {
  boxed = rule == INTERIOR || rule == BORDER;
  if (!boxed) return;
  boxTop = H; boxBottom = 0; boxLeft = W; boxRight = 0;
  let same = measured;
  for (let c = 0; c < C; c++) {
    const value = load<f32>(image + <usize>c * imagePlane);
    if (load<f32>(backgroundValue + (<usize>c << 2)) != value) same = false;
    for (let y = 0; y < H; y++) {
      const row = image + <usize>c * imagePlane + <usize>(y * imageRow);
      for (let x = 0; x < W; x++) {
        if (load<f32>(row + (<usize>x << 2)) == value) continue;
        boxTop = min(boxTop, y);
        boxBottom = max(boxBottom, y + 1);
        boxLeft = min(boxLeft, x);
        boxRight = max(boxRight, x + 1);
      }
    }
  }
  if (boxBottom == 0) boxTop = boxLeft = 0;
  const visited = (min(H, boxBottom + R) - max(0, boxTop - R)) *
    (min(W, boxRight + R) - max(0, boxLeft - R));
  // Little to save: leave it, and the measuring of the background with it.
  boxed = visited * 10 < H * W * 9;
  if (!boxed) return;
  if (!same) {
    if (counted) addBackground();
    for (let c = 0; c < C; c++) {
      store<f32>(backgroundValue + (<usize>c << 2), load<f32>(image + <usize>c * imagePlane));
    }
    measureBackground();
  }
  counted = true;
  for (let s = 0; s < S; s++) {
    const r = load<i32>(radii + (<usize>s << 2));
    const top = max(r, boxTop - R), bottom = min(H - r, boxBottom + R);
    const left = max(r, boxLeft - R), right = min(W - r, boxRight + R);
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
        store<i32>(at, load<i32>(at) + count);
      }
    }
  }
}

/** D between every patch of every query and the patch of the background's value, in float64. */
function measureBackground(): void {
  measured = true;
  for (let bs = 0; bs < B * S; bs++) {
    const b = bs / S, r = load<i32>(radii + (<usize>(bs % S) << 2));
    for (let v = 0; v < H; v++) {
      for (let u = 0; u < W; u++) {
        let sum: f64 = 0;
        for (let dy = -r; dy <= r; dy++) {
          const y = (v + dy + H) % H;
          for (let dx = -r; dx <= r; dx++) {
            const x = (u + dx + W) % W;
            for (let c = 0; c < C; c++) {
              const value = <f64>load<f32>(backgroundValue + (<usize>c << 2));
              const m = load<f64>(
                exactMirrors + <usize>(b * C + c) * doublePlane + (<usize>(y * W + x) << 3),
              );
              sum += (pivotAt(b, c, y, x) - value) * (m - value);
            }
          }
        }
        store<f64>(background + <usize>bs * doublePlane + (<usize>(v * W + u) << 3), sum);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function pivotAt(b: i32, c: i32, v: i32, u: i32): f64 {
  return <f64>load<f32>(pivots + <usize>(b * C + c) * cellPlane + <usize>(v * cellRow + (u << 2)));
}

/** Weighs the background patches counted so far, relative to the references; counting begins anew. */
function addBackground(): void {
  counted = false;
  for (let bs = 0; bs < B * S; bs++) {
    const b = bs / S, s = bs % S;
    for (let p = 0; p < H * W; p++) {
      const count = <f64>load<i32>(counts + (<usize>(s * H * W + p) << 2));
      if (count == 0) continue;
      const cell = <usize>(bs * H * W + p);
      const distance = load<f64>(background + (cell << 3));
      let reference = load<f32>(references + (cell << 2));
      let t = (<f64>reference - distance) * exactBits;
      if (t < -<f64>LIMIT) continue;
      if (t > <f64>LIMIT) {
        const next = <f32>(distance + windowBits / exactBits);
        const keep = reference >= FAR ? 0 : power(next, reference);
        store<f64>(sums + (cell << 3), load<f64>(sums + (cell << 3)) * keep);
        for (let c = 0; c < C; c++) {
          const acc = accs + (<usize>((bs * C + c) * H * W + p) << 3);
          store<f64>(acc, load<f64>(acc) * keep);
        }
        store<f32>(references + (cell << 2), next);
        reference = next;
        t = (<f64>reference - distance) * exactBits;
      }
      const weight = count * Math.pow(2, t);
      store<f64>(sums + (cell << 3), load<f64>(sums + (cell << 3)) + weight);
      for (let c = 0; c < C; c++) {
        const acc = accs + (<usize>((bs * C + c) * H * W + p) << 3);
        const value = <f64>load<f32>(backgroundValue + (<usize>c << 2)) - pivotAt(b, c, p / W, p % W);
        store<f64>(acc, load<f64>(acc) + weight * value);
      }
    }
  }
  memory.fill(counts, 0, (<usize>S * H * W) << 2);
}

// ---------------------------------------------------------------- whole images, float64

/** Sum of squared differences between query b and the image shifted by (sy, sx). */
function wholeDistance(b: i32, sy: i32, sx: i32): f64 {
  let sum: f64 = 0;
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      let q = y + sy;
      if (q >= H) q -= H;
      let xs = exactMirrors + <usize>(b * C + c) * doublePlane + (<usize>(y * W) << 3);
      const row = image + c * imagePlane + <usize>(q * imageRow);
      // Columns [sx, W) of the image meet the first W - sx of the query, the rest follows.
      let part = f64x2.splat(0);
      for (let half = 0; half < 2; half++) {
        let at = row + (half == 0 ? <usize>sx << 2 : 0);
        const end = row + (half == 0 ? <usize>W << 2 : <usize>sx << 2);
        for (; at + 8 <= end; at += 8) {
          const y2 = f64x2.promote_low_f32x4(v128.load64_zero(at));
          const difference = f64x2.sub(v128.load(xs), y2);
          part = f64x2.add(part, f64x2.mul(difference, difference));
          xs += 16;
        }
        if (at < end) {
          const difference = load<f64>(xs) - <f64>load<f32>(at);
          sum += difference * difference;
          xs += 8;
        }
      }
      sum += f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1);
    }
  }
  return sum;
}

/** Adds weight * image shifted by (sy, sx) to the accumulator of query b. */
function addWhole(b: i32, weight: f64, sy: i32, sx: i32): void {
  const w = f64x2.splat(weight);
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      let q = y + sy;
      if (q >= H) q -= H;
      let acc = accs + <usize>(b * C + c) * doublePlane + (<usize>(y * W) << 3);
      const row = image + c * imagePlane + <usize>(q * imageRow);
      for (let half = 0; half < 2; half++) {
        let at = row + (half == 0 ? <usize>sx << 2 : 0);
        const end = row + (half == 0 ? <usize>W << 2 : <usize>sx << 2);
        for (; at + 8 <= end; at += 8) {
          const y2 = f64x2.promote_low_f32x4(v128.load64_zero(at));
          v128.store(acc, f64x2.add(v128.load(acc), f64x2.mul(w, y2)));
          acc += 16;
        }
        if (at < end) {
          store<f64>(acc, load<f64>(acc) + weight * <f64>load<f32>(at));
          acc += 8;
        }
      }
    }
  }
}

function addWholeImage(b: i32): void {
  const ny = rule == SHIFTS ? H : 1, nx = rule == SHIFTS ? W : 1;
  const scale = exactBits * 0.6931471805599453;
  let best: f64 = -Infinity;
  for (let sy = 0; sy < ny; sy++) {
    for (let sx = 0; sx < nx; sx++) {
      const logit = -scale * wholeDistance(b, sy, sx);
      store<f64>(logits + (<usize>(sy * W + sx) << 3), logit);
      best = max(best, logit);
    }
  }
  const reference = references + (<usize>b << 3);
  const values = accs + <usize>(b * C) * doublePlane;
  const total = sums + <usize>b * doublePlane;
  let top = load<f64>(reference);
  if (best > top) {
    const keep = Math.exp(top - best);
    store<f64>(total, load<f64>(total) * keep);
    for (let at = values; at < values + C * doublePlane; at += 8) {
      store<f64>(at, load<f64>(at) * keep);
    }
    store<f64>(reference, best);
    top = best;
  }
  // Relative to one candidate at the top; their number is below 2^40.
  const least = top - 0.6931471805599453 * (windowBits + 40);
  for (let sy = 0; sy < ny; sy++) {
    for (let sx = 0; sx < nx; sx++) {
      const logit = load<f64>(logits + (<usize>(sy * W + sx) << 3));
      if (logit < least) continue;
      const weight = Math.exp(logit - top);
      store<f64>(total, load<f64>(total) + weight);
      addWhole(b, weight, sy, sx);
    }
  }
}

// ---------------------------------------------------------------- entry

/** Adds the image [H][W][C] at `imageAt()` as candidates of every query. */
export function addImage(): void {
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      for (let c = 0; c < C; c++) {
        store<f32>(
          image + c * imagePlane + <usize>(y * imageRow + (x << 2)),
          load<f32>(raw + (<usize>((y * W + x) * C + c) << 2)),
        );
      }
    }
  }
  countBackground();
  for (let b = 0; b < B; b++) {
    if (rule == WHOLE || rule == SHIFTS) {
      addWholeImage(b);
      continue;
    }
    const firstY = rule == BORDER ? 1 - H : 0, lastY = rule == SAME ? 0 : H - 1;
    const firstX = rule == BORDER ? 1 - W : 0, lastX = rule == SAME ? 0 : W - 1;
    for (let sy = firstY; sy <= lastY; sy++) {
      for (let sx = firstX; sx <= lastX; sx++) addShift(b, sy, sx);
    }
  }
  // The first flushes come early, because they let the thresholds close.
  unflushed++;
  const perImage = rule == SAME ? 1 : H * W;
  if (unflushed >= nextFlush) {
    nextFlush = min(nextFlush * 2, max(1, FLUSH_AFTER / perImage));
    flush();
  }
}
