/**
 * 3 x 3 convolution by Winograd's F(2 x 2, 3 x 3): a tile of 2 x 2 outputs takes 16 products per pair of
 * channels where the plain sum takes 36 (Lavin and Gray, arXiv 1509.09308, section 4.1).
 *
 *   out = A^T [(G g G^T) * (B^T d B)] A,
 *   B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1],
 *   A^T = [1 1 1 0; 0 1 -1 -1],
 *
 * d being the 4 x 4 inputs of the tile. The 16 places of a transformed tile are 16 products of matrices,
 * tiles by channels: those of a band of tile rows at a time, so that they stay in the cache. The filter's
 * gradient is G^T [sum over tiles of (B^T d B) * (A dy A^T)] G.
 *
 * Layouts as in `conv2d`. H and W are even; inputs come in fours and outputs in eights. Transformed
 * inputs and outputs are [16][tiles of the band][C], each of the 16 planes with 64 bytes between it and
 * the next, since powers of two would all meet in the same lines of the cache.
 */
import { add, fma, lane0, lane1, lane2, lane3 } from "./lanes.as";

/** Bytes between planes of a band. */
const GAP: usize = 64;

@inline
function planeBytes(tiles: i32, C: i32): usize {
  return (<usize>(tiles * C) << 2) + GAP;
}

@inline
function half(v: v128): v128 { return f32x4.mul(v, f32x4.splat(0.5)); }

/**
 * transformed [16][Co / 8][Ci][8] <- G filter G^T. `flipped`: the filter of the input gradient: taps
 * reversed, Ci and Co exchanged, so that it is [16][Ci / 8][Co][8].
 */
export function transformFilter(
  filter: usize, transformed: usize, Ci: i32, Co: i32, flipped: bool,
): void {
  const inputs = flipped ? Co : Ci, outputs = flipped ? Ci : Co;
  const plane = <usize>(inputs * outputs) << 2;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const to = transformed + <usize>(((o >> 3) * inputs + i) * 8 + (o & 7) << 2);
      // Columns of G g, three of four.
      for (let row = 0; row < 4; row++) {
        let r0: f32 = 0, r1: f32 = 0, r2: f32 = 0;
        for (let t = 0; t < 3; t++) {
          // Row `row` of G.
          const factor: f32 = row == 0 ? (t == 0 ? 1 : 0)
            : row == 3 ? (t == 2 ? 1 : 0)
            : row == 2 && t == 1 ? -0.5 : 0.5;
          if (factor == 0) continue;
          r0 += factor * tap(filter, t, 0, i, o, Ci, Co, flipped);
          r1 += factor * tap(filter, t, 1, i, o, Ci, Co, flipped);
          r2 += factor * tap(filter, t, 2, i, o, Ci, Co, flipped);
        }
        const at = to + <usize>(4 * row) * plane;
        store<f32>(at, r0);
        store<f32>(at + plane, 0.5 * (r0 + r1 + r2));
        store<f32>(at + 2 * plane, 0.5 * (r0 - r1 + r2));
        store<f32>(at + 3 * plane, r2);
      }
    }
  }
}

@inline
function tap(
  filter: usize, ky: i32, kx: i32, input: i32, output: i32, Ci: i32, Co: i32, flipped: bool,
): f32 {
  const t = ky * 3 + kx;
  return flipped
    ? load<f32>(filter + <usize>(((8 - t) * Ci + output) * Co + input << 2))
    : load<f32>(filter + <usize>((t * Ci + input) * Co + output << 2));
}

