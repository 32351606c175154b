let table: Uint32Array | undefined;

/**
 * CRC-32 as zip and PNG use it.
 *
 * @param before CRC-32 of the bytes before these; 0, the default, where there are none.
 * @returns A whole number from 0 to 2^32 - 1.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
  });
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
