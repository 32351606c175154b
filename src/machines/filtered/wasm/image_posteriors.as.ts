/**
 * Posterior means over training images at their own place (AssemblyScript, SIMD): each posterior compares a set of
 * coordinates, or a box of pixels, and answers coordinates of its own, or the same that it compares. One query at
 * a time; images 16 at a time, one to a lane, so that sets of any form are as fast as boxes.
 *
 * Distances are float32, relative to a pivot near the clean image, as in `posterior/wasm`; what is too coarse so
 * and counts is taken again in float64. Weights are relative to `references`, sums and means in float64.
 */
import {
  bitsPerUnit64, cutoffBits, exactFrom, LIMIT, powerOfTwo, setNoise,
} from "../../../posterior/wasm/posterior/arithmetic.as";
import { exactDistance, fillDifferences, sumBoxes, sumTrio, transpose } from "./distances.as";
import {
  C, counts, FAR, group, J, layOut, LINE, means, members, n, nearest, ofPixels, opposite, perPosterior, pivot, query,
  raw, references, size, spread, starts, sums, thresholds, V,
} from "./memory.as";
import { addMean, addMeans, spreadWeights, total } from "./spread.as";

export function rawAt(): usize { return raw; }
export function queryAt(): usize { return query; }
export function pivotAt(): usize { return pivot; }
export function startsAt(): usize { return starts; }
export function membersAt(): usize { return members; }
export function meansAt(): usize { return means; }

/** Prepares for filters. */
export function configure(
  height: i32, width: i32, channels: i32, posteriors: i32, boxSize: i32, pixels: i32, own: i32, memberCount: i32,
): void {
  layOut(height, width, channels, posteriors, boxSize, pixels != 0, own, <usize>memberCount);
}

/** After the members of sets were written as numbers: they become places. */
export function placeMembers(count: i32): void {
  for (let at = members; at < members + (<usize>count << 2); at += 4) {
    store<u32>(at, load<u32>(at) * <u32>LINE);
  }
}

/** Begins with a query, whose values and pivot the caller wrote; see `setNoise`. */
export function begin(bits: f64, cutoff: f64, exact: f64): void {
  setNoise(bits, cutoff, exact);
  for (let i: usize = 0; i < <usize>n; i++) {
    const x = load<f64>(query + (i << 3));
    store<f32>(opposite + (i << 2), <f32>(2 * x - <f64>load<f32>(pivot + (i << 2))));
  }
  for (let j: usize = 0; j < <usize>J; j++) {
    store<f32>(thresholds + (j << 2), FAR / 2);
    store<f32>(nearest + (j << 2), FAR / 2);
    store<f32>(references + (j << 2), FAR);
  }
  memory.fill(sums, 0, <usize>J << 3);
  memory.fill(means, 0, <usize>n << 3);
}

/** FAR for lanes without an image. */
let beyond0: v128, beyond1: v128, beyond2: v128, beyond3: v128;

function takeImages(count: i32): void {
  const lanes = i32x4(0, 1, 2, 3), far = f32x4.splat(FAR);
  beyond0 = v128.and(far, i32x4.ge_s(lanes, i32x4.splat(count)));
  beyond1 = v128.and(far, i32x4.ge_s(lanes, i32x4.splat(count - 4)));
  beyond2 = v128.and(far, i32x4.ge_s(lanes, i32x4.splat(count - 8)));
  beyond3 = v128.and(far, i32x4.ge_s(lanes, i32x4.splat(count - 12)));
  transpose();
  fillDifferences();
  if (size > 0) sumBoxes();
}

const threeSets: usize = memory.data(192, 64);

/** Where distances of posterior j are, asked for in order. */
@inline
function distancesOf(j: i32): usize {
  if (size > 0) return perPosterior + <usize>j * LINE;
  const place = j % 3;
  if (place == 0) sumTrio(j / 3, threeSets);
  return threeSets + <usize>place * LINE;
}

