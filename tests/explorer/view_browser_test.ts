/// <reference lib="dom" />
/** The explorable page's view in a real browser, driven as a reader drives it, and compared with the library. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { join, toFileUrl } from "@std/path";
import axe from "axe-core";
import type { Browser, ElementHandle, Page } from "puppeteer-core";
import { explainedPatches } from "@els/toolkit/machines";
import type { ExplorerRequest, ExplorerStep } from "../../src/explorer/contract.ts";
import { imageShares } from "../../src/explorer/view/nearest_image.ts";
import { percent } from "../../src/explorer/view/numbers.ts";
import { chromiumPath, complaintsOf, sayIfSkipped, withChromium } from "../platform/chromium.ts";
import { bundledProgram, pageHtml, texturesData } from "./page.ts";
import type { explorer as mounted } from "./page_program.ts";
import { threadEngine } from "./thread_engine.ts";

sayIfSkipped("the explorable page in a browser");

declare const explorer: typeof mounted;

const data = texturesData();
const engine = threadEngine(data);
const [, width] = data.shape;
const opening: ExplorerRequest = {
  noise: { kind: "stored", index: 0 },
  strokes: [],
  label: 0,
  machine: "bbELS",
  patchSize: null,
};

/** The steps of a reverse process by the library, here. */
async function stepsOf(change: Partial<ExplorerRequest> = {}) {
  const steps: ExplorerStep[] = [];
  const final = await engine.followMachine({ ...opening, ...change }, {
    abort: new AbortController().signal,
    focus: 0,
    onStep: (step) => steps[step.i] = step,
  });
  return { steps, final };
}

/** What a page shows, and what tests do with it. */
class Explored {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  settled() {
    return this.page.evaluate(() => explorer.settled());
  }

  async text(selector: string): Promise<string> {
    await this.settled();
    return await this.page.$eval(selector, (element) => element.textContent!.trim());
  }

  hash() {
    // The address of what one scrubs is written a little later.
    return new Promise((resolve) => setTimeout(resolve, 350))
      .then(() => this.page.evaluate(() => location.hash.slice(1)));
  }

  async click(selector: string) {
    await this.page.click(selector);
    await this.settled();
  }

  async press(key: Parameters<Page["keyboard"]["press"]>[0]) {
    await this.page.keyboard.press(key);
    await this.settled();
  }

  /** The middle of a pixel of a screen, in the window. */
  async point(screen: string, [row, column]: readonly [number, number]) {
    const element = (await this.page.$(`[data-at="${screen}"]`)) as ElementHandle<HTMLElement>;
    await element.scrollIntoView();
    const box = (await element.boundingBox())!;
    return [
      box.x + (column + 0.5) * box.width / width,
      box.y + (row + 0.5) * box.width / width,
    ] as const;
  }

  async goTo(hash: string) {
    await this.page.evaluate((hash) => {
      location.hash = hash;
    }, hash);
    await this.page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    await this.settled();
  }

  /** Patches in the list: image, and weight as it is written. */
  async patches(): Promise<string[]> {
    await this.settled();
    return await this.page.$$eval(
      '[data-at="patches"] li:not([hidden])',
      (items) => items.map((item) => item.textContent!),
    );
  }
}

/** What the list of patches must say. */
function expectedPatches(step: ExplorerStep, pixel: number): string[] {
  return explainedPatches(step.explanation!, { pixel }).map(({ image, weight, label }) =>
    `${percent(weight)}image ${image}, class ${data.classes[label!]}`
  );
}

