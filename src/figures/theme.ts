import type { Config } from "vega-lite";

/** Lato is what PNG files are drawn with; where an SVG is shown without it, its kin step in. */
export const fontFamily = "Lato, Helvetica, Arial, sans-serif";

/** Colors told apart by all eyes and in gray print (Okabe & Ito, 2008), strongest first. */
export const palette: readonly string[] = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#000000",
];

/** Color of text and of axes. */
export const ink = "#222222";

const gray = "#888888";

/** Look of every plot. */
export const plotConfig: Config = {
  background: "white",
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
    domainColor: gray,
    tickColor: gray,
    tickSize: 4,
    gridColor: "#e6e6e6",
    labelPadding: 4,
    labelFlush: false,
  },
  legend: {
    labelColor: ink,
    labelFontSize: 12,
    labelLimit: 0,
    symbolOpacity: 1,
    symbolStrokeWidth: 2,
    title: null,
    symbolSize: 70,
  },
  title: { color: ink, fontSize: 14, fontWeight: "bold", anchor: "start", offset: 8 },
  range: { category: [...palette] },
};
