/** Bilinear resizing of 8-bit images, equal bit for bit to Pillow's `Image.resize(.., BILINEAR)`. */
import { ArgumentError } from "../core/errors.ts";

/**
 * A stack of 8-bit images.
 *
 * @category Data sets
 */
export interface ByteImages {
  /** Values in `[N, H, W, C]` order. */
  readonly pixels: Uint8Array;
  /** `[N, H, W, C]`. */
  readonly shape: readonly [images: number, height: number, width: number, channels: number];
}

/** Which input values an output value averages along one axis, and with what weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Row `i` holds the weights of output `i` in units of 2^-22. */
  readonly weights: Int32Array;
  readonly widest: number;
}

const fractionBits = 22;

/**
 * Resizes every image to `height` x `width`.
 *
 * The kernel is a triangle around half-pixel centers, as wide as the input pixels when enlarging and as
 * the output pixels when shrinking (antialiasing). Columns are resampled before rows, and each pass
 * rounds to 8 bits with weights in 22-bit fixed point: that is what makes the result equal Pillow's.
 *
 * @example
 * ```ts
 * import { resizeBilinear, syntheticTextures } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const images = syntheticTextures({ images: 2, size: 28 });
 * assertEquals(resizeBilinear(images, { height: 32, width: 32 }).shape, [2, 32, 32, 1]);
 * ```
 *
 * @param images Stack `[N, H, W, C]`.
 * @param size Wanted height and width, positive integers.
 * @returns A stack `[N, height, width, C]`; the same object when the size is right already.
 * @throws RangeError if a size is not a positive integer or the images are empty.
 * @category Data sets
 */
export function resizeBilinear(
  images: ByteImages,
  size: { readonly height: number; readonly width: number },
): ByteImages {
  const [n, h, w, c] = images.shape;
  const { height, width } = size;
  for (const extent of [h, w, c, height, width]) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ArgumentError(`Cannot resize images of ${h} x ${w} x ${c} to ${height} x ${width}`);
    }
  }
  let { pixels } = images;
  if (pixels.length !== n * h * w * c) {
    throw new ArgumentError(
      `Cannot resize: ${pixels.length} values do not fill the shape [${images.shape.join(", ")}]`,
    );
  }
  if (height === h && width === w) return images;
  if (width !== w) pixels = resample(pixels, { outer: n * h, from: w, to: width, inner: c });
  if (height !== h) pixels = resample(pixels, { outer: n, from: h, to: height, inner: width * c });
  return { pixels, shape: [n, height, width, c] };
}

/** Resamples the middle axis of `[outer, from, inner]`. */
function resample(
  pixels: Uint8Array,
  { outer, from, to, inner }: { outer: number; from: number; to: number; inner: number },
): Uint8Array {
  const { first, count, weights, widest } = triangleTaps(from, to);
  const out = new Uint8Array(outer * to * inner);
  const half = 1 << (fractionBits - 1);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      const start = (o * from + first[i]!) * inner;
      const target = (o * to + i) * inner;
      const taps = count[i]!;
      // Where images grow, all but the borders have two. Sums stay below 2^31, in whole numbers of 32 bits.
      if (taps === 2) {
        const a = weights[i * widest]!;
        const b = weights[i * widest + 1]!;
        for (let j = 0; j < inner; j++) {
          const at = start + j;
          const sum = half + Math.imul(pixels[at]!, a) + Math.imul(pixels[at + inner]!, b) | 0;
          out[target + j] = Math.min(255, sum >> fractionBits);
        }
        continue;
      }
      for (let j = 0; j < inner; j++) {
        let sum = half;
        for (let tap = 0; tap < taps; tap++) {
          sum = sum + Math.imul(pixels[start + tap * inner + j]!, weights[i * widest + tap]!) | 0;
        }
        // Rounded weights can add up to a little more than one.
        out[target + j] = Math.min(255, sum >> fractionBits);
      }
    }
  }
  return out;
}

function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const radius = Math.max(scale, 1);
  const widest = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * widest);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - radius + 0.5));
    const end = Math.min(from, Math.trunc(center + radius + 0.5));
    const raw: number[] = [];
    // Multiplying by the inverse, not dividing, is what rounds as Pillow does.
    for (let x = begin; x < end; x++) {
      raw.push(Math.max(0, 1 - Math.abs((x - center + 0.5) * (1 / radius))));
    }
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    raw.forEach((weight, tap) => {
      weights[i * widest + tap] = Math.trunc(0.5 + weight / total * 2 ** fractionBits);
    });
    first[i] = begin;
    count[i] = end - begin;
  }
  return { first, count, weights, widest };
}
