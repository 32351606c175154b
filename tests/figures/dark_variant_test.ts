import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  colorsOf,
  darkColorOf,
  withDarkVariant,
  withoutStyle,
} from "../../src/figures/dark_variant.ts";
import { tones } from "../../src/figures/theme.ts";

const svg = '<svg width="1" height="1"><rect fill="white" stroke="none"/>' +
  '<path fill="url(#g)" stroke="#222222"/><stop stop-color="rgb(6, 30, 48)"/></svg>';

Deno.test("dark variant: the theme's colors turn as it says, however they are written", () => {
  assertEquals(darkColorOf("white"), tones.paper.dark);
  assertEquals(darkColorOf("#FFFFFF"), tones.paper.dark);
  assertEquals(darkColorOf("#222"), tones.ink.dark);
});

Deno.test("dark variant: other colors turn their lightness, what is no color stays", () => {
  assertEquals(darkColorOf("#000000"), "#ffffff");
  const [dark, middle, light] = ["#061e30", "#00659f", "#569ac6"].map((color) =>
    parseInt(darkColorOf(color)!.slice(3, 5), 16)
  );
  assert(dark! > middle! && middle! > light!, "green, most of lightness, is turned");
  assertEquals(["none", "url(#g)", "transparent"].map(darkColorOf), [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("dark variant: every color has its rule, for screens in the dark only", () => {
  assertEquals(colorsOf(svg).map(({ attribute, value }) => [attribute, value]), [
    ["fill", "white"],
    ["stroke", "#222222"],
    ["stop-color", "rgb(6, 30, 48)"],
  ]);
  const both = withDarkVariant(svg);
  assertStringIncludes(both, "<style>@media screen and (prefers-color-scheme:dark){");
  assertStringIncludes(both, `[fill="white"]{fill:${tones.paper.dark}}`);
  assertEquals(withoutStyle(both), svg);
});
