/**
 * Turns color planes into pixels: `[C, P]` values become `[P, C]`.
 *
 * @param planes One image, C planes of P values each, such as all red values, then green, then blue.
 * @param channels C.
 * @returns The same values with the channels of a pixel side by side.
 */
export function interleavePlanes(planes: Uint8Array, channels: number): Uint8Array {
  const count = planes.length / channels;
  const pixels = new Uint8Array(planes.length);
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < count; p++) pixels[p * channels + c] = planes[c * count + p]!;
  }
  return pixels;
}

/** Turns pixels into color planes, `[P, C]` into `[C, P]`: undoes {@linkcode interleavePlanes}. */
export function separatePlanes(pixels: Uint8Array, channels: number): Uint8Array {
  return interleavePlanes(pixels, pixels.length / channels);
}