/** to <- B^T d B of `rows` rows of tiles, of which `from` is the first pixel's padded surroundings. */
function transformInputs(from: usize, to: usize, rows: i32, W: i32, C: i32): void {
  const across = W >> 1;
  const plane = planeBytes(rows * across, C), pixel = <usize>C << 2;
  const line = <usize>(W + 2) * pixel;
  for (let ty = 0; ty < rows; ty++) {
    for (let tx = 0; tx < across; tx++) {
      const d0 = from + <usize>(2 * ty) * line + <usize>(2 * tx) * pixel;
      const end = d0 + pixel;
      for (let a = d0; a < end; a += 16, to += 16) {
        const b = a + line, c = b + line, d = c + line;
        const b0 = v128.load(b), b1 = v128.load(b + pixel);
        const b2 = v128.load(b + 2 * pixel), b3 = v128.load(b + 3 * pixel);
        const c0 = v128.load(c), c1 = v128.load(c + pixel);
        const c2 = v128.load(c + 2 * pixel), c3 = v128.load(c + 3 * pixel);
        storeInputs(to, plane,
          f32x4.sub(v128.load(a), c0), f32x4.sub(v128.load(a + pixel), c1),
          f32x4.sub(v128.load(a + 2 * pixel), c2), f32x4.sub(v128.load(a + 3 * pixel), c3));
        storeInputs(to + 4 * plane, plane,
          f32x4.add(b0, c0), f32x4.add(b1, c1), f32x4.add(b2, c2), f32x4.add(b3, c3));
        storeInputs(to + 8 * plane, plane,
          f32x4.sub(c0, b0), f32x4.sub(c1, b1), f32x4.sub(c2, b2), f32x4.sub(c3, b3));
        storeInputs(to + 12 * plane, plane,
          f32x4.sub(b0, v128.load(d)), f32x4.sub(b1, v128.load(d + pixel)),
          f32x4.sub(b2, v128.load(d + 2 * pixel)), f32x4.sub(b3, v128.load(d + 3 * pixel)));
      }
    }
  }
}

/** Four places of a row of B^T d, times B. */
@inline
function storeInputs(to: usize, plane: usize, t0: v128, t1: v128, t2: v128, t3: v128): void {
  v128.store(to, f32x4.sub(t0, t2));
  v128.store(to + plane, f32x4.add(t1, t2));
  v128.store(to + 2 * plane, f32x4.sub(t2, t1));
  v128.store(to + 3 * plane, f32x4.sub(t1, t3));
}

