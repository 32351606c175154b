/// <reference lib="dom" />
/** The explorable page in a real browser, driven as a reader drives it. */
import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import type { Browser, ElementHandle, Page } from "puppeteer-core";
import { explainedPatches } from "@els/toolkit/machines";
import type { ExplorerRequest, ExplorerStep } from "../../src/explorer/contract.ts";
import { percent } from "../../src/explorer/view/numbers.ts";
import { chromiumPath, complaintsOf, sayIfSkipped, withChromium } from "../platform/chromium.ts";
import { bundledProgram, pageHtml, texturesData } from "./page.ts";
import type { explorer as mounted } from "./page_program.ts";
import { threadEngine } from "./thread_engine.ts";

declare const explorer: typeof mounted;

/** What the page shows. */
export const data = texturesData();
const engine = threadEngine(data);
/** Of its images, in pixels. */
export const width: number = data.shape[1]!;
const opening: ExplorerRequest = {
  noise: { kind: "stored", index: 0 },
  strokes: [],
  label: 0,
  machine: "bbELS",
  patchSize: null,
};

/** The steps of a reverse process by the library, here. */
export async function stepsOf(change: Partial<ExplorerRequest> = {}) {
  const steps: ExplorerStep[] = [];
  const final = await engine.followMachine({ ...opening, ...change }, {
    abort: new AbortController().signal,
    focus: 0,
    onStep: (step) => steps[step.i] = step,
  });
  return { steps, final };
}

/** What a page shows, and what tests do with it. */
export class Explored {
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
export function expectedPatches(step: ExplorerStep, pixel: number): string[] {
  return explainedPatches(step.explanation!, { pixel }).map(({ image, weight, label }) =>
    `${percent(weight)}image ${image}, class ${data.classes[label!]}`
  );
}

/** What is done to a page, by name. */
type Visits = readonly (readonly [
  name: string,
  visit: (explored: Explored, folder: string) => Promise<void>,
])[];

/** A test of visits to the page, each to one that is opened anew. */
export function testVisits(name: string, visits: Visits): void {
  sayIfSkipped(name);
  Deno.test({
    name,
    ignore: chromiumPath === undefined,
    async fn(t) {
      const folder = await Deno.makeTempDir();
      try {
        const file = join(folder, "page.html");
        await Deno.writeTextFile(file, pageHtml(data, await bundledProgram()));
        await withChromium(async (browser) => {
          for (const [name, use] of visits) {
            await t.step(name, () => withPage(browser, { file, folder, use }));
          }
        });
      } finally {
        await engine.dispose();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

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
