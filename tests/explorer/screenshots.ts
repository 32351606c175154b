/**
 * Pictures of the explorable page for the docs: `deno run -A tests/explorer/screenshots.ts [PAGE] [FOLDER]`, by
 * default of the shipped page of MNIST, into docs.
 */
import { fromFileUrl, join, resolve, toFileUrl } from "@std/path";
import { withChromium } from "../platform/chromium.ts";

/** What is shown: the mosaic of the finished image, with two pins. */
const hash = "step=8&pins=15-22,23-15&view=source";

const pictures = [
  { name: "explore-light.png", theme: "light", width: 1280, height: 800, hash },
  { name: "explore-dark.png", theme: "dark", width: 1280, height: 800, hash: "tour=8" },
  { name: "explore-phone.png", theme: "light", width: 360, height: 740, hash },
] as const;

const root = fromFileUrl(new URL("../..", import.meta.url));
const [file = join(root, "docs/explore.html"), folder = join(root, "docs")] = Deno.args;

await withChromium(async (browser) => {
  for (const { name, theme, width, height, hash } of pictures) {
    const page = await browser.newPage();
    await page.setViewport({ width, height, isMobile: width < 500, hasTouch: width < 500 });
    await page.emulateMediaFeatures([
      { name: "prefers-color-scheme", value: theme },
      { name: "prefers-reduced-motion", value: "reduce" },
    ]);
    await page.goto(`${toFileUrl(resolve(file)).href}#${hash}`);
    // All is known when both final images are there, and nothing is waited for.
    await page.waitForFunction(
      `document.querySelector('[data-at="wait"]').hidden &&
        document.querySelector('[data-at="agreement"]').textContent !== "–"`,
      { timeout: 300_000 },
    );
    await page.screenshot({ path: join(folder, name) as `${string}.png` });
    await page.close();
    console.log(join(folder, name));
  }
});
