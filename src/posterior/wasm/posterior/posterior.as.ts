/**
 * The patch posterior on the CPU: AssemblyScript, SIMD, one query after another against a pair of
 * training images at a time. docs/kernels.md explains the idea; the names below are those of that page.
 *
 * What a caller uses is here. `layout` says where everything lies in memory, `window` what is being
 * summed. `squared_differences`, `column_sums` and `distances` make D, `weighted_windows` that of windows with
 * weights, `accumulate` turns it into the softmax and `flush` keeps that in float64; `rescoring` takes again what
 * float32 cannot tell, `background` counts what need not be visited, `explanation` keeps where weights come from,
 * and `whole_images` serves the rules without patches.
 *
 * Units. With x = signal * y + sigma * eps all distances are taken after division by signal:
 *   D(p, q) = sum over the window of (x / signal - y)^2, logit = -D * signal^2 / (2 sigma^2).
 * Only differences of logits matter, so each square is taken relative to a pivot z close to the clean
 * image: at every pixel e = |x/signal - y|^2 - g, g = |x/signal - z|^2, before sums over windows begin.
 * g is one number for all candidates of a pixel, so its rounding cancels. The terms that all candidates
 * share, which are the bulk of D, never enter the sums, and float32 keeps its digits for what tells
 * candidates apart. No square is expanded.
 */
import {
  accumulateF32C1, accumulateF32C3, accumulateF32C3NoPivot, accumulateMixedAny, explainWindows,
  passThresholds,
} from "./accumulate.as";
import { clearCounts, countBackground, forgetBackground } from "./background.as";
import { growColumns, sumColumns } from "./column_sums.as";
import { beginPair, explains, foldPair } from "./explanation.as";
import { flush } from "./flush.as";
import {
  accs, B, BORDER, C, cellPlane, cellRow, doublePlane, exactQueries, f32Flags, FAR, H, image,
  imageBytes, imagePlane, imageRow, layOut, logits, minusPivotDistances, origins, queries, R, radii, raw, reaches,
  references, rule, S, SAME, SHIFTS, states, sums, taps, tapVectors, tapVectorsBytes, W, weighted, WHOLE,
} from "./layout.as";
import { fillDifferences } from "./squared_differences.as";
import {
  fillPaddedDifferences, padImages, padQuery, sumWeightedColumns,
} from "./weighted_windows.as";
import { addWholeImage } from "./whole_images.as";
import { cropCenters, radius, scale, selectScale, selectShift } from "./window.as";

export { setNoise } from "./arithmetic.as";
export {
  factorsAt, imageWeightsAt, listImagesAt, listMarginsAt, massesAt, placesAt, prepareExplanation, slacksAt,
} from "./explanation.as";

/** Float32 sums move to float64 after about this many candidates per pixel. */
const FLUSH_AFTER = 4096;
/** Images since the last time, and how many there are to be. */
let unflushed: i32, nextFlush: i32;
/** Are centers summed relative to 0 rather than to the pivot? */
let noPivot: bool;
/** Images of the pair that wait. */
let waiting: i32;
/** Has no candidate set a threshold yet; is this the pass that does? */
let noThresholds: bool, thresholdPass: bool;
/** Its square is beyond FAR, and sums of hundreds of them are finite. */
const ABSENT: f32 = 2e15;

/**
 * Prepares for a job; sizes are those of the contract, R the largest radius. `noPivot_`: centers are
 * summed relative to 0 rather than to the pivot. `weighted`: windows have weights.
 */
export function configure(
  rule: i32, H: i32, W: i32, C: i32, B: i32, S: i32, R: i32, noPivot_: bool, weighted: bool,
): void {
  noPivot = noPivot_;
  layOut(rule, H, W, C, B, S, R, weighted);
  clear();
}

/** Takes radii, reaches and, of windows with weights, taps, which the caller wrote. */
export function prepareWindows(): void {
  if (!weighted) return;
  for (let s = 0; s < S; s++) {
    const r = load<i32>(radii + (<usize>s << 2)), vectors = tapVectors + <usize>s * tapVectorsBytes;
    for (let i = 0; i < 2 * r + 3; i++) {
      const d = abs(i - 1 - r);
      const tap = d > r ? 0 : load<f64>(taps + (<usize>(s * (R + 1) + d) << 3));
      v128.store(vectors + (<usize>i << 4), f32x4.splat(<f32>tap));
    }
  }
}

/** Forgets all candidates; the queries stay. */
export function clear(): void {
  const cells = <usize>B * S * H * W;
  memory.fill(sums, 0, cells << 3);
  memory.fill(accs, 0, (cells * C) << 3);
  unflushed = 0;
  waiting = 0;
  nextFlush = 1;
  noThresholds = true;
  if (rule == WHOLE || rule == SHIFTS) {
    for (let b = 0; b < B; b++) store<f64>(references + (<usize>b << 3), -Infinity);
    return;
  }
  clearCounts();
  memory.fill(states, 0, <usize>B * S * (2 + C) * cellPlane);
  memory.fill(f32Flags, 0, B * S);
  for (let i: usize = 0; i < cells; i++) store<f32>(references + (i << 2), FAR);
  for (let i = 0; i < B * S; i++) {
    const thresholds = states + <usize>i * (2 + C) * cellPlane;
    for (let at = thresholds; at < thresholds + cellPlane; at += 4) store<f32>(at, FAR);
  }
}

