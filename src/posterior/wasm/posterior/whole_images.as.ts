/** The rules that compare whole images, in float64. */
import { bitsPerUnit64, cutoffBits } from "./arithmetic.as";
import {
  accs, C, doublePlane, exactQueries, H, image, imagePlane, imageRow, logits, references, rule,
  SHIFTS, sums, W,
} from "./layout.as";

/** Sum of squared differences between query b and the image shifted by (sy, sx). */
function wholeDistance(b: i32, sy: i32, sx: i32): f64 {
  let sum: f64 = 0;
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      let q = y + sy;
      if (q >= H) q -= H;
      let xs = exactQueries + <usize>(b * C + c) * doublePlane + (<usize>(y * W) << 3);
      const row = image + c * imagePlane + <usize>(q * imageRow);
      // Columns [sx, W) of the image meet the first W - sx of the query, the rest follows.
      let part = f64x2.splat(0);
      for (let half = 0; half < 2; half++) {
        let at = row + (half == 0 ? <usize>sx << 2 : 0);
        const end = row + (half == 0 ? <usize>W << 2 : <usize>sx << 2);
        for (; at + 8 <= end; at += 8) {
          const y2 = f64x2.promote_low_f32x4(v128.load64_zero(at));
          const difference = f64x2.sub(v128.load(xs), y2);
          part = f64x2.add(part, f64x2.mul(difference, difference));
          xs += 16;
        }
        if (at < end) {
          const difference = load<f64>(xs) - <f64>load<f32>(at);
          sum += difference * difference;
          xs += 8;
        }
      }
      sum += f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1);
    }
  }
  return sum;
}

/** Adds weight * image shifted by (sy, sx) to the accumulator of query b. */
function addWhole(b: i32, weight: f64, sy: i32, sx: i32): void {
  const w = f64x2.splat(weight);
  for (let c = 0; c < C; c++) {
    for (let y = 0; y < H; y++) {
      let q = y + sy;
      if (q >= H) q -= H;
      let acc = accs + <usize>(b * C + c) * doublePlane + (<usize>(y * W) << 3);
      const row = image + c * imagePlane + <usize>(q * imageRow);
      for (let half = 0; half < 2; half++) {
        let at = row + (half == 0 ? <usize>sx << 2 : 0);
        const end = row + (half == 0 ? <usize>W << 2 : <usize>sx << 2);
        for (; at + 8 <= end; at += 8) {
          const y2 = f64x2.promote_low_f32x4(v128.load64_zero(at));
          v128.store(acc, f64x2.add(v128.load(acc), f64x2.mul(w, y2)));
          acc += 16;
        }
        if (at < end) {
          store<f64>(acc, load<f64>(acc) + weight * <f64>load<f32>(at));
          acc += 8;
        }
      }
    }
  }
}

export function addWholeImage(b: i32): void {
  const ny = rule == SHIFTS ? H : 1, nx = rule == SHIFTS ? W : 1;
  const scale = bitsPerUnit64 * 0.6931471805599453;
  let maxLogit: f64 = -Infinity;
  for (let sy = 0; sy < ny; sy++) {
    for (let sx = 0; sx < nx; sx++) {
      const logit = -scale * wholeDistance(b, sy, sx);
      store<f64>(logits + (<usize>(sy * W + sx) << 3), logit);
      maxLogit = max(maxLogit, logit);
    }
  }
  const reference = references + (<usize>b << 3);
  const values = accs + <usize>(b * C) * doublePlane;
  const total = sums + <usize>b * doublePlane;
  let logScale = load<f64>(reference);
  if (maxLogit > logScale) {
    const keep = Math.exp(logScale - maxLogit);
    store<f64>(total, load<f64>(total) * keep);
    for (let at = values; at < values + C * doublePlane; at += 8) {
      store<f64>(at, load<f64>(at) * keep);
    }
    store<f64>(reference, maxLogit);
    logScale = maxLogit;
  }
  // Relative to one candidate at the scale; their number is below 2^40.
  const minLogit = logScale - 0.6931471805599453 * (cutoffBits + 40);
  for (let sy = 0; sy < ny; sy++) {
    for (let sx = 0; sx < nx; sx++) {
      const logit = load<f64>(logits + (<usize>(sy * W + sx) << 3));
      if (logit < minLogit) continue;
      const weight = Math.exp(logit - logScale);
      store<f64>(total, load<f64>(total) + weight);
      addWhole(b, weight, sy, sx);
    }
  }
}
