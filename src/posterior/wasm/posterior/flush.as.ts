/**
 * Float32 sums move to float64, where they are kept relative to `references`, and thresholds follow what
 * has been summed.
 */
import { bitsPerUnit64, cutoffBits, power } from "./arithmetic.as";
import { addBackground, counted } from "./background.as";
import {
  accs, B, C, cellPlane, cellRow, f32Flags, FAR, H, references, S, states, sums, W,
} from "./layout.as";
import { f32Suffices } from "./rescoring.as";

/** Sums beyond this let their threshold fall. */
let limit: f64;

/** Moves all sums. */
export function flush(): void {
  if (counted) addBackground();
  limit = Math.pow(2, cutoffBits + 1);
  for (let bs = 0; bs < B * S; bs++) {
    let minThreshold: f32 = FAR, maxThreshold: f32 = -FAR;
    let p = 0;
    for (let y = 0; y < H; y++) {
      const row = states + <usize>bs * (2 + C) * cellPlane + <usize>(y * cellRow);
      for (let x = 0; x < W; x++, p++) {
        const threshold = flushPixel(bs, p, row + (<usize>x << 2));
        if (threshold >= FAR) continue;
        minThreshold = min(minThreshold, threshold);
        maxThreshold = max(maxThreshold, threshold);
      }
    }
    store<u8>(f32Flags + bs, <u8>f32Suffices(minThreshold, maxThreshold));
  }
}

/**
 * Moves the sums of pixel p, those of its cell and the copy of that; its new threshold, FAR before any
 * candidate.
 */
@inline
function flushPixel(bs: i32, p: i32, cell: usize): f32 {
  const copy = <usize>W << 2, plane = cellPlane;
  const referenceAt = references + (<usize>(bs * H * W + p) << 2);
  const sumAt = sums + (<usize>(bs * H * W + p) << 3);
  const first = load<f32>(cell), second = load<f32>(cell + copy);
  let reference = load<f32>(referenceAt);
  const lowest = min(reference, min(first, second));
  if (lowest >= FAR) return FAR;
  const keep = power(lowest, reference);
  const one = power(lowest, first), two = power(lowest, second);
  let at = cell + plane;
  const sum = load<f64>(sumAt) * keep + one * <f64>load<f32>(at) + two * <f64>load<f32>(at + copy);
  // Where a candidate at the threshold has come to weigh less than half of 2^-cutoffBits of the sum, the
  // threshold falls to that.
  let next: f64 = 1;
  if (sum > limit) {
    reference = <f32>(<f64>lowest - (Math.log2(sum) - cutoffBits) / bitsPerUnit64);
    next = power(reference, lowest);
  } else reference = lowest;
  store<f64>(sumAt, sum * next);
  store<f32>(at, 0);
  store<f32>(at + copy, 0);
  for (let c = 0; c < C; c++) {
    at += plane;
    const acc = accs + (<usize>((bs * C + c) * H * W + p) << 3);
    store<f64>(acc, next * (load<f64>(acc) * keep + one * <f64>load<f32>(at) +
      two * <f64>load<f32>(at + copy)));
    store<f32>(at, 0);
    store<f32>(at + copy, 0);
  }
  store<f32>(referenceAt, reference);
  store<f32>(cell, reference);
  store<f32>(cell + copy, reference);
  return reference;
}