Deno.test({
  name: "explorer: the page in a real browser",
  ignore: chromiumPath === undefined,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "page.html");
      await Deno.writeTextFile(file, pageHtml(data, await bundledProgram()));
      await withChromium(async (browser) => {
        const step = (
          name: string,
          use: (explored: Explored, folder: string) => Promise<void>,
        ) => t.step(name, () => withPage(browser, { file, folder, use }));
        await step("pins a pixel, and shows the library's answer", pinned);
        await step("scrubs time, plays and steps", scrubbed);
        await step("switches the machine, and the back button switches it back", switched);
        await step("what a larger patch size copies is shown", farther);
        await step("the keyboard moves, adds and removes pins, and is told", keyboard);
        await step("a finger pins on a phone, where nothing overflows", phone);
        await step("the noise can be new, drawn on, and of a class", noise);
        await step("the formula's terms light what they mean", formula);
        await step("the tour leads, marks and ends", toured);
        await step("exports picture, figure and numbers", exported);
        await step("a hostile address is ignored with a word", hostile);
        await step("axe-core finds nothing", accessible);
        await step("draws what changes within a frame", frames);
      });
    } finally {
      await engine.dispose();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function withPage(
  browser: Browser,
  { file, folder, use }: {
    readonly file: string;
    readonly folder: string;
    readonly use: (explored: Explored, folder: string) => Promise<void>;
  },
): Promise<void> {
  const page = await browser.newPage();
  try {
    const complaints = complaintsOf(page);
    await page.setViewport({ width: 1280, height: 800 });
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    await page.goto(toFileUrl(file).href);
    const explored = new Explored(page);
    await explored.settled();
    await use(explored, folder);
    assertEquals(complaints, []);
  } finally {
    await page.close();
  }
}

async function pinned(explored: Explored): Promise<void> {
  const { page } = explored;
  const { steps, final } = await stepsOf();
  const step = steps[3]!;
  assertEquals(await explored.patches(), expectedPatches(step, 8 * width + 8), "the opening pin");

  const [x, y] = await explored.point("denoised", [5, 11]);
  await page.mouse.move(x, y);
  assertEquals(await explored.patches(), expectedPatches(step, 5 * width + 11), "hover previews");
  await page.mouse.click(x, y);
  await page.mouse.move(2, 2);
  assertEquals(await explored.patches(), expectedPatches(step, 5 * width + 11), "click pins");
  assertEquals(await explored.hash(), "pins=8-8,5-11&pin=2");

  // What the browser computed is what is computed here, number for number.
  const shown = await page.evaluate(() => {
    const { patches, now, machine } = explorer.frame();
    return { patches, rest: [...now!.explanation!.rest], final: [...machine!.final!] };
  });
  const patches = explainedPatches(step.explanation!, { pixel: 5 * width + 11 });
  assertEquals(shown.patches!.length, patches.length);
  shown.patches!.forEach((patch, i) => {
    const { image, row, column, weight } = patches[i]!;
    assertEquals([patch.image, patch.row, patch.column], [image, row, column]);
    assertAlmostEquals(patch.weight, weight, 1e-12);
  });
  assertAlmostEquals(shown.rest[91]!, step.explanation!.rest[91]!, 1e-12);
  assertEquals(shown.final, [...final]);
  const rest = percent(step.explanation!.rest[91]!);
  assertEquals(await explored.text('[data-at="rest"]'), `${rest}all other patches together`);

  await explored.click('[data-at="patches"] li:nth-child(3) button');
  assertMatch(
    await explored.text('[data-at="training-caption"]'),
    new RegExp(
      `^Training image ${patches[2]!.image}, .* row ${patches[2]!.row}, column ${
        patches[2]!.column
      },`,
    ),
  );
  await explored.click(".pin:first-child button");
  assertEquals(await explored.patches(), expectedPatches(step, 8 * width + 8), "pins are chosen");
  // Both final images are there, and how well they agree.
  assertMatch(await explored.text('[data-at="agreement"]'), /^0\.\d{3}$/);
}

async function scrubbed(explored: Explored): Promise<void> {
  const { page } = explored;
  const { steps } = await stepsOf();
  const pixel = 8 * width + 8;
  await page.focus("#time");
  await explored.press("ArrowLeft");
  assertEquals(await explored.patches(), expectedPatches(steps[2]!, pixel), "back");
  assertEquals(await explored.text('[data-at="size-text"]'), "7 × 7, calibrated");
  await explored.press("End");
  assertEquals(await explored.patches(), expectedPatches(steps[5]!, pixel), "to the image");
  assert(
    await page.$eval('[data-at="step-forth"]', (button) => (button as HTMLButtonElement).disabled),
  );
  await explored.click('[data-at="step-back"]');
  assertEquals(await explored.hash(), "step=5");
  await explored.click('[data-at="play"]');
  await page.waitForSelector('[data-at="play"][aria-label="Play"]');
  assertMatch(await explored.text('[data-at="time-text"]'), /step 6 of 6$/);
  // From the end it begins at the noise.
  await explored.click('[data-at="play"]');
  await page.waitForFunction(() => explorer.frame().state.step > 0);
  await explored.click('[data-at="play"]');
  assert(await page.$('[data-at="play"][aria-label="Play"]') !== null);
  // Scrubbing leaves one entry of the history, not hundreds.
  assert(await page.evaluate(() => history.length) <= 3);
}

async function switched(explored: Explored): Promise<void> {
  const { page } = explored;
  const networkOf = () => page.evaluate(() => [...explorer.frame().network!.final!]);
  const network = await networkOf();
  const machines: [string, Partial<ExplorerRequest>][] = [["LS", { machine: "LS" }], ["IS", {
    machine: "IS",
  }]];
  for (const [machine, change] of machines) {
    await explored.click(`[name="machine"][value="${machine}"]`);
    const { steps, final } = await stepsOf(change);
    assertEquals(await explored.patches(), expectedPatches(steps[3]!, 8 * width + 8), machine);
    assertEquals(await page.evaluate(() => [...explorer.frame().machine!.final!]), [...final]);
    assertEquals(await networkOf(), network, "the network's noise is the same");
    assertEquals(await explored.hash(), `machine=${machine}`);
  }
  assertEquals(await explored.text('[data-at="size-text"]'), "the whole image");
  await page.goBack();
  await explored.settled();
  assertEquals(await page.evaluate(() => explorer.frame().state.machine), "LS");
  await page.goBack();
  await explored.settled();
  assertEquals(await page.evaluate(() => [explorer.frame().state.machine, location.hash]), [
    "bbELS",
    "",
  ]);
}

async function farther(explored: Explored): Promise<void> {
  const { page } = explored;
  const shareAt = async (patchSize: number) => {
    const { steps } = await stepsOf({ patchSize });
    return imageShares(steps[3]!.explanation!.imageWeights[0]!);
  };
  await page.focus("#size");
  await explored.press("Home");
  assertEquals(await explored.hash(), "k=3");
  const near = await shareAt(3);
  assertEquals(await explored.text('[data-at="share"]'), percent(near.share));
  await explored.press("End");
  assertEquals(await explored.hash(), "k=31");
  const far = await shareAt(31);
  assertEquals(await explored.text('[data-at="share"]'), percent(far.share));
  assertEquals(await explored.text('[data-at="images"]'), `${far.holding}`);
  assert(far.share > near.share, "a machine that looks farther copies whole images");
  const nearest = await explored.text('[data-at="nearest-caption"]');
  assertMatch(nearest, /^nearest: \d+, \d/);
  await explored.click('[data-at="calibrated"]');
  assertEquals(await explored.hash(), "");
}

async function keyboard(explored: Explored): Promise<void> {
  const { page } = explored;
  await page.focus('[data-at="cursor"]');
  await explored.press("ArrowRight");
  await explored.press("ArrowUp");
  await page.keyboard.down("Shift");
  await explored.press("ArrowLeft");
  await page.keyboard.up("Shift");
  assertEquals(await explored.hash(), "pins=7-5");
  await page.waitForFunction(() =>
    document.querySelector('[data-at="live"]')!.textContent!.startsWith("Row 7, column 5,")
  );
  const { steps } = await stepsOf();
  const [top] = explainedPatches(steps[3]!.explanation!, { pixel: 7 * width + 5 });
  assertMatch(
    await explored.text('[data-at="live"]'),
    new RegExp(`heaviest patch ${percent(top!.weight)}, of image ${top!.image}, class`),
  );
  await explored.press("Enter");
  await explored.press("ArrowDown");
  assertEquals(await explored.hash(), "pins=7-5,8-7&pin=2");
  await explored.press("Escape");
  await explored.press("Escape");
  assertEquals(await explored.hash(), "pins=none");
  assertEquals(await explored.text('[data-at="facts"]'), "No pixel is chosen.");
  await explored.press("ArrowLeft");
  assertEquals(await explored.hash(), "", "the middle is pinned again");
}

async function phone(explored: Explored): Promise<void> {
  const { page } = explored;
  await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
  await page.reload();
  await explored.settled();
  const [x, y] = await explored.point("denoised", [3, 4]);
  await page.touchscreen.tap(x, y);
  assertEquals(await explored.hash(), "pins=8-8,3-4&pin=2");
  for (const hash of ["view=source", "view=shift", "tour=1", "tour=2", "pins=1-1,2-2,3-3,4-4"]) {
    await explored.goTo(hash);
    const found = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assertEquals(found, [360, 360], hash);
  }
  // What one touches is large enough, as WCAG 2.2 (2.5.8) asks.
  const small = await page.$$eval(
    "button, select, summary",
    (elements) =>
      elements.map((element) => [element.outerHTML, element.getBoundingClientRect()] as const)
        .filter(([, { width, height }]) => width > 0 && Math.min(width, height) < 24)
        .map(([html]) => html),
  );
  assertEquals(small, []);
}

async function noise(explored: Explored): Promise<void> {
  const { page } = explored;
  const before = await page.evaluate(() => [...explorer.frame().machine!.final!]);
  await explored.click('[data-at="new-noise"]');
  assertMatch(await explored.hash(), /^noise=seed-\d+$/);
  await page.$eval('[data-at="seed"]', (field) => (field as HTMLInputElement).value = "7");
  await page.$eval('[data-at="seed"]', (field) => field.dispatchEvent(new Event("change")));
  await explored.settled();
  assertEquals(await explored.hash(), "noise=seed-7");
  const { final } = await stepsOf({ noise: { kind: "seed", seed: 7 } });
  const shown = () => page.evaluate(() => [...explorer.frame().machine!.final!]);
  assertEquals(await shown(), [...final]);
  assertNotEquals(await shown(), before);

  await page.select('[data-at="class"]', "2");
  await explored.settled();
  const labels = await page.evaluate(() => explorer.frame().patches!.map(({ label }) => label));
  assertEquals(new Set(labels), new Set([2]), "candidates are of the class");

  await explored.click('[data-at="draw"]');
  assertEquals(await page.evaluate(() => explorer.frame().state.step), 0);
  const [x, y] = await explored.point("noisy", [4, 4]);
  const [toX] = await explored.point("noisy", [4, 8]);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(toX, y, { steps: 8 });
  await page.mouse.up();
  await explored.settled();
  assertMatch(await explored.hash(), /draw=2:51-57,67-73,83-89&/);
  const strokes = await page.evaluate(() => explorer.frame().state.strokes);
  const drawn = await stepsOf({ noise: { kind: "seed", seed: 7 }, label: 2, strokes });
  assertEquals(await shown(), [...drawn.final]);
  assertEquals(drawn.steps[0]!.x[4 * width + 4], 2);
  await explored.click('[data-at="undraw"]');
  await explored.press("Escape");
  assertEquals(await explored.hash(), "noise=seed-7&class=2&step=1");
}

async function formula(explored: Explored): Promise<void> {
  const { page } = explored;
  const { steps } = await stepsOf();
  const [top] = explainedPatches(steps[3]!.explanation!, { pixel: 8 * width + 8 });
  const weight = await explored.text('.terms [data-term="weight"] .value');
  assertEquals(weight, percent(top!.weight));
  // The numbers are each other's: w = exp(-D / 2 sigma^2) / Z.
  const numbers = await page.$$eval(
    ".terms .value",
    (values) => values.map((value) => value.textContent!),
  );
  const [, , , distance, noise, , sum] = numbers.map((text) => {
    const [mantissa, exponent] = text.replaceAll("−", "-").split("×\u00a010");
    const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const power = (exponent ?? "").replace(/./g, (c) => {
      const digit = superscripts.indexOf(c);
      return c === "⁻" ? "-" : String(digit);
    });
    return parseFloat(mantissa!) * 10 ** Number(power || 0);
  });
  // Three digits of D and of the noise, two of Z.
  assertAlmostEquals(Math.log(top!.weight), -distance! / noise! - Math.log(sum!), 0.3);
  await page.focus('.terms [data-term="distance"] dd');
  await explored.settled();
  const lit = () =>
    page.$$eval(".lit-part", (parts) => parts.map((part) => part.getAttribute("data-at")));
  assertEquals(await lit(), ["noisy", null]);
  await page.hover('math [data-term="sum"]');
  await explored.settled();
  assertEquals(await lit(), ["patches", "rest"]);
  await page.mouse.move(2, 2);
  await explored.settled();
  assertEquals(await lit(), []);
}

async function toured(explored: Explored): Promise<void> {
  const { page } = explored;
  await explored.click('[data-at="tour-start"]');
  assertEquals(await explored.hash(), "tour=1");
  assertEquals(
    await page.evaluate(() => document.activeElement!.getAttribute("data-at")),
    "tour-title",
  );
  const marked = await page.$$eval(".marked", (parts) => parts.length);
  assert(marked > 0);
  await explored.press("ArrowRight");
  assertEquals(await explored.hash(), "tour=2");
  await explored.click('[data-at="tour-back"]');
  assertEquals(await explored.hash(), "tour=1");
  await page.goBack();
  await explored.settled();
  assertEquals(await explored.hash(), "tour=2");
  await explored.press("Escape");
  assert(!(await explored.hash()).includes("tour"));
  assert(await page.$eval('[data-at="tour"]', (card) => (card as HTMLElement).hidden));
  assertEquals(await page.$$eval(".marked", (parts) => parts.length), 0);
  assertEquals(
    await page.evaluate(() => document.activeElement!.getAttribute("data-at")),
    "tour-start",
  );
}

async function exported(explored: Explored, folder: string): Promise<void> {
  const { page } = explored;
  const client = await page.createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  const save = async (kind: string) => {
    await explored.click('[data-at="export"] summary');
    await page.click(`[data-export="${kind}"]`);
    const path = join(folder, `mosaic-bbELS-step-4.${kind}`);
    for (let tries = 0; tries < 100; tries++) {
      const bytes = await Deno.readFile(path).catch(() => undefined);
      if (bytes !== undefined && bytes.length > 0) return bytes;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${path} was not saved`);
  };
  const json = JSON.parse(new TextDecoder().decode(await save("json")));
  const { steps } = await stepsOf();
  const patches = explainedPatches(steps[3]!.explanation!, { pixel: 8 * width + 8 });
  assertEquals(json.pixels[0].patches, JSON.parse(JSON.stringify(patches)));
  assertEquals([json.step.index, json.provenance, json.request.machine], [3, { seed: 5 }, "bbELS"]);
  const svg = new TextDecoder().decode(await save("svg"));
  assertMatch(svg, /^<svg [^>]*>/);
  // Three images, and six patches of the pin.
  assertEquals(svg.match(/<image /g)!.length, 9);
  assert(svg.includes(percent(patches[0]!.weight)));
  const png = await save("png");
  assertEquals([...png.subarray(1, 4)], [80, 78, 71]);
  const [wide] = [new DataView(png.buffer).getUint32(16)];
  assertEquals(wide, 2 * Number(/width="(\d+)"/.exec(svg)![1]));
}

async function hostile(explored: Explored): Promise<void> {
  const { page } = explored;
  await explored.goTo("machine=<img src=x onerror=alert(1)>&k=4&step=2");
  assertMatch(await explored.text('[data-at="notice"]'), /^This page does not know .*"k=4"/);
  const { step, machine } = await page.evaluate(() => explorer.frame().state);
  assertEquals([step, machine], [1, "bbELS"]);
  assertEquals(await page.$$eval('[data-at="notice"] *', (inside) => inside.length), 0);
}

async function accessible(explored: Explored): Promise<void> {
  const { page } = explored;
  await page.evaluate(axe.source);
  for (
    const [theme, size, hash] of [
      ["light", 1280, ""],
      ["dark", 1280, "tour=2"],
      ["dark", 360, "view=source&pins=1-1,2-2,3-3,4-4"],
      ["light", 360, "noise=seed-3&k=5&view=entropy"],
    ] as const
  ) {
    await page.setViewport({ width: size, height: 800 });
    await page.click(`.theme [value="${theme}"]`);
    await explored.goTo(hash);
    const violations = await page.evaluate(`
      axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))`);
    assertEquals(violations, [], `${theme}, ${size} pixels, #${hash}`);
  }
  // The choice is the reports' own.
  assertEquals(await page.evaluate(() => localStorage.getItem("els-theme")), "light");
  assertEquals(
    await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    "rgb(247, 247, 249)",
  );
}