// Where the caller writes and reads.
export function radiiAt(): usize { return radii; }
/** [S] int32. */
export function reachesAt(): usize { return reaches; }
/** [S][R + 1] float64. */
export function tapsAt(): usize { return taps; }
export function imageAt(): usize { return raw; }
/** [B][C][H][W] float64: x / signal. */
export function queriesAt(): usize { return exactQueries; }
/** [B][S][H W] float32 distances (float64 logits [B] for whole images). */
export function referencesAt(): usize { return references; }
/** [H W] float64: of the last whole image, at each shift. */
export function logitsAt(): usize { return logits; }
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
          store<f32>(origins + plane + (copy << 2), noPivot ? 0 : z);
          store<f32>(queries + plane + (copy << 2), <f32>u);
        }
      }
      for (let copy = x; copy < 2 * W + 12; copy += W) {
        const at = minusPivotDistances + <usize>b * cellPlane + row + (copy << 2);
        store<f32>(at, <f32>-distance);
      }
    }
  }
  if (weighted) padQuery(b);
}

/** Takes the references [B][S][H W] that the caller wrote as thresholds, before the first image. */
export function adoptReferences(): void {
  noThresholds = false;
  for (let i = 0; i < B * S; i++) {
    const thresholds = states + <usize>i * (2 + C) * cellPlane;
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const cell = thresholds + <usize>(y * cellRow + (x << 2));
        const reference = load<f32>(references + (<usize>((i * H + y) * W + x) << 2));
        store<f32>(cell, reference);
        store<f32>(cell + (<usize>W << 2), reference);
      }
    }
  }
}

/**
 * Takes the image [H][W][C] at `imageAt()` as candidates of every query. Images are summed in pairs, so
 * that what a pixel needs is loaded and stored once for two candidates.
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

/** Sums what waits and moves all sums to where the caller reads them. */
export function finish(): void {
  if (waiting > 0) addPair();
  if (!explains) flushNow();
}

function addPair(): void {
  if (explains) beginPair(waiting);
  else countBackground(waiting);
  // A second image that is not there is far from everything.
  if (waiting == 1) {
    for (let at = image + imageBytes; at < image + 2 * imageBytes; at += 4) store<f32>(at, ABSENT);
  }
  if (weighted) padImages();
  if (explains) {
    addShifts(0);
    foldPair(waiting);
    waiting = 0;
    return;
  }
  for (let b = 0; b < B; b++) {
    if (noThresholds) {
      thresholdPass = true;
      addShifts(b);
      thresholdPass = false;
    }
    addShifts(b);
  }
  noThresholds = false;
  // The first flushes come early, because they let the thresholds close.
  unflushed += waiting;
  waiting = 0;
  const perImage = rule == SAME ? 1 : H * W;
  if (unflushed >= nextFlush) {
    nextFlush = min(nextFlush * 2, max(1, FLUSH_AFTER / perImage));
    flushNow();
  }
}

function flushNow(): void {
  unflushed = 0;
  if (rule != WHOLE && rule != SHIFTS) flush();
}

function addShifts(b: i32): void {
  const firstY = rule == BORDER ? 1 - H : 0, lastY = rule == SAME ? 0 : H - 1;
  const firstX = rule == BORDER ? 1 - W : 0, lastX = rule == SAME ? 0 : W - 1;
  for (let sy = firstY; sy <= lastY; sy++) {
    for (let sx = firstX; sx <= lastX; sx++) addShift(b, sy, sx);
  }
}

/** All candidates of the pair for query b at shift (sy, sx). */
function addShift(b: i32, sy: i32, sx: i32): void {
  if (!selectShift(b, sy, sx)) return;
  if (weighted) {
    fillPaddedDifferences();
    for (let s = 0; s < S; s++) {
      if (!selectScale(s)) return;
      sumWeightedColumns();
      addCandidates();
    }
    return;
  }
  let before = -1;
  for (let s = 0; s < S; s++) {
    if (!selectScale(s)) return;
    if (before < 0) {
      fillDifferences();
      sumColumns();
    } else growColumns(before);
    before = radius;
    if (cropCenters()) addCandidates();
  }
}

/** The candidates of the window's scale, by the function that is made for them. */
function addCandidates(): void {
  const f32Only = load<u8>(f32Flags + scale) != 0;
  if (explains) explainWindows();
  else if (thresholdPass) passThresholds();
  else if (f32Only && C == 1) accumulateF32C1();
  else if (f32Only && C == 3 && noPivot) accumulateF32C3NoPivot();
  else if (f32Only && C == 3) accumulateF32C3();
  else accumulateMixedAny();
}
