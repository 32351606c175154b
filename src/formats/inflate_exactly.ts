/** Undoing deflate where the size of the result is known: neither memory nor time can exceed it. */
import { Inflate } from "fflate";

/** Deflate makes nothing smaller than this: a byte unpacks to at most so many. */
export const greatestInflation = 1032;

/** What is used of Node's zlib. */
interface NativeZlib {
  inflateRawSync(packed: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array;
}

/** Node's zlib, in runtimes that have it and give it at once; several times as fast. */
function nativeZlib(): NativeZlib | undefined {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown };
  };
  return process?.getBuiltinModule?.("node:zlib") as NativeZlib | undefined;
}

const damaged = "its compressed data is truncated or damaged";
const tooMany = (size: number) => `it unpacks to more than ${size} bytes`;

/**
 * Unpacks a raw deflate stream that must give `size` bytes, at least one. Work stops soon after it gives
 * more.
 *
 * @param zlib Node's zlib; by default that of the runtime, if it has one.
 * @returns The bytes, or in one phrase what is wrong.
 */
export function inflateExactly(
  packed: Uint8Array,
  size: number,
  { zlib = nativeZlib() }: { readonly zlib?: NativeZlib | undefined | null } = {},
): Uint8Array | string {
  if (packed.length * greatestInflation < size) {
    return `its ${packed.length} bytes of data cannot hold ${size}`;
  }
  const found = zlib ? inflateNatively(packed, { size, zlib }) : inflateInPieces(packed, size);
  if (typeof found === "string" || found.length === size) return found;
  return `it unpacks to ${found.length} bytes, expected ${size}`;
}

function inflateNatively(
  packed: Uint8Array,
  { size, zlib }: { readonly size: number; readonly zlib: NativeZlib },
): Uint8Array | string {
  try {
    const found = zlib.inflateRawSync(packed, { maxOutputLength: size });
    // Without the methods of Node's Buffer, which work in other ways.
    return new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return code === "ERR_BUFFER_TOO_LARGE" ? tooMany(size) : damaged;
  }
}

/** Compressed bytes at a time: more than was asked for is noticed after 34 MB at most. */
const piece = 2 ** 15;

function inflateInPieces(packed: Uint8Array, size: number): Uint8Array | string {
  const out = new Uint8Array(size);
  let at = 0;
  const inflate = new Inflate((chunk) => {
    if (at + chunk.length <= size) out.set(chunk, at);
    at += chunk.length;
  });
  try {
    for (let from = 0; from < packed.length && at <= size; from += piece) {
      inflate.push(packed.subarray(from, from + piece), from + piece >= packed.length);
    }
  } catch {
    return damaged;
  }
  return at > size ? tooMany(size) : out.subarray(0, at);
}
