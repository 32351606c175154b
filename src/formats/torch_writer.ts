/** Writes `.pt` files that `torch.load(path, weights_only=True)` reads. */
import { ArgumentError } from "../core/errors.ts";
import { toHalfBits } from "./half_precision.ts";
import type { StoredTensor } from "./safetensors.ts";
import { writeZip } from "./zip.ts";

const storageNames: Readonly<Record<StoredTensor["dtype"], string>> = {
  F64: "DoubleStorage",
  F32: "FloatStorage",
  F16: "HalfStorage",
  I64: "LongStorage",
  I32: "IntStorage",
  U8: "ByteStorage",
  BOOL: "BoolStorage",
};

/** Instructions of protocol 2, which every PyTorch reads. */
class PickleWriter {
  readonly #bytes: number[] = [0x80, 2];

  op(text: string): this {
    for (const letter of text) this.#bytes.push(letter.charCodeAt(0));
    return this;
  }

  integer(value: number): this {
    if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 31) {
      throw new ArgumentError(`Cannot write ${value} as .pt: expected an integer of 32 bits`);
    }
    this.#bytes.push("J".charCodeAt(0));
    return this.#u32(value);
  }

  text(value: string): this {
    const encoded = new TextEncoder().encode(value);
    this.#bytes.push("X".charCodeAt(0));
    this.#u32(encoded.length);
    for (const byte of encoded) this.#bytes.push(byte);
    return this;
  }

  sizes(values: readonly number[]): this {
    this.op("(");
    for (const value of values) this.integer(value);
    return this.op("t");
  }

  end(): Uint8Array {
    return Uint8Array.from([...this.#bytes, ".".charCodeAt(0)]);
  }

  #u32(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.#bytes.push((value >>> shift) & 255);
    return this;
  }
}

function archive(pickle: PickleWriter, storages: readonly Uint8Array[] = []) {
  return writeZip(
    new Map([
      ["archive/data.pkl", pickle.end()],
      ["archive/byteorder", new TextEncoder().encode("little")],
      ...storages.map((bytes, i) => [`archive/data/${i}`, bytes] as const),
      ["archive/version", new TextEncoder().encode("3\n")],
    ]),
  );
}

/**
 * A `.pt` file of a plain list of integers, such as locality scales.
 *
 * @example
 * ```ts
 * import { parseTorch, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTorch(writeTorchList([3, 5, 9])), [3, 5, 9]);
 * ```
 *
 * @throws RangeError if a number is no integer of 32 bits.
 * @category Formats
 */
export function writeTorchList(values: readonly number[]): Uint8Array<ArrayBuffer> {
  const pickle = new PickleWriter().op("](");
  for (const value of values) pickle.integer(value);
  return archive(pickle.op("e"));
}

/**
 * Options of {@linkcode writeTorchStateDict}.
 *
 * @category Formats
 */
export interface WriteTorchStateDictOptions {
  /** Texts that the dictionary carries as attributes, as PyTorch's carry `_metadata`: they are no entries. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * A `.pt` file of a state dict: an OrderedDict of tensors by name, in the order given. The same
 * tensors give the same bytes.
 *
 * @example
 * ```ts
 * import { isTorch, writeTorchStateDict } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * assertEquals(isTorch(writeTorchStateDict(new Map([["bias", bias]]))), true);
 * ```
 *
 * @throws RangeError if a tensor's values do not fill its shape.
 * @category Formats
 */
export function writeTorchStateDict(
  tensors: ReadonlyMap<string, StoredTensor>,
  options: WriteTorchStateDictOptions = {},
): Uint8Array<ArrayBuffer> {
  const pickle = new PickleWriter().op("ccollections\nOrderedDict\n)R(");
  const storages: Uint8Array[] = [];
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data.length !== shape.reduce((product, n) => product * n, 1)) {
      throw new ArgumentError(
        `Cannot write tensor "${name}": ${data.length} values do not fill the shape [${
          shape.join(", ")
        }]`,
      );
    }
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, n) => product * n, 1)
    );
    pickle.text(name).op("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage")
      .op(`ctorch\n${storageNames[dtype]}\n`).text(String(storages.length)).text("cpu")
      .integer(data.length).op("tQ").integer(0).sizes(shape).sizes(strides)
      .op("\x89ccollections\nOrderedDict\n)RtR");
    const stored = dtype === "F16" ? toHalfBits(data) : data;
    storages.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
  }
  pickle.op("u");
  const attributes = Object.entries(options.attributes ?? {});
  if (attributes.length > 0) {
    pickle.op("}(");
    for (const [name, value] of attributes) pickle.text(name).text(value);
    pickle.op("ub");
  }
  return archive(pickle, storages);
}
