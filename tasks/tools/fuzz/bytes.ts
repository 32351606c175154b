/** Files built piece by piece. */
import type { Random } from "../../../src/core/random.ts";

/** A piece: text is written as latin1, one byte a letter. */
export type Piece = string | Uint8Array | readonly number[];

/** Joins pieces. */
export function join(...pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") {
      // Some have millions of letters.
      for (let i = 0; i < piece.length; i++) out[at + i] = piece.charCodeAt(i);
    } else out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A whole number in `width` bytes, little-endian; more than fits is cut off. */
export function little(value: number | bigint, width: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return out.subarray(0, width);
}

/** The same, big-endian. */
export const big = (value: number | bigint, width: number): Uint8Array =>
  little(value, width).slice().reverse();

/** Bytes without order. */
export const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.integer(256));

/** True once in `n` times. */
export const oneIn = (random: Random, n: number): boolean => random.integer(n) === 0;

/** Bytes as gzip packs them. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([new Uint8Array(bytes)]).stream();
  const packed = stream.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