/** Weights are at most 2^SPAN of the one that they are relative to. */
const SPAN: f64 = 60;
/** A candidate below 2^-SHARE of the heaviest may be as coarse as float32: errors of many average out. */
const SHARE: f64 = 12;

/** Adds up to 16 images, and means where posteriors answer for themselves. Does any of them count? */
export function addImages(count: i32): bool {
  takeImages(count);
  let any = false;
  for (let j = 0; j < J; j++) if (addTo(j)) any = true;
  return any;
}

function addTo(j: i32): bool {
  const at = distancesOf(j), cell = <usize>j << 2;
  const d0 = f32x4.add(v128.load(at), beyond0), d1 = f32x4.add(v128.load(at, 16), beyond1);
  const d2 = f32x4.add(v128.load(at, 32), beyond2), d3 = f32x4.add(v128.load(at, 48), beyond3);
  const m = f32x4.pmin(f32x4.pmin(d0, d1), f32x4.pmin(d2, d3));
  if (!v128.any_true(f32x4.lt(m, v128.load32_splat(thresholds + cell)))) return false;
  const least = min(
    min(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)), min(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
  if (least < load<f32>(nearest + cell)) lower(j, least);
  weigh(j, d0, d1, d2, d3);
  const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32), w3 = v128.load(weights, 48);
  const sum = sums + (<usize>j << 3);
  store<f64>(sum, load<f64>(sum) + total(f32x4.add(f32x4.add(w0, w1), f32x4.add(w2, w3))));
  for (let i = j * group; i < (j + 1) * group; i++) addMean(i, w0, w1, w2, w3);
  return true;
}

/** A nearer candidate: what counts is nearer now, and sums may have to be relative to it. */
function lower(j: i32, least: f32): void {
  const cell = <usize>j << 2;
  store<f32>(nearest + cell, least);
  store<f32>(thresholds + cell, least + <f32>(cutoffBits / bitsPerUnit64));
  const reference = load<f32>(references + cell);
  if ((<f64>reference - <f64>least) * bitsPerUnit64 <= SPAN) return;
  const keep = reference == FAR ? 0 : Math.pow(2, (<f64>least - <f64>reference) * bitsPerUnit64);
  store<f32>(references + cell, least);
  const sum = sums + (<usize>j << 3);
  store<f64>(sum, load<f64>(sum) * keep);
  for (let i = j * group; i < (j + 1) * group; i++) {
    const mean = means + (<usize>i << 3);
    store<f64>(mean, load<f64>(mean) * keep);
  }
}

/** Weights of 16 candidates, relative to the posterior's reference. */
const weights: usize = memory.data(64, 64);

@inline
function weightOf(margin: v128, d: v128, threshold: v128): v128 {
  const lowest = f32x4.splat(<f32>(-LIMIT / bitsPerUnit64));
  return v128.and(powerOfTwo(f32x4.pmax(margin, lowest)), f32x4.lt(d, threshold));
}

function weigh(j: i32, d0: v128, d1: v128, d2: v128, d3: v128): void {
  const cell = <usize>j << 2;
  const reference = v128.load32_splat(references + cell), threshold = v128.load32_splat(thresholds + cell);
  const heavy = f32x4.splat(load<f32>(nearest + cell) + <f32>(SHARE / bitsPerUnit64));
  const exact = f32x4.splat(exactFrom);
  let m0 = f32x4.sub(reference, d0), m1 = f32x4.sub(reference, d1);
  let m2 = f32x4.sub(reference, d2), m3 = f32x4.sub(reference, d3);
  const coarse = v128.or(
    v128.or(
      v128.and(f32x4.gt(f32x4.abs(d0), exact), f32x4.lt(d0, heavy)),
      v128.and(f32x4.gt(f32x4.abs(d1), exact), f32x4.lt(d1, heavy))),
    v128.or(
      v128.and(f32x4.gt(f32x4.abs(d2), exact), f32x4.lt(d2, heavy)),
      v128.and(f32x4.gt(f32x4.abs(d3), exact), f32x4.lt(d3, heavy))));
  if (v128.any_true(coarse)) {
    v128.store(weights, d0);
    v128.store(weights, d1, 16);
    v128.store(weights, d2, 32);
    v128.store(weights, d3, 48);
    takeExactly(j);
    m0 = v128.load(weights);
    m1 = v128.load(weights, 16);
    m2 = v128.load(weights, 32);
    m3 = v128.load(weights, 48);
  }
  v128.store(weights, weightOf(m0, d0, threshold));
  v128.store(weights, weightOf(m1, d1, threshold), 16);
  v128.store(weights, weightOf(m2, d2, threshold), 32);
  v128.store(weights, weightOf(m3, d3, threshold), 48);
}

