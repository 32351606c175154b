import type { Config } from "vega-lite";

/** Lato is what PNG files are drawn with; where an SVG is shown without it, its kin step in. */
export const fontFamily = "Lato, Helvetica, Arial, sans-serif";

/** A color on white paper and what stands for it on dark paper. */
export interface Tone {
  /** As `#rrggbb`. */
  readonly light: string;
  /** As `#rrggbb`. */
  readonly dark: string;
}

/** Colors of everything that is not a series, in figures and on pages. */
export const tones = {
  /** What is drawn on. */
  paper: { light: "#ffffff", dark: "#1c1d21" },
  /** Text, boxes, medians. */
  ink: { light: "#222222", dark: "#ececf0" },
  /** Text of second rank. */
  soft: { light: "#5c5c64", dark: "#adadb6" },
  /** Links and numbers that matter. */
  accent: { light: "#00569c", dark: "#7cc0f5" },
  /** What is laid on a page, beside its figures. */
  desk: { light: "#f7f7f9", dark: "#141518" },
  /** Axes and ticks. */
  axis: { light: "#888888", dark: "#85858d" },
  /** Lines of the grid. */
  grid: { light: "#e6e6e6", dark: "#37383e" },
} as const satisfies Record<string, Tone>;

/** Color of text and of axes. */
export const ink = tones.ink.light;

/** How one of several series in a figure is drawn: three ways to tell it from the others. */
export interface SeriesStyle {
  /** Color of its line and markers. */
  readonly color: Tone;
  /** Lengths of dash and gap in pixels; `[1, 0]` is a whole line. */
  readonly dash: readonly number[];
  /** Shape of its markers, by Vega's name. */
  readonly marker: string;
}

/**
 * Styles of series, strongest first. The hues are those of Okabe & Ito (2008); their lightness is
 * spread so that the first four differ by their color alone in gray print and for all kinds of color
 * blindness (tests/figures/palette_test.ts); the others by dash and marker too.
 */
export const seriesStyles: readonly SeriesStyle[] = [
  { color: { light: "#003b75", dark: "#7cc0f5" }, dash: [1, 0], marker: "circle" },
  { color: { light: "#cb5200", dark: "#ec7424" }, dash: [6, 3], marker: "square" },
  { color: { light: "#00694e", dark: "#c2f7e0" }, dash: [2, 2], marker: "triangle-up" },
  { color: { light: "#cb7aa7", dark: "#b84e89" }, dash: [8, 3, 2, 3], marker: "diamond" },
  { color: { light: "#111111", dark: "#ffffff" }, dash: [12, 4], marker: "cross" },
  {
    color: { light: "#7a5200", dark: "#c9a13a" },
    dash: [4, 2, 1, 2, 1, 2],
    marker: "triangle-down",
  },
  { color: { light: "#3f8fc0", dark: "#4a90c8" }, dash: [1, 3], marker: "triangle-right" },
];

/** Colors of series on white paper, strongest first. */
export const palette: readonly string[] = seriesStyles.map(({ color }) => color.light);

/** Style of a series by its place; after the last one colors come again, with other dashes and markers. */
export function seriesStyle(i: number): SeriesStyle {
  const at = (place: number) => seriesStyles[place % seriesStyles.length]!;
  const { dash, marker } = at(i + 3 * Math.floor(i / seriesStyles.length));
  return { color: at(i).color, dash, marker };
}

/** Scales that give each label its style, for the encodings of a plot. */
export function seriesScales(labels: readonly string[]): {
  readonly color: { domain: string[]; range: string[] };
  readonly dash: { domain: string[]; range: number[][] };
  readonly marker: { domain: string[]; range: string[] };
} {
  const styles = labels.map((_, i) => seriesStyle(i));
  const domain = [...labels];
  return {
    color: { domain, range: styles.map(({ color }) => color.light) },
    dash: { domain, range: styles.map(({ dash }) => [...dash]) },
    marker: { domain, range: styles.map(({ marker }) => marker) },
  };
}

/** Encodings of a field of labels by the looks of {@linkcode seriesScales}, without a legend. */
export function seriesEncodings(field: string, labels: readonly string[]) {
  const { color, dash, marker } = seriesScales(labels);
  const series = { field, type: "nominal" as const, sort: null, legend: null };
  return {
    color: { ...series, scale: color },
    strokeDash: { ...series, scale: dash },
    shape: { ...series, scale: marker },
  };
}

/**
 * Scale from little to much, for what is ordered: light to dark on white paper. On dark paper its
 * lightness is turned round.
 */
export const ramp: readonly string[] = ["#569ac6", "#00659f", "#061e30"];

/** Look of every plot. */
export const plotConfig: Config = {
  background: tones.paper.light,
  font: fontFamily,
  padding: 8,
  view: { stroke: null },
  axis: {
    labelColor: ink,
    labelFontSize: 12,
    titleColor: ink,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 8,
    domainColor: tones.axis.light,
    tickColor: tones.axis.light,
    tickSize: 4,
    gridColor: tones.grid.light,
    labelPadding: 4,
    labelFlush: false,
  },
  legend: {
    labelColor: ink,
    labelFontSize: 12,
    labelLimit: 0,
    titleColor: ink,
    symbolOpacity: 1,
    symbolStrokeWidth: 2,
    title: null,
    symbolSize: 70,
  },
  title: { color: ink, fontSize: 14, fontWeight: "bold", anchor: "start", offset: 8 },
  range: { category: [...palette] },
};
