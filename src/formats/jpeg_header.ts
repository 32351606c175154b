/** What a JPEG declares, read before a decoder takes memory for it. */
import { DataFormatError } from "../core/errors.ts";
import { checkPixels } from "./pixel_limit.ts";

/** The frame of a JPEG. */
export interface JpegFrame {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1 gray, 3 color. */
  readonly components: 1 | 3;
}

/**
 * Scans that a JPEG may have: each is a walk over the whole picture, however few bytes it has. Those that
 * encoders make have about ten, large ones no more than that.
 */
const maxScans = 100;
/** Blocks of 8 x 8 that all scans but the first twenty may walk over. */
const maxWalks = 2 ** 22;

/**
 * Walks the markers of a JPEG, to its end.
 *
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.maxPixels Pixels that it may have.
 * @throws DataFormatError if the file is truncated, has no frame, declares a picture that is too large,
 * or one that its bytes cannot hold.
 */
export function readJpegFrame(
  bytes: Uint8Array,
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): JpegFrame {
  const fail = (problem: string, at: number): never => {
    throw new DataFormatError(source, `not a whole JPEG: ${problem}`, at);
  };
  let frame: (JpegFrame & { readonly blocks: number }) | undefined;
  let scans = 0;
  // Bytes of coded pixels: neither headers nor comments.
  let coded = 0;
  let at = 2;
  for (;;) {
    // Between segments there may be fill bytes, and decoders pass over others.
    const from = at;
    at = nextMarker(bytes, from);
    if (scans > 0) coded += at - from;
    if (at < 0) return fail("Premature end of JPEG file", bytes.length);
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) break;
    if (marker === 0xd8) return fail("a second picture begins in it", at);
    if (hasNoLength(marker)) {
      at += 2;
      continue;
    }
    const length = bytes[at + 2]! << 8 | bytes[at + 3]!;
    if (at + 4 > bytes.length || at + 2 + length > bytes.length) {
      return fail("Premature end of JPEG file", bytes.length);
    }
    if (length < 2) return fail(`a segment of ${length} bytes`, at);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (isFrame(marker)) {
      if (frame !== undefined) return fail("it has two frames", at);
      frame = parseFrame(segment, { source, maxPixels });
    } else if (marker === 0xda) {
      scans++;
      if (scans > maxScans || (scans - 20) * (frame?.blocks ?? 0) > maxWalks) {
        return fail(`${scans} scans or more, which is too many for its size`, at);
      }
    }
    at += 2 + length;
  }
  if (frame === undefined) return fail("it has no frame", at);
  if (scans === 0) return fail("no image", at);
  const { width, height, components, blocks } = frame;
  // Huffman codes are a bit or longer, and every block has one.
  if (blocks > coded * 8) {
    return fail(
      `its ${coded} bytes of data cannot hold the ${width} x ${height} pixels that its header declares`,
      at,
    );
  }
  return { width, height, components };
}

const hasNoLength = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Index of the 0xff of the next marker from `at` on; negative if there is none. */
function nextMarker(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) return -1;
    // 0xff00 is a byte of data, and any number of 0xff may lead a marker in.
    if (bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) return at;
    at++;
  }
}

/**
 * A frame header (ITU-T T.81, B.2.2): depth, height, width, and sampling factors of each component; and
 * how many blocks of 8 x 8 the finest component has.
 */
function parseFrame(
  segment: Uint8Array,
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): JpegFrame & { readonly blocks: number } {
  const components = segment[5]!;
  if (segment.length < 6 || components === 0 || segment.length < 6 + 3 * components) {
    throw new DataFormatError(source, "not a whole JPEG: its frame header is damaged");
  }
  if (segment[0] !== 8) {
    throw new DataFormatError(source, `a JPEG of ${segment[0]} bits, expected 8; convert it`);
  }
  if (components !== 1 && components !== 3) {
    const found = components === 4 ? "in inks (CMYK)" : `of ${components} components`;
    throw new DataFormatError(source, `a JPEG ${found}, expected gray or color; convert it`);
  }
  const [height, width] = [segment[1]! << 8 | segment[2]!, segment[3]! << 8 | segment[4]!];
  checkPixels({ width, height }, { source, maxPixels });
  const sampling = Array.from({ length: components }, (_, c) => segment[7 + 3 * c]!);
  const largest = (shift: number) => Math.max(...sampling.map((hv) => hv >> shift & 15));
  const [across, down] = [largest(4), largest(0)];
  const finest = Math.max(...sampling.map((hv) => (hv >> 4) * (hv & 15)));
  const blocks = width * height / 64 * finest / Math.max(1, across * down);
  return { width, height, components, blocks };
}
