/**
 * Convolution of tfjs tensors on the CPU, forward and backward (AssemblyScript, SIMD).
 *
 * Why it exists: TensorFlow.js's wasm backend has no filter gradient at all, and its forward
 * convolution reaches half of what the same core does here. Here is the plain sum, for filters of any size;
 * `winograd` has the faster way for 3 x 3 filters. The module holds no data of its own: it
 * works on pointers into the memory of the tfjs backend, which it imports, so nothing is copied.
 *
 * Layouts: images [H][W][C] float32, filters [k][k][Ci][Co], k odd, r = (k - 1) / 2, stride 1, output
 * as large as input. Images are first copied with a border of r pixels, zero or wrapped around, to
 * [H + 2r][W + 2r][C]; then the k taps of one filter row read one contiguous run of k * C floats.
 */

import { add, fma, lane0, lane1, lane2, lane3, partial } from "./lanes.as";
import { transposedProduct } from "./product.as";

export { copyColumns } from "./columns.as";
export { maxPool, maxPoolGradient } from "./pool.as";
export { packMatrix, product } from "./product.as";
export {
  finishFilterGradient, transformFilter, winogradConv, winogradFilterGradient,
} from "./winograd.as";

@inline
function horizontalSum(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Copies pixel columns -r .. W + r of one padded row from a row of W pixels; dst gets the border. */
function copyRow(src: usize, dst: usize, W: i32, C: i32, r: i32, circular: bool): void {
  const pixel = <usize>C << 2;
  const border = <usize>r * pixel, row = <usize>W * pixel;
  memory.copy(dst + border, src, row);
  if (circular) {
    memory.copy(dst, src + row - border, border);
    memory.copy(dst + border + row, src, border);
  } else {
    memory.fill(dst, 0, border);
    memory.fill(dst + border + row, 0, border);
  }
}

/** Fills the r rows above and below the H rows that are already in place. */
function padRows(padded: usize, H: i32, W: i32, C: i32, r: i32, circular: bool): void {
  const row = <usize>((W + 2 * r) * C) << 2;
  for (let i = 0; i < r; i++) {
    const top = padded + <usize>i * row, bottom = padded + <usize>(r + H + i) * row;
    if (circular) {
      memory.copy(top, padded + <usize>(H + i) * row, row);
      memory.copy(bottom, padded + <usize>(r + i) * row, row);
    } else {
      memory.fill(top, 0, row);
      memory.fill(bottom, 0, row);
    }
  }
}

/**
 * padded <- border(x + shift). `shift` [C] is added to every pixel before padding (the time
 * embedding); 0 for none. `scratch` holds one row of W * C floats.
 */
export function pad(
  x: usize, shift: usize, padded: usize, scratch: usize,
  H: i32, W: i32, C: i32, r: i32, circular: bool,
): void {
  const row = <usize>(W * C) << 2, paddedRow = <usize>((W + 2 * r) * C) << 2;
  for (let y = 0; y < H; y++) {
    let src = x + <usize>y * row;
    if (shift) {
      for (let p = 0; p < W; p++) {
        const from = src + <usize>(p * C << 2), to = scratch + <usize>(p * C << 2);
        let c = 0;
        for (; c + 4 <= C; c += 4) {
          v128.store(to + (c << 2), f32x4.add(v128.load(from + (c << 2)), v128.load(shift + (c << 2))));
        }
        for (; c < C; c++) store<f32>(to + (c << 2), load<f32>(from + (c << 2)) + load<f32>(shift + (c << 2)));
      }
      src = scratch;
    }
    copyRow(src, padded + <usize>(y + r) * paddedRow, W, C, r, circular);
  }
  padRows(padded, H, W, C, r, circular);
}

/**
 * padded <- border(dy where y > 0), the gradient before a ReLU; y = 0 (null): dy as it is.
 * Adds the sum over pixels to `biasGrad` [C].
 */
export function padGradient(
  dy: usize, y: usize, padded: usize, scratch: usize, biasGrad: usize,
  H: i32, W: i32, C: i32, r: i32, circular: bool,
): void {
  const row = <usize>(W * C) << 2, paddedRow = <usize>((W + 2 * r) * C) << 2;
  const zero = f32x4.splat(0);
  for (let i = 0; i < H; i++) {
    const from = dy + <usize>i * row, gate = y + <usize>i * row;
    for (let p = 0; p < W; p++) {
      const at = <usize>(p * C << 2);
      let c = 0;
      for (; c + 4 <= C; c += 4) {
        const o = at + (c << 2);
        let g = v128.load(from + o);
        if (y) g = v128.and(g, f32x4.gt(v128.load(gate + o), zero));
        v128.store(scratch + o, g);
        v128.store(biasGrad + (c << 2), f32x4.add(v128.load(biasGrad + (c << 2)), g));
      }
      for (; c < C; c++) {
        const o = at + (c << 2);
        let g = load<f32>(from + o);
        if (y && !(load<f32>(gate + o) > 0)) g = 0;
        store<f32>(scratch + o, g);
        store<f32>(biasGrad + (c << 2), load<f32>(biasGrad + (c << 2)) + g);
      }
    }
    copyRow(scratch, padded + <usize>(i + r) * paddedRow, W, C, r, circular);
  }
  padRows(padded, H, W, C, r, circular);
}

/** sums [C] <- sum over P pixels of x [P][C]; then x += added, like x, or 0 for none. */
export function sumPixels(x: usize, added: usize, sums: usize, P: i32, C: i32): void {
  memory.fill(sums, 0, <usize>C << 2);
  const pixel = <usize>C << 2, whole = <usize>(C & ~3) << 2;
  const end = x + <usize>P * pixel, toAdded = added - x;
  for (; x < end; x += pixel) {
    const last = x + whole;
    let sum = sums, at = x;
    if (added) {
      for (; at < last; at += 16, sum += 16) {
        const v = v128.load(at);
        add(sum, v);
        v128.store(at, f32x4.add(v, v128.load(at + toAdded)));
      }
    } else {
      for (; at < last; at += 16, sum += 16) add(sum, v128.load(at));
    }
    for (; at < x + pixel; at += 4, sum += 4) {
      const v = load<f32>(at);
      store<f32>(sum, load<f32>(sum) + v);
      if (added) store<f32>(at, v + load<f32>(at + toAdded));
    }
  }
}

/**
 * Reorders a filter for `conv`: blocks of 8 output channels [Co / 8][k * k * Ci][8], then the
 * remaining Co % 8 channels one by one as [k * k * Ci].
 *
 * `flipped`: the filter of the input gradient instead: taps reversed, Ci and Co exchanged.
 */
export function packFilter(
  filter: usize, packed: usize, k: i32, Ci: i32, Co: i32, flipped: bool,
): void {
  const taps = k * k;
  const inputs = flipped ? Co : Ci, outputs = flipped ? Ci : Co;
  const wide = outputs & ~7;
  for (let o = 0; o < outputs; o++) {
    for (let t = 0; t < taps; t++) {
      for (let i = 0; i < inputs; i++) {
        const value = flipped
          ? load<f32>(filter + (((taps - 1 - t) * Ci + o) * Co + i << 2))
          : load<f32>(filter + ((t * Ci + i) * Co + o << 2));
        const at = o < wide
          ? ((o >> 3) * taps * inputs + t * inputs + i) * 8 + (o & 7)
          : o * taps * inputs + t * inputs + i;
        store<f32>(packed + <usize>(at << 2), value);
      }
    }
  }
}

@inline
function finish(v: v128, relu: bool): v128 {
  return relu ? f32x4.max(v, f32x4.splat(0)) : v;
}

/**
 * out [H][W][Co] <- act(padded (*) packed + bias), one image. bias [Co], or 0 for none.
 * 4 pixels x 8 channels per register tile: 8 sums, 2 filter vectors, 1 broadcast.
 */
export function conv(
  padded: usize, packed: usize, bias: usize, out: usize,
  H: i32, W: i32, Ci: i32, Co: i32, k: i32, relu: bool,
): void {
  const pixel = <usize>Ci << 2, run = <usize>k * pixel;
  const paddedRow = <usize>((W + k - 1) * Ci) << 2;
  const outPixel = <usize>Co << 2;
  const wide = Co & ~7;
  const block = <usize>(k * k * Ci * 8) << 2;
  for (let y = 0; y < H; y++) {
    const rows = padded + <usize>y * paddedRow;
    const outRow = out + <usize>(y * W) * outPixel;
    for (let co = 0; co < wide; co += 8) {
      const weights = packed + <usize>(co >> 3) * block;
      const bias0 = bias ? v128.load(bias + (co << 2)) : f32x4.splat(0);
      const bias1 = bias ? v128.load(bias + (co << 2), 16) : f32x4.splat(0);
      let x = 0;
      for (; x + 4 <= W; x += 4) {
        let a0 = bias0, a1 = bias1, b0 = bias0, b1 = bias1;
        let c0 = bias0, c1 = bias1, d0 = bias0, d1 = bias1;
        let w = weights;
        let start = rows + <usize>x * pixel;
        for (let ky = 0; ky < k; ky++, start += paddedRow) {
          const end = start + run;
          let p = start;
          // Four channels of a pixel in one load, which an engine checks and issues once.
          for (; p + 16 <= end; p += 16, w += 128) {
            const xa = v128.load(p), xb = v128.load(p + pixel);
            const xc = v128.load(p + 2 * pixel), xd = v128.load(p + 3 * pixel);
            let w0 = v128.load(w), w1 = v128.load(w, 16);
            a0 = fma(lane0(xa), w0, a0); a1 = fma(lane0(xa), w1, a1);
            b0 = fma(lane0(xb), w0, b0); b1 = fma(lane0(xb), w1, b1);
            c0 = fma(lane0(xc), w0, c0); c1 = fma(lane0(xc), w1, c1);
            d0 = fma(lane0(xd), w0, d0); d1 = fma(lane0(xd), w1, d1);
            w0 = v128.load(w, 32); w1 = v128.load(w, 48);
            a0 = fma(lane1(xa), w0, a0); a1 = fma(lane1(xa), w1, a1);
            b0 = fma(lane1(xb), w0, b0); b1 = fma(lane1(xb), w1, b1);
            c0 = fma(lane1(xc), w0, c0); c1 = fma(lane1(xc), w1, c1);
            d0 = fma(lane1(xd), w0, d0); d1 = fma(lane1(xd), w1, d1);
            w0 = v128.load(w, 64); w1 = v128.load(w, 80);
            a0 = fma(lane2(xa), w0, a0); a1 = fma(lane2(xa), w1, a1);
            b0 = fma(lane2(xb), w0, b0); b1 = fma(lane2(xb), w1, b1);
            c0 = fma(lane2(xc), w0, c0); c1 = fma(lane2(xc), w1, c1);
            d0 = fma(lane2(xd), w0, d0); d1 = fma(lane2(xd), w1, d1);
            w0 = v128.load(w, 96); w1 = v128.load(w, 112);
            a0 = fma(lane3(xa), w0, a0); a1 = fma(lane3(xa), w1, a1);
            b0 = fma(lane3(xb), w0, b0); b1 = fma(lane3(xb), w1, b1);
            c0 = fma(lane3(xc), w0, c0); c1 = fma(lane3(xc), w1, c1);
            d0 = fma(lane3(xd), w0, d0); d1 = fma(lane3(xd), w1, d1);
          }
          for (; p < end; p += 4, w += 32) {
            const w0 = v128.load(w), w1 = v128.load(w, 16);
            let s = v128.load32_splat(p);
            a0 = fma(s, w0, a0); a1 = fma(s, w1, a1);
            s = v128.load32_splat(p + pixel);
            b0 = fma(s, w0, b0); b1 = fma(s, w1, b1);
            s = v128.load32_splat(p + 2 * pixel);
            c0 = fma(s, w0, c0); c1 = fma(s, w1, c1);
            s = v128.load32_splat(p + 3 * pixel);
            d0 = fma(s, w0, d0); d1 = fma(s, w1, d1);
          }
        }
        let o = outRow + <usize>x * outPixel + (co << 2);
        v128.store(o, finish(a0, relu)); v128.store(o, finish(a1, relu), 16); o += outPixel;
        v128.store(o, finish(b0, relu)); v128.store(o, finish(b1, relu), 16); o += outPixel;
        v128.store(o, finish(c0, relu)); v128.store(o, finish(c1, relu), 16); o += outPixel;
        v128.store(o, finish(d0, relu)); v128.store(o, finish(d1, relu), 16);
      }
      for (; x < W; x++) {
        let a0 = bias0, a1 = bias1;
        let w = weights;
        let start = rows + <usize>x * pixel;
        for (let ky = 0; ky < k; ky++, start += paddedRow) {
          const end = start + run;
          for (let p = start; p < end; p += 4, w += 32) {
            const s = v128.load32_splat(p);
            a0 = fma(s, v128.load(w), a0); a1 = fma(s, v128.load(w, 16), a1);
          }
        }
        const o = outRow + <usize>x * outPixel + (co << 2);
        v128.store(o, finish(a0, relu)); v128.store(o, finish(a1, relu), 16);
      }
    }
    // The last Co % 8 channels: lanes run along the taps' contiguous channels instead.
    for (let co = wide; co < Co; co++) {
      const weights = packed + <usize>(co * k * k * Ci) * 4;
      const offset = bias ? load<f32>(bias + (co << 2)) : 0;
      for (let x = 0; x < W; x++) {
        let lanes = f32x4.splat(0);
        let sum = offset;
        let w = weights;
        let start = rows + <usize>x * pixel;
        for (let ky = 0; ky < k; ky++, start += paddedRow) {
          const end = start + run;
          let p = start;
          for (; p + 16 <= end; p += 16, w += 16) lanes = fma(v128.load(p), v128.load(w), lanes);
          for (; p < end; p += 4, w += 4) sum += load<f32>(p) * load<f32>(w);
        }
        sum += horizontalSum(lanes);
        store<f32>(outRow + <usize>x * outPixel + (co << 2), relu ? max<f32>(sum, 0) : sum);
      }
    }
  }
}

/** Rows of the image whose pixels stay in the cache while all channel blocks pass over them. */
const STRIP = 4;

/**
 * filterGrad [k][k][Ci][Co] += sum over pixels of x[p + tap][ci] * dy[p][co], one image.
 * `xPadded` and `dyPadded` both carry a border of r; only the inside of dyPadded counts.
 */
export function filterGradient(
  xPadded: usize, dyPadded: usize, filterGrad: usize,
  H: i32, W: i32, Ci: i32, Co: i32, k: i32,
): void {
  if (k == 1 && Ci % 4 == 0 && Co % 8 == 0) {
    transposedProduct(xPadded, dyPadded, filterGrad, H * W, Ci, Co);
    return;
  }
  const r = k >> 1;
  const xPixel = <usize>Ci << 2, dPixel = <usize>Co << 2;
  const xRow = <usize>(W + 2 * r) * xPixel, dRow = <usize>(W + 2 * r) * dPixel;
  const inside = dyPadded + <usize>r * dRow + <usize>r * dPixel;
  const wideI = Ci & ~3, wideO = Co & ~7;
  for (let top = 0; top < H; top += STRIP) {
    const rows = min(STRIP, H - top);
    const dTop = inside + <usize>top * dRow;
    for (let tap = 0; tap < k * k; tap++) {
      const ky = tap / k, kx = tap - ky * k;
      const xTop = xPadded + <usize>(top + ky) * xRow + <usize>kx * xPixel;
      const grad = filterGrad + <usize>(tap * Ci) * dPixel;
      for (let ci = 0; ci < wideI; ci += 4) {
        for (let co = 0; co < wideO; co += 8) {
          let q = grad + <usize>ci * dPixel + (co << 2);
          let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
          for (let i = 0; i < rows; i++) {
            let p = xTop + <usize>i * xRow + (ci << 2);
            let d = dTop + <usize>i * dRow + (co << 2);
            const end = p + <usize>W * xPixel;
            for (; p < end; p += xPixel, d += dPixel) {
              const w0 = v128.load(d), w1 = v128.load(d, 16), x = v128.load(p);
              a0 = fma(lane0(x), w0, a0); a1 = fma(lane0(x), w1, a1);
              b0 = fma(lane1(x), w0, b0); b1 = fma(lane1(x), w1, b1);
              c0 = fma(lane2(x), w0, c0); c1 = fma(lane2(x), w1, c1);
              d0 = fma(lane3(x), w0, d0); d1 = fma(lane3(x), w1, d1);
            }
          }
          add(q, a0); add(q + 16, a1); q += dPixel;
          add(q, b0); add(q + 16, b1); q += dPixel;
          add(q, c0); add(q + 16, c1); q += dPixel;
          add(q, d0); add(q + 16, d1);
        }
      }
      // Input channels that do not fill a block of 4 (gray or color images).
      for (let ci = wideI; ci < Ci; ci++) {
        for (let co = 0; co < wideO; co += 8) {
          let a0 = f32x4.splat(0), a1 = a0;
          for (let i = 0; i < rows; i++) {
            let p = xTop + <usize>i * xRow + (ci << 2);
            let d = dTop + <usize>i * dRow + (co << 2);
            const end = p + <usize>W * xPixel;
            for (; p < end; p += xPixel, d += dPixel) {
              const s = v128.load32_splat(p);
              a0 = fma(s, v128.load(d), a0); a1 = fma(s, v128.load(d, 16), a1);
            }
          }
          const q = grad + <usize>ci * dPixel + (co << 2);
          add(q, a0); add(q + 16, a1);
        }
      }
      // Output channels that do not fill a block of 8: lanes along the input channels.
      for (let co = wideO; co < Co; co++) {
        for (let ci = 0; ci < Ci; ci += 4) {
          const lanes = min(4, Ci - ci);
          let a = f32x4.splat(0);
          for (let i = 0; i < rows; i++) {
            let p = xTop + <usize>i * xRow + (ci << 2);
            let d = dTop + <usize>i * dRow + (co << 2);
            const end = p + <usize>W * xPixel;
            if (lanes == 4) {
              for (; p < end; p += xPixel, d += dPixel) a = fma(v128.load(p), v128.load32_splat(d), a);
            } else {
              for (; p < end; p += xPixel, d += dPixel) {
                const s = load<f32>(d);
                a = f32x4.add(a, f32x4.mul(f32x4.splat(s), partial(p, lanes)));
              }
            }
          }
          const q = grad + <usize>ci * dPixel + (co << 2);
          addScalar(q, f32x4.extract_lane(a, 0));
          if (lanes > 1) addScalar(q + dPixel, f32x4.extract_lane(a, 1));
          if (lanes > 2) addScalar(q + 2 * dPixel, f32x4.extract_lane(a, 2));
          if (lanes > 3) addScalar(q + 3 * dPixel, f32x4.extract_lane(a, 3));
        }
      }
    }
  }
}

@inline
function addScalar(at: usize, v: f32): void {
  store<f32>(at, load<f32>(at) + v);
}
