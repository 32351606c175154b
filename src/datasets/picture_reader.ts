/** What a reader of one format of pictures gives. */
export interface DecodedPicture {
  readonly width: number;
  readonly height: number;
  /** `[H, W, channels]`. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Values of a pixel: gray, gray with alpha, color, color with alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Whether red, green and blue are the same everywhere. */
  readonly isGray?: boolean;
}

/**
 * Reads one picture.
 *
 * @throws DataFormatError if it is truncated, damaged, too large, or of a kind that is not read, which the
 * message tells apart.
 */
export type PictureReader = (
  bytes: Uint8Array,
  options: { readonly source: string; readonly maxPixels: number },
) => DecodedPicture;
