import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import {
  mosaicStepsSvg,
  mosaicSvg,
  type MosaicTrace,
  nearestSvg,
  participationSvg,
  patchStripSvg,
  regionPlotSvg,
} from "../../src/figures.ts";
import {
  bytesToImages,
  createMachine,
  type MachineName,
  syntheticTextures,
  wasmPosterior,
} from "../../src/machines.ts";
import { nearestCopies } from "../../src/evaluation/quality/nearest_copies.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { noisy } from "../posterior/conformance.ts";

const images = bytesToImages(syntheticTextures({ images: 9, size: 8 }));
const schedule = cosineLegacy();

async function traceOf(machine: MachineName, wrap: boolean): Promise<MosaicTrace> {
  await using posterior = wasmPosterior({ workers: 0 });
  const made = createMachine(machine, { images, schedule, patchSize: 3, posterior });
  const steps = [];
  for (const t of [0.6, 0.1]) {
    const x = noisy(sliceBatch(images, 4, 5), t, new Random(7));
    steps.push({ ...await made.explain(x, t, { top: 3 }), x });
  }
  return { machine, steps, image: steps[1]!.xHat0, wrap };
}

/** The pictures embedded in a figure. */
function picturesOf(svg: string) {
  return [...svg.matchAll(/base64,([^"]+)"/g)].map(([, text]) =>
    decode(Uint8Array.from(atob(text!), (letter) => letter.charCodeAt(0)))
  );
}

Deno.test("mosaic: shows images, sources in their colors, and the sources themselves", async () => {
  for (const [machine, wrap] of [["ELS", true], ["bbELS", false], ["IS", false]] as const) {
    const trace = await traceOf(machine, wrap);
    const network = sliceBatch(images, 0, 1);
    const labels = Array.from({ length: 9 }, (_, i) => i % 2);
    const options = { images, labels, classNames: ["dots", "<stripes>"] };
    const svg = mosaicSvg([{ label: "sample 0", network, trace }], options);
    assertEquals(svg, mosaicSvg([{ label: "sample 0", network, trace }], options));
    assertStringIncludes(svg, `>${machine}<`);
    assert(!svg.includes("<stripes>"), "text is escaped");
    const [first, , mosaic] = picturesOf(svg);
    assertEquals(first!.data[0], Math.round((network.data[0]! + 1) * 127.5));
    if (machine !== "IS") continue;
    // One training image made all of it, and has the first color.
    assertEquals([...mosaic!.data.slice(0, 3)], [0x34, 0x80, 0xfc]);
    assertStringIncludes(svg, "#4<");
    // The frame of the source keeps the color of the picture on dark paper.
    assertStringIncludes(svg, 'style="stroke:#3480fc"');
    assert(!/\[stroke="#3480fc"\]/.test(svg));
    assertStringIncludes(svg, "100 %");
  }
  assertThrows(() => mosaicSvg([], { images }), RangeError, "Cannot draw a mosaic");
});

Deno.test("mosaic steps: a column for each step, a row for each view", async () => {
  const trace = await traceOf("bbELS", false);
  const svg = mosaicStepsSvg(trace, { images, network: sliceBatch(images, 0, 2) });
  for (const text of ["t = 0.6", "t = 0.1", "k = 3", "entropy (nats)", "network"]) {
    assertStringIncludes(svg, text);
  }
  // 8 views of 2 steps, and 4 legends.
  assertEquals(picturesOf(svg).length, 8 * 2 + 4);
  assertThrows(
    () => mosaicStepsSvg({ ...trace, steps: [] }, { images }),
    RangeError,
    "there are none",
  );
});

Deno.test("patch strip: windows and patches are cut where the explanation says", async () => {
  const trace = await traceOf("ELS", true);
  const pixel = [0, 7] as const;
  const svg = patchStripSvg(trace, { images, pixels: [pixel], top: 2 });
  assertStringIncludes(svg, "row 0, column 7");
  // The image, then for each step a window of x, then twice a patch of each step.
  const pictures = picturesOf(svg);
  assertEquals(pictures.length, 1 + 2 + 4);
  const { image, row, column, shape } = trace.steps[0]!, at = 7 * shape[2];
  const zoom = pictures[3]!.width / 3;
  for (const [v, u] of [[0, 0], [1, 1], [2, 2]] as const) {
    const value = images.data[(image[at]! * 8 + row[at]! + v - 1) * 8 + column[at]! + u - 1]!;
    const pixelAt = Math.floor((v + 0.5) * zoom) * pictures[3]!.width +
      Math.floor((u + 0.5) * zoom);
    assertEquals(pictures[3]!.data[3 * pixelAt], Math.round((value + 1) * 127.5));
  }
  assertThrows(() => patchStripSvg(trace, { images, pixels: [] }), RangeError, "no pixels");
  assertThrows(
    () => patchStripSvg(trace, { images, pixels: [[8, 0]] }),
    RangeError,
    "it was not explained",
  );
});

Deno.test("nearest: numbers and distances stand under the images", async () => {
  const own = sliceBatch(images, 2, 4);
  const nearest = await nearestCopies(own, images, { count: 2, shift: 0, mirror: false });
  const svg = nearestSvg([{ label: "network", images: own, nearest }], { images });
  assertStringIncludes(svg, ">0.00<");
  assertStringIncludes(svg, ">#2<");
  assertEquals(picturesOf(svg).length, 2 * 3);
  assertThrows(() => nearestSvg([], { images }), RangeError, "there is no group");
});

Deno.test("participation and regions: a line for each machine, what cannot be drawn is refused", async () => {
  const spread = { low: 1, median: 3, high: 40 };
  const points = [1, 0.4, 0.1].map((t) => ({
    t,
    patches: spread,
    images: spread,
    imagesOf90: spread,
  }));
  const svg = await participationSvg([{ label: "LS", points }, { label: "IS", points }]);
  for (const label of ["LS", "IS", "effective patches in a pixel"]) {
    assertStringIncludes(svg, label);
  }
  // However often it is drawn in a process.
  const curves = [{ label: "LS", points }, { label: "IS", points }];
  assertEquals(await participationSvg(curves), svg);
  const bad = [{ ...points[0]!, images: { ...spread, low: NaN } }];
  assertThrows(
    () => participationSvg([{ label: "LS", points: bad }]),
    RangeError,
    "take part in LS",
  );
  assertThrows(() => participationSvg([]), RangeError, "there is no machine");
  const regions = [1, 0.1].map((t) => ({
    t,
    patchSize: 5,
    sizes: [{ size: 1, weight: 1 }, { size: 9, weight: 3 }],
    spread,
  }));
  const plot = await regionPlotSvg([{ label: "bbELS", points: regions }]);
  for (const text of ["t = 1, k = 5", "t = 0.1, k = 5", "bbELS"]) assertStringIncludes(plot, text);
  assertEquals(await regionPlotSvg([{ label: "bbELS", points: regions }]), plot);
  assertThrows(() => regionPlotSvg([]), RangeError, "there is no machine");
  const none = [{ ...regions[0]!, sizes: [{ size: 1, weight: 0 }] }];
  assertThrows(() => regionPlotSvg([{ label: "LS", points: none }]), RangeError, "or region");
});
