/** Cropping 8-bit images, and turning color into gray and back. */
import { ArgumentError } from "../core/errors.ts";
import type { ByteImages } from "./resize.ts";

/** Rounds as Python does, a half to the even neighbor. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/**
 * Cuts the center out of every image. An odd margin is divided as torchvision's `CenterCrop` does it:
 * half of it, rounded to even, lies above and to the left.
 *
 * @example
 * ```ts
 * import { centerCrop, syntheticTextures } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const images = syntheticTextures({ images: 2, size: 8 });
 * assertEquals(centerCrop(images, { height: 4, width: 6 }).shape, [2, 4, 6, 1]);
 * ```
 *
 * @param images Stack `[N, H, W, C]`.
 * @param size Wanted height and width, not above those of the images.
 * @returns A stack `[N, height, width, C]`.
 * @throws RangeError if an extent is no positive integer or is above the image's.
 * @category Data sets
 */
export function centerCrop(
  images: ByteImages,
  options: { readonly height: number; readonly width: number },
): ByteImages {
  const { pixels, shape: [n, h, w, c] } = images;
  const { height, width } = options;
  const fits = (extent: number, limit: number) =>
    Number.isInteger(extent) && extent > 0 && extent <= limit;
  if (!fits(height, h) || !fits(width, w)) {
    throw new ArgumentError(`Cannot cut ${height} x ${width} out of images of ${h} x ${w}`);
  }
  const [top, left] = [roundHalfEven((h - height) / 2), roundHalfEven((w - width) / 2)];
  const out = new Uint8Array(n * height * width * c);
  const row = width * c;
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < height; y++) {
      const start = ((i * h + top + y) * w + left) * c;
      out.set(pixels.subarray(start, start + row), (i * height + y) * row);
    }
  }
  return { pixels: out, shape: [n, height, width, c] };
}

/**
 * Images with 1 or 3 channels. Gray becomes three equal channels; color becomes the luma of ITU-R
 * BT.601, (19595 R + 38470 G + 7471 B + 2^15) / 2^16 rounded down, as Pillow's mode "L" has it.
 *
 * @example
 * ```ts
 * import { syntheticTextures, withChannels } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const gray = syntheticTextures({ images: 2, size: 8 });
 * assertEquals(withChannels(gray, 3).shape, [2, 8, 8, 3]);
 * ```
 *
 * @param images Stack `[N, H, W, C]` with C 1 or 3.
 * @returns The same object if it has so many channels already.
 * @category Data sets
 */
export function withChannels(images: ByteImages, channels: 1 | 3): ByteImages {
  const { pixels, shape: [n, h, w, c] } = images;
  if (c === channels) return images;
  const count = n * h * w;
  const out = new Uint8Array(count * channels);
  for (let p = 0; p < count; p++) {
    if (channels === 3) out.fill(pixels[p]!, 3 * p, 3 * p + 3);
    else {
      const [r, g, b] = [pixels[3 * p]!, pixels[3 * p + 1]!, pixels[3 * p + 2]!];
      out[p] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    }
  }
  return { pixels: out, shape: [n, h, w, channels] };
}
