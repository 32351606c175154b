/**
 * Where a posterior comes from. Its sums are known: thresholds stay as they are, 2^cutoffBits above the sum,
 * and the weight of a candidate is w = 2^((threshold - D) * bitsPerUnit) times a factor of its pixel. Of
 * each image of the pair, and of each pixel, the sum of weights and the largest margin threshold - D are
 * kept while the pair is summed, and then folded into what is known of the pixel: moments of the weights,
 * and a list of the images that have the nearest candidates. Their candidates are told apart afterwards.
 */
import { atSum4, bitsPerUnit64, LIMIT } from "./arithmetic.as";
import { boxed, clearCounts, countBackground } from "./background.as";
import { background, cellPlane, cellRow, counts, FAR, layOutMore, states, W } from "./layout.as";

/** Does the job explain? */
export let explains: bool;
/** Planes of p: sums of weights and largest margins of both images, and of weights times margins relative to the sum's. */
export let weights: usize, margins1: usize, products: usize;
/** Explained pixels, images in the list of each, images of the job. */
let pixels: i32, listed: i32;
/** Images so far. */
let images: i32;

// Of each explained pixel: its place, its factor and the logarithm of that in bits, how far margins may be
// from each other by rounding alone, moments, and the list.
let places: usize, factors: usize, slacks: usize;
let masses: usize, entropies: usize, imageEntropies: usize, lowest: usize;
let listMargins: usize, listImages: usize, imageWeights: usize;

/** No candidate has a margin as low. */
const NONE: f32 = -1e29;

/** Parts of a margin that rounding may cost. */
const ROUNDING: f32 = 2e-6;

/** Lays out memory for an explanation of so many pixels by so many images; 0 pixels end it. */
export function prepareExplanation(pixels_: i32, listed_: i32, images_: i32): void {
  explains = pixels_ > 0;
  if (!explains) return;
  pixels = pixels_;
  listed = listed_;
  images = 0;
  const planes = 5 * cellPlane + 64, cells = <usize>pixels << 3;
  const lists = <usize>pixels * listed << 2;
  let at = layOutMore(planes + 6 * cells + 2 * lists + (<usize>images_ << 3) + 256);
  weights = at;
  margins1 = at + 2 * cellPlane;
  products = at + 4 * cellPlane;
  factors = (at + planes + 15) & ~15;
  masses = factors + cells;
  entropies = masses + cells;
  imageEntropies = entropies + cells;
  places = imageEntropies + cells;
  slacks = places + (cells >> 1);
  lowest = slacks + (cells >> 1);
  imageWeights = (lowest + (cells >> 1) + 15) & ~15;
  listMargins = imageWeights + (<usize>images_ << 3);
  listImages = listMargins + lists;
  memory.fill(masses, 0, 3 * cells);
  memory.fill(imageWeights, 0, <usize>images_ << 3);
  for (let i: usize = 0; i < lists; i += 4) {
    store<f32>(listMargins + i, -FAR);
    store<i32>(listImages + i, i32.MAX_VALUE);
  }
  for (let e: usize = 0; e < <usize>pixels; e++) store<f32>(lowest + (e << 2), -FAR);
}

// Where the caller writes: [E] int32, [E] float64, [E] float32; where it reads: [E] float64 three times,
// [images] float64, [E][L] float32 and int32.
export function placesAt(): usize { return places; }
export function factorsAt(): usize { return factors; }
export function slacksAt(): usize { return slacks; }
export function massesAt(): usize { return masses; }
export function imageWeightsAt(): usize { return imageWeights; }
export function listMarginsAt(): usize { return listMargins; }
export function listImagesAt(): usize { return listImages; }

/** Prepares for a pair of images, or a single one. */
export function beginPair(count: i32): void {
  clearCounts();
  countBackground(count);
  memory.fill(weights, 0, 2 * cellPlane);
  memory.fill(products, 0, cellPlane);
  for (let at = margins1; at < products; at += 16) v128.store(at, f32x4.splat(-FAR));
}

