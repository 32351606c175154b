/**
 * The largest piece of memory that was asked for at once. Pages that are never touched take no memory
 * yet, so that the process's size does not show an array of a size that only a file claims.
 */

/** Set to 0 before an input; the bytes of the largest array made since. */
export const largestAllocation = { bytes: 0 };

const kinds = [
  "ArrayBuffer",
  "Uint8Array",
  "Int8Array",
  "Uint8ClampedArray",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const;

/** Watches the constructors of arrays. To be called before the modules that are watched are loaded. */
export function watchAllocations(): void {
  for (const kind of kinds) {
    const original = globalThis[kind] as unknown as
      & (new (...args: unknown[]) => object)
      & { readonly BYTES_PER_ELEMENT?: number };
    const width = original.BYTES_PER_ELEMENT ?? 1;
    const watched: typeof original = new Proxy(original, {
      construct(target, args: unknown[], asked) {
        const made = Reflect.construct(target, args, asked === watched ? target : asked);
        if (typeof args[0] === "number") {
          largestAllocation.bytes = Math.max(largestAllocation.bytes, args[0] * width);
        }
        return made;
      },
    });
    Object.defineProperty(globalThis, kind, { value: watched, writable: true, configurable: true });
  }
}
