/** How files of `torch.save` begin. */

/** Begins every file from before PyTorch 1.6: a pickle of one long number. */
const legacyMagic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/**
 * Whether bytes begin as a file that `torch.save` wrote, of either kind.
 *
 * @example
 * ```ts
 * import { isTorch, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isTorch(writeTorchList([1, 2])), true);
 * assertEquals(isTorch(Uint8Array.of(1, 2, 3)), false);
 * ```
 *
 * @category Formats
 */
export function isTorch(bytes: Uint8Array): boolean {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  return zip || legacyMagic.every((byte, i) => bytes[i] === byte);
}