/** Folds what was summed of a pair, or of a single image. */
export function foldPair(count: i32): void {
  const copy = <usize>W << 2, plane = cellPlane;
  const single = count == 1;
  const first = images;
  const atSum = <f64>f32x4.extract_lane(atSum4, 0);
  const weightsAt = imageWeights + (<usize>first << 3);
  let total1: f64 = 0, total2: f64 = 0;
  for (let e = 0; e < pixels; e++) {
    const place = load<i32>(places + (<usize>e << 2));
    const offset = <usize>(place / W * cellRow + (place % W << 2));
    const sum = weights + offset, margin = margins1 + offset, product = products + offset;
    let w1 = <f64>load<f32>(sum) + <f64>load<f32>(sum + copy);
    let w2 = <f64>load<f32>(sum + plane) + <f64>load<f32>(sum + plane + copy);
    let v = <f64>load<f32>(product) + <f64>load<f32>(product + copy);
    let m1 = max(load<f32>(margin), load<f32>(margin + copy));
    let m2 = max(load<f32>(margin + plane), load<f32>(margin + plane + copy));
    const repeats = boxed ? load<i32>(counts + (<usize>place << 2)) / count : 0;
    if (repeats > 0) {
      const t = <f64>load<f32>(states + offset) - load<f64>(background + (<usize>place << 3));
      if (t * bitsPerUnit64 > -<f64>LIMIT) {
        const weight = <f64>repeats * Math.pow(2, t * bitsPerUnit64);
        w1 += weight;
        if (!single) w2 += weight;
        v += <f64>count * weight * (t - atSum);
      }
      m1 = max(m1, <f32>t);
      m2 = max(m2, <f32>t);
    }
    if (w1 + w2 > 0) {
      const factor = load<f64>(factors + (<usize>e << 3));
      w1 *= factor;
      w2 *= factor;
      const at = <usize>e << 3, w = w1 + w2;
      total1 += w1;
      total2 += w2;
      store<f64>(masses + at, load<f64>(masses + at) + w);
      const bits = factor * bitsPerUnit64 * v + w * (log2(factor) + atSum * bitsPerUnit64);
      store<f64>(entropies + at, load<f64>(entropies + at) - bits);
      let imageBits = w1 > 0 ? w1 * log2(w1) : 0;
      if (w2 > 0) imageBits += w2 * log2(w2);
      store<f64>(imageEntropies + at, load<f64>(imageEntropies + at) - imageBits);
    }
    list(e, m1, first);
    if (!single) list(e, m2, first + 1);
  }
  store<f64>(weightsAt, total1);
  if (!single) store<f64>(weightsAt, total2, 8);
  images += count;
}

/** Of a positive normal number, to 1e-10: a few terms of the series of artanh. */
@inline
function log2(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let exponent = <f64>(<i32>(bits >> 52) - 1023);
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1), z = s * s;
  const series = 1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z / 11))));
  return exponent + 2.8853900817779268 * s * series;
}

/** Puts an image in the list of pixel e, if its nearest candidate is near enough. */
@inline
function list(e: i32, margin: f32, image: i32): void {
  const slack = load<f32>(slacks + (<usize>e << 2)) + abs(margin) * ROUNDING;
  if (margin <= load<f32>(lowest + (<usize>e << 2)) - slack || margin <= NONE) return;
  replace(e, margin, image, slack);
}

/** Of the images that are as far as the farthest, up to rounding, the last falls out. */
function replace(e: i32, margin: f32, image: i32, slack: f32): void {
  const from = <usize>e * listed << 2, to = from + (<usize>listed << 2);
  const least = load<f32>(lowest + (<usize>e << 2));
  let last = from;
  let lastImage = -1;
  for (let i = from; i < to; i += 4) {
    const other = load<i32>(listImages + i);
    if (load<f32>(listMargins + i) > least + slack || other <= lastImage) continue;
    last = i;
    lastImage = other;
  }
  if (margin <= least + slack && image > lastImage) return;
  store<f32>(listMargins + last, margin);
  store<i32>(listImages + last, image);
  let next = load<f32>(listMargins + from);
  for (let i = from + 4; i < to; i += 4) next = min(next, load<f32>(listMargins + i));
  store<f32>(lowest + (<usize>e << 2), next);
}
