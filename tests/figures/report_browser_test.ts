/// <reference lib="dom" />
/** The page of a report in a real browser: themes, sizes, keyboard, samples, and a check by axe-core. */
import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import axe from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { reportPages } from "../../src/figures/report.ts";
import { chromiumPath, complaintsOf, sayIfSkipped, withChromium } from "../platform/chromium.ts";
import { reportOf } from "./report_data.ts";

sayIfSkipped("the page of a report in a browser");

/** Puts the pages of a report into a folder and opens the first, in a tab of its own. */
async function withPage(
  browser: Browser,
  { samples, use }: { readonly samples: number; readonly use: (page: Page) => Promise<void> },
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const page = await browser.newPage();
  try {
    for (
      const { file, html } of reportPages(await reportOf(samples), { sampleCharacters: 20_000 })
    ) {
      await Deno.writeTextFile(join(folder, file), html);
    }
    const complaints = complaintsOf(page);
    await page.setViewport({ width: 1100, height: 800 });
    await page.goto(toFileUrl(join(folder, "report.html")).href);
    await use(page);
    assertEquals(complaints, []);
  } finally {
    await page.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Colors as the browser shows them: of the page, and of what a figure draws. */
const colorsOn = (page: Page) =>
  page.evaluate(() => {
    const style = (selector: string) => getComputedStyle(document.querySelector(selector)!);
    return {
      page: style("body").backgroundColor,
      text: style("h1").color,
      paper: style(".sheet svg > rect").fill,
      ink: style(".sheet svg text").fill,
      series: style('.sheet [stroke="#003b75"]').stroke,
    };
  });

const light = {
  page: "rgb(247, 247, 249)",
  text: "rgb(34, 34, 34)",
  paper: "rgb(255, 255, 255)",
  ink: "rgb(34, 34, 34)",
  series: "rgb(0, 59, 117)",
};
const dark = {
  page: "rgb(20, 21, 24)",
  text: "rgb(236, 236, 240)",
  paper: "rgb(28, 29, 33)",
  ink: "rgb(236, 236, 240)",
  series: "rgb(124, 192, 245)",
};

Deno.test({
  name: "report: the page in a real browser",
  ignore: chromiumPath === undefined,
  fn: (t) =>
    withChromium(async (browser) => {
      const step = (name: string, samples: number, use: (page: Page) => Promise<void>) =>
        t.step(name, () => withPage(browser, { samples, use }));
      await step("follows the reader's setting, then the choice made, and remembers it", 3, themes);
      await step("fits a phone, where only tables and figures scroll sideways", 3, phone);
      await step("shows every sample, in the order asked for, on all its pages", 40, everySample);
      await step("unfolds the sample that a link names", 3, linked);
      await step("axe-core finds nothing, light and dark, wide and narrow", 3, accessible);
    }),
});

async function themes(page: Page): Promise<void> {
  const prefers = (value: string) =>
    page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
  await page.click('.theme [value="auto"]');
  await prefers("light");
  assertEquals(await colorsOn(page), light);
  await prefers("dark");
  assertEquals(await colorsOn(page), dark);
  await page.click('.theme [value="light"]');
  assertEquals(await colorsOn(page), light);
  // Chromium writes what a page stores a little later, on a busy machine after the page has loaded again.
  for (let tries = 0; tries < 5; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await page.reload();
    if (JSON.stringify(await colorsOn(page)) === JSON.stringify(light)) break;
  }
  assertEquals(await colorsOn(page), light, "remembered");
  await page.click('.theme [value="dark"]');
  await prefers("light");
  assertEquals(await colorsOn(page), dark);
  await page.emulateMediaType("print");
  assertEquals(await colorsOn(page), { ...light, page: "rgba(0, 0, 0, 0)" }, "paper is white");
  await page.emulateMediaType("screen");
  await page.click('.theme [value="auto"]');
  assertEquals(await colorsOn(page), light);
}

async function phone(page: Page): Promise<void> {
  await page.setViewport({ width: 360, height: 740, isMobile: true, hasTouch: true });
  await page.click("summary");
  const { scroll, inner, smallest } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    inner: innerWidth,
    // Text of figures shrinks with them.
    smallest: Math.min(
      ...[...document.querySelectorAll<SVGTextElement>(".sheet text")].map((text) =>
        parseFloat(getComputedStyle(text).fontSize) *
        (text.ownerSVGElement!.clientWidth / text.ownerSVGElement!.viewBox.baseVal.width)
      ),
    ),
  }));
  assertEquals([scroll, inner], [360, 360]);
  // 11 pixels, the smallest text as drawn, by the 0.7 that the style sheet allows.
  assert(smallest >= 7.6, `the smallest text of a figure is ${smallest} pixels high`);
}

async function everySample(page: Page): Promise<void> {
  await page.focus("summary");
  await page.keyboard.press("Enter");
  assert(await page.$eval("details", ({ open }) => open), "the keyboard unfolds the samples");
  const shown = () =>
    page.$$eval(
      ".sample",
      (items) => items.map((item) => [item.id, item.getAttribute("data-values")!] as const),
    );
  const first = await shown();
  assert(first.length > 2 && first.length < 40, `${first.length} samples on the first page`);
  const values = async (undefinedAs: number) =>
    (await shown()).map(([, value]) => value === "-" ? undefinedAs : Number(value));
  await page.select("#order", "0 1");
  const rising = await values(Infinity);
  assertEquals(rising, rising.toSorted((a, b) => a - b), "lowest first, undefined last");
  await page.select("#order", "0 -1");
  const falling = await values(-Infinity);
  assertEquals(falling, falling.toSorted((a, b) => b - a), "highest first, undefined last");
  await page.select("#order", "number");
  assertEquals(await shown(), first);
  const widths = await page.$$eval(
    ".sample img",
    (images) => images.map((image) => image.naturalWidth),
  );
  assert(widths.every((width) => width === 8), "every picture is decoded");

  const seen = first.map(([id]) => id);
  for (const href of await page.$$eval("nav a", (links) => links.map((a) => a.href))) {
    await page.goto(href);
    seen.push(...(await shown()).map(([id]) => id));
  }
  assertEquals(seen, Array.from({ length: 40 }, (_, i) => `sample-${i}`));
}

async function linked(page: Page): Promise<void> {
  await page.goto(`${page.url()}#sample-2`);
  assert(await page.$eval("#sample-2", (item) => item.checkVisibility()));
}

async function accessible(page: Page): Promise<void> {
  await page.click("summary");
  for (const theme of ["light", "dark"]) {
    for (const width of [1100, 360]) {
      await page.setViewport({ width, height: 800 });
      await page.click(`.theme [value="${theme}"]`);
      const violations = await page.evaluate(`${axe.source}
        axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))`);
      assertEquals(violations, [], `${theme}, ${width} pixels`);
    }
  }
}
