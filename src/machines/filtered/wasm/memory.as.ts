/**
 * Where the data of a job lie. Training images come 16 at a time, one to a lane: every value below that belongs
 * to a training image is four vectors, a line of the cache.
 */

/** Bytes of a value of 16 images. */
export const LINE: usize = 64;
/** Above every distance. */
export const FAR: f32 = 1e30;

/** Rows and columns of an image, its channels, and its values: coordinates n and what is compared, V. */
export let H: i32, W: i32, C: i32, n: i32, V: i32;
/** Number of posteriors; side of their boxes, 0 where they are sets. */
export let J: i32, size: i32;
/** Are all channels of a pixel compared together? */
export let ofPixels: bool;
/** Coordinates that a posterior answers by itself; 0 where they answer what they compare. */
export let group: i32;

/** 16 images `[n]` as they come, and by coordinate: `[n, 16]`. */
export let raw: usize, images: usize;
/** The query x / signal in float64; the pivot z, and 2 x / signal - z. */
export let query: usize, pivot: usize, opposite: usize;
/** `[V, 16]`, relative to the pivot. */
export let differences: usize;
/**
 * Three sets that follow each other, a trio, have members together, which are summed once. A trio has seven lists,
 * of what is in its sets as the bits of 1 to 7 say; list i has the members from `starts[i]` to `starts[i + 1]`, each
 * a place in bytes.
 */
export let starts: usize, members: usize;
/** Lists of a trio, and trios. */
export const LISTS = 7;
export let trios: i32;
/** Of each posterior: what is nearer counts; its nearest distance; what weights are relative to; their sum. */
export let thresholds: usize, nearest: usize, references: usize, sums: usize;
/** `[J, 16]`: distances of boxes; weights. Sums of them along rows. `[V, 16]`: weights spread over what they answer. */
export let perPosterior: usize, rows: usize, spread: usize;
/** How many posteriors answer each of V. */
export let counts: usize;
/** Sums of weights times images less the pivot; in the end the means. `[n]` float64. */
export let means: usize;

let top: usize;

function take(bytes: usize): usize {
  const at = top;
  top = (top + bytes + 63) & ~63;
  return at;
}

/** Lays out memory; `memberCount` is that of all sets together. */
export function layOut(
  H_: i32, W_: i32, C_: i32, J_: i32, size_: i32, ofPixels_: bool, group_: i32, memberCount: usize,
): void {
  H = H_; W = W_; C = C_; J = J_; size = size_;
  ofPixels = ofPixels_; group = group_;
  n = H * W * C;
  V = ofPixels ? H * W : n;
  top = (__heap_base + 63) & ~63;
  raw = take(<usize>n * LINE);
  images = take(<usize>n * LINE);
  query = take(<usize>n << 3);
  pivot = take(<usize>n << 2);
  opposite = take(<usize>n << 2);
  differences = take(<usize>V * LINE);
  trios = size > 0 ? 0 : (J + 2) / 3;
  starts = take(<usize>(LISTS * trios + 1) << 2);
  members = take(memberCount << 2);
  thresholds = take(<usize>J << 2);
  nearest = take(<usize>J << 2);
  references = take(<usize>J << 2);
  sums = take(<usize>J << 3);
  means = take(<usize>n << 3);
  if (group == 0) {
    // A trio is whole.
    perPosterior = take(<usize>(J + 2) * LINE);
    rows = take(<usize>(H * W) * LINE);
    spread = take(<usize>V * LINE);
    counts = take(<usize>V << 3);
  }
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  memory.fill(raw, 0, <usize>n * LINE);
}
