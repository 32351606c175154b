import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import {
  parseSafetensors,
  type StoredTensor,
  tensorOffsets,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";

const every: [string, StoredTensor][] = [
  ["weights/a", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1.5, -0, NaN, Infinity) }],
  ["half", { dtype: "F16", shape: [3], data: Float32Array.of(0.5, -65504, 2 ** -24) }],
  ["double", { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) }],
  ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(0, 128, 255) }],
  ["int", { dtype: "I32", shape: [1, 2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ["long", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
  ["flags", { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) }],
  ["leer ü", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
];

/** A file with the given header text, padded as it is, and data bytes 0, 1, 2 ... */
function file(header: unknown, dataLength = 8): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const out = new Uint8Array(8 + text.length + dataLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  for (let i = 0; i < dataLength; i++) out[8 + text.length + i] = i;
  return out;
}

Deno.test("safetensors: every dtype comes back from a round trip", () => {
  const metadata = { format: "els", note: 'quotes " and ü' };
  const back = parseSafetensors(writeSafetensors(new Map(every), { metadata }));
  assertEquals(back.metadata, metadata);
  assertEquals(new Map([...back.tensors].sort()), new Map(every.toSorted()));
});

Deno.test("safetensors: the same tensors give the same bytes whatever their order", () => {
  const metadata = { b: "2", a: "1" };
  const bytes = writeSafetensors(new Map(every), { metadata });
  const reversed = writeSafetensors(new Map(every.toReversed()), { metadata: { a: "1", b: "2" } });
  assertEquals(reversed, bytes);
  const back = parseSafetensors(bytes);
  assertEquals(writeSafetensors(back.tensors, back), bytes);
});

Deno.test("safetensors: the header is padded and every tensor aligned to its values", () => {
  for (let pad = 0; pad < 8; pad++) {
    const bytes = writeSafetensors(new Map(every), { metadata: { pad: "x".repeat(pad) } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assertEquals(length % 8, 0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    for (const [name, { data, dtype }] of every) {
      const width = dtype === "F16" ? 2 : data.BYTES_PER_ELEMENT;
      assertEquals(header[name].data_offsets[0] % width, 0, name);
    }
  }
});

Deno.test("safetensors: unaligned offsets and an unaligned view are read", () => {
  const bytes = file({
    a: { dtype: "U8", shape: [1], data_offsets: [0, 1] },
    b: { dtype: "F32", shape: [1], data_offsets: [1, 5] },
    c: { dtype: "F16", shape: [1], data_offsets: [5, 7] },
  }, 7);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const expected = new DataView(Uint8Array.of(1, 2, 3, 4).buffer).getFloat32(0, true);
  for (const view of [bytes, shifted.subarray(3)]) {
    assertEquals(parseSafetensors(view).tensors.get("b")!.data, Float32Array.of(expected));
  }
});

Deno.test("safetensors: float32 takes no memory beside the file where views are asked for", () => {
  const bytes = writeSafetensors(new Map(every));
  const { tensors } = parseSafetensors(bytes, "a", { views: true });
  for (const [name, { data }] of every) assertEquals(tensors.get(name)!.data, data, name);
  const data = (name: string) => tensors.get(name)!.data;
  assertEquals(data("weights/a").buffer, bytes.buffer);
  assert(data("half").buffer !== bytes.buffer);
  // Where they are not aligned they are copied.
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  const found = parseSafetensors(moved, "a", { views: true }).tensors.get("weights/a")!.data;
  assertEquals(found, every[0]![1].data);
  // Without, they outlive what becomes of the bytes.
  const own = parseSafetensors(bytes).tensors.get("weights/a")!.data;
  bytes.fill(0);
  assertEquals([...own.slice(0, 1), ...data("weights/a").slice(0, 1)], [1.5, 0]);
});

Deno.test("safetensors: values can be written in place where the offsets say", () => {
  const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
  const flag = { dtype: "U8", shape: [1], data: Uint8Array.of(9) } as const;
  const bytes = writeSafetensors(new Map<string, StoredTensor>([["bias", bias], ["flag", flag]]));
  const offsets = tensorOffsets(bytes);
  assertEquals([...offsets.keys()], ["bias", "flag"]);
  new DataView(bytes.buffer).setFloat32(offsets.get("bias")! + 4, 5, true);
  assertEquals([...parseSafetensors(bytes).tensors.get("bias")!.data], [1, 5]);
  assertEquals(bytes[offsets.get("flag")!], 9);
  assertThrows(() => tensorOffsets(bytes.slice(0, -1)), DataFormatError, "flag");
});

Deno.test("safetensors: a golden file is read with its shapes and metadata", async () => {
  const path = new URL("../fixtures/machines_mnist.safetensors", import.meta.url);
  const bytes = await Deno.readFile(path);
  const { tensors, metadata } = parseSafetensors(bytes);
  assertEquals(metadata.schedule, "cosine_legacy");
  const [u8, images] = [tensors.get("images_u8")!, tensors.get("images")!];
  assertEquals(u8.shape, [48, 1, 32, 32]);
  assert(images.dtype === "F32" && u8.dtype === "U8");
  assertEquals(images.data, Float32Array.from(u8.data, (v) => v / 255 * 2 - 1));
});

Deno.test("safetensors: truncation at any length is a DataFormatError", () => {
  const bytes = writeSafetensors(new Map(every), { metadata: { a: "b" } });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => parseSafetensors(bytes.subarray(0, length), "cut"), DataFormatError, "cut:");
  }
});

Deno.test("safetensors: any single damaged byte gives tensors or a DataFormatError, nothing else", () => {
  const bytes = writeSafetensors(new Map(every), { metadata: { a: "b" } });
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [0x01, 0x10, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      try {
        parseSafetensors(damaged);
      } catch (error) {
        assertInstanceOf(error, DataFormatError);
        refused++;
      }
    }
  }
  assert(refused > bytes.length, `only ${refused} damaged files were refused`);
});

const u8 = (begin: number, end: number) => ({
  dtype: "U8",
  shape: [end - begin],
  data_offsets: [begin, end],
});

Deno.test("safetensors: each breach of the format is named with its byte", () => {
  const cases: [unknown, string][] = [
    ["{", "not JSON"],
    ["[]", "not a JSON object"],
    ["null", "not a JSON object"],
    [{ a: u8(0, 4) }, "4 bytes follow the last tensor"],
    [{ a: u8(0, 4), b: u8(2, 8) }, 'tensor "b" overlaps'],
    [{ a: u8(0, 4), b: u8(5, 8) }, "leaves 1 bytes before it unused"],
    [{ a: u8(0, 9) }, "do not lie in the 8 bytes"],
    [{ a: { ...u8(0, 8), shape: [7] } }, "needs 7 bytes, data_offsets give 8"],
    [{ a: { ...u8(0, 8), dtype: "F32" } }, "needs 32 bytes"],
    [{ a: { ...u8(0, 8), dtype: "F8" } }, 'dtype is "F8", expected one of'],
    [{ a: { ...u8(0, 8), dtype: "toString" } }, "expected one of"],
    [{ a: { ...u8(0, 8), shape: [-1, -8] } }, "expected a list of sizes"],
    [{ a: { ...u8(0, 8), shape: [8.5] } }, "expected a list of sizes"],
    [{ a: { ...u8(0, 8), data_offsets: [8, 0] } }, "do not lie"],
    [{ a: { ...u8(0, 8), data_offsets: [0] } }, "expected [begin, end]"],
    [{ a: 3 }, "its entry is not an object"],
    [{ a: u8(0, 8), __metadata__: { k: 1 } }, "__metadata__ is not an object of strings"],
    [`{"a":${JSON.stringify(u8(0, 8))},"\\u0061":${JSON.stringify(u8(0, 8))}}`, 'names "a" twice'],
    [{ a: { dtype: "BOOL", shape: [8], data_offsets: [0, 8] } }, "a BOOL is 2"],
  ];
  for (const [header, message] of cases) {
    const error = assertThrows(() => parseSafetensors(file(header)), DataFormatError, message);
    assert(error.byteOffset !== undefined, message);
  }
  const long = file({ a: u8(0, 8) });
  new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true);
  assertThrows(
    () => parseSafetensors(long),
    DataFormatError,
    "header should be 9223372036854775808",
  );
});

Deno.test("safetensors: a file of another kind is called what it is", () => {
  const text = (content: string) => new TextEncoder().encode(content.padEnd(80));
  const others: readonly (readonly [Uint8Array, string])[] = [
    [text("version https://git-lfs.github.com/spec/v1"), "it is a pointer of Git LFS"],
    [text("<!DOCTYPE html><html>"), "it is a page of HTML"],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1), "it is compressed by gzip"],
    [new Uint8Array(0), "it is empty"],
  ];
  for (const [bytes, message] of others) {
    assertThrows(() => parseSafetensors(bytes), DataFormatError, `${message}`);
    assertThrows(() => parseSafetensors(bytes), DataFormatError, ", expected safetensors");
  }
});

