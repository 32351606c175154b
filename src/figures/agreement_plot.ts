import { ArgumentError } from "../core/errors.ts";
import { quantile } from "../core/statistics.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { ink } from "./theme.ts";

/**
 * Agreement of one machine with the network, one number per sample.
 *
 * @category Figures
 */
export interface AgreementGroup {
  /** Name on the axis, such as "bbELS". */
  readonly label: string;
  /** One value per sample. */
  readonly values: readonly number[];
}

/**
 * Options of {@linkcode agreementPlotSvg}.
 *
 * @category Figures
 */
export interface AgreementPlotOptions extends PlotOptions {
  /** Title of the value axis; default "r² between network and theory, per sample". */
  readonly valueTitle?: string;
}

/**
 * How to read {@linkcode agreementPlotSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const agreementPlotExplained: string =
  "Each dot is one sample; its place to the left or right in the column means nothing. The box reaches " +
  "from the lower to the upper quartile, so that it holds the middle half of the samples; the thick line " +
  "is the median, written beside it. All samples are drawn, so there are no whiskers.";

/**
 * Draws the agreement of each machine with the network: every sample as a point, the box from
 * quartile to quartile, the median with its value.
 *
 * @example
 * ```ts
 * import { agreementPlotSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const groups = [
 *   { label: "bbELS", values: [0.93, 0.95, 0.96] },
 *   { label: "IS", values: [0.3, 0.4, 0.6] },
 * ];
 * assertStringIncludes(await agreementPlotSvg(groups, { valueTitle: "r" }), "bbELS");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if a group is missing or empty, or a value is not finite.
 * @category Figures
 */
export function agreementPlotSvg(
  groups: readonly AgreementGroup[],
  options: AgreementPlotOptions = {},
): Promise<string> {
  if (groups.length === 0) throw new ArgumentError("Cannot draw agreement: no machine was given");
  const { title, note, width = 110 * groups.length, height = 260 } = options;
  const { valueTitle = "r² between network and theory, per sample" } = options;
  const boxes = groups.map(({ label, values }, i) => ({
    machine: label,
    x: i,
    q1: quantile(values, 0.25),
    median: quantile(values, 0.5),
    q3: quantile(values, 0.75),
    text: quantile(values, 0.5).toFixed(2).replace("-", "−"),
  }));
  const points = groups.flatMap(({ label, values }, i) =>
    [...values].sort((a, b) => a - b).map((value, rank) => ({
      machine: label,
      // Neighbors in value land far apart: multiples of the golden ratio fill the strip evenly.
      x: i + (((rank + 1) * 0.6180339887) % 1 - 0.5) * 0.36,
      value,
    }))
  );
  const all = points.map(({ value }) => value);
  const domain = [Math.min(0, ...all), Math.max(1, ...all)];
  const labels = groups.map(({ label }) => label);
  const color = {
    field: "machine",
    type: "nominal" as const,
    scale: { domain: labels },
    sort: null,
    legend: null,
  };
  const x = {
    field: "x",
    type: "quantitative" as const,
    scale: { domain: [-0.5, groups.length - 0.4], nice: false, zero: false },
    axis: {
      title: null,
      grid: false,
      ticks: false,
      values: groups.map((_, i) => i),
      labelExpr: `${JSON.stringify(labels)}[datum.value]`,
      labelFontSize: 13,
    },
  };
  const y = {
    type: "quantitative" as const,
    scale: { domain, nice: domain[0]! < 0, zero: false },
    axis: { title: valueTitle, tickCount: 6 },
  };
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    width,
    height,
    layer: [
      {
        data: { values: points },
        mark: { type: "circle" as const, size: 26, opacity: 0.7 },
        encoding: { x, y: { ...y, field: "value" }, color },
      },
      {
        data: { values: boxes.map((box) => ({ ...box, left: box.x - 0.26, right: box.x + 0.26 })) },
        encoding: { x: { ...x, field: "left" }, x2: { field: "right" } },
        layer: [
          {
            mark: { type: "rect" as const, filled: false, strokeWidth: 1, stroke: ink },
            encoding: { y: { ...y, field: "q1" }, y2: { field: "q3" } },
          },
          {
            mark: { type: "rule" as const, strokeWidth: 2.5, stroke: ink },
            encoding: { y: { ...y, field: "median" } },
          },
          {
            mark: {
              type: "text" as const,
              align: "left",
              dx: 5,
              fontSize: 12,
              fontWeight: "bold",
              fill: ink,
            },
            encoding: {
              x: { ...x, field: "right" },
              y: { ...y, field: "median" },
              text: { field: "text", type: "nominal" },
            },
          },
        ],
      },
    ],
  }, {
    description: `${valueTitle}: ${
      boxes.map(({ machine, text }) => `${machine} median ${text}`).join(", ")
    }`,
    note,
  });
}
