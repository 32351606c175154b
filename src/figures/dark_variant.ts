/**
 * Dark variants of figures. A figure is drawn once, on white; style rules that match its colors as
 * attributes put others in their place where dark is asked for. Renderers without such rules (PNG,
 * print, LaTeX) keep the white one.
 */
// @ts-types="culori-types"
import { clampChroma, converter, formatHex } from "culori";
import { seriesStyles, type Tone, tones } from "./theme.ts";

const toOklch = converter("oklch");

const known: ReadonlyMap<string, string> = new Map(
  [...Object.values(tones), ...seriesStyles.map(({ color }) => color)]
    .map(({ light, dark }: Tone) => [light, dark]),
);

/** Lightness in OKLab (Ottosson 2020) of the two papers. */
const [white, black] = [1, toOklch(tones.paper.dark)!.l];

/**
 * What stands for a color of a figure on dark paper: for the theme's own colors what the theme says;
 * for others the color of turned lightness, as far from the dark paper as this one is from white.
 *
 * @returns `#rrggbb`; undefined for what is no color, such as "none" or the reference of a gradient.
 */
export function darkColorOf(color: string): string | undefined {
  const parsed = toOklch(color);
  // What is transparent has no color to turn.
  if (parsed === undefined || parsed.alpha === 0) return undefined;
  const tone = known.get(formatHex(parsed));
  if (tone !== undefined) return tone;
  const turned = black + (white - parsed.l) * (1 - black);
  return formatHex(clampChroma({ ...parsed, l: turned }, "oklch"));
}

/** Attributes of SVG that hold colors. */
const attributes = ["fill", "stroke", "stop-color"] as const;

/** A color as an attribute holds it, to be matched by a rule. */
export interface ColorUse {
  /** Name of the attribute. */
  readonly attribute: typeof attributes[number];
  /** Its value, as written. */
  readonly value: string;
  /** What stands for it on dark paper. */
  readonly dark: string;
}

/** Every color that a figure uses, once for each attribute, in the order of the figure. */
export function colorsOf(svg: string): ColorUse[] {
  const uses = new Map<string, ColorUse>();
  for (const [, name, value] of svg.matchAll(/[ "'](fill|stroke|stop-color)="([^"]+)"/g)) {
    const attribute = name as ColorUse["attribute"];
    const dark = darkColorOf(value!);
    if (dark !== undefined) uses.set(`${attribute} ${value}`, { attribute, value: value!, dark });
  }
  return [...uses.values()];
}

/**
 * A figure that turns dark where the reader asks for dark: it carries rules for the media query
 * `prefers-color-scheme`, on screens only. Pictures in it stay as they are.
 *
 * @param svg One `<svg>` without rules of its own.
 */
export function withDarkVariant(svg: string): string {
  const rules = colorsOf(svg).map(({ attribute, value, dark }) =>
    `[${attribute}="${value}"]{${attribute}:${dark}}`
  );
  return insertStyle(svg, `@media screen and (prefers-color-scheme:dark){${rules.join("")}}`);
}

/** Puts a style sheet first into an SVG. */
export function insertStyle(svg: string, css: string): string {
  return svg.replace(/<svg[^>]*>/, (tag) => `${tag}<style>${css}</style>`);
}

/** An SVG without the style sheets that it carries, for a page that brings its own. */
export function withoutStyle(svg: string): string {
  return svg.replace(/<style>[^<]*<\/style>/g, "");
}
