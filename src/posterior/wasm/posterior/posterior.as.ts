/**
 * The patch posterior on the CPU: AssemblyScript, SIMD, one query after another against a pair of
 * training images at a time. docs/kernels.md explains the idea; the names below are those of that page.
 * What a caller uses is here; `layout` says where everything lies, `planes` makes distances, `weights`
 * turns them into the softmax, `background` counts what need not be visited, and `whole_images` serves
 * the rules without patches.
 *
 * Units. With x = signal * y + sigma * eps all distances are taken after division by signal:
 *   D(p, q) = sum over the window of (x / signal - y)^2, logit = -D * signal^2 / (2 sigma^2).
 * Only differences of logits matter, so each square is taken relative to a pivot z close to the clean
 * image: at every pixel e = |x/signal - y|^2 - g, g = |x/signal - z|^2, before sums over windows begin.
 * g is one number for all candidates of a pixel, so its rounding cancels. The terms that all candidates
 * share, which are the bulk of D, never enter the sums, and float32 keeps its digits for what tells
 * candidates apart. No square is expanded.
 */
import { exactBits, power, windowBits } from "./arithmetic.as";
import {
  addBackground, boxBottom, boxed, boxLeft, boxRight, boxTop, clearCounts, countBackground,
  counted, forgetBackground,
} from "./background.as";
import {
  accs, apart, B, BORDER, C, calms, cellPlane, cellRow, doublePlane, exactQueries, FAR, H, image,
  imageBytes, imagePlane, imageRow, INTERIOR, layOut, origins, queries, R, radii, raw, references,
  rule, S, SAME, SHIFTS, states, sums, W, WHOLE, WRAPPED,
} from "./layout.as";
import { differences, growColumns, surroundColumns } from "./planes.as";
import { isCalm } from "./rescoring.as";
import { calm1, calm3, plain3, scoutAll, waryAny } from "./weights.as";
import { addWholeImage } from "./whole_images.as";

export { setNoise } from "./arithmetic.as";

/** Float32 sums move to float64 after about this many candidates per pixel. */
const FLUSH_AFTER = 4096;
let unflushed: i32, nextFlush: i32;
/** Are centres summed relative to 0 rather than to the pivot? */
let plain: bool;
/** Images of the pair that wait. */
let waiting: i32;
/** Are there no thresholds yet; are they being looked for? */
let fresh: bool, scouting: bool;
/** Its square is beyond FAR, and sums of hundreds of them are finite. */
const ABSENT: f32 = 2e15;

/**
 * Prepares for a job; sizes are those of the contract, R the largest radius. `plainly`: centres are
 * summed relative to 0 rather than to the pivot.
 */
export function configure(
  rule: i32, H: i32, W: i32, C: i32, B: i32, S: i32, R: i32, plainly: bool,
): void {
  plain = plainly;
  layOut(rule, H, W, C, B, S, R);
  clear();
}

/** Forgets all candidates; the queries stay. */
export function clear(): void {
  const cells = <usize>B * S * H * W;
  memory.fill(sums, 0, cells << 3);
  memory.fill(accs, 0, (cells * C) << 3);
  unflushed = 0;
  waiting = 0;
  nextFlush = 1;
  fresh = true;
  if (rule == WHOLE || rule == SHIFTS) {
    for (let b = 0; b < B; b++) store<f64>(references + (<usize>b << 3), -Infinity);
    return;
  }
  clearCounts();
  memory.fill(states, 0, <usize>B * S * (2 + C) * cellPlane);
  memory.fill(calms, 0, B * S);
  for (let i: usize = 0; i < cells; i++) store<f32>(references + (i << 2), FAR);
  for (let i = 0; i < B * S; i++) {
    const thr = states + <usize>i * (2 + C) * cellPlane;
    for (let at = thr; at < thr + cellPlane; at += 4) store<f32>(at, FAR);
  }
}

// Where the caller writes and reads.
export function radiiAt(): usize { return radii; }
export function imageAt(): usize { return raw; }
/** [B][C][H][W] float64: x / signal. */
export function queriesAt(): usize { return exactQueries; }
/** [B][S][H W] float32 distances (float64 logits [B] for whole images). */
export function referencesAt(): usize { return references; }
export function sumsAt(): usize { return sums; }
export function accsAt(): usize { return accs; }

/** Takes the pivot [C][H][W] float32 at `imageAt()` and x / signal of query b; lays both out. */
export function prepareQuery(b: i32): void {
  forgetBackground();
  if (rule == WHOLE || rule == SHIFTS) return;
  const exact = exactQueries + <usize>(b * C) * doublePlane;
  for (let y = 0; y < H; y++) {
    const row = <usize>(y * cellRow);
    for (let x = 0; x < W; x++) {
      let distance: f64 = 0;
      for (let c = 0; c < C; c++) {
        const at = <usize>((c * H + y) * W + x);
        const z = load<f32>(raw + (at << 2));
        const u = load<f64>(exact + (at << 3));
        distance += (u - <f64>z) * (u - <f64>z);
        const plane = <usize>(b * C + c) * cellPlane + row;
        for (let copy = x; copy < 2 * W + 12; copy += W) {
          store<f32>(origins + plane + (copy << 2), plain ? 0 : z);
          store<f32>(queries + plane + (copy << 2), <f32>u);
        }
      }
      for (let copy = x; copy < 2 * W + 12; copy += W) {
        store<f32>(apart + <usize>b * cellPlane + row + (copy << 2), <f32>-distance);
      }
    }
  }
}

