/**
 * The job and where its data lie in memory.
 *
 * Planes. Two training images, and what belongs to a pixel p of the query: its state cells, the query
 * itself, its distance from the pivot, and what centers are relative to. Each is a plane of rows with
 * a stride of its own; those of p have rows of 2 W: position p and its copy p + W, so that four lanes
 * that are neighbors in q are neighbors in p although p wraps around.
 */

export const WHOLE = 0, SHIFTS = 1, SAME = 2, INTERIOR = 3, WRAPPED = 4, BORDER = 5;
/** Above every distance; sums of a few hundred stay finite. */
export const FAR: f32 = 1e30;

export let rule: i32, H: i32, W: i32, C: i32, B: i32, S: i32, R: i32;
/** Do windows have weights? */
export let weighted: bool;

/** Row strides in bytes: column sums; planes of p; a training image. */
export let planeRow: i32, cellRow: i32, imageRow: i32;
export let cellPlane: usize, imagePlane: usize, doublePlane: usize;
/** From an image of the pair to the other: its planes, and its column sums. */
export let imageBytes: usize, columnsBytes: usize;

let top: usize;
export let radii: usize, raw: usize, image: usize;
/** Of each scale: how near a border is interior; its taps by distance, [R + 1] float64; see `weighted_windows`. */
export let reaches: usize, taps: usize, tapVectors: usize, tapVectorsBytes: usize;
/** Planes of queries and images with their padding around them, and a row of zeros. */
export let paddedQueries: usize, paddedPivots: usize, paddedImage: usize, zeroRow: usize;
export let paddedQueryRow: i32, paddedImageRow: i32;
export let paddedQueryPlane: usize, paddedImagePlane: usize, paddedImageBytes: usize;
export let E: usize, columns: usize, suffix: usize, distances: usize;
/** Four zeros, then four times 2 FAR: what is added to four columns of which the last are beyond. */
export let ends: usize;
/** A strip of E. */
export let stripBytes: usize;
/** What centers are relative to: the pivot, or zeros. */
export let origins: usize;
/** The queries in float32 and float64; minus the squared distance of each pixel from the pivot. */
export let queries: usize, exactQueries: usize, minusPivotDistances: usize;
export let states: usize;
/** For each (query, scale): does float32 suffice below its thresholds? See `rescoring`. */
export let f32Flags: usize;
export let references: usize, sums: usize, accs: usize, logits: usize;
/** Number of background patches per scale and pixel, their distance, and the value that they have. */
export let counts: usize, background: usize, backgroundValue: usize;

function take(bytes: usize): usize {
  const at = top;
  top = (top + bytes + 15) & ~15;
  return at;
}

/** The end of what a job needs by itself. */
let end: usize;

/** Memory beyond that, instead of what was taken there before. */
export function layOutMore(bytes: usize): usize {
  top = end;
  const at = take(bytes);
  reserve();
  return at;
}

function reserve(): void {
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
}

/** What windows with weights need beside the rest. */
function layOutWeighted(): void {
  taps = take(<usize>(S * (R + 1)) << 3);
  tapVectorsBytes = <usize>(2 * R + 3) << 4;
  tapVectors = take(<usize>S * tapVectorsBytes);
  paddedQueryRow = (2 * (W + R) + 16) << 2;
  paddedQueryPlane = <usize>H * paddedQueryRow;
  paddedImageRow = (W + 2 * R + 16) << 2;
  paddedImagePlane = <usize>H * paddedImageRow;
  paddedImageBytes = <usize>C * paddedImagePlane;
  paddedQueries = take(<usize>(B * C) * paddedQueryPlane);
  paddedPivots = take(<usize>B * paddedQueryPlane);
  paddedImage = take(2 * paddedImageBytes);
  zeroRow = take(paddedImageRow);
}

/** Lays out memory for a job. */
export function layOut(
  rule_: i32, H_: i32, W_: i32, C_: i32, B_: i32, S_: i32, R_: i32, weighted_: bool,
): void {
  rule = rule_; H = H_; W = W_; C = C_; B = B_; S = S_; R = R_;
  weighted = weighted_;
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
  imageBytes = C * imagePlane + slack;
  image = take(2 * imageBytes);
  origins = take(<usize>B * C * cellPlane + slack);
  exactQueries = take(<usize>B * C * doublePlane);
  sums = take(<usize>B * S * doublePlane);
  accs = take(<usize>B * S * C * doublePlane);
  if (scaled) {
    stripBytes = <usize>(H + 2 * R) << 6;
    reaches = take(<usize>S << 2);
    E = take(<usize>(((weighted ? W + 2 * R : W) + 7) >> 3) * stripBytes + 64);
    columnsBytes = <usize>H * planeRow + slack;
    columns = take(2 * columnsBytes);
    // Rows are summed in twos.
    distances = take(<usize>(H + 1) << 6);
    ends = take(32);
    suffix = take((<usize>(2 * R + 1) << 6) + 64);
    queries = take(<usize>B * C * cellPlane + slack);
    minusPivotDistances = take(<usize>B * cellPlane + slack);
    counts = take((<usize>S * H * W) << 2);
    background = take(<usize>B * S * doublePlane);
    backgroundValue = take(<usize>C << 2);
    states = take(<usize>B * S * (2 + C) * cellPlane + slack);
    references = take((<usize>B * S * H * W) << 2);
    f32Flags = take(B * S);
    if (weighted) layOutWeighted();
  } else {
    logits = take(max(<usize>B << 3, (<usize>H * W) << 3));
    references = take(<usize>B << 3);
  }
  end = top;
  reserve();
  memory.fill(image, 0, 2 * imageBytes);
  if (scaled) {
    // Lanes beyond the end are computed too, and must stay small beside FAR.
    memory.fill(E, 0, distances - E);
    if (weighted) memory.fill(paddedImage, 0, zeroRow + paddedImageRow - paddedImage);
    for (let i: usize = 0; i < 8; i++) store<f32>(ends + (i << 2), i < 4 ? 0 : 2 * FAR);
  }
}
