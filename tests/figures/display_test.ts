import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  displayFilm,
  displayImages,
  displaySvg,
  displayTable,
  imageGridSvg,
  jupyterDisplay,
} from "@els/toolkit/figures";
import { decodePng } from "@els/toolkit/formats";
import { imageBatch } from "@els/toolkit/machines";

const gray = (values: readonly number[]) =>
  imageBatch(Float32Array.from(values), [values.length, 1, 1, 1]);

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

Deno.test("display: has the method by which notebooks ask for a picture", () => {
  const shown: unknown = displayImages(gray([-1, 1]));
  const method = (shown as Record<symbol, () => unknown>)[Symbol.for("Jupyter.display")];
  assertEquals(method?.(), (shown as ReturnType<typeof displayImages>).media);
  assertEquals(jupyterDisplay.description, "Jupyter.display");
});

Deno.test("displayImages: lays images out in rows, the rest of the last one white", () => {
  const { media } = displayImages(gray([-1, 0, -1]), { columns: 2, zoom: 1, gutter: 0 });
  const { data, shape } = decodePng(bytesOf(media["image/png"]!));
  assertEquals(shape, [1, 2, 2, 1]);
  assertEquals([...data].map((v) => Math.round(255 * (v + 1) / 2)), [0, 128, 0, 255]);
  assertEquals(media["text/plain"], "3 images of 1 x 1 x 1");
});

Deno.test("displayImages: leaves the batch as plain data", () => {
  const batch = gray([0.5]);
  displayImages(batch);
  assertEquals(structuredClone(batch), { data: Float32Array.of(0.5), shape: [1, 1, 1, 1] });
});

Deno.test("displayImages: says what is wrong when there is nothing to show", () => {
  assertThrows(() => displayImages(gray([])), RangeError, "Cannot tile images: none were given");
  assertThrows(
    () => displayImages(gray([1]), { columns: 0 }),
    RangeError,
    "Cannot display images in 0 columns: expected a whole number from 1",
  );
});

Deno.test("displaySvg: says in plain text what the figure shows", () => {
  const svg = imageGridSvg({ rows: [{ label: "a < b", images: gray([0]) }] });
  assertEquals(displaySvg(svg).media, {
    "image/svg+xml": svg,
    "text/plain": "1 samples in columns; rows: a < b",
  });
  assertThrows(
    () => displaySvg("picture.svg"),
    RangeError,
    'found "picture.svg", expected an <svg>',
  );
});

Deno.test("displayTable: shows fields of objects, numbers to the right", () => {
  interface Row {
    readonly machine: string;
    readonly median: number | null;
    readonly samples: number;
  }
  const rows: Row[] = [
    { machine: "bbELS", median: 0.97421, samples: 20 },
    { machine: "<IS>", median: null, samples: 5 },
    { machine: "LS", median: -0.5, samples: 5 },
  ];
  const { media } = displayTable(rows, { columns: ["machine", "median"] });
  assertEquals(
    media["text/plain"],
    ["machine  median", "bbELS     0.974", "<IS>", "LS       −0.500"].join("\n"),
  );
  assertMatch(media["text/html"]!, /<td>&lt;IS&gt;<\/td><td style="text-align:right"><\/td>/);
  assert(!media["text/html"]!.includes("samples"));
  assertThrows(() => displayTable([]), RangeError, "without rows");
  assertThrows(
    () => displayTable<Row>(rows, { columns: ["mean" as "median"] }),
    RangeError,
    'the column "mean": expected some of machine, median, samples',
  );
});

Deno.test("displayFilm: knows films by their bytes", () => {
  const media = (...begins: number[]) =>
    displayFilm(Uint8Array.from([...begins, ...new Array(20).fill(7)])).media;
  assertEquals(media(0x89, 0x50, 0x4e, 0x47)["text/plain"], "animated PNG, 1 kB");
  assertEquals(Object.keys(media(0x47, 0x49, 0x46, 0x38)), ["image/gif", "text/plain"]);
  assertMatch(
    media(0x1a, 0x45, 0xdf, 0xa3)["text/html"]!,
    /^<video src="data:video\/webm;base64,.* loop /,
  );
  assertThrows(() => displayFilm(new Uint8Array(3)), RangeError, "found 3 bytes of another kind");
});
