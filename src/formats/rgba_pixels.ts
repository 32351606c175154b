/**
 * A picture as pixels on a screen have it.
 *
 * @category Formats
 */
export interface RgbaPixels {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, row by row, 0 to 255. */
  readonly data: Uint8Array | Uint8ClampedArray;
}
