/** What a JPEG declares, read before a decoder takes memory for it. */
import { DataFormatError } from "../core/errors.ts";
import { checkPixels } from "./pixel_limit.ts";
import { joinedBytes } from "./joined_bytes.ts";

/** The frame of a JPEG. */
export interface JpegFrame {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1 gray, 3 color, 4 inks (CMYK). */
  readonly components: 1 | 3 | 4;
  /**
   * The file without what libjpeg warns of though its pixels are whole: another version of JFIF than 1, bytes
   * between segments, an unknown color transform, the parameters of a sequential scan, a missing end
   * behind the last scan. libjpeg tells its first warning only, and one of these would hide one of damage.
   */
  readonly plain: Uint8Array;
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
  let frame: ReturnType<typeof parseFrame> | undefined;
  const edits = new Edits(bytes);
  const begun = new BegunScans();
  let adobe = false;
  let inScan = false;
  let scans = 0;
  // Bytes of coded pixels: neither headers nor comments.
  let coded = 0;
  let at = 2;
  for (;;) {
    // Between segments there may be fill bytes, and decoders pass over others.
    const from = at;
    at = nextMarker(bytes, from);
    if (at < 0) {
      // All scans have begun: whether the last one has all its data the decoder tells.
      if (frame !== undefined && inScan && begun.isAll(frame.ids)) {
        coded += bytes.length - from;
        edits.append([0xff, 0xd9]);
        break;
      }
      return fail("Premature end of JPEG file", bytes.length);
    }
    if (inScan) coded += at - from;
    else if (at > from) edits.remove(from, at);
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
      frame = parseFrame(segment, { marker, source, maxPixels });
    } else if (marker === 0xe0 && startsWith(segment, "JFIF\0") && segment.length > 5) {
      if (segment[5] !== 1) edits.set(at + 9, 1);
    } else if (marker === 0xee && startsWith(segment, "Adobe") && segment.length >= 12) {
      adobe = true;
      if (segment[11]! > 2) edits.set(at + 15, frame?.components === 4 ? 2 : 1);
    } else if (marker === 0xda) {
      inScan = true;
      scans++;
      begun.add(segment, frame?.sequential ?? true);
      if (frame?.sequential) {
        [0, 63, 0].forEach((value, i) => edits.set(at - 1 + length + i, value));
      }
      if (scans > maxScans || (scans - 20) * (frame?.blocks ?? 0) > maxWalks) {
        return fail(`${scans} scans or more, which is too many for its size`, at);
      }
    }
    if (marker !== 0xda) inScan = false;
    at += 2 + length;
  }
  if (frame === undefined) return fail("it has no frame", at);
  if (scans === 0) return fail("no image", at);
  const { width, height, components, blocks } = frame;
  // Without this marker inks mean the same to other programs, but not to every decoder.
  if (components === 4 && !adobe) edits.insert(2, adobeMarker);
  // Huffman codes are a bit or longer, and every block has one.
  if (blocks > coded * 8) {
    return fail(
      `its ${coded} bytes of data cannot hold the ${width} x ${height} pixels that its header declares`,
      at,
    );
  }
  return { width, height, components, plain: edits.done() };
}

/** Marker of inks as they are, not as luminance and chroma. */
const adobeMarker = [
  0xff,
  0xee,
  0,
  14,
  ...new TextEncoder().encode("Adobe"),
  0,
  100,
  0,
  0,
  0,
  0,
  0,
];

const startsWith = (segment: Uint8Array, text: string) =>
  [...text].every((letter, i) => segment[i] === letter.charCodeAt(0));