Deno.test("safetensors: a name's byte offset counts bytes, not characters", () => {
  const header = `{"ü":${JSON.stringify(u8(0, 8))},"b":1}`;
  const error = assertThrows(() => parseSafetensors(file(header)), DataFormatError);
  const at = new TextEncoder().encode(header.slice(0, header.indexOf('"b"'))).length;
  assertEquals(error.byteOffset, 8 + at);
});

Deno.test("safetensors: what cannot be written is a RangeError", () => {
  const data = new Float32Array(3);
  const write = (name: string, tensor: StoredTensor) => () =>
    writeSafetensors(new Map([[name, tensor]]));
  assertThrows(write("a", { dtype: "F32", shape: [2, 2], data }), RangeError, "do not fill");
  assertThrows(write("a", { dtype: "F32", shape: [-3, -1], data }), RangeError, "do not fill");
  assertThrows(write("__metadata__", { dtype: "F32", shape: [3], data }), RangeError, "reserves");
  assertThrows(
    write("a", { dtype: "BOOL", shape: [1], data: Uint8Array.of(2) }),
    RangeError,
    "neither 0 nor 1",
  );
});

Deno.test("safetensors: with a checksum every changed bit is noticed, a new layout is not", () => {
  const metadata = { format: "els", note: "ü" };
  const bytes = writeSafetensors(new Map(every), { metadata, checksum: true });
  const back = parseSafetensors(bytes);
  assertEquals(back.metadata, metadata);
  assertEquals(writeSafetensors(back.tensors, { ...back, checksum: true }), bytes);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    // A blank may become another blank, and the checksum's own name another key: nothing is lost.
    let intact: ReturnType<typeof parseSafetensors> | undefined;
    try {
      intact = parseSafetensors(damaged, "w.safetensors");
    } catch (error) {
      assertInstanceOf(error, DataFormatError);
    }
    if (intact === undefined) continue;
    const { format, note } = intact.metadata;
    assertEquals([intact.tensors, { format, note }], [back.tensors, metadata], `byte ${at}`);
  }
  // As another program writes it: header keys in another order, other white space.
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const other = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries(Object.entries(header).reverse()), null, 1),
  );
  const again = new Uint8Array(8 + other.length + bytes.length - 8 - length);
  new DataView(again.buffer).setBigUint64(0, BigInt(other.length), true);
  again.set(other, 8);
  again.set(bytes.subarray(8 + length), 8 + other.length);
  assertEquals(parseSafetensors(again).metadata, metadata);
});