/** Distances in `weights` become margins, those that count in float64. */
function takeExactly(j: i32): void {
  const cell = <usize>j << 2;
  const reference = <f64>load<f32>(references + cell);
  const heavy = load<f32>(nearest + cell) + <f32>(SHARE / bitsPerUnit64);
  for (let lane: usize = 0; lane < 16; lane++) {
    const at = weights + (lane << 2), d = load<f32>(at);
    const margin = reference - (abs(d) > exactFrom && d < heavy ? exactDistance(j, lane) : <f64>d);
    store<f32>(at, <f32>min(margin, LIMIT / bitsPerUnit64));
  }
}

/** Second pass, where posteriors answer what they compare: adds up to 16 images to the means. */
export function addAnswers(count: i32): void {
  takeImages(count);
  let any = false;
  for (let j = 0; j < J; j++) {
    const at = distancesOf(j), cell = <usize>j << 2, to = perPosterior + <usize>j * LINE;
    const d0 = f32x4.add(v128.load(at), beyond0), d1 = f32x4.add(v128.load(at, 16), beyond1);
    const d2 = f32x4.add(v128.load(at, 32), beyond2), d3 = f32x4.add(v128.load(at, 48), beyond3);
    const m = f32x4.pmin(f32x4.pmin(d0, d1), f32x4.pmin(d2, d3));
    if (!v128.any_true(f32x4.lt(m, v128.load32_splat(thresholds + cell)))) {
      memory.fill(to, 0, LINE);
      continue;
    }
    any = true;
    weigh(j, d0, d1, d2, d3);
    const share = f32x4.splat(<f32>(1 / load<f64>(sums + (<usize>j << 3))));
    v128.store(to, f32x4.mul(share, v128.load(weights)));
    v128.store(to, f32x4.mul(share, v128.load(weights, 16)), 16);
    v128.store(to, f32x4.mul(share, v128.load(weights, 32)), 32);
    v128.store(to, f32x4.mul(share, v128.load(weights, 48)), 48);
  }
  if (!any) return;
  spreadWeights();
  addMeans();
}

/** How many posteriors answer each value; once for filters. */
export function countAnswers(): void {
  memory.fill(perPosterior, 0, <usize>(J + 2) * LINE);
  for (let j: usize = 0; j < <usize>J; j++) store<f32>(perPosterior + j * LINE, 1);
  spreadWeights();
  for (let v: usize = 0; v < <usize>V; v++) store<f64>(counts + (v << 3), <f64>load<f32>(spread + v * LINE));
}

/** From sums to means. */
export function finish(): void {
  const channels = ofPixels ? C : 1;
  for (let i = 0; i < n; i++) {
    const at = means + (<usize>i << 3);
    const sum = group > 0 ? load<f64>(sums + (<usize>(i / group) << 3)) : load<f64>(counts + (<usize>(i / channels) << 3));
    store<f64>(at, load<f64>(at) / sum + <f64>load<f32>(pivot + (<usize>i << 2)));
  }
}
