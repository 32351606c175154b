import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type Film, filmFrameSvg, filmMoments, filmPictures } from "@els/toolkit/figures";
import {
  bytesToImages,
  type ImageBatch,
  Random,
  sliceBatch,
  syntheticTextures,
} from "@els/toolkit/machines";
import { patchOf, windowSvg } from "../../src/figures/film_patch.ts";
import { loadRasterizer } from "../../tasks/cli/rasterizer.ts";
import { assertSnapshot } from "../snapshot.ts";

const textures = bytesToImages(syntheticTextures({ images: 3, size: 8 }));
const [clean, other, training] = [0, 1, 2].map((i) => sliceBatch(textures, i, i + 1)) as [
  ImageBatch,
  ImageBatch,
  ImageBatch,
];

function noisy(image: ImageBatch, sigma: number): ImageBatch {
  const eps = new Random(5, "film").normals(image.data.length);
  const signal = Math.sqrt(1 - sigma ** 2);
  return { ...image, data: image.data.map((value, i) => signal * value + sigma * eps[i]!) };
}

const point = (t: number) => ({
  ...{ t, sigma: t },
  x: { network: noisy(clean, t), machine: noisy(other, t) },
});

/** Two steps with two pictures on each way. */
const film: Film = {
  title: "Noise & <theory>",
  subtitle: "a network of 8 x 8 pixels",
  machine: "bbELS",
  pixel: [2, 5],
  steps: [[1, 0.75, 0.6, 5], [0.5, 0.25, 0.1, 3]].map(([t, next, later, patchSize], i) => ({
    ...point(t!),
    xHat0: { network: clean, machine: other },
    agreement: i === 0 ? 0.91 : null,
    patchSize: patchSize!,
    patch: {
      trainingImage: training,
      ...{ image: 1234, row: 1, column: 6, weight: 0.0456, effectivePatches: 1600 },
      label: i === 0 ? "7" : "frog",
    },
    path: [point(next!), point(later!)],
  })),
  final: { ...point(0), agreement: 0.949 },
};

const moment = (step: number, at: number) => ({ step, point: at, milliseconds: 1 });

Deno.test("film: a frame looks as it did", async () => {
  await assertSnapshot(filmFrameSvg(film, moment(0, 1)), "film_frame.svg");
});

Deno.test("film: a frame says what is seen, and at the end how well both agree", () => {
  const svg = filmFrameSvg(film, moment(0, -1));
  for (
    const text of [
      "Noise &amp; &lt;theory&gt;",
      "theory: bbELS",
      "training image 1,234 (class 7)",
      "4.6 % of this pixel",
      "1,600 patches share it",
      ">r² = 0.91<",
    ]
  ) assertStringIncludes(svg, text);
  assertStringIncludes(filmFrameSvg(film, moment(1, 0)), "training image 1,234 (frog)");
  assertStringIncludes(filmFrameSvg(film, moment(1, 0)), "r² = not defined");
  assertStringIncludes(filmFrameSvg(film, moment(2, -1)), "network and theory agree: r² = 0.95");
});

Deno.test("film: image pixels are exact squares, of the images' own bytes", async () => {
  const rasterizer = await loadRasterizer();
  const { data, width } = rasterizer.pixels(filmFrameSvg(film, moment(0, 0)), { zoom: 1 });
  // The network's noisy image is at 96, 92, each of its 8 x 8 pixels 20 wide.
  const { data: values } = film.steps[0]!.path[0]!.x.network;
  for (let y = 0; y < 160; y++) {
    for (let x = 0; x < 160; x++) {
      const value = values[8 * Math.floor(y / 20) + Math.floor(x / 20)]!;
      const expected = Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
      assertEquals(data[4 * ((92 + y) * width + 96 + x)], expected, `pixel ${x},${y}`);
    }
  }
});

Deno.test("filmPictures: what is drawn in parts is what each moment is as a whole", async () => {
  const rasterizer = await loadRasterizer();
  const zoom = 2;
  const pictures = [...filmPictures(film, { rasterizer, zoom })];
  const moments = filmMoments(film);
  assertEquals(pictures.length, moments.length);
  pictures.forEach(({ picture, milliseconds }, i) => {
    const whole = rasterizer.pixels(filmFrameSvg(film, moments[i]!), { zoom });
    assertEquals([picture.width, picture.height], [660 * zoom, 584 * zoom]);
    assert(picture.data.every((value, j) => value === whole.data[j]), `moment ${i}`);
    assertEquals(milliseconds, moments[i]!.milliseconds);
  });
});

Deno.test("filmMoments: steps stand, move on, and the end stays", () => {
  assertEquals(
    filmMoments(film, { still: 1, moving: 0.5, end: 2 }).map(({ step, point, milliseconds }) => [
      ...[step, point, milliseconds],
    ]),
    [
      ...[[0, -1, 1000], [0, 0, 250], [0, 1, 250]],
      ...[[1, -1, 1000], [1, 0, 250], [1, 1, 250]],
      [2, -1, 2000],
    ],
  );
});

Deno.test("film: a window ends at the border, or goes on at the other side", () => {
  const place = { x: 0, y: 0, zoom: 10 };
  const boxes = (row: number, wraps: boolean) =>
    /<path d="([^"]*)"/.exec(
      windowSvg([1, 8, 8, 1], place, { row, column: 4, patchSize: 3, wraps }),
    )![1]!;
  assertEquals(boxes(4, false), "M29,29H61V61H29Z");
  assertEquals(boxes(4, true), boxes(4, false));
  assertEquals(boxes(0, false), "M29,-1H61V21H29Z");
  assertEquals(boxes(0, true), "M29,-11H61V21H29ZM29,69H61V101H29Z");
});

Deno.test("film: patches are cut out with the padding that the machine sees", () => {
  const image = {
    data: Float32Array.from({ length: 9 }, (_, i) => i + 1),
    shape: [1, 3, 3, 1],
  } as const;
  const window = { row: 0, column: 0, patchSize: 3 };
  assertEquals([...patchOf(image, { ...window, wraps: false }).data], [0, 0, 0, 0, 1, 2, 0, 4, 5]);
  assertEquals([...patchOf(image, { ...window, wraps: true }).data], [9, 7, 8, 3, 1, 2, 6, 4, 5]);
  assertEquals(patchOf(image, { ...window, patchSize: undefined, wraps: false }), image);
});

Deno.test("film: a machine without a scale has whole images in place of windows", () => {
  const whole: Film = {
    ...film,
    machine: "IS",
    steps: film.steps.map(({ patchSize: _, ...step }) => step),
  };
  const svg = filmFrameSvg(whole, moment(1, -1));
  assertMatch(svg, /<text[^>]*>all<\/text>/);
});

Deno.test("film: says what cannot be drawn in one line", () => {
  const draw = (changes: Partial<Film>) => () =>
    filmFrameSvg({ ...film, ...changes }, moment(0, -1));
  assertThrows(draw({ steps: [] }), RangeError, "Cannot make a film without steps");
  assertThrows(
    draw({ pixel: [8, 0] }),
    RangeError,
    "pixel 8,0: expected a row from 0 to 7 and a column from 0 to 7",
  );
  const two = { ...film.final, x: { network: clean, machine: textures } };
  assertThrows(draw({ final: two }), RangeError, "images [3, 8, 8, 1] beside [1, 8, 8, 1]");
  assertThrows(() => filmMoments(film, { end: 0 }), RangeError, "with end of 0 seconds");
});
