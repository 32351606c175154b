import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { centerCrop, withChannels } from "../../src/datasets/adjust.ts";
import { resizeBilinear } from "../../src/datasets/resize.ts";
import { createImageDecoder } from "../../src/datasets/decode_image.ts";
import { picture } from "./pictures.ts";

const numbered = (h: number, w: number) => ({
  pixels: Uint8Array.from({ length: h * w }, (_, i) => i),
  shape: [1, h, w, 1] as const,
});

Deno.test("center crop: margins are divided as torchvision divides them", () => {
  const crop = (
    h: number,
    w: number,
    height: number,
    width: number,
  ) => [...centerCrop(numbered(h, w), { height, width }).pixels];
  assertEquals(crop(4, 4, 2, 2), [5, 6, 9, 10]);
  // Margins of 1 and 3: round(0.5) = 0 and round(1.5) = 2, halves to even.
  assertEquals(crop(3, 4, 2, 1), [2, 6]);
  assertEquals(crop(1, 6, 1, 1), [2]);
  assertEquals(crop(2, 2, 2, 2), [0, 1, 2, 3]);
});

Deno.test("center crop: several color images are cut one by one", () => {
  const pixels = Uint8Array.from({ length: 2 * 3 * 3 * 3 }, (_, i) => i);
  const { pixels: out, shape } = centerCrop({ pixels, shape: [2, 3, 3, 3] }, {
    height: 1,
    width: 1,
  });
  assertEquals(shape, [2, 1, 1, 3]);
  assertEquals([...out], [12, 13, 14, 39, 40, 41]);
});

Deno.test("center crop: more than there is is a RangeError", () => {
  for (const [height, width] of [[5, 1], [1, 5], [0, 1], [1.5, 1], [NaN, 1]] as const) {
    const cut = () => centerCrop(numbered(4, 4), { height, width });
    assertThrows(cut, RangeError, "out of images of 4 x 4");
  }
});

Deno.test("channels: gray of color equals Pillow's, color of gray repeats it", async () => {
  const decode = await createImageDecoder();
  const color = decode(picture("jpeg_444/file").bytes, "jpeg_444");
  const gray = withChannels(color, 1);
  assertEquals(gray.pixels, picture("jpeg_444/grey").bytes);
  const three = withChannels(gray, 3);
  assertEquals(three.shape, color.shape);
  assertEquals([...three.pixels.subarray(0, 3)], Array(3).fill(gray.pixels[0]));
  // Weights add up to one: gray stays what it was.
  assertEquals(withChannels(three, 1).pixels, gray.pixels);
  assertStrictEquals(withChannels(color, 3), color);
});

Deno.test("CelebA's recipe: decoded, cut and shrunk faces equal Pillow's bit for bit", async () => {
  const decode = await createImageDecoder();
  const face = decode(picture("face/file").bytes, "face");
  assertEquals(face.shape, [1, 218, 178, 3]);
  const cut = centerCrop(face, { height: 140, width: 140 });
  for (const size of [32, 64]) {
    const { pixels } = resizeBilinear(cut, { height: size, width: size });
    assertEquals(pixels, picture(`face/${size}`).bytes);
  }
});
