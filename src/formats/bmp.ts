/** Pictures in Windows' BMP: all depths, palettes, masks, and both run-length codes. */
import { DataFormatError } from "../core/errors.ts";
import { checkPixels } from "./pixel_limit.ts";

/** A BMP as 8 bits for each channel of each pixel. */
export interface BmpPixels {
  readonly width: number;
  readonly height: number;
  /** 1 where the palette is gray, else 3. */
  readonly channels: 1 | 3;
  /** `[H, W, channels]`, from the top. */
  readonly pixels: Uint8Array;
}

/** What the header says. */
interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the first row of the file is the top one. */
  readonly fromTop: boolean;
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  readonly compression: number;
  /** Red, green and blue of each color; absent above 8 bits. */
  readonly palette: Uint8Array | undefined;
  /** Bits of red, green and blue in a pixel of 16 or 32. */
  readonly masks: readonly [red: number, green: number, blue: number];
  /** Where pixels begin. */
  readonly dataAt: number;
}

type Fail = (problem: string, at?: number) => never;

const [plain, runLength8, runLength4, bitFields, alphaBitFields] = [0, 1, 2, 3, 6];
const otherCompressions: Readonly<Record<number, string>> = {
  4: "with a JPEG in it",
  5: "with a PNG in it",
};
/** Bytes of headers that there are: of OS/2 1 and 2, and of Windows 3, with masks, 4 and 5. */
const headerSizes = [12, 16, 64, 40, 52, 56, 108, 124];

/**
 * Decodes a BMP. A fourth channel is passed over.
 *
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.maxPixels Pixels that it may have.
 * @throws DataFormatError if the file is truncated, damaged or too large, or of a kind that is not read.
 */
export function readBmpPixels(
  bytes: Uint8Array,
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): BmpPixels {
  const fail: Fail = (problem, at) => {
    throw new DataFormatError(source, `not a whole BMP: ${problem}`, at ?? {});
  };
  const header = readHeader(bytes, { source, fail });
  const { width, height, compression } = header;
  checkPixels({ width, height }, { source, maxPixels });
  if (compression === runLength8 || compression === runLength4) {
    return painted(header, unpackRuns(bytes, header, fail), fail);
  }
  return header.palette === undefined
    ? readColors(bytes, header, fail)
    : painted(header, readIndices(bytes, header, fail), fail);
}

function readHeader(
  bytes: Uint8Array,
  { source, fail }: { readonly source: string; readonly fail: Fail },
): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 26) fail("truncated", bytes.length);
  const [dataAt, size] = [view.getUint32(10, true), view.getUint32(14, true)];
  if (!headerSizes.includes(size)) fail(`its header has ${size} bytes, as none has`, 14);
  if (14 + size > bytes.length) fail("truncated", bytes.length);
  const isOld = size === 12;
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = isOld ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = size >= 40 ? view.getUint32(30, true) : plain!;
  if (![1, 4, 8, 16, 24, 32].includes(bits)) fail(`pixels of ${bits} bits`, isOld ? 24 : 28);
  const other = otherCompressions[compression];
  if (other !== undefined) {
    throw new DataFormatError(source, `a BMP ${other}, which is not read; convert it`, 30);
  }
  const fits = compression === plain ||
    (compression === runLength8 && bits === 8) || (compression === runLength4 && bits === 4) ||
    ([bitFields, alphaBitFields].includes(compression) && (bits === 16 || bits === 32));
  if (!fits) fail(`compression ${compression} of ${bits} bits`, 30);
  let tableAt = 14 + size;
  let masks: BmpHeader["masks"] = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  if (compression === bitFields || compression === alphaBitFields) {
    // Within longer headers; after one of 40 bytes.
    if (54 + 12 > bytes.length) fail("truncated", bytes.length);
    masks = [54, 58, 62].map((at) => view.getUint32(at, true)) as unknown as BmpHeader["masks"];
    if (size === 40) tableAt += compression === bitFields ? 12 : 16;
  }
  if (dataAt < tableAt || dataAt > bytes.length) fail(`its pixels begin at byte ${dataAt}`, 10);
  let palette: Uint8Array | undefined;
  if (bits <= 8) {
    const declared = size >= 40 ? view.getUint32(46, true) : 0;
    const entry = isOld ? 3 : 4;
    // What lies between header and pixels, whatever is declared.
    const room = Math.floor((dataAt - tableAt) / entry);
    const count = Math.min(declared || 2 ** bits, room, 256);
    if (count < 1) fail("its palette is missing", tableAt);
    palette = new Uint8Array(count * 3);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < 3; c++) palette[3 * i + c] = bytes[tableAt + entry * i + 2 - c]!;
    }
  }
  return {
    ...{ width, height: Math.abs(rows), fromTop: rows < 0, compression, palette, masks, dataAt },
    bits: bits as BmpHeader["bits"],
  };
}

