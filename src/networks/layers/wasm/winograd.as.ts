/**
 * 3 x 3 convolution by Winograd's F(4 x 4, 3 x 3): a tile of 4 x 4 outputs takes 36 products per pair of
 * channels where the plain sum takes 144 (Lavin and Gray, arXiv 1509.09308, section 4).
 *
 *   out = A^T [(G g G^T) * (B^T d B)] A,
 *
 * d being the 6 x 6 inputs of the tile, and A, B and G those of `winograd_points`. The 36 places of a
 * transformed tile are 36 products of matrices, tiles by channels: those of a band of tile rows at a time, of
 * one image or several, so that they stay in the cache. The filter's gradient is
 * G^T [sum over tiles of (B^T d B) * (A dy A^T)] G.
 *
 * Tiles may reach beyond the image. Channels are filled up with zeros: inputs to fours, outputs to eights.
 * Each of 36 planes has 64 bytes between it and the next, since powers of two would all
 * meet in the same lines of the cache.
 */
import { add } from "./lanes.as";
import { multiply, multiplyTransposed } from "./product.as";
import { GAP } from "./winograd_filter.as";
import { storeTable } from "./winograd_points.as";
import {
  gather, transformFour, transformGradients, transformInputs, transformOutputs,
} from "./winograd_tiles.as";

export { finishFilterGradient, transformFilter } from "./winograd_filter.as";

@inline
function planeBytes(rows: i32, C: i32): usize {
  return (<usize>(rows * C) << 2) + GAP;
}

@inline
function fours(n: i32): i32 { return (n + 3) & ~3; }
@inline
function eights(n: i32): i32 { return (n + 7) & ~7; }

/** Where a tile lies in strips of tile rows. */
@inline
function tileAt(strips: usize, stripBytes: usize, t: i32, across: i32, C: i32): usize {
  const row = t / across;
  return strips + <usize>row * stripBytes + (<usize>((t - row * across) * C) << 4);
}

/**
 * out [n][H][W][Co] <- act((x + shift, or x where gate > floor) (*) filter + bias) + residual, of n images
 * x [n][H][W][Ci], gate and floor like x, shift [n][Ci], `filter` as `transformFilter` makes it,
 * bias [eights(Co)], residual like out; 0 for what there is not.
 *
 * A band has `bandRows` rows of tiles, a multiple of `stripRows`, whose tiles come in fours: `inputs` and
 * `products` hold its 36 planes, with tiles filled up to fours, `strips` what `stripRows` rows see, `scratch`
 * the table and 180 vectors.
 */
export function winogradConv(
  x: usize, shift: usize, gate: usize, floor: usize, filter: usize, bias: usize, residual: usize,
  out: usize,
  strips: usize, scratch: usize, inputs: usize, products: usize,
  n: i32, H: i32, W: i32, Ci: i32, Co: i32, bandRows: i32, stripRows: i32,
  circular: bool, relu: bool,
): void {
  storeTable(scratch);
  const down = (H + 3) >> 2, across = (W + 3) >> 2;
  const inC = fours(Ci), outC = eights(Co), filterPlane = planeBytes(inC, outC);
  const line = <usize>((4 * across + 2) * inC) << 2, stripBytes = 6 * line;
  const image = <usize>(H * W * Ci) << 2, outImage = <usize>(H * W * Co) << 2;
  for (let top = 0; top < n * down; top += bandRows) {
    const rows = min(bandRows, n * down - top), tiles = fours(rows * across);
    const plane = planeBytes(tiles, inC), outPlane = planeBytes(tiles, outC);
    let to = inputs;
    for (let row = top; row < top + rows; row += stripRows) {
      const some = min(stripRows, top + rows - row), last = some * across - 1;
      for (let i = 0; i < some; i++) {
        const b = (row + i) / down, offset = <usize>b * image;
        gather(x + offset, shift && shift + (<usize>(b * Ci) << 2), gate && gate + offset,
          floor && floor + offset, strips + <usize>i * stripBytes, 4 * (row + i - b * down), H, W, Ci, inC, across, circular);
      }
      for (let t = 0; t <= last; t += 4, to += <usize>inC << 4) {
        transformFour(
          tileAt(strips, stripBytes, t, across, inC),
          tileAt(strips, stripBytes, min(t + 1, last), across, inC),
          tileAt(strips, stripBytes, min(t + 2, last), across, inC),
          tileAt(strips, stripBytes, min(t + 3, last), across, inC),
          line, inC, scratch, to, plane);
      }
    }
    for (let f: usize = 0; f < 36; f++) {
      multiply(inputs + f * plane, filter + f * filterPlane, 0, products + f * outPlane,
        tiles, inC, outC, false);
    }
    let from = products;
    for (let row = top; row < top + rows; row++) {
      const b = row / down, offset = <usize>b * outImage;
      for (let tx = 0; tx < across; tx++, from += <usize>outC << 2) {
        transformOutputs(from, outPlane, bias, residual && residual + offset, out + offset, scratch,
          4 * (row - b * down), 4 * tx, H, W, Co, relu);
      }
    }
  }
}

