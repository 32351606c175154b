/** PNGs of every kind, also broken ones, to test the reader with: written plainly, from the specification. */
import { zlibSync } from "fflate";
import { crc32 } from "../../../src/formats/crc32.ts";

/** One chunk with its checksum. */
export function pngChunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(content, 8);
  view.setUint32(8 + content.length, crc32(chunk.subarray(4, 8 + content.length)));
  return chunk;
}

/** A header chunk. */
export function pngHeader(
  { width, height, depth, type, interlaced = false }: {
    readonly width: number;
    readonly height: number;
    readonly depth: number;
    readonly type: number;
    readonly interlaced?: boolean;
  },
): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(13);
  const view = new DataView(content.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  content.set([depth, type, 0, 0, Number(interlaced)], 8);
  return pngChunk("IHDR", content);
}

/** The signature, chunks, and the end. */
export function pngFile(...chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, ...chunks, pngChunk("IEND", new Uint8Array(0))];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Samples of a pixel by color type. */
export const pngSamples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Image data as a PNG's: `[H, W, samples]` values of `depth` bits, each row with a filter of its own. */
export function pngRows(
  values: readonly number[],
  { width, height, depth, type, interlaced = false }: {
    readonly width: number;
    readonly height: number;
    readonly depth: number;
    readonly type: number;
    readonly interlaced?: boolean;
  },
): Uint8Array<ArrayBuffer> {
  const samples = pngSamples[type]!;
  const bytes: number[] = [];
  const back = Math.max(1, samples * depth / 8);
  // First column and row, and steps, of each pass: the figure of section 8.2.
  const passes = interlaced
    ? [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
      0,
      1,
      1,
      2,
    ]]
    : [[0, 0, 1, 1]];
  let row = 0;
  for (const [x0, y0, dx, dy] of passes as [number, number, number, number][]) {
    if (x0 >= width) continue;
    let previous: number[] | undefined;
    for (let y = y0; y < height; y += dy) {
      let bits = "";
      for (let x = x0; x < width; x += dx) {
        for (let s = 0; s < samples; s++) {
          bits += values[(y * width + x) * samples + s]!.toString(2).padStart(depth, "0");
        }
      }
      const line = (bits.padEnd(Math.ceil(bits.length / 8) * 8, "0").match(/.{8}/g) ?? [])
        .map((byte) => parseInt(byte, 2));
      const filter = row++ % 5;
      bytes.push(filter);
      for (const [i, byte] of line.entries()) {
        const a = line[i - back] ?? 0, b = previous?.[i] ?? 0, c = previous?.[i - back] ?? 0;
        const p = a + b - c;
        const nearest = [a, b, c].reduce((best, v) =>
          Math.abs(p - v) < Math.abs(p - best) ? v : best
        );
        bytes.push(byte - [0, a, b, Math.floor((a + b) / 2), nearest][filter]! & 255);
      }
      previous = line;
    }
  }
  return Uint8Array.from(bytes);
}

/** Bytes as one image data chunk. */
export const pngData = (rows: Uint8Array): Uint8Array<ArrayBuffer> =>
  pngChunk("IDAT", zlibSync(rows));
