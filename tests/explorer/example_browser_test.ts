/// <reference lib="dom" />
/** The example that ships, opened from a disk in a real browser, against the library on the same digits. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import type { Page } from "puppeteer-core";
import {
  bytesToImages,
  createMachine,
  ddim,
  type ExplainedPatch,
  explainedPatches,
  imageBatch,
  initialNoise,
  wasmPosterior,
} from "@els/toolkit/machines";
import { networkDenoiser, startBackend } from "@els/toolkit/networks";
import { loadZooNetwork } from "@els/toolkit/zoo";
import type { ExplorerEngine, ExplorerRequest, ExplorerStep } from "../../src/explorer/contract.ts";
import { PageData } from "../../src/explorer/data/page_data.ts";
import { percent } from "../../src/explorer/view/numbers.ts";
import { exampleBlocks, examplePage } from "../../tasks/pipelines/explorer_files.ts";
import { chromiumPath, complaintsOf, sayIfSkipped, withChromium } from "../platform/chromium.ts";

sayIfSkipped("the example of the explorable page in a browser");

/** What the page puts where a test can reach it. */
declare const explorer: {
  readonly engine: ExplorerEngine;
  readonly shown: { settled(): Promise<void> };
};

/** Goes to a state by its address, and waits until all of it is shown. */
async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(async (hash) => {
    location.hash = hash;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await explorer.shown.settled();
  }, hash);
}

/** The list of patches as it is written. */
const patchesOf = (page: Page) =>
  page.$$eval(
    '[data-at="patches"] li:not([hidden])',
    (items) => items.map((item) => item.textContent!),
  );

const written = ({ image, weight, label }: ExplainedPatch) =>
  `${percent(weight)}image ${image}, class ${label}`;

/** The noisy image and patch size of one step in the page. */
const stepOf = (page: Page, request: ExplorerRequest, i: number) =>
  page.evaluate(
    async (request, i) => {
      let found: ExplorerStep | undefined;
      await explorer.engine.followMachine(request, {
        abort: new AbortController().signal,
        focus: i,
        onStep: (step) => {
          if (step.i === i) found = step;
        },
      });
      const { t, x, patchSize } = found!;
      return { t, x: [...x], patchSize: patchSize! };
    },
    request,
    i,
  );

Deno.test({
  name: "explorer: the example from a disk shows what the library finds, stored and live",
  ignore: chromiumPath === undefined,
  async fn() {
    const blocks = await exampleBlocks();
    const data = await PageData.ofBlocks(blocks);
    const html = await examplePage();
    // Mailed, put on a site, opened on a phone: the bound that the page was designed for.
    assertLess(html.length, 5_000_000);
    const { bytes, shape, labels } = await data.images();
    const [count, height, width, channels] = shape;
    const images = bytesToImages({ pixels: bytes, shape: [count, height, width, channels] });
    await using posterior = {
      machines: wasmPosterior(),
      [Symbol.asyncDispose]() {
        return this.machines.dispose();
      },
    };
    const options = { images, labels, schedule: data.schedule, posterior: posterior.machines };

    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "explore.html");
      await Deno.writeTextFile(file, html);
      await withChromium(async (browser) => {
        const page = await browser.newPage();
        const complaints = complaintsOf(page);
        await page.setViewport({ width: 1280, height: 800 });
        await page.goto(toFileUrl(file).href, { waitUntil: "load" });
        await page.waitForFunction(() => "explorer" in globalThis);
        assertEquals(await page.evaluate(() => crossOriginIsolated), false);

        // Stored, and computed while one waits: LS at one patch size for all steps.
        const pixel = [15, 22] as const;
        for (
          const [machine, patchSize] of [["bbELS", null], ["LS", 9]] as const
        ) {
          const k = patchSize === null ? "" : `&k=${patchSize}`;
          await goTo(page, `machine=${machine}${k}&step=6&pins=${pixel.join("-")}&pin=1`);
          const step = await stepOf(page, {
            noise: { kind: "stored", index: 0 },
            ...{ strokes: [], label: null, machine, patchSize },
          }, 5);
          const library = createMachine(machine, { ...options, patchSize: step.patchSize });
          const x = imageBatch(Float32Array.from(step.x), [1, height, width, channels]);
          const explained = await library.explain(x, step.t, { pixels: [pixel], top: 6 });
          const expected = explainedPatches(explained).map(written);
          const found = await patchesOf(page);
          assertEquals(found.slice(0, 6), expected, machine);
        }

        // The network runs in the page as well.
        const shown = await page.evaluate(async () => {
          const request = { noise: { kind: "seed", seed: 77 }, strokes: [], label: null } as const;
          const final = await explorer.engine.followNetwork(request, {
            abort: new AbortController().signal,
            focus: 0,
            onStep: () => {},
          });
          return [...final];
        });
        await startBackend("wasm");
        const network = networkDenoiser(await loadZooNetwork("mnist-resnet-zeros"));
        const { imageShape, schedule } = network;
        const xT = initialNoise({ seed: 77, samples: 1, imageShape, schedule });
        const here = await ddim(network, { xT, times: data.times });
        network.dispose();
        assertEquals(shown.length, here.data.length);
        // The same kernels, other engines: float32 roundings over eight steps.
        shown.forEach((value, i) => assertAlmostEquals(value, here.data[i]!, 1e-3));
        assert(shown.some((value) => value > 0.5), "an image with a stroke");
        assertEquals(complaints, []);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