/** sums [C] += the pixels inside a strip. */
function sumStrip(strip: usize, sums: usize, across: i32, C: i32): void {
  const pixel = <usize>C << 2, line = <usize>(4 * across + 2) * pixel;
  for (let c: usize = 0; c < pixel; c += 16) {
    let sum = f32x4.splat(0);
    for (let i: usize = 1; i < 5; i++) {
      const first = strip + i * line + pixel + c;
      for (let p = first; p < first + <usize>(4 * across) * pixel; p += pixel) {
        sum = f32x4.add(sum, v128.load(p));
      }
    }
    add(sums + c, sum);
  }
}

/**
 * sums [36][fours(Ci)][eights(Co)] += the gradient of the transformed filter, biasSums [eights(Co)] += that of
 * the bias, from dy where gate > floor; everything else as in `winogradConv`, `strips` for one row of either.
 */
export function winogradFilterGradient(
  x: usize, shift: usize, dy: usize, gate: usize, floor: usize, sums: usize, biasSums: usize,
  strips: usize, scratch: usize, inputs: usize, gradients: usize,
  n: i32, H: i32, W: i32, Ci: i32, Co: i32, bandRows: i32, circular: bool,
): void {
  storeTable(scratch);
  const down = (H + 3) >> 2, across = (W + 3) >> 2;
  const inC = fours(Ci), outC = eights(Co), sumPlane = planeBytes(inC, outC);
  const line = <usize>((4 * across + 2) * inC) << 2, dLine = <usize>((4 * across + 2) * outC) << 2;
  const image = <usize>(H * W * Ci) << 2, dImage = <usize>(H * W * Co) << 2;
  for (let top = 0; top < n * down; top += bandRows) {
    const rows = min(bandRows, n * down - top), tiles = rows * across;
    const plane = planeBytes(tiles, inC), dPlane = planeBytes(tiles, outC);
    let to = inputs, dTo = gradients;
    for (let row = top; row < top + rows; row++) {
      const b = row / down, y = 4 * (row - b * down);
      gather(x + <usize>b * image, shift && shift + (<usize>(b * Ci) << 2), 0, 0,
        strips, y, H, W, Ci, inC, across, circular);
      for (let t = 0; t < across; t++, to += <usize>inC << 2) {
        transformInputs(strips + (<usize>(t * inC) << 4), line, inC, scratch, to, plane);
      }
      const offset = <usize>b * dImage;
      gather(dy + offset, 0, gate && gate + offset, floor && floor + offset,
        strips, y, H, W, Co, outC, across, false);
      sumStrip(strips, biasSums, across, outC);
      const first = strips + dLine + (<usize>outC << 2);
      for (let t = 0; t < across; t++, dTo += <usize>outC << 2) {
        transformGradients(first + (<usize>(t * outC) << 4), dLine, outC, scratch, dTo, dPlane);
      }
    }
    for (let f: usize = 0; f < 36; f++) {
      multiplyTransposed(inputs + f * plane, gradients + f * dPlane, sums + f * sumPlane,
        tiles, inC, outC);
    }
  }
}
