/** Numbers of two bytes as two planes of bytes: what is alike lies together, and deflates better. */

/** Low bytes of all numbers, then high bytes. Of signed numbers the lowest 16 bits are taken. */
export function toPlanes(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const planes = new Uint8Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    planes[i] = values[i]! & 0xff;
    planes[values.length + i] = (values[i]! >> 8) & 0xff;
  }
  return planes;
}

/** The numbers of {@linkcode toPlanes}, 0 to 65,535. */
export function fromPlanes(planes: Uint8Array): Uint16Array<ArrayBuffer> {
  const length = planes.length / 2;
  return Uint16Array.from({ length }, (_, i) => planes[i]! | planes[length + i]! << 8);
}
