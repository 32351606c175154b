import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { referencePosterior, wasmPosterior } from "@els/toolkit/machines";
import type { Browser } from "puppeteer-core";
import { zooFolder } from "../../src/zoo/zoo_files.ts";
import { bundle } from "./bundle.ts";
import type { program } from "./browser_program.ts";
import { chromiumPath, complaintsOf, sayIfSkipped, withChromium } from "./chromium.ts";
import { report, zooParameters } from "./entry_points_program.ts";
import { generate } from "./generate.ts";
import { type PageAddresses, withPages } from "./page_server.ts";

sayIfSkipped("machines in a browser");

/** What a page puts where a test can reach it. */
declare const globalThis: {
  readonly program: typeof program;
  readonly report: typeof report;
  readonly zooParameters: typeof zooParameters;
};

/** Opens a page; what it complains of and warns of is collected. */
async function open(browser: Browser, url: string) {
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  const warnings: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "warn") warnings.push(message.text());
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, complaints, warnings };
}

async function deno(): Promise<number[]> {
  const posterior = wasmPosterior({ workers: 0 });
  try {
    return [...await generate(posterior)];
  } finally {
    await posterior.dispose();
  }
}

const programs = ["browser_program", "posterior_program", "entry_points_program"];

/** What a browser does with the bundled programs, in one Chromium, which takes seconds to start. */
async function inChromium(
  use: (browser: Browser, pages: PageAddresses) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await bundle(programs, { to: folder, platform: "browser" });
    // SwiftShader, which Chromium brings along, is an adapter for WebGPU where there is no GPU.
    const args = ["--enable-unsafe-webgpu"];
    await withPages(folder, (pages) => withChromium((browser) => use(browser, pages), { args }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function underIsolation(browser: Browser, pages: PageAddresses): Promise<void> {
  const expected = await deno();
  for (const isolated of [true, false]) {
    const address = pages.url("browser_program", { isolated });
    const { page, complaints, warnings } = await open(browser, address);
    const { threads, image } = await page.evaluate(() => globalThis.program.wasm());
    assertEquals(threads, isolated ? 2 : 0);
    // The same kernel in the same engine on the same processor: the same bytes.
    assertEquals(image, expected);
    assertEquals(complaints, []);
    assertEquals(
      warnings,
      isolated ? [] : [
        "The patch posterior runs on one thread: this page is not cross-origin isolated; serve it " +
        "with the headers Cross-Origin-Opener-Policy: same-origin and " +
        "Cross-Origin-Embedder-Policy: require-corp",
      ],
    );
    assertMatch(await page.evaluate(() => globalThis.program.runtime), /^chrome \d+$/);
  }
}

async function onWebgpu(browser: Browser, pages: PageAddresses): Promise<void> {
  const address = pages.url("browser_program", { isolated: false });
  const { page, complaints } = await open(browser, address);
  const image = await page.evaluate(() => globalThis.program.webgpu());
  if (image === null) return console.log("skipped: WebGPU in Chromium: it has no adapter");
  const expected = await generate(referencePosterior());
  // float32 sums on the GPU, and their errors over four steps.
  image.forEach((value, i) => assertLess(Math.abs(value - expected[i]!), 1e-5));
  assertEquals(complaints, []);
}

async function ofEveryEntryPoint(browser: Browser, pages: PageAddresses): Promise<void> {
  // Isolated, where TensorFlow.js would take threads of its own.
  const address = pages.url("entry_points_program", { isolated: true });
  const { page, complaints } = await open(browser, address);
  const { images, prediction, trained, dataset, run } = await page.evaluate(() =>
    globalThis.report("wasm", { wasmFolder: "/" })
  );
  const here = await report("wasm");
  assertEquals(images, here.images);
  // The same kernels in the same engine on the same processor.
  assertEquals(prediction, here.prediction);
  assertEquals(trained, here.trained);
  const zoo = await page.evaluate(() => globalThis.zooParameters(`${location.origin}/zoo/`));
  assertEquals(zoo, await zooParameters(zooFolder.href));
  assertMatch(dataset, /^Cannot read a file: this runtime has none/);
  assertMatch(run, /^Cannot open a run: found chrome \d+, expected Deno/);
  assertEquals(complaints, []);
}

Deno.test({
  name: "chromium: machines and networks run in a page",
  ignore: chromiumPath === undefined,
  fn: (test) =>
    inChromium(async (browser, pages) => {
      for (
        const [name, check] of [
          ["two threads where the page is isolated, one and a warning where not", underIsolation],
          ["WebGPU, where the browser has an adapter", onWebgpu],
          [
            "every entry point loads, a network predicts, what needs files says so",
            ofEveryEntryPoint,
          ],
        ] as const
      ) await test.step(name, () => check(browser, pages));
    }),
});
