/** Textures without end: each image hangs on a seed and its number alone, so that any of them can be made. */
import { ArgumentError } from "../core/errors.ts";
import { eventLoopTurns } from "../core/event_loop.ts";
import { type ImageStream, imageStream } from "../core/image_stream.ts";
import { Random } from "../core/random.ts";
import { bytesToImages } from "./labeled_bytes.ts";
import type { ByteImages } from "./resize.ts";

/**
 * Options of {@linkcode textureStream}.
 *
 * @category Data sets
 */
export interface TextureStreamOptions {
  /** Number of images, up to 2^40. */
  readonly images: number;
  /** Height and width, positive. */
  readonly size: number;
  /** 1 for gray, 3 for color, or any other positive number. Default 1. */
  readonly channels?: number;
  /** Number of classes, 1 to 256. Default 4. */
  readonly classes?: number;
  /** Seed. Default 0. */
  readonly seed?: number;
  /** Bytes of a tile; see `ImageStreamOptions`. */
  readonly tileBytes?: number | undefined;
}

/** Normal numbers from which each image takes some, from a place of its own on. */
const noiseValues = 2 ** 16;
/** Images that are made without giving way to other work. */
const perTurn = 64;

/**
 * A stream of textures as large as one likes, for work on more images than memory holds. Image i hangs on the
 * seed and i alone; its class is i modulo `classes`, an orientation: a wave along it of random wavelength and
 * phase, under a random soft disc, with some noise, rounded to bytes. They are drawn in another way than
 * `syntheticTextures`, some microseconds an image, and are other images.
 *
 * @example
 * ```ts
 * import { textureStream } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const million = textureStream({ images: 1_000_000, size: 28 });
 * for await (const tile of million.tiles({ from: 999_998 })) {
 *   assertEquals(tile.shape, [2, 28, 28, 1]);
 * }
 * ```
 *
 * @throws RangeError if a number is not a positive integer, or there are more than 256 classes.
 * @category Data sets
 */
export function textureStream(options: TextureStreamOptions): ImageStream {
  const { images, size, channels = 1, classes = 4, seed = 0, tileBytes } = options;
  const draw = textures(options);
  return imageStream({
    ...{ shape: [images, size, size, channels], tileBytes },
    labels: Uint8Array.from({ length: images }, (_, i) => i % classes),
    sha256: `textures-${images}x${size}x${size}x${channels}-${classes}-${seed}`,
    async read(from, to, { abort } = {}) {
      const values = size * size * channels;
      const data = new Float32Array((to - from) * values);
      const turns = eventLoopTurns(8);
      for (let at = from; at < to; at += perTurn) {
        const end = Math.min(to, at + perTurn);
        data.set(bytesToImages(draw(at, end)).data, (at - from) * values);
        abort?.throwIfAborted();
        await turns();
      }
      return { data, shape: [to - from, size, size, channels] };
    },
  });
}

/** Makes the function that draws textures `from` up to `to`, which is not among them, as bytes. */
export function textures(
  options: TextureStreamOptions,
): (from: number, to: number) => ByteImages {
  const { images, size, channels = 1, classes = 4, seed = 0 } = options;
  for (const [name, value] of Object.entries({ images, size, channels, classes })) {
    const most = name === "classes" ? 256 : name === "images" ? 2 ** 40 : 4096;
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new ArgumentError(`Cannot make textures: ${name} is ${value}, expected 1 to ${most}`);
    }
  }
  const values = size * size * channels;
  const noise = Float64Array.from(
    new Random(seed, "textures/noise").normals(noiseValues + values),
    (value) => 0.03 * value,
  );
  return (from, to) => {
    const pixels = new Uint8Array((to - from) * values);
    for (let i = from; i < to; i++) {
      drawTexture(pixels, (i - from) * values, {
        ...{ size, channels, noise },
        angle: Math.PI * (i % classes) / classes,
        random: new Random(seed, `textures/${i}`),
      });
    }
    return { pixels, shape: [to - from, size, size, channels] };
  };
}

function drawTexture(
  pixels: Uint8Array,
  at: number,
  { size, channels, angle, random, noise }: {
    readonly size: number;
    readonly channels: number;
    readonly angle: number;
    readonly random: Random;
    readonly noise: Float64Array;
  },
): void {
  const frequency = 2 * Math.PI / (3 + 5 * random.uniform());
  const [fx, fy] = [frequency * Math.cos(angle), frequency * Math.sin(angle)];
  const [cx, cy] = [size * random.uniform(), size * random.uniform()];
  const radius = size * (0.25 + 0.25 * random.uniform());
  // Half a pixel within the border of the disc the wave is half as strong.
  const slope = 1 / (2 * radius);
  const grain = Math.floor(random.uniform() * noiseValues);
  // sin(a + b) of the sines and cosines of rows and columns.
  const column = new Float64Array(2 * size);
  for (let x = 0; x < size; x++) {
    column[2 * x] = Math.sin(fx * x);
    column[2 * x + 1] = Math.cos(fx * x);
  }
  for (let c = 0; c < channels; c++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let y = 0; y < size; y++) {
      const [sine, cosine] = [Math.sin(fy * y + phase), Math.cos(fy * y + phase)];
      const dy = (y + 0.5 - cy) ** 2 - radius ** 2;
      for (let x = 0; x < size; x++) {
        const edge = 0.5 - slope * ((x + 0.5 - cx) ** 2 + dy);
        const inside = edge < 0 ? 0 : edge > 1 ? 1 : edge;
        const wave = sine * column[2 * x + 1]! + cosine * column[2 * x]!;
        const place = (y * size + x) * channels + c;
        const value = 0.9 * inside - 0.45 + wave * (0.3 + 0.2 * inside) + noise[grain + place]!;
        // Uint8Array would wrap around where the noise leaves the range.
        const byte = (value + 1) * 127.5 + 0.5 | 0;
        pixels[at + place] = byte < 0 ? 0 : byte > 255 ? 255 : byte;
      }
    }
  }
}
