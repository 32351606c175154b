import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type GpuProgram,
  packParams,
  paramBytes,
  programOf,
  programText,
} from "../../src/gpu/program.ts";

const scaled = {
  code: "fn main() { b[0] = params.factor * a[params.first]; }",
  arrays: [
    { name: "a", element: "f32" },
    { name: "b", element: "f32", holds: "What comes out.", write: true },
  ],
  params: { factor: "f32", first: "u32", offset: "i32" },
} as const satisfies GpuProgram;

Deno.test("programText: numbers come first, then arrays in their order", () => {
  const expected = [
    "struct Params {",
    "  factor: f32,",
    "  first: u32,",
    "  offset: i32,",
    "}",
    "@group(0) @binding(0) var<uniform> params: Params;",
    "@group(0) @binding(1) var<storage, read> a: array<f32>;",
    "// What comes out.",
    "@group(0) @binding(2) var<storage, read_write> b: array<f32>;",
    "",
    "fn main() { b[0] = params.factor * a[params.first]; }",
    "",
  ];
  assertEquals(programText(scaled).split("\n"), expected);
});

Deno.test("programText: without numbers, arrays begin at binding 0", () => {
  const text = programText({ ...scaled, params: {} });
  assert(text.startsWith("@group(0) @binding(0) var<storage, read> a"), text);
});

Deno.test("packParams: numbers lie in the order of their types, in the types of WGSL", () => {
  const into = new DataView(new ArrayBuffer(32));
  // The order in which values are named does not count.
  packParams(scaled, { offset: -2, factor: 0.5, first: 2 ** 32 - 1 }, { into, at: 16 });
  assertEquals(into.getFloat32(16, true), 0.5);
  assertEquals([into.getUint32(20, true), into.getInt32(24, true)], [2 ** 32 - 1, -2]);
  assertEquals(paramBytes(scaled), 16);
});

Deno.test("programOf: a program is written once for the same data, and none is remembered too", () => {
  let written = 0;
  function sized({ size }: { size: number }): typeof scaled | undefined {
    written++;
    return size > 0 ? { ...scaled } : undefined;
  }
  const first = programOf(sized, { size: 1 });
  assertStrictEquals(programOf(sized, { size: 1 }), first);
  assertEquals([programOf(sized, { size: 0 }), programOf(sized, { size: 0 })], [
    undefined,
    undefined,
  ]);
  assertEquals(written, 2);
});
