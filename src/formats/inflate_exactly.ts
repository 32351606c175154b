/** Undoing deflate where the size of the result is known: neither memory nor time can exceed it. */
import { Inflate, inflateSync } from "fflate";

/** Deflate makes nothing smaller than this: a byte unpacks to at most so many. */
export const greatestInflation = 1032;

/** Bytes by which unpacking may overshoot before it is noticed. */
const slack = 2 ** 23;
/** Compressed bytes that are unpacked at once where that might overshoot by more. */
const piece = 2 ** 14;

/**
 * Unpacks a raw deflate stream that must give `size` bytes. Work stops soon after it gives more.
 *
 * @returns The bytes, or in one phrase what is wrong.
 */
export function inflateExactly(packed: Uint8Array, size: number): Uint8Array | string {
  const few = (found: number) => `it unpacks to ${found} bytes, expected ${size}`;
  if (packed.length * greatestInflation < size) {
    return `its ${packed.length} bytes of data cannot hold ${size}`;
  }
  try {
    if (packed.length * greatestInflation <= size + slack) {
      // One byte more shows what is too long; the buffer never grows.
      const found = inflateSync(packed, { out: new Uint8Array(size + 1) });
      if (found.length > size) return `it unpacks to more than ${size} bytes`;
      return found.length < size ? few(found.length) : found.subarray(0, size);
    }
    const out = new Uint8Array(size);
    let at = 0;
    const inflate = new Inflate((chunk) => {
      if (at + chunk.length <= size) out.set(chunk, at);
      at += chunk.length;
    });
    for (let from = 0; from < packed.length; from += piece) {
      const last = from + piece >= packed.length;
      inflate.push(packed.subarray(from, from + piece), last);
      if (at > size) return `it unpacks to more than ${size} bytes`;
    }
    return at < size ? few(at) : out;
  } catch {
    // The library's words are about its insides: "invalid length/literal", "unexpected EOF".
    return "its compressed data is truncated or damaged";
  }
}
