/** Colors of the page by role, for both themes, and of pins. */
import { seriesStyles, type Tone, tones } from "../../figures/theme.ts";

const either = ({ light, dark }: Tone) => `light-dark(${light},${dark})`;

/** What is pointed at by a term of the formula, or by the tour. */
const lit = seriesStyles[1]!.color;

/** Colors of pins by their place, on pages; on images the dark ones, with a dark rim, are seen best. */
export const pinTones: readonly Tone[] = [
  seriesStyles[1]!.color,
  { light: "#00569c", dark: "#7cc0f5" },
  { light: "#00694e", dark: "#c2f7e0" },
  { light: "#a23a76", dark: "#f09cc9" },
];

/** Names of pins for those who do not see them. */
export const pinNames: readonly string[] = ["circle", "square", "triangle", "diamond"];

const roles: Readonly<Record<string, Tone>> = {
  ...tones,
  lit,
  ...Object.fromEntries(pinTones.map((tone, i) => [`pin-${i}`, tone])),
};

/** The style sheet's colors; browsers that cannot choose stay light. */
export const colorStyle = [
  ":root {",
  "  color-scheme: light dark;",
  ...Object.entries(roles).map(([role, tone]) => `  --${role}: ${either(tone)};`),
  "}",
  ':root[data-theme="light"] { color-scheme: light; }',
  ':root[data-theme="dark"] { color-scheme: dark; }',
  "@supports not (color: light-dark(#000,#fff)) {",
  "  :root { color-scheme: light;",
  ...Object.entries(roles).map(([role, { light }]) => `    --${role}: ${light};`),
  "  }",
  "}",
].join("\n");
