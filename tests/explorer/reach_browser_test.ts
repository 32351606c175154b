/// <reference lib="dom" />
/** How the explorable page is reached: keyboard, finger, address, tour, files, and how fast it draws. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import axe from "axe-core";
import { explainedPatches } from "@els/toolkit/machines";
import { percent } from "../../src/explorer/view/numbers.ts";
import { type Explored, stepsOf, testVisits, width } from "./explored.ts";
import type { explorer as mounted } from "./page_program.ts";

declare const explorer: typeof mounted;

testVisits("explorer: how the page is reached in a real browser", [
  ["the keyboard moves, adds and removes pins, and is told", keyboard],
  ["a finger pins on a phone, where nothing overflows", phone],
  ["the tour leads, marks and ends", toured],
  ["exports picture, figure and numbers", exported],
  ["a hostile address is ignored with a word", hostile],
  ["axe-core finds nothing", accessible],
  ["draws what changes within a frame", frames],
]);

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