/** Small changes of bytes, in a copy that is made only if there are any. */
class Edits {
  readonly #bytes: Uint8Array;
  readonly #pieces: {
    readonly at: number;
    readonly length: number;
    readonly by: readonly number[];
  }[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  set(at: number, value: number): void {
    if (this.#bytes[at] !== value) this.#pieces.push({ at, length: 1, by: [value] });
  }

  remove(from: number, to: number): void {
    this.#pieces.push({ at: from, length: to - from, by: [] });
  }

  insert(at: number, by: readonly number[]): void {
    this.#pieces.push({ at, length: 0, by });
  }

  append(by: readonly number[]): void {
    this.insert(this.#bytes.length, by);
  }

  done(): Uint8Array {
    if (this.#pieces.length === 0) return this.#bytes;
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const piece of this.#pieces.sort((a, b) => a.at - b.at)) {
      parts.push(this.#bytes.subarray(at, piece.at), Uint8Array.from(piece.by));
      at = piece.at + piece.length;
    }
    parts.push(this.#bytes.subarray(at));
    return joinedBytes(parts);
  }
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
  { marker, source, maxPixels }: {
    readonly marker: number;
    readonly source: string;
    readonly maxPixels: number;
  },
): Omit<JpegFrame, "plain"> & {
  readonly blocks: number;
  readonly sequential: boolean;
  /** Numbers of the components. */
  readonly ids: readonly number[];
} {
  const kind = otherKinds[marker];
  if (kind !== undefined) {
    throw new DataFormatError(
      source,
      `a JPEG of another kind, ${kind}, which is not read; convert it`,
    );
  }
  const components = segment[5]!;
  if (segment.length < 6 || components === 0 || segment.length < 6 + 3 * components) {
    throw new DataFormatError(source, "not a whole JPEG: its frame header is damaged");
  }
  if (segment[0] !== 8) {
    throw new DataFormatError(source, `a JPEG of ${segment[0]} bits, expected 8; convert it`);
  }
  if (components !== 1 && components !== 3 && components !== 4) {
    const found = `of ${components} components`;
    throw new DataFormatError(source, `a JPEG ${found}, expected gray, color or inks; convert it`);
  }
  const [height, width] = [segment[1]! << 8 | segment[2]!, segment[3]! << 8 | segment[4]!];
  checkPixels({ width, height }, { source, maxPixels });
  const sampling = Array.from({ length: components }, (_, c) => segment[7 + 3 * c]!);
  const largest = (shift: number) => Math.max(...sampling.map((hv) => hv >> shift & 15));
  const [across, down] = [largest(4), largest(0)];
  const finest = Math.max(...sampling.map((hv) => (hv >> 4) * (hv & 15)));
  const blocks = width * height / 64 * finest / Math.max(1, across * down);
  const ids = Array.from({ length: components }, (_, c) => segment[6 + 3 * c]!);
  return { width, height, components, blocks, sequential: marker < 0xc2, ids };
}

/** Which bits of which coefficients scans have brought (ITU-T T.81, B.2.3). */
class BegunScans {
  /** The lowest bit so far of each of the 64 coefficients, by component. */
  readonly #lowest = new Map<number, Uint8Array>();

  /** Counts a scan by its header; a sequential one has everything of its components. */
  add(header: Uint8Array, sequential: boolean): void {
    const count = header[0] ?? 0;
    const [first = 0, last = 0, bits = 0] = header.subarray(1 + 2 * count);
    for (let i = 0; i < count; i++) {
      const id = header[1 + 2 * i]!;
      const lowest = this.#lowest.get(id) ?? new Uint8Array(64).fill(255);
      this.#lowest.set(id, lowest);
      if (sequential) lowest.fill(0);
      else lowest.fill(bits & 15, first, last + 1);
    }
  }

  /** Whether nothing is missing of any component. */
  isAll(ids: readonly number[]): boolean {
    return ids.every((id) => this.#lowest.get(id)?.every((bit) => bit === 0) ?? false);
  }
}

/** Kinds of frames that are rarely met, by marker (ITU-T T.81, table B.1). */
const otherKinds: Readonly<Record<number, string>> = {
  0xc3: "lossless",
  0xc5: "hierarchical",
  0xc6: "hierarchical",
  0xc7: "hierarchical and lossless",
  0xc9: "with arithmetic coding",
  0xca: "with arithmetic coding",
  0xcb: "lossless with arithmetic coding",
  0xcd: "hierarchical with arithmetic coding",
  0xce: "hierarchical with arithmetic coding",
  0xcf: "hierarchical and lossless with arithmetic coding",
};