/** Takes the references [B][S][H W] that the caller wrote as thresholds, before the first image. */
export function adoptReferences(): void {
  fresh = false;
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

/** Moves float32 sums to float64 and lets thresholds follow the sums. */
function flush(): void {
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
  // Patches of radius r centred further than r from the box are background. Column sums reach as far
  // as the largest scale needs.
  const cropped = boxed && insideY && insideX;
  const reach = 2 * R;
  const top = cropped ? max(ya, boxTop - reach) : ya;
  const bottom = cropped ? min(yb, boxBottom + reach) : yb;
  const left = cropped ? max(xa, boxLeft - reach) : xa;
  const right = cropped ? min(xb, boxRight + reach) : xb;
  if (top >= bottom || left >= right) return;
  let before = -1;
  for (let s = 0; s < S; s++) {
    const r = load<i32>(radii + (<usize>s << 2));
    let y0 = insideY ? ya + r : 0, y1 = insideY ? yb - r : H;
    let x0 = insideX ? xa + r : 0, x1 = insideX ? xb - r : W;
    if (y0 >= y1 || x0 >= x1) return;
    const from = cropped ? max(y0, boxTop - R) : y0, to = cropped ? min(y1, boxBottom + R) : y1;
    if (from >= to) return;
    if (before < 0) differences(!insideY, b, sy, sx, top, bottom, left, right, r, from, to);
    else growColumns(before, r, from, to, left, right);
    if (!insideX) surroundColumns(r, from, to);
    before = r;
    if (cropped) {
      y0 = max(y0, boxTop - r);
      y1 = min(y1, boxBottom + r);
      x0 = max(x0, boxLeft - r);
      x1 = min(x1, boxRight + r);
      if (y0 >= y1 || x0 >= x1) continue;
    }
    const bs = b * S + s;
    const calm = load<u8>(calms + bs) != 0;
    if (scouting) scoutAll(b, bs, r, sy, sx, y0, y1, x0, x1);
    else if (C == 3 && calm && plain) plain3(b, bs, r, sy, sx, y0, y1, x0, x1);
    else if (C == 1 && calm) calm1(b, bs, r, sy, sx, y0, y1, x0, x1);
    else if (C == 3 && calm) calm3(b, bs, r, sy, sx, y0, y1, x0, x1);
    else waryAny(b, bs, r, sy, sx, y0, y1, x0, x1);
  }
}

function addShifts(b: i32): void {
  const firstY = rule == BORDER ? 1 - H : 0, lastY = rule == SAME ? 0 : H - 1;
  const firstX = rule == BORDER ? 1 - W : 0, lastX = rule == SAME ? 0 : W - 1;
  for (let sy = firstY; sy <= lastY; sy++) {
    for (let sx = firstX; sx <= lastX; sx++) addShift(b, sy, sx);
  }
}

/**
 * Takes the image [H][W][C] at `imageAt()` as candidates of every query. Images are weighed in pairs,
 * so that what a pixel needs is loaded and stored once for two candidates.
 */
export function addImage(): void {
  const to = image + <usize>waiting * imageBytes;
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      for (let c = 0; c < C; c++) {
        store<f32>(
          to + c * imagePlane + <usize>(y * imageRow + (x << 2)),
          load<f32>(raw + (<usize>((y * W + x) * C + c) << 2)),
        );
      }
    }
  }
  if (rule == WHOLE || rule == SHIFTS) {
    for (let b = 0; b < B; b++) addWholeImage(b);
  } else if (++waiting == 2) addPair();
}

/** Weighs what waits and moves all sums to where the caller reads them. */
export function finish(): void {
  if (waiting > 0) addPair();
  flush();
}

function addPair(): void {
  countBackground(waiting);
  // A second image that is not there is far from everything.
  if (waiting == 1) {
    for (let at = image + imageBytes; at < image + 2 * imageBytes; at += 4) store<f32>(at, ABSENT);
  }
  for (let b = 0; b < B; b++) {
    if (fresh) {
      scouting = true;
      addShifts(b);
      scouting = false;
    }
    addShifts(b);
  }
  fresh = false;
  // The first flushes come early, because they let the thresholds close.
  unflushed += waiting;
  waiting = 0;
  const perImage = rule == SAME ? 1 : H * W;
  if (unflushed >= nextFlush) {
    nextFlush = min(nextFlush * 2, max(1, FLUSH_AFTER / perImage));
    flush();
  }
}
