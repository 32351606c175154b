/** JPEGs of one shade, of any declared form, to test readers with. */

/** A segment with its length. */
export function jpegSegment(marker: number, content: readonly number[]): number[] {
  const length = content.length + 2;
  return [0xff, marker, length >> 8, length & 255, ...content];
}

/** What {@linkcode flatJpeg} makes. */
export interface FlatJpeg {
  readonly width: number;
  readonly height: number;
  /** Number of components. Default 1. */
  readonly components?: number;
  /** Bits of a sample. Default 8. */
  readonly depth?: number;
  /** Marker of the frame; 0xc0, the default, is baseline. */
  readonly frame?: number;
  /** 8 x 8 blocks that there is data for. Default: as many as there must be. */
  readonly blocks?: number;
  /** How often its scan is repeated. Default 1. */
  readonly scans?: number;
  /** Segments before the frame. */
  readonly before?: readonly number[];
}

/** Gray of 128: every block is two bits, a difference of zero and the end of the block. */
export function flatJpeg(
  { width, height, components = 1, depth = 8, frame = 0xc0, scans = 1, before = [], ...rest }:
    FlatJpeg,
): Uint8Array<ArrayBuffer> {
  const { blocks = Math.ceil(width / 8) * Math.ceil(height / 8) * components } = rest;
  const each = <T>(make: (component: number) => T[]) =>
    Array.from({ length: components }, (_, c) => make(c + 1)).flat();
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  // A table of one code of one bit, that of the value 0.
  const table = (kind: number) => jpegSegment(0xc4, [kind, 1, ...new Array<number>(15).fill(0), 0]);
  const scan = [
    ...jpegSegment(0xda, [components, ...each((c) => [c, 0]), 0, 63, 0]),
    ...new Array<number>(Math.ceil(blocks / 4)).fill(0),
  ];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...before,
    ...jpegSegment(0xdb, [0, ...new Array<number>(64).fill(1)]),
    ...jpegSegment(frame, [depth, ...size, components, ...each((c) => [c, 0x11, 0])]),
    ...table(0x00),
    ...table(0x10),
    ...Array.from({ length: scans }, () => scan).flat(),
    ...[0xff, 0xd9],
  ]);
}
