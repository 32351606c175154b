/** Series that one figure shows are told apart by every eye and on gray print, and text can be read. */
import { assert, assertEquals } from "@std/assert";
// @ts-types="culori-types"
import { formatHex, interpolate, wcagContrast } from "culori";
import { darkColorOf, withoutStyle } from "../../src/figures/dark_variant.ts";
import { lossCurveSvg } from "../../src/figures/loss_curve.ts";
import { scaleCurveSvg } from "../../src/figures/scale_curve.ts";
import { ramp, seriesStyles, tones } from "../../src/figures/theme.ts";
import { confusedBy, eyes, lightness } from "./color_vision.ts";

const themes = ["light", "dark"] as const;
const inTheme = (color: string, theme: typeof themes[number]) =>
  theme === "light" ? color : darkColorOf(color)!;

/** A way that a series is drawn: its color, and its dash or the outline of its marker. */
interface Look {
  readonly color: string;
  readonly form: string;
}

/** What each layer of lines, keys and markers in a figure shows, as it was drawn. */
function looksOf(svg: string): Look[][] {
  const layers = new Map<string, Map<string, Look>>();
  const groups = svg.matchAll(
    /<g class="mark-(line|rule|symbol) role-mark ([^" ]*)[^>]*>(.*?)<\/g>/gs,
  );
  for (const [, kind, layer, marks] of groups) {
    // Vega draws each line of a layer in a group of its own, under the layer's name.
    const looks = layers.get(layer!) ?? new Map<string, Look>();
    layers.set(layer!, looks);
    for (const [mark] of marks!.matchAll(/<(?:path|line)[^>]*>/g)) {
      const value = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(mark)?.[1];
      const color = value(kind === "symbol" ? "fill" : "stroke");
      if (color === undefined) continue;
      // The outline whatever its size.
      const form = kind === "symbol"
        ? value("d")!.replace(/[\d.]+/g, "#")
        : value("stroke-dasharray") ?? "whole";
      looks.set(`${color} ${form}`, { color, form });
    }
  }
  return [...layers.values()].map((looks) => [...looks.values()]);
}

/** Pairs in a layer that no form tells apart and some eye confuses. */
function confusedPairs(looks: readonly Look[], theme: typeof themes[number]): string[] {
  return looks.flatMap((a, i) =>
    looks.slice(0, i).filter((b) => a.form === b.form && a.color !== b.color)
      .map((b) => ({ b, by: confusedBy(inTheme(a.color, theme), inTheme(b.color, theme)) }))
      .filter(({ by }) => by.length > 0)
      .map(({ b, by }) => `${a.color} and ${b.color} (${a.form}) in ${theme}: ${by.join(", ")}`)
  );
}

const fixture = (name: string) =>
  Deno.readTextFile(new URL(`../fixtures/${name}.svg`, import.meta.url));
const snapshots = [
  "agreement_plot",
  "image_grid",
  "loss_curve",
  "loss_curves",
  "receptive_field",
  "receptive_field_maps",
  "scale_curve",
  "scale_curves",
  "target_curve",
];

Deno.test("palette: the first four series differ by color alone for every eye, in both themes", () => {
  const first = seriesStyles.slice(0, 4);
  for (const theme of themes) {
    const looks = first.map(({ color }) => ({ color: color[theme], form: "" }));
    for (const [i, a] of looks.entries()) {
      for (const b of looks.slice(0, i)) {
        assertEquals(confusedBy(a.color, b.color), [], `${a.color} and ${b.color} in ${theme}`);
      }
    }
  }
});

Deno.test("palette: no two styles share a dash or a marker", () => {
  const dashes = seriesStyles.map(({ dash }) => dash.join());
  const markers = seriesStyles.map(({ marker }) => marker);
  assertEquals(new Set(dashes).size, seriesStyles.length);
  assertEquals(new Set(markers).size, seriesStyles.length);
});

