import { ArgumentError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { LabeledBytes } from "./labeled_bytes.ts";

/**
 * Options of {@linkcode syntheticTextures}.
 *
 * @category Data sets
 */
export interface SyntheticOptions {
  /** Number of images; the first images of a longer set are those of a shorter one. */
  readonly images: number;
  /** Height and width, positive. */
  readonly size: number;
  /** 1 for gray, 3 for color, or any other positive number. Default 1. */
  readonly channels?: number;
  /** Number of classes, 1 to 256. Default 4. */
  readonly classes?: number;
  /** Seed. Default 0. */
  readonly seed?: number;
  /** Name of an independent stream under the seed, such as "train". */
  readonly stream?: string;
}

/**
 * Textures with structure at several scales, for tests that need images but no data set.
 *
 * Image i is of class i modulo `classes`. A class is an orientation: its images are a wave along it of
 * random wavelength and phase, under a random soft disc, with some noise, rounded to bytes.
 *
 * @example
 * ```ts
 * import { syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const { shape, labels } = syntheticTextures({ images: 8, size: 16 });
 * assertEquals(shape, [8, 16, 16, 1]);
 * assertEquals([...labels], [0, 1, 2, 3, 0, 1, 2, 3]);
 * ```
 *
 * @returns Images `[images, size, size, channels]` with labels.
 * @throws RangeError if a number is not a positive integer, or there are more than 256 classes.
 * @category Data sets
 */
export function syntheticTextures(
  options: SyntheticOptions,
): LabeledBytes {
  const { images, size, channels = 1, classes = 4, seed = 0, stream = "" } = options;
  for (const [name, value] of Object.entries({ images, size, channels, classes })) {
    if (!Number.isInteger(value) || value < 1 || (name === "classes" && value > 256)) {
      throw new ArgumentError(`Cannot make synthetic textures: ${name} is ${value}`);
    }
  }
  const random = new Random(seed, `synthetic/${stream}`);
  const pixels = new Uint8Array(images * size * size * channels);
  const labels = Uint8Array.from({ length: images }, (_, i) => i % classes);
  let at = 0;
  for (let i = 0; i < images; i++) {
    const angle = Math.PI * labels[i]! / classes;
    const frequency = 2 * Math.PI / (3 + 5 * random.uniform());
    const [fx, fy] = [frequency * Math.cos(angle), frequency * Math.sin(angle)];
    const phases = Array.from({ length: channels }, () => 2 * Math.PI * random.uniform());
    const [cx, cy] = [size * random.uniform(), size * random.uniform()];
    const radius = size * (0.25 + 0.25 * random.uniform());
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const edge = Math.hypot(x + 0.5 - cx, y + 0.5 - cy) - radius;
        const inside = 1 / (1 + Math.exp(edge));
        for (let c = 0; c < channels; c++) {
          const wave = Math.sin(fx * x + fy * y + phases[c]!);
          const value = (2 * inside - 1) * 0.45 + wave * (0.3 + 0.2 * inside);
          const noisy = value + 0.03 * random.normal();
          // Uint8Array would wrap around where the noise leaves the range.
          pixels[at++] = Math.max(0, Math.min(255, Math.round((noisy + 1) * 127.5)));
        }
      }
    }
  }
  return { pixels, shape: [images, size, size, channels], labels };
}
