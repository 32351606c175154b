import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
// @ts-types="omggif-types"
import { GifReader } from "omggif";
import { ApngEncoder, GifEncoder, type RgbaPixels } from "@els/toolkit/formats";
import { Random } from "@els/toolkit/machines";
import { colorTable } from "../../src/formats/color_table.ts";
import { chromiumPath, sayIfSkipped, withChromium } from "../platform/chromium.ts";

sayIfSkipped("animations in a browser");

const [width, height] = [24, 18];

/** A picture of gray, or of colored, noise in a square, on white. */
function noise(seed: number, colored: boolean): RgbaPixels {
  const random = new Random(seed, "picture");
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let y = 4; y < 16; y++) {
    for (let x = 5; x < 17; x++) {
      const shade = random.integer(256);
      for (let c = 0; c < 3; c++) {
        data[4 * (y * width + x) + c] = colored ? random.integer(256) : shade;
      }
    }
  }
  return { width, height, data };
}

const shown = [[noise(1, false), 300], [noise(2, false), 45], [noise(2, false), 45], [
  noise(3, false),
  1200,
]] as const;

/** Pictures and lengths as a reader of GIFs sees them. */
function readGif(bytes: Uint8Array) {
  const reader = new GifReader(bytes);
  const data = new Uint8Array(4 * width * height);
  return {
    loops: reader.loopCount(),
    frames: Array.from({ length: reader.numFrames() }, (_, i) => {
      reader.decodeAndBlitFrameRGBA(i, data);
      return { hundredths: reader.frameInfo(i).delay, data: data.slice() };
    }),
  };
}

Deno.test("GifEncoder: another reader finds the gray pictures exactly, with their lengths", () => {
  const gif = new GifEncoder();
  for (const [picture, milliseconds] of shown) gif.add(picture, { milliseconds });
  const { frames, loops } = readGif(gif.finish());
  // The second picture came twice.
  assertEquals(frames.map(({ hundredths }) => hundredths), [30, 9, 120]);
  assertEquals(frames.map(({ data }) => data), [shown[0], shown[1], shown[3]].map(([p]) => p.data));
  assertEquals(loops, 0);
});

Deno.test("GifEncoder: colors that are too many become those that err least, white stays white", () => {
  // 5184 different colors are more than are told apart at first.
  const random = new Random(4, "picture");
  const data = new Uint8Array(4 * 100 * 100).fill(255);
  for (let i = 0; i < 4 * 72 * 72; i++) if (i % 4 !== 3) data[i] = random.integer(256);
  const gif = new GifEncoder();
  gif.add({ width: 100, height: 100, data }, { milliseconds: 100 });
  const read = new Uint8Array(data.length);
  new GifReader(gif.finish()).decodeAndBlitFrameRGBA(0, read);
  assertEquals(read.subarray(4 * 72 * 72), data.subarray(4 * 72 * 72));
  let squares = 0;
  for (let i = 0; i < 4 * 72 * 72; i++) squares += (read[i]! - data[i]!) ** 2;
  // 256 cubes that fill the cube of colors have a side of 256 / 256^(1/3) = 40, and an error of 40 / sqrt(12).
  assertLess(Math.sqrt(squares / (3 * 72 * 72)), 40 / Math.sqrt(12) * 1.1);
});

Deno.test("colorTable: colors hardly too many err by the least step", () => {
  const counts = new Map(Array.from({ length: 256 }, (_, v) => [v * 0x010101, v === 7 ? 1 : 100]));
  const { colors, placeOf } = colorTable(counts, 255);
  assertEquals(colors.length, 255);
  for (let v = 0; v < 256; v++) {
    const stands = colors[placeOf.get(v * 0x010101)!]!;
    // Only the rarest is drawn as its neighbor.
    assertEquals(stands & 255, v === 7 ? (stands & 255) === 6 ? 6 : 8 : v);
  }
});

Deno.test("animations: the same pictures give the same bytes", () => {
  for (const Encoder of [GifEncoder, ApngEncoder]) {
    const bytes = () => {
      const film = new Encoder();
      for (const [picture, milliseconds] of shown) film.add(picture, { milliseconds });
      return film.finish();
    };
    assertEquals(bytes(), bytes());
  }
});

