/** Arrays whose axes are in another order, or that are views of others. */

/** Where the values of an array lie; offset and strides count values, not bytes. */
export interface StridedArray {
  readonly offset: number;
  readonly shape: readonly number[];
  /** Distance between neighbors along each axis. */
  readonly strides: readonly number[];
  /** Bytes of a value: 1, 2, 4 or 8. */
  readonly width: number;
}

/**
 * The bytes of an array in row-major order: a view where they lie so, else a copy. The caller has
 * checked that every value lies within the bytes, and that there is memory for all.
 */
export function rowMajorBytes(bytes: Uint8Array, array: StridedArray): Uint8Array {
  const { offset, shape, strides, width } = array;
  const count = shape.reduce((product, n) => product * n, 1);
  if (count === 0) return new Uint8Array(0);
  let run = 1;
  const contiguous = shape.toReversed().every((n, i) => {
    const fits = n === 1 || strides[shape.length - 1 - i] === run;
    run *= n;
    return fits;
  });
  if (contiguous) return bytes.subarray(offset * width, (offset + count) * width);
  // Eight bytes are copied as two times four: as float64 a NaN could lose its bits.
  const unit = Math.min(width, 4);
  const per = width / unit;
  const from = units(bytes, unit);
  const out = new Uint8Array(count * width);
  const to = units(out, unit);
  const last = shape.length - 1;
  const [inner, step] = [shape[last]!, strides[last]! * per];
  const index = new Array<number>(last).fill(0);
  let [row, at] = [offset * per, 0];
  while (at < to.length) {
    for (let i = 0, value = row; i < inner; i++, value += step) {
      for (let part = 0; part < per; part++) to[at++] = from[value + part]!;
    }
    for (let axis = last - 1; axis >= 0; axis--) {
      row += strides[axis]! * per;
      if (++index[axis]! < shape[axis]!) break;
      row -= strides[axis]! * per * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Bytes as numbers of 1, 2 or 4 bytes each. */
function units(bytes: Uint8Array, unit: number): Uint8Array | Uint16Array | Uint32Array {
  if (unit === 1) return bytes;
  const { buffer, byteOffset, length } = aligned(bytes, unit);
  const count = Math.floor(length / unit);
  return unit === 2
    ? new Uint16Array(buffer, byteOffset, count)
    : new Uint32Array(buffer, byteOffset, count);
}

/** The bytes themselves where numbers can be read from them, else a copy. */
function aligned(bytes: Uint8Array, unit: number): Uint8Array {
  return bytes.byteOffset % unit === 0 ? bytes : bytes.slice();
}