Deno.test("palette: a check that can fail: the colors of Okabe & Ito as they are coincide in gray", () => {
  assertEquals(confusedBy("#d55e00", "#009e73"), ["gray print"]);
});

Deno.test("palette: lines stand out from their paper by 3 : 1", () => {
  // WCAG 2.2, success criterion 1.4.11 for graphics.
  for (const theme of themes) {
    for (const { color } of seriesStyles) {
      const contrast = wcagContrast(color[theme], tones.paper[theme]);
      assert(contrast >= 3, `${color[theme]} in ${theme}: ${contrast}`);
    }
  }
});

Deno.test("figures: every eye tells the series of each snapshot apart, in both themes", async () => {
  let pairs = 0;
  for (const name of snapshots) {
    const layers = looksOf(await fixture(name));
    pairs += layers.filter((looks) => looks.length > 1).length;
    // The lines of a profile are one family along a scale, tested below.
    const separate = layers.filter((looks) => !looks.some(({ color }) => color.startsWith("rgb")));
    for (const theme of themes) {
      assertEquals(separate.flatMap((looks) => confusedPairs(looks, theme)), [], name);
    }
  }
  assert(pairs >= 20, `${pairs} layers of several series were found`);
});

Deno.test("figures: as many series as there are styles are told apart", async () => {
  const numbers = seriesStyles.map((_, i) => i);
  const loss = await lossCurveSvg(numbers.map((i) => ({
    label: `series ${i}`,
    step: [1, 2, 3],
    loss: [3 + i, 2 + i, 1 + i],
  })));
  const scales = await scaleCurveSvg(numbers.map((i) => ({
    label: `series ${i}`,
    t: [0.5, 1],
    patchSize: [3 + 2 * i, 5 + 2 * i],
  })));
  for (const svg of [loss, scales]) {
    const layers = looksOf(svg).filter((looks) => looks.length > 1);
    assertEquals(layers.map((looks) => looks.length), layers.map(() => seriesStyles.length));
    for (const theme of themes) {
      assertEquals(layers.flatMap((looks) => confusedPairs(looks, theme)), []);
    }
  }
});

Deno.test("figures: the scale for ordered lines falls in lightness for every eye, and is turned in the dark", () => {
  const along = interpolate([...ramp], "rgb");
  const colors = Array.from({ length: 9 }, (_, i) => formatHex(along(i / 8)));
  for (const [name, see] of Object.entries(eyes)) {
    for (const theme of themes) {
      const steps = colors.map((color) => lightness(inTheme(color, theme), see));
      if (theme === "light") steps.reverse();
      assert(
        steps.every((l, i) => i === 0 || l > steps[i - 1]! + 2),
        `${name}, ${theme}: ${steps}`,
      );
    }
  }
});

Deno.test("figures: text stands out by 4.5 : 1 in both themes", async () => {
  // WCAG 2.2, success criterion 1.4.3.
  for (const name of snapshots) {
    const svg = withoutStyle(await fixture(name));
    const texts = [...svg.matchAll(/<(?:text|g font-family)[^>]* fill="([^"]+)"/g)]
      .map(([, color]) => color!);
    assert(texts.length > 0, `${name} has text`);
    for (const color of new Set(texts)) {
      for (const theme of themes) {
        const contrast = wcagContrast(inTheme(color, theme), tones.paper[theme]);
        assert(contrast >= 4.5, `${color} of ${name} in ${theme}: ${contrast}`);
      }
    }
  }
});

Deno.test("pages: text of every rank stands out by 4.5 : 1 from what it may lie on, in both themes", () => {
  for (const theme of themes) {
    for (const text of ["ink", "soft", "accent"] as const) {
      for (const behind of ["paper", "desk"] as const) {
        const contrast = wcagContrast(tones[text][theme], tones[behind][theme]);
        assert(contrast >= 4.5, `${text} on ${behind} in ${theme}: ${contrast}`);
      }
    }
  }
});