Deno.test("animations: say what is wrong in one line", () => {
  for (const Encoder of [GifEncoder, ApngEncoder]) {
    const film = new Encoder();
    assertThrows(() => film.finish(), RangeError, "without pictures: add one");
    film.add(noise(1, true), { milliseconds: 1 });
    const other = { width: 2, height: 1, data: new Uint8Array(8) };
    assertThrows(
      () => film.add(other, { milliseconds: 1 }),
      RangeError,
      "24 x 18, expected the same",
    );
    assertThrows(
      () => film.add({ ...other, height: 2 }, { milliseconds: 1 }),
      RangeError,
      "2 x 2 with 8 values",
    );
    assertThrows(() => film.add(noise(1, true), { milliseconds: 0 }), RangeError, "for 0 ms");
    assertThrows(() => film.add(noise(1, true), { milliseconds: 1e6 }), RangeError, "at most 65");
  }
});

/** What Chromium finds in an animation: its pictures, their lengths in microseconds, how often it plays. */
interface Played {
  readonly width: number;
  readonly loops: number;
  readonly frames: readonly { readonly microseconds: number; readonly data: readonly number[] }[];
}

Deno.test({
  name: "animations: Chromium plays exactly the pictures, on and on",
  ignore: chromiumPath === undefined,
  fn: () =>
    withChromium(async (browser) => {
      // Browsers decode pictures for scripts of secure pages only, such as this machine's own.
      const empty = () =>
        new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, empty);
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.addr.port}`);
      for (
        const { Encoder, type, milliseconds, colored } of [
          { Encoder: GifEncoder, type: "image/gif", milliseconds: [300, 90, 1200], colored: false },
          { Encoder: ApngEncoder, type: "image/png", milliseconds: [300, 90, 1200], colored: true },
        ] as const
      ) {
        const pictures = [1, 2, 3].map((seed) => noise(seed, colored));
        const film = new Encoder();
        pictures.forEach((picture, i) => film.add(picture, { milliseconds: milliseconds[i]! }));
        const played = await page.evaluate(play, [...film.finish()], type);
        assertEquals(played.width, width);
        const lengths = played.frames.map(({ microseconds }) => microseconds / 1000);
        assertEquals(lengths, [...milliseconds]);
        played.frames.forEach(({ data }, i) => assertEquals(data, [...pictures[i]!.data]));
        assert(played.loops === Infinity || played.loops > 1e6, `plays ${played.loops} times`);
      }
    }),
});

/** Runs in the page. */
async function play(bytes: readonly number[], type: string): Promise<Played> {
  const page = globalThis as unknown as {
    readonly Image: new () => { src: string; naturalWidth: number; decode(): Promise<void> };
    readonly ImageDecoder: new (options: { data: Uint8Array; type: string }) => {
      readonly tracks: {
        readonly ready: Promise<void>;
        readonly selectedTrack: { readonly frameCount: number; readonly repetitionCount: number };
      };
      decode(options: { frameIndex: number }): Promise<{ readonly image: Frame }>;
    };
    readonly OffscreenCanvas: new (width: number, height: number) => {
      getContext(kind: "2d"): {
        drawImage(image: unknown, x: number, y: number): void;
        getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
      };
    };
  };
  interface Frame {
    readonly duration: number;
    readonly displayWidth: number;
    readonly displayHeight: number;
  }
  const image = new page.Image();
  image.src = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type }));
  await image.decode();
  const decoder = new page.ImageDecoder({ data: Uint8Array.from(bytes), type });
  await decoder.tracks.ready;
  const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
  const frames = [];
  for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
    const { image: frame } = await decoder.decode({ frameIndex });
    const context = new page.OffscreenCanvas(frame.displayWidth, frame.displayHeight)
      .getContext("2d");
    context.drawImage(frame, 0, 0);
    const { data } = context.getImageData(0, 0, frame.displayWidth, frame.displayHeight);
    frames.push({ microseconds: frame.duration, data: [...data] });
  }
  // JSON, by which the page answers, knows no infinity.
  const loops = repetitionCount === Infinity ? 1e9 : repetitionCount;
  return { width: image.naturalWidth, loops, frames };
}