Deno.test("safetensors: a header may be large and odd, within limits that the caller sets", () => {
  const entry = JSON.stringify(u8(0, 8));
  const text = `{"__metadata__":{"about":"${"x".repeat(10_000_000)}"},"a":${entry}}`;
  const { metadata } = parseSafetensors(file(text));
  assertEquals(metadata.about!.length, 10_000_000);
  const error = assertThrows(
    () => parseSafetensors(file(text), "a", { maxText: 1e6 }),
    ReadLimitError,
  );
  assertEquals([error.limit, error.allowed], ["maxText", 1e6]);
  const deep = `{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
  assertThrows(() => parseSafetensors(file(deep)), ReadLimitError, "101 levels of nesting");
  const two = { a: u8(0, 4), b: u8(4, 8) };
  assertEquals(parseSafetensors(file(two)).tensors.size, 2);
  assertThrows(() => parseSafetensors(file(two), "a", { maxItems: 1 }), ReadLimitError, "maxItems");
});

Deno.test("safetensors: who knows of a checksum can ask for it", () => {
  const tensors = new Map([["a", { dtype: "U8", shape: [1], data: Uint8Array.of(7) }]] as const);
  const required = { checksum: "required" } as const;
  const good = writeSafetensors(tensors, { checksum: true });
  assertEquals(parseSafetensors(good, "a", required).tensors, tensors);
  const bare = writeSafetensors(tensors);
  assertEquals(parseSafetensors(bare).tensors, tensors);
  assertThrows(() => parseSafetensors(bare, "a", required), DataFormatError, "it has no checksum");
});

Deno.test("safetensors: short floats and every size of integers are read exactly, in the next wider kind", () => {
  const kinds: Record<string, [string, number[], unknown, unknown]> = {
    bf16: ["BF16", [0x80, 0x3f, 0x49, 0xc0, 0x80, 0x7f], "F32", [1, -3.140625, Infinity]],
    e4m3: ["F8_E4M3", [0x38, 0xb8, 0x7e, 0x01, 0x7f, 0x80], "F32", [1, -1, 448, 2 ** -9, NaN, -0]],
    e5m2: ["F8_E5M2", [0x3c, 0xfb, 0x7c, 0x01], "F32", [1, -57344, Infinity, 2 ** -16]],
    i8: ["I8", [0x80, 0x7f], "I32", [-128, 127]],
    i16: ["I16", [0, 0x80], "I32", [-32768]],
    u16: ["U16", [0xff, 0xff], "I32", [65535]],
    u32: ["U32", [0xff, 0xff, 0xff, 0xff], "I64", [2n ** 32n - 1n]],
    u64: ["U64", [1, 0, 0, 0, 0, 0, 0, 0x40], "I64", [2n ** 62n + 1n]],
  };
  for (const [name, [dtype, bytes, held, values]] of Object.entries(kinds)) {
    const shape = [(values as unknown[]).length];
    const raw = file({ [name]: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes.length);
    raw.set(bytes, raw.length - bytes.length);
    const { tensors, others } = parseSafetensors(raw);
    const tensor = tensors.get(name)!;
    assertEquals([tensor.dtype, Array.from(tensor.data as Float32Array), others.size], [
      held,
      values,
      0,
    ], name);
  }
});

Deno.test("safetensors: tensors of kinds that cannot be held are left out by name, the rest is read", () => {
  const header = {
    a: { dtype: "C64", shape: [1], data_offsets: [0, 8] },
    b: { dtype: "F4", shape: [4], data_offsets: [8, 10] },
    c: { dtype: "U64", shape: [1], data_offsets: [10, 18] },
    d: { dtype: "U8", shape: [1], data_offsets: [18, 19] },
  };
  const bytes = file(header, 19);
  bytes[bytes.length - 2] = 0xff;
  const { tensors, others } = parseSafetensors(bytes);
  assertEquals([...tensors.keys()], ["d"]);
  assertEquals([...others], [
    ["a", "C64 of shape [1]"],
    ["b", "F4 of shape [4]"],
    ["c", "U64 of shape [1]"],
  ]);
  assertThrows(
    () => parseSafetensors(file({ a: { dtype: "C64", shape: [1], data_offsets: [0, 4] } }, 4)),
    DataFormatError,
    "needs 8 bytes",
  );
});