/** Each row of the file, from the top, with the number of its row. */
function* rowsOf(
  bytes: Uint8Array,
  header: BmpHeader,
  fail: Fail,
): Generator<readonly [number, Uint8Array]> {
  const { width, height, bits, fromTop, dataAt } = header;
  const used = Math.ceil(width * bits / 8);
  const stride = Math.ceil(used / 4) * 4;
  // The last row's padding may be missing.
  if (dataAt + stride * (height - 1) + used > bytes.length) fail("truncated", bytes.length);
  for (let y = 0; y < height; y++) {
    const at = dataAt + (fromTop ? y : height - 1 - y) * stride;
    yield [y, bytes.subarray(at, at + used)];
  }
}

/** Numbers of colors, unpacked. */
function readIndices(bytes: Uint8Array, header: BmpHeader, fail: Fail): Uint8Array {
  const { width, height, bits } = header;
  const indices = new Uint8Array(width * height);
  for (const [y, row] of rowsOf(bytes, header, fail)) {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[y * width + x] = row[bit >> 3]! >> 8 - bits - (bit & 7) & 2 ** bits - 1;
    }
  }
  return indices;
}

function readColors(bytes: Uint8Array, header: BmpHeader, fail: Fail): BmpPixels {
  const { width, height, bits, masks } = header;
  const pixels = new Uint8Array(width * height * 3);
  const size = bits / 8;
  const fields = masks.map((mask) => {
    if (mask === 0) return { shift: 0, largest: 0 };
    const shift = 31 - Math.clz32(mask & -mask);
    return { shift, largest: mask >>> shift };
  });
  for (const [y, row] of rowsOf(bytes, header, fail)) {
    for (let x = 0, to = y * width * 3; x < width; x++) {
      const at = x * size;
      if (bits === 24) { for (let c = 2; c >= 0; c--) pixels[to++] = row[at + c]!; }
      else {
        const value = bits === 16
          ? row[at]! | row[at + 1]! << 8
          : (row[at]! | row[at + 1]! << 8 | row[at + 2]! << 16 | row[at + 3]! << 24) >>> 0;
        for (const { shift, largest } of fields) {
          const part = (value >>> shift) % (largest + 1);
          pixels[to++] = largest === 0 ? 0 : Math.floor(part * 255 / largest);
        }
      }
    }
  }
  return { width, height, channels: 3, pixels };
}

/** Undoes either run-length code; what is jumped over has color 0. */
function unpackRuns(bytes: Uint8Array, header: BmpHeader, fail: Fail): Uint8Array {
  const { width, height, compression, dataAt, fromTop } = header;
  if (fromTop) fail("run lengths from the top");
  const nibbles = compression === runLength4;
  const indices = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, dataAt];
  const put = (value: number) => {
    // Programs pass over what lies outside.
    if (x < width && y < height) indices[(height - 1 - y) * width + x] = value;
    x++;
  };
  const next = () => at < bytes.length ? bytes[at++]! : fail("truncated", bytes.length);
  for (;;) {
    // Rows may be all there without a mark of the end, and nothing leads back to them.
    if (y >= height || (y === height - 1 && x >= width)) return indices;
    const [count, value] = [next(), next()];
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibbles ? (i & 1 ? value & 15 : value >> 4) : value);
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return indices;
    else if (value === 2) [x, y] = [x + next(), y + next()];
    else {
      let pair = 0;
      for (let i = 0; i < value; i++) {
        if (!nibbles) put(next());
        else {
          if ((i & 1) === 0) pair = next();
          put(i & 1 ? pair & 15 : pair >> 4);
        }
      }
      const read = nibbles ? Math.ceil(value / 2) : value;
      if (read & 1) at++;
    }
  }
}

/** Colors in the place of their numbers. */
function painted(
  { width, height, palette }: BmpHeader,
  indices: Uint8Array,
  fail: Fail,
): BmpPixels {
  const colors = palette!;
  const isGray = colors.every((value, i) => value === colors[i - i % 3]);
  const channels = isGray ? 1 : 3;
  const pixels = new Uint8Array(indices.length * channels);
  for (let i = 0; i < indices.length; i++) {
    const from = 3 * indices[i]!;
    if (from >= colors.length) fail("a pixel's color is not in its palette");
    for (let c = 0; c < channels; c++) pixels[i * channels + c] = colors[from + c]!;
  }
  return { width, height, channels, pixels };
}