/** products [tiles][Co] <- inputs [tiles][Ci] times filter [Co / 8][Ci][8], one of the 16 planes. */
function multiply(inputs: usize, filter: usize, products: usize, tiles: i32, Ci: i32, Co: i32): void {
  const row = <usize>Ci << 2, outRow = <usize>Co << 2;
  for (let co = 0; co < Co; co += 8, filter += row << 3) {
    let x = inputs, out = products + (<usize>co << 2);
    let t = 0;
    for (; t + 4 <= tiles; t += 4, x += 4 * row) {
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      let w = filter;
      for (const end = x + row; x < end; x += 16, w += 128) {
        const xa = v128.load(x), xb = v128.load(x + row);
        const xc = v128.load(x + 2 * row), xd = v128.load(x + 3 * row);
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
      x -= row;
      v128.store(out, a0); v128.store(out, a1, 16); out += outRow;
      v128.store(out, b0); v128.store(out, b1, 16); out += outRow;
      v128.store(out, c0); v128.store(out, c1, 16); out += outRow;
      v128.store(out, d0); v128.store(out, d1, 16); out += outRow;
    }
    for (; t < tiles; t++, out += outRow) {
      let a0 = f32x4.splat(0), a1 = a0;
      let w = filter;
      for (const end = x + row; x < end; x += 4, w += 32) {
        const s = v128.load32_splat(x);
        a0 = fma(s, v128.load(w), a0); a1 = fma(s, v128.load(w, 16), a1);
      }
      v128.store(out, a0); v128.store(out, a1, 16);
    }
  }
}

/** out <- act(A^T m A + bias) of `rows` rows of tiles; `out` is their first pixel. */
function transformOutputs(
  from: usize, bias: usize, out: usize, rows: i32, W: i32, C: i32, relu: bool,
): void {
  const across = W >> 1;
  const plane = planeBytes(rows * across, C), pixel = <usize>C << 2;
  const line = <usize>W * pixel;
  const least = f32x4.splat(relu ? 0 : -Infinity);
  for (let ty = 0; ty < rows; ty++) {
    for (let tx = 0; tx < across; tx++) {
      let to = out + <usize>(2 * ty) * line + <usize>(2 * tx) * pixel;
      for (let c: usize = 0; c < pixel; c += 16, from += 16, to += 16) {
        const b = bias ? v128.load(bias + c) : f32x4.splat(0);
        let m0 = v128.load(from), m1 = v128.load(from + plane);
        let m2 = v128.load(from + 2 * plane), m3 = v128.load(from + 3 * plane);
        let y00 = f32x4.add(b, f32x4.add(m0, f32x4.add(m1, m2)));
        let y01 = f32x4.add(b, f32x4.sub(f32x4.sub(m1, m2), m3));
        let at = from + 4 * plane;
        m0 = v128.load(at); m1 = v128.load(at + plane);
        m2 = v128.load(at + 2 * plane); m3 = v128.load(at + 3 * plane);
        let s = f32x4.add(m0, f32x4.add(m1, m2)), t = f32x4.sub(f32x4.sub(m1, m2), m3);
        y00 = f32x4.add(y00, s);
        y01 = f32x4.add(y01, t);
        let y10 = f32x4.add(b, s), y11 = f32x4.add(b, t);
        at += 4 * plane;
        m0 = v128.load(at); m1 = v128.load(at + plane);
        m2 = v128.load(at + 2 * plane); m3 = v128.load(at + 3 * plane);
        s = f32x4.add(m0, f32x4.add(m1, m2));
        t = f32x4.sub(f32x4.sub(m1, m2), m3);
        y00 = f32x4.add(y00, s);
        y01 = f32x4.add(y01, t);
        y10 = f32x4.sub(y10, s);
        y11 = f32x4.sub(y11, t);
        at += 4 * plane;
        m0 = v128.load(at); m1 = v128.load(at + plane);
        m2 = v128.load(at + 2 * plane); m3 = v128.load(at + 3 * plane);
        y10 = f32x4.sub(y10, f32x4.add(m0, f32x4.add(m1, m2)));
        y11 = f32x4.sub(y11, f32x4.sub(f32x4.sub(m1, m2), m3));
        v128.store(to, f32x4.max(y00, least));
        v128.store(to + pixel, f32x4.max(y01, least));
        v128.store(to + line, f32x4.max(y10, least));
        v128.store(to + line + pixel, f32x4.max(y11, least));
      }
    }
  }
}

/**
 * out [H][W][Co] <- act(padded (*) filter + bias), one image; `transformed` as `transformFilter` makes it,
 * bias [Co] or 0 for none. `inputs` and `products` hold a band of `bandRows` rows of tiles:
 * 16 planes of bandRows * W / 2 * C floats and 16 more.
 */
export function winogradConv(
  padded: usize, transformed: usize, bias: usize, out: usize, inputs: usize, products: usize,
  H: i32, W: i32, Ci: i32, Co: i32, bandRows: i32, relu: bool,
): void {
  const filterPlane = <usize>(Ci * Co) << 2;
  const line = <usize>((W + 2) * Ci) << 2, outLine = <usize>(W * Co) << 2;
  for (let top = 0; top < H >> 1; top += bandRows) {
    const rows = min(bandRows, (H >> 1) - top), tiles = rows * (W >> 1);
    transformInputs(padded + <usize>(2 * top) * line, inputs, rows, W, Ci);
    for (let f: usize = 0; f < 16; f++) {
      multiply(inputs + f * planeBytes(tiles, Ci), transformed + f * filterPlane,
        products + f * planeBytes(tiles, Co), tiles, Ci, Co);
    }
    transformOutputs(products, bias, out + <usize>(2 * top) * outLine, rows, W, Co, relu);
  }
}

/** to <- A dy A^T of `rows` rows of tiles; `dy` is their first pixel, in lines of `line` bytes. */
function transformGradients(
  dy: usize, to: usize, rows: i32, W: i32, C: i32, line: usize,
): void {
  const across = W >> 1;
  const plane = planeBytes(rows * across, C), pixel = <usize>C << 2;
  for (let ty = 0; ty < rows; ty++) {
    for (let tx = 0; tx < across; tx++) {
      const first = dy + <usize>(2 * ty) * line + <usize>(2 * tx) * pixel;
      for (let a = first; a < first + pixel; a += 16, to += 16) {
        const y00 = v128.load(a), y01 = v128.load(a + pixel);
        const y10 = v128.load(a + line), y11 = v128.load(a + line + pixel);
        storeGradients(to, plane, y00, y01);
        storeGradients(to + 4 * plane, plane, f32x4.add(y00, y10), f32x4.add(y01, y11));
        storeGradients(to + 8 * plane, plane, f32x4.sub(y00, y10), f32x4.sub(y01, y11));
        storeGradients(to + 12 * plane, plane, f32x4.neg(y10), f32x4.neg(y11));
      }
    }
  }
}

@inline
function storeGradients(to: usize, plane: usize, left: v128, right: v128): void {
  v128.store(to, left);
  v128.store(to + plane, f32x4.add(left, right));
  v128.store(to + 2 * plane, f32x4.sub(left, right));
  v128.store(to + 3 * plane, f32x4.neg(right));
}

/** sums [Ci][Co] += inputs [tiles][Ci] transposed times gradients [tiles][Co], one of the 16 planes. */
function multiplyTransposed(
  inputs: usize, gradients: usize, sums: usize, tiles: i32, Ci: i32, Co: i32,
): void {
  const row = <usize>Ci << 2, outRow = <usize>Co << 2;
  const length = <usize>tiles * row;
  for (let ci: usize = 0; ci < row; ci += 16) {
    for (let co: usize = 0; co < outRow; co += 32) {
      let q = sums + (ci >> 2) * outRow + co;
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      let d = gradients + co;
      const start = inputs + ci;
      for (let p = start; p < start + length; p += row, d += outRow) {
        const w0 = v128.load(d), w1 = v128.load(d, 16), x = v128.load(p);
        a0 = fma(lane0(x), w0, a0); a1 = fma(lane0(x), w1, a1);
        b0 = fma(lane1(x), w0, b0); b1 = fma(lane1(x), w1, b1);
        c0 = fma(lane2(x), w0, c0); c1 = fma(lane2(x), w1, c1);
        d0 = fma(lane3(x), w0, d0); d1 = fma(lane3(x), w1, d1);
      }
      add(q, a0); add(q + 16, a1); q += outRow;
      add(q, b0); add(q + 16, b1); q += outRow;
      add(q, c0); add(q + 16, c1); q += outRow;
      add(q, d0); add(q + 16, d1);
    }
  }
}

/**
 * sums [16][Ci][Co] += the gradient of the transformed filter, one image. Both images carry a border of one
 * pixel; `inputs` and `gradients` hold a band as in `winogradConv`.
 */
export function winogradFilterGradient(
  xPadded: usize, dyPadded: usize, sums: usize, inputs: usize, gradients: usize,
  H: i32, W: i32, Ci: i32, Co: i32, bandRows: i32,
): void {
  const line = <usize>((W + 2) * Ci) << 2, dLine = <usize>((W + 2) * Co) << 2;
  const inside = dyPadded + dLine + (<usize>Co << 2);
  const sumPlane = <usize>(Ci * Co) << 2;
  for (let top = 0; top < H >> 1; top += bandRows) {
    const rows = min(bandRows, (H >> 1) - top), tiles = rows * (W >> 1);
    transformInputs(xPadded + <usize>(2 * top) * line, inputs, rows, W, Ci);
    transformGradients(inside + <usize>(2 * top) * dLine, gradients, rows, W, Co, dLine);
    for (let f: usize = 0; f < 16; f++) {
      multiplyTransposed(inputs + f * planeBytes(tiles, Ci), gradients + f * planeBytes(tiles, Co),
        sums + f * sumPlane, tiles, Ci, Co);
    }
  }
}

/** filterGrad [3][3][Ci][Co] <- G^T sums G. */
export function finishFilterGradient(sums: usize, filterGrad: usize, Ci: i32, Co: i32): void {
  const plane = <usize>(Ci * Co) << 2;
  for (let at: usize = 0; at < plane; at += 16) {
    for (let row: usize = 0; row < 3; row++) {
      // Row `row` of G^T sums, four places.
      const u0 = gradientRow(sums + at, plane, row);
      const u1 = gradientRow(sums + at + plane, plane, row);
      const u2 = gradientRow(sums + at + 2 * plane, plane, row);
      const u3 = gradientRow(sums + at + 3 * plane, plane, row);
      const to = filterGrad + at + 3 * row * plane;
      const both = half(f32x4.add(u1, u2));
      v128.store(to, f32x4.add(u0, both));
      v128.store(to + plane, half(f32x4.sub(u1, u2)));
      v128.store(to + 2 * plane, f32x4.add(both, u3));
    }
  }
}

/** A place of row `row` of G^T sums; places of a column lie four planes apart. */
@inline
function gradientRow(from: usize, plane: usize, row: usize): v128 {
  const s1 = v128.load(from + 4 * plane), s2 = v128.load(from + 8 * plane);
  if (row == 1) return half(f32x4.sub(s1, s2));
  const both = half(f32x4.add(s1, s2));
  return f32x4.add(both, v128.load(row == 0 ? from : from + 12 * plane));
}
