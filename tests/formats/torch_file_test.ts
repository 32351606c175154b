/** Files of the real PyTorch, committed and, where it is installed, written on the spot. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { parseNpy } from "../../src/formats/npy.ts";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import { parseTorch } from "../../src/formats/torch_file.ts";
import { isTorch } from "../../src/formats/torch_magic.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { numberTable } from "../../src/formats/torch_values.ts";
import { writeTorchList, writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { readZipDirectory, readZipEntry, writeZip } from "../../src/formats/zip.ts";
import { bytesOf } from "./bytes.ts";
import { pythonWithTorch, runPython } from "./python_torch.ts";

const fixtures = fromFileUrl(new URL("../fixtures", import.meta.url));
const script = fromFileUrl(new URL("torch_values.py", import.meta.url));
const float = (shape: number[], ...values: number[]): FloatTensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(values),
});

/** What torch_values.py saves. */
const expected = new Map<string, unknown>([
  ["float16", { dtype: "F16", shape: [2], data: Float32Array.of(0.5, -65504) }],
  ["bfloat16", float([2], 1, -3.140625)],
  ["float64", { dtype: "F64", shape: [], data: Float64Array.of(0.1) }],
  ["int64", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
  ["int32", { dtype: "I32", shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ["int16", { dtype: "I32", shape: [2], data: Int32Array.of(-300, 300) }],
  ["int8", { dtype: "I32", shape: [2], data: Int32Array.of(-128, 127) }],
  ["uint8", { dtype: "U8", shape: [2], data: Uint8Array.of(0, 255) }],
  ["bool", { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) }],
  ["whole", float([3, 4], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)],
  ["transposed", float([4, 3], 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11)],
  ["sliced", float([2, 2], 4, 6, 8, 10)],
  ["expanded", float([2, 3], 8, 8, 8, 8, 8, 8)],
  ["empty", float([0, 4])],
  ["parameter", float([1, 1], 1.5)],
  [
    "plain",
    [1, -2, 2 ** 40, 2n ** 70n, -1.5, null, true, [], ["a", ["ü"]], new Map([["k", new Set([3])]])],
  ],
  ["ordered", new Map([["b", 1], ["a", 2]])],
  ["size", [3, 4]],
  ["bytes", Uint8Array.of(0, 255)],
]);

async function checkFolder(folder: string): Promise<void> {
  for (const name of ["torch_values.pt", "torch_values_protocol5.pt", "torch_values_legacy.pt"]) {
    const bytes = await Deno.readFile(join(folder, name));
    assert(isTorch(bytes));
    const found = parseTorch(bytes, name) as Map<string, unknown>;
    for (const [key, value] of expected) assertEquals(found.get(key), value, `${name}: ${key}`);
    const [three, half, table, seven] = found.get("numpy") as unknown[];
    assertEquals([three, half], [3, 0.5]);
    assertEquals(numberTable(table), { shape: [2, 2], values: [1, 2, 3, 4] });
    assertEquals(numberTable([seven, three]), { shape: [2], values: [7, 3] });
  }
  const npy = async (name: string) => parseNpy(await Deno.readFile(join(folder, name)), name);
  assertEquals(await npy("numpy_fortran.npy"), {
    dtype: "I64",
    shape: [3, 2],
    data: BigInt64Array.of(3n, 5n, 7n, 9n, 11n, 13n),
  });
  assertEquals(await npy("numpy_big_endian.npy"), float([2], 0.5, -2));
}

Deno.test("torch file: committed files of both kinds hold what was saved", () =>
  checkFolder(fixtures));

Deno.test("torch file: files of the PyTorch and NumPy that are installed hold what was saved", async () => {
  const python = await pythonWithTorch();
  if (python === undefined) return;
  const folder = await Deno.makeTempDir();
  try {
    await runPython(python, [script, folder]);
    await checkFolder(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (
  const name of [
    "resnet_zeros",
    "resnet_circular_conditional",
    "unet_zeros",
    "unet_circular_conditional_groupnorm",
  ]
) {
  Deno.test(`torch file: the whole module ${name}.pt has the golden state dict`, async () => {
    const bytes = await Deno.readFile(join(fixtures, `${name}.pt`));
    const { tensors, module } = torchStateDict(parseTorch(bytes, name), name);
    assertEquals(module?.type.name, "models.DDIM");
    const golden = parseSafetensors(
      await Deno.readFile(join(fixtures, `${name}.safetensors`)),
    ).tensors;
    const weights = [...golden].filter(([key]) => key.startsWith("weights/"));
    assertEquals(tensors.size, weights.length);
    for (const [key, tensor] of weights) {
      assertEquals(tensors.get(key.replace("weights/", "backbone.")), tensor, key);
    }
  });
}

/** An archive as torch.save makes it, around any pickle. */
function archive(pickle: string, ...storages: Uint8Array[]): Uint8Array {
  return writeZip(
    new Map([
      ["x/data.pkl", bytesOf(pickle)],
      ...storages.map((bytes, i) => [`x/data/${i}`, bytes] as const),
    ]),
  );
}

const short = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`;
const integer = (value: number) =>
  `J${[0, 8, 16, 24].map((shift) => String.fromCharCode((value >>> shift) & 255)).join("")}`;
/** A tensor of float32 values, viewing storage 0. */
const tensor = (
  { count = 4, offset = 0, shape = [2, 2], strides = [2, 1], type = "FloatStorage" },
) =>
  `\x80\x04ctorch._utils\n_rebuild_tensor_v2\n((${short("storage")}ctorch\n${type}\n${short("0")}` +
  `${short("cpu")}${integer(count)}tQ${integer(offset)}(${shape.map(integer).join("")}t` +
  `(${strides.map(integer).join("")}t\x89NtR.`;
const four = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

Deno.test("torch file: a crafted archive reads as the real ones do", () => {
  assertEquals(parseTorch(archive(tensor({}), four)), float([2, 2], 1, 2, 3, 4));
  assertEquals(
    parseTorch(archive(tensor({ offset: 1, shape: [3], strides: [1] }), four)),
    float([3], 2, 3, 4),
  );
});

Deno.test("torch file: what is malicious, foreign or damaged is refused in one line", () => {
  const cases: [string, Uint8Array, string][] = [
    ["a command", archive("cposix\nsystem\n(S'true'\ntR."), '"posix.system"'],
    ["code", archive("c__builtin__\neval\n(S'1'\ntR."), '"__builtin__.eval"'],
    ["a getter", archive("cbuiltins\ngetattr\n)R."), '"builtins.getattr"'],
    ["a dotted name", archive("\x80\x04\x8c\x05torch\x8c\x09os.system\x93."), '"torch.os.system"'],
    ["a loader", archive("ctorch.storage\n_load_from_bytes\n(C\x01xtR."), "_load_from_bytes"],
    ["an unknown class", archive("cmodels\nEvil\n)\x81."), '"models.Evil"'],
    ["a called name", archive("ctorch\nFloatStorage\n)R."), "cannot be called"],
    ["an unknown opcode", archive("\xff."), "0xff is no instruction"],
    ["a cut pickle", archive("\x80\x02]q"), "cut off (at byte 3)"],
    ["an empty pickle", archive(""), "cut off"],
    ["no data.pkl", writeZip(new Map([["x/version", bytesOf("3")]])), "0 files data.pkl"],
    ["a missing storage", archive(tensor({})), "no file x/data/0"],
    [
      "a short storage",
      archive(tensor({}), four.subarray(4)),
      "has 12 bytes, its 4 values need 16",
    ],
    ["a tensor past its storage", archive(tensor({ offset: 1 }), four), "reaches value 4"],
    ["long strides", archive(tensor({ strides: [9, 1] }), four), "reaches value 10"],
    ["a negative offset", archive(tensor({ offset: -1 }), four), "offset, shape and strides"],
    ["a negative stride", archive(tensor({ strides: [-2, 1] }), four), "offset, shape and strides"],
    ["uneven ranks", archive(tensor({ strides: [1] }), four), "offset, shape and strides"],
    [
      "a tensor larger than memory",
      archive(tensor({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] }), four),
      "that this reader takes",
    ],
    ["complex numbers", archive(tensor({ type: "ComplexFloatStorage" }), four), "ComplexFloat"],
    ["no archive", bytesOf("PK\x03\x04 but nothing more"), "no zip directory"],
    ["text", bytesOf("3,5,7"), "does not begin as those of torch.save"],
    ["nothing", new Uint8Array(0), "does not begin as those of torch.save"],
  ];
  for (const [, bytes, message] of cases) {
    const error = assertThrows(() => parseTorch(bytes, "evil.pt"), DataFormatError, message);
    assert(error.message.startsWith("evil.pt"), error.message);
    assert(!error.message.includes("\n"), error.message);
  }
});

Deno.test("torch file: memory is limited by the size of the file, or as the caller says", () => {
  const zeroStrides = archive(tensor({ shape: [16 * 2 ** 20], strides: [0] }), four);
  const error = assertThrows(() => parseTorch(zeroStrides, "a.pt"), ReadLimitError);
  assertEquals([error.limit, error.needed > 2 ** 26, error.allowed < 2 ** 26], [
    "maxBytes",
    true,
    true,
  ]);
  const { shape } = parseTorch(zeroStrides, "a.pt", { maxBytes: 1e8 }) as FloatTensor;
  assertEquals(shape, [2 ** 24]);
  assertThrows(
    () => parseTorch(archive(tensor({}), four), "a.pt", { maxBytes: 9 }),
    ReadLimitError,
  );
  // One large list, made into a dictionary again and again by few bytes.
  const copies = "0ccollections\nOrderedDict\n(h\x00tR".repeat(100);
  const many = archive(`(${"(NNt".repeat(20_000)}lq\x00${copies}.`);
  assertThrows(() => parseTorch(many, "a.pt"), ReadLimitError, "maxBytes");
});

Deno.test("torch file: modules that share others or contain themselves come to an end", () => {
  const module = (children: string) =>
    `ctorch.nn.modules.container\nSequential\n)\x81}${short("_modules")}${children}sb`;
  let shared = module("}");
  for (let i = 0; i < 30; i++) {
    const slot = String.fromCharCode(i);
    shared = module(`}(${short("0")}${shared}q${slot}${short("1")}h${slot}u`);
  }
  const dict = (bytes: Uint8Array, options = {}) =>
    torchStateDict(parseTorch(bytes, "a.pt"), "a.pt", options);
  assertThrows(() => dict(archive(`${shared}.`)), ReadLimitError, "100,001 things");
  const itself = `ctorch.nn.modules.container\nSequential\n)\x81q\x00}${short("_modules")}` +
    `}${short("again")}h\x00ssb.`;
  assertThrows(() => dict(archive(itself)), ReadLimitError, "101 levels of nesting");
  assertThrows(() => dict(archive(itself), { maxDepth: 3 }), ReadLimitError, "maxDepth: 4");
  assertThrows(
    () => dict(archive(`}q\x00${short("state_dict")}h\x00s.`)),
    DataFormatError,
    "nested 8 levels deep",
  );
});

Deno.test("torch file: legacy files cut at any byte are refused, and so are their commands", async () => {
  const bytes = await Deno.readFile(join(fixtures, "torch_values_legacy.pt"));
  for (let length = 0; length < bytes.length; length += 7) {
    assertThrows(() => parseTorch(bytes.subarray(0, length)), DataFormatError);
  }
  const head = bytes.subarray(0, bytes.indexOf(0x2e, bytes.indexOf(0x75)) + 1);
  const evil = bytesOf(head, "\x80\x02cos\nsystem\n(S'true'\ntR.");
  assertThrows(() => parseTorch(evil), DataFormatError, '"os.system"');
});

Deno.test("torch file: damage to any byte of a checkpoint is noticed or changes no value", async () => {
  const bytes = await Deno.readFile(join(fixtures, "torch_values.pt"));
  const whole = JSON.stringify(plain(parseTorch(bytes)));
  for (let at = 0; at < bytes.length; at += 3) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x55;
    try {
      assertEquals(JSON.stringify(plain(parseTorch(damaged))), whole, `byte ${at}`);
    } catch (error) {
      assert(error instanceof DataFormatError, `byte ${at}: ${error}`);
    }
  }
});

/** Maps and big numbers in a form that JSON has. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(plain);
  if (value instanceof Set) return [...value];
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array, String);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([key, field]) => [key, plain(field)]);
  }
  return value;
}

Deno.test("torch file: what is written reads back, whatever the kind", () => {
  assertEquals(parseTorch(writeTorchList([3, 3, 17])), [3, 3, 17]);
  assertThrows(() => writeTorchList([1.5]), RangeError, "1.5");
  const tensors = new Map(
    [...expected].filter(([name]) => /^(float|int(32|64)|uint8|bool|whole|empty)/.test(name)),
  ) as unknown as ReadonlyMap<string, FloatTensor>;
  assertEquals(tensors.size, 8);
  const bytes = writeTorchStateDict(tensors);
  assertEquals(parseTorch(bytes), new Map(tensors));
  assertEquals(writeTorchStateDict(tensors), bytes);
  const names = [...readZipDirectory(bytes).values()].map((entry) => {
    assertEquals(readZipEntry(bytes, entry).length, entry.size);
    return entry.name;
  });
  assertEquals(names.slice(0, 2), ["archive/data.pkl", "archive/byteorder"]);
  assertThrows(
    () => writeTorchStateDict(new Map([["a", float([3], 1)]])),
    RangeError,
    "do not fill",
  );
});
