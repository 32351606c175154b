/**
 * Group normalization with what follows it, forward and backward (AssemblyScript, SIMD).
 *
 * Why it exists: as a composition of TensorFlow.js operations it is a dozen passes over memory each
 * way, a quarter of the time of a training step of a network that normalizes before each convolution.
 *
 * One image at a time, x [P][C] float32, C a multiple of 4, on memory that the module imports. Sums over
 * pixels are taken in blocks, so that their roundings grow with the block and not with the image.
 */
import { fma } from "./lanes.as";

/** Pixels of one block of a sum. */
const BLOCK = 32;

const NONE = 0;
const RELU = 1;

@inline
function constant(value: f32): v128 {
  return f32x4.splat(value);
}

/** e^x: 2^k times the Taylor series on |r| <= ln(2) / 2, whose first missing term is 5e-9. */
@inline
function exp(x: v128): v128 {
  const bounded = f32x4.max(f32x4.min(x, constant(87)), constant(-87));
  const k = f32x4.nearest(f32x4.mul(bounded, constant(1.44269504)));
  // ln 2 in two parts, of which k times the first is exact.
  const r = fma(k, constant(2.12194440e-4), fma(k, constant(-0.693359375), bounded));
  let p = constant(1.0 / 5040);
  p = fma(p, r, constant(1.0 / 720));
  p = fma(p, r, constant(1.0 / 120));
  p = fma(p, r, constant(1.0 / 24));
  p = fma(p, r, constant(1.0 / 6));
  p = fma(p, r, constant(0.5));
  p = fma(p, r, constant(1));
  p = fma(p, r, constant(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

@inline
function sigmoid(x: v128): v128 {
  return f32x4.div(constant(1), f32x4.add(constant(1), exp(f32x4.neg(x))));
}

@inline
function activate(x: v128, activation: i32): v128 {
  if (activation == NONE) return x;
  if (activation == RELU) return f32x4.max(x, constant(0));
  return f32x4.mul(x, sigmoid(x));
}

/** dy times the derivative of the activation at x. */
@inline
function activationGradient(dy: v128, x: v128, activation: i32): v128 {
  if (activation == NONE) return dy;
  if (activation == RELU) return v128.and(dy, f32x4.gt(x, constant(0)));
  const s = sigmoid(x);
  return f32x4.mul(dy, f32x4.mul(s, fma(x, f32x4.sub(constant(1), s), constant(1))));
}

@inline
function accumulate(at: usize, v: v128): void {
  v128.store(at, f32x4.add(v128.load(at), v));
}

/** total += part, part = 0. */
function flush(part: usize, total: usize, bytes: usize): void {
  for (let c: usize = 0; c < bytes; c += 16) {
    accumulate(total + c, v128.load(part + c));
    v128.store(part + c, constant(0));
  }
}

/**
 * out <- act(scale * (x + shift - mean) / sqrt(variance + epsilon) + offset). shift [C], or 0 for none.
 * statistics [2][C]: what to subtract from x, and the factor after that. scratch [2][C].
 */
export function forward(
  x: usize, shift: usize, scale: usize, offset: usize, out: usize, statistics: usize, scratch: usize,
  P: i32, C: i32, groups: i32, epsilon: f32, activation: i32,
): void {
  const bytes = <usize>C << 2;
  const end = x + <usize>P * bytes;
  const part = scratch, total = scratch + bytes;
  const center = statistics, factor = statistics + bytes;
  const members = C / groups;
  const count = <f64>P * <f64>members;

  memory.fill(scratch, 0, 2 * bytes);
  let pixel = 0;
  for (let at = x; at < end; at += bytes) {
    for (let c: usize = 0; c < bytes; c += 16) accumulate(part + c, v128.load(at + c));
    if (++pixel % BLOCK == 0) flush(part, total, bytes);
  }
  flush(part, total, bytes);
  for (let g = 0; g < groups; g++) {
    const first = g * members, last = first + members;
    let sum: f64 = 0;
    for (let c = first; c < last; c++) {
      sum += load<f32>(total + (c << 2));
      if (shift) sum += <f64>P * load<f32>(shift + (c << 2));
    }
    const mean = sum / count;
    for (let c = first; c < last; c++) {
      const added: f64 = shift ? load<f32>(shift + (c << 2)) : 0;
      store<f32>(center + (c << 2), <f32>(mean - added));
    }
  }

  memory.fill(scratch, 0, 2 * bytes);
  pixel = 0;
  for (let at = x; at < end; at += bytes) {
    for (let c: usize = 0; c < bytes; c += 16) {
      const z = f32x4.sub(v128.load(at + c), v128.load(center + c));
      v128.store(part + c, fma(z, z, v128.load(part + c)));
    }
    if (++pixel % BLOCK == 0) flush(part, total, bytes);
  }
  flush(part, total, bytes);
  for (let g = 0; g < groups; g++) {
    const first = g * members, last = first + members;
    let sum: f64 = 0;
    for (let c = first; c < last; c++) sum += load<f32>(total + (c << 2));
    const inverse = <f32>(1 / Math.sqrt(sum / count + <f64>epsilon));
    for (let c = first; c < last; c++) store<f32>(factor + (c << 2), inverse);
  }

  for (let at = x, to = out; at < end; at += bytes, to += bytes) {
    for (let c: usize = 0; c < bytes; c += 16) {
      const z = f32x4.sub(v128.load(at + c), v128.load(center + c));
      const normal = f32x4.mul(z, v128.load(factor + c));
      const before = fma(normal, v128.load(scale + c), v128.load(offset + c));
      v128.store(to + c, activate(before, activation));
    }
  }
}

/**
 * dx <- gradient of x; scaleGrad and offsetGrad [C] += theirs; shiftGrad [C] <- that of the shift.
 * statistics as `forward` left them, scratch [6][C].
 */
export function backward(
  x: usize, dy: usize, statistics: usize, scale: usize, offset: usize,
  dx: usize, scaleGrad: usize, offsetGrad: usize, shiftGrad: usize, scratch: usize,
  P: i32, C: i32, groups: i32, activation: i32,
): void {
  const bytes = <usize>C << 2;
  const end = x + <usize>P * bytes;
  const center = statistics, factor = statistics + bytes;
  const part = scratch, total = scratch + bytes;
  const productPart = scratch + 2 * bytes, product = scratch + 3 * bytes;
  const along = scratch + 4 * bytes, constants = scratch + 5 * bytes;
  const members = C / groups;
  const count = <f64>P * <f64>members;

  memory.fill(scratch, 0, 4 * bytes);
  let pixel = 0;
  for (let at = x, from = dy, to = dx; at < end; at += bytes, from += bytes, to += bytes) {
    for (let c: usize = 0; c < bytes; c += 16) {
      const z = f32x4.sub(v128.load(at + c), v128.load(center + c));
      const normal = f32x4.mul(z, v128.load(factor + c));
      const before = fma(normal, v128.load(scale + c), v128.load(offset + c));
      const d = activationGradient(v128.load(from + c), before, activation);
      v128.store(to + c, d);
      accumulate(part + c, d);
      v128.store(productPart + c, fma(d, normal, v128.load(productPart + c)));
    }
    if (++pixel % BLOCK == 0) {
      flush(part, total, bytes);
      flush(productPart, product, bytes);
    }
  }
  flush(part, total, bytes);
  flush(productPart, product, bytes);

  for (let g = 0; g < groups; g++) {
    const first = g * members, last = first + members;
    let sum: f64 = 0, productSum: f64 = 0;
    for (let c = first; c < last; c++) {
      const s: f64 = load<f32>(scale + (c << 2));
      sum += s * load<f32>(total + (c << 2));
      productSum += s * load<f32>(product + (c << 2));
    }
    for (let c = first; c < last; c++) {
      const f: f64 = load<f32>(factor + (c << 2));
      store<f32>(along + (c << 2), <f32>(f * f * productSum / count));
      store<f32>(constants + (c << 2), <f32>(f * sum / count));
    }
  }
  flush(total, offsetGrad, bytes);
  flush(product, scaleGrad, bytes);

  // part and total are zero again and hold the sum of dx now; product holds factor * scale.
  for (let c: usize = 0; c < bytes; c += 16) {
    v128.store(product + c, f32x4.mul(v128.load(factor + c), v128.load(scale + c)));
  }
  pixel = 0;
  for (let at = x, to = dx; at < end; at += bytes, to += bytes) {
    for (let c: usize = 0; c < bytes; c += 16) {
      const z = f32x4.sub(v128.load(at + c), v128.load(center + c));
      const less = fma(z, v128.load(along + c), v128.load(constants + c));
      const d = f32x4.sub(f32x4.mul(v128.load(to + c), v128.load(product + c)), less);
      v128.store(to + c, d);
      accumulate(part + c, d);
    }
    if (++pixel % BLOCK == 0) flush(part, total, bytes);
  }
  flush(part, total, bytes);
  memory.copy(shiftGrad, total, bytes);
}
