/// <reference lib="dom" />
/** What the explorable page shows in a real browser, compared with the library. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { explainedPatches } from "@els/toolkit/machines";
import type { ExplorerRequest } from "../../src/explorer/contract.ts";
import { imageShares } from "../../src/explorer/view/nearest_image.ts";
import { percent } from "../../src/explorer/view/numbers.ts";
import { expectedPatches, type Explored, stepsOf, testVisits, width } from "./explored.ts";
import type { explorer as mounted } from "./page_program.ts";

declare const explorer: typeof mounted;

testVisits("explorer: what the page shows in a real browser", [
  ["pins a pixel, and shows the library's answer", pinned],
  ["scrubs time, plays and steps", scrubbed],
  ["switches the machine, and the back button switches it back", switched],
  ["what a larger patch size copies is shown", farther],
  ["the noise can be new, drawn on, and of a class", noise],
  ["the formula's terms light what they mean", formula],
]);

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
