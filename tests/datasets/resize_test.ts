import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { sha256Hex } from "../../src/core/sha256.ts";
import { resizeBilinear } from "../../src/datasets/resize.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";

Deno.test("resize: 28 x 28 digits to 32 x 32 equal Pillow's bit for bit", async () => {
  const path = new URL("../fixtures/machines_mnist.safetensors", import.meta.url);
  const { tensors } = parseSafetensors(await Deno.readFile(path));
  const [raw, expected] = [tensors.get("raw")!, tensors.get("images_u8")!];
  assert(raw.dtype === "U8" && expected.dtype === "U8");
  const images = { pixels: raw.data, shape: [48, 28, 28, 1] as const };
  const resized = resizeBilinear(images, { height: 32, width: 32 });
  assertEquals(resized.shape, [48, 32, 32, 1]);
  assertEquals(resized.pixels, expected.data);
});

Deno.test("resize: enlarged, shrunk and stretched noise equals Pillow 12.3's, by its SHA-256", async () => {
  const noise = (length: number) => {
    let state = 12345;
    return Uint8Array.from({ length }, () => {
      state = Number((BigInt(state) * 1103515245n + 12345n) & 0x7fffffffn);
      return (state >> 16) & 255;
    });
  };
  const cases = [
    [[28, 28, 1], [32, 32], "e947d956338822ec"],
    [[40, 50, 3], [32, 32], "5deaa78450e8e969"],
    [[178, 140, 3], [32, 32], "cc674345d2f7b7dc"],
    [[7, 9, 1], [1, 1], "148de9c5a7a44d19"],
    [[13, 5, 3], [64, 3], "9d93bc9cbac930c7"],
    [[32, 32, 1], [31, 33], "24c4b08b1cd9f7c7"],
    [[100, 99, 1], [10, 77], "cdf987575d407a8e"],
    [[3, 300, 3], [17, 16], "d894907a724ff011"],
  ] as const;
  for (const [[h, w, c], [height, width], expected] of cases) {
    const images = { pixels: noise(h * w * c), shape: [1, h, w, c] as const };
    const { pixels } = resizeBilinear(images, { height, width });
    assertEquals(
      (await sha256Hex(pixels)).slice(0, 16),
      expected,
      `${h} x ${w} to ${height} x ${width}`,
    );
  }
});

const row = (...values: number[]) => ({
  pixels: Uint8Array.from(values),
  shape: [1, 1, values.length, 1] as const,
});

Deno.test("resize: values by hand when enlarging and when shrinking", () => {
  // Centers of the outputs lie at -1/4, 1/4, 3/4, 5/4 inputs: clamped, then 3:1, 1:3, clamped.
  assertEquals([...resizeBilinear(row(0, 100), { height: 1, width: 4 }).pixels], [0, 25, 75, 100]);
  // Halving: a triangle four inputs wide, weights 1:3:3:1 inside and 3:3:1 of 7 at the edges.
  const halved = resizeBilinear(row(0, 0, 255, 255), { height: 1, width: 2 });
  assertEquals([...halved.pixels], [Math.round(255 / 7), Math.round(255 * 6 / 7)]);
  const inner = resizeBilinear(row(0, 0, 0, 200, 0, 0), { height: 1, width: 3 });
  assertEquals(inner.pixels[1], 200 * 3 / 8);
});

Deno.test("resize: a flat image stays flat at any size, 255 included", () => {
  for (const value of [0, 1, 127, 254, 255]) {
    for (const [height, width] of [[1, 1], [7, 50], [64, 3], [31, 33]] as const) {
      const pixels = new Uint8Array(20 * 20 * 3).fill(value);
      const resized = resizeBilinear({ pixels, shape: [1, 20, 20, 3] }, { height, width });
      assertEquals(new Set(resized.pixels), new Set([value]));
    }
  }
});

Deno.test("resize: rows, columns, channels and images do not mix", () => {
  const [n, h, w, c] = [2, 5, 6, 3];
  const pixels = Uint8Array.from({ length: n * h * w * c }, (_, i) => (i * 89) % 251);
  const together = resizeBilinear({ pixels, shape: [n, h, w, c] }, { height: 8, width: 4 });
  assertEquals(together.shape, [n, 8, 4, c]);
  for (let i = 0; i < n; i++) {
    for (let channel = 0; channel < c; channel++) {
      const plane = Uint8Array.from(
        { length: h * w },
        (_, p) => pixels[(i * h * w + p) * c + channel]!,
      );
      const alone = resizeBilinear({ pixels: plane, shape: [1, h, w, 1] }, { height: 8, width: 4 });
      const same = Uint8Array.from(
        { length: 32 },
        (_, p) => together.pixels[(i * 32 + p) * c + channel]!,
      );
      assertEquals(same, alone.pixels);
    }
  }
});

Deno.test("resize: the right size is given back as it is, a bad one is a RangeError", () => {
  const images = row(1, 2, 3);
  assertStrictEquals(resizeBilinear(images, { height: 1, width: 3 }), images);
  for (const width of [0, -1, 2.5, NaN]) {
    assertThrows(() => resizeBilinear(images, { height: 1, width }), RangeError, "Cannot resize");
  }
  const short = { pixels: new Uint8Array(3), shape: [1, 2, 2, 1] as const };
  assertThrows(() => resizeBilinear(short, { height: 4, width: 4 }), RangeError, "do not fill");
});