async function frames(explored: Explored): Promise<void> {
  const { page } = explored;
  const client = await page.createCDPSession();
  // Processor time of the page's thread: the same on a busy machine.
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  const seconds = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
    return of("ScriptDuration") + of("LayoutDuration") + of("RecalcStyleDuration");
  };
  const turns = 120;
  for (const view of ["image", "source"]) {
    await explored.goTo(`view=${view}`);
    const before = await seconds();
    const drawn = await page.evaluate(async (turns) => {
      const slider = document.querySelector<HTMLInputElement>("#time")!;
      const ask = requestAnimationFrame;
      let drawn = 0;
      globalThis.requestAnimationFrame = (draw) => {
        drawn++;
        return ask(draw);
      };
      for (let i = 0; i < turns; i++) {
        slider.value = String(i % 6);
        slider.dispatchEvent(new Event("input"));
        await new Promise((resolve) => ask(resolve));
      }
      globalThis.requestAnimationFrame = ask;
      return drawn;
    }, turns);
    assertEquals(drawn, turns, "one picture for each turn of the slider");
    const frame = 1000 * (await seconds() - before) / turns;
    // At 60 frames per second one has 16.7 ms, of which the browser needs a part to paint.
    assert(frame < 14, `${view}: a frame takes ${frame} ms of processor time`);
  }
}
