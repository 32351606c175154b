import { ArgumentError } from "../core/errors.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { ink, seriesEncodings, tones } from "./theme.ts";

/**
 * A value with its interval.
 *
 * @category Figures
 */
export interface IntervalMark {
  /** Line that it stands on, such as the name of a machine. */
  readonly label: string;
  /** What it is one of, such as a way to ask: told by color and marker. */
  readonly series: string;
  /** The value. */
  readonly value: number;
  /** Lower end of its interval. */
  readonly low: number;
  /** Upper end of its interval. */
  readonly high: number;
}

/**
 * Options of {@linkcode intervalPlotSvg}.
 *
 * @category Figures
 */
export interface IntervalPlotOptions extends Omit<PlotOptions, "height"> {
  /** Title of the axis of values. */
  readonly valueTitle: string;
}

/**
 * How to read {@linkcode intervalPlotSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const intervalPlotExplained: string =
  "Each mark is taken over samples, its bar the 95 % bootstrap interval, and both are written beside it.";

/** Pixels between lines of one label. */
const APART = 15;

/**
 * Draws values with their intervals, a line for each label and, within it, one for each series.
 *
 * @example
 * ```ts
 * import { intervalPlotSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const series = "own trajectories";
 * const svg = await intervalPlotSvg([
 *   { label: "bbELS", series, value: 0.95, low: 0.94, high: 0.96 },
 *   { label: "Wiener", series, value: 0.43, low: 0.37, high: 0.49 },
 * ], { valueTitle: "r²" });
 * assertStringIncludes(svg, "0.95 [0.94, 0.96]");
 * ```
 *
 * @param marks Labels stand in the order of their first marks, and so do series.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no mark, or a number is not finite.
 * @category Figures
 */
export function intervalPlotSvg(
  marks: readonly IntervalMark[],
  options: IntervalPlotOptions,
): Promise<string> {
  if (marks.length === 0) throw new ArgumentError("Cannot draw intervals: no value was given");
  for (const { label, value, low, high } of marks) {
    if ([value, low, high].every(Number.isFinite)) continue;
    throw new ArgumentError(
      `Cannot draw the interval of ${label}: ${value} [${low}, ${high}], expected finite numbers`,
    );
  }
  const { title, note, valueTitle, width = 420 } = options;
  const labels = [...new Set(marks.map(({ label }) => label))];
  const series = [...new Set(marks.map((mark) => mark.series))];
  const line = APART * series.length + 10;
  const height = line * labels.length;
  const number = (value: number) => value.toFixed(2).replace("-", "−");
  const values = marks.map((mark) => ({
    ...mark,
    y: line * (labels.indexOf(mark.label) + 0.5) +
      APART * (series.indexOf(mark.series) - (series.length - 1) / 2),
    text: `${number(mark.value)} [${number(mark.low)}, ${number(mark.high)}]`,
    right: width + 12,
  }));
  const ends = marks.flatMap(({ low, high }) => [low, high]);
  const [least, greatest] = [Math.min(0, ...ends), Math.max(1, ...ends)];
  const { color: plain, shape } = seriesEncodings("series", series);
  // Layers share a legend only if all of them ask for it.
  const legend = series.length > 1 ? { orient: "top" as const } : null;
  const color = { ...plain, legend };
  const across = {
    type: "quantitative" as const,
    scale: { domain: [least, greatest], nice: false, zero: false },
    axis: { title: valueTitle, tickCount: 6 },
  };
  const down = {
    field: "y",
    type: "quantitative" as const,
    scale: { domain: [height, 0], nice: false, zero: false },
    axis: {
      title: null,
      grid: false,
      ticks: false,
      values: labels.map((_, i) => line * (i + 0.5)),
      labelExpr: `${JSON.stringify(labels)}[round(datum.value / ${line} - 0.5)]`,
      labelFontSize: 13,
    },
  };
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    width,
    height,
    layer: [
      {
        data: { values: labels.slice(1).map((_, i) => ({ y: line * (i + 1) })) },
        mark: { type: "rule" as const, stroke: tones.grid.light, strokeWidth: 1 },
        encoding: { y: down },
      },
      {
        data: { values },
        mark: { type: "rule" as const, strokeWidth: 2 },
        encoding: { x: { ...across, field: "low" }, x2: { field: "high" }, y: down, color },
      },
      {
        data: { values },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 60 },
        encoding: {
          x: { ...across, field: "value" },
          y: down,
          color,
          shape: { ...shape, legend },
        },
      },
      {
        data: { values },
        mark: {
          type: "text" as const,
          align: "left" as const,
          baseline: "middle" as const,
          fontSize: 12,
          color: ink,
        },
        encoding: {
          x: { field: "right", type: "quantitative" as const, scale: null },
          y: down,
          text: { field: "text", type: "nominal" as const },
        },
      },
    ],
  }, {
    description: `${valueTitle}: ${
      values.map((mark) => `${mark.label}, ${mark.series}: ${mark.text}`).join("; ")
    }`,
    note,
  });
}
