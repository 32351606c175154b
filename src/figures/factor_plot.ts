import { ArgumentError } from "../core/errors.ts";
import { directLabels } from "./direct_labels.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { seriesEncodings } from "./theme.ts";

/**
 * What was found at one value of a factor.
 *
 * @category Figures
 */
export interface FactorPoint {
  /** Name beside the line that it belongs to. */
  readonly line: string;
  /** Value of the factor: a number, or a name. */
  readonly at: number | string;
  /** What was found, such as a median. */
  readonly value: number;
  /** Lower end of its interval; absent: none is drawn. */
  readonly low?: number | undefined;
  /** Upper end of its interval. */
  readonly high?: number | undefined;
}

/**
 * One panel of {@linkcode factorPlotSvg}.
 *
 * @category Figures
 */
export interface FactorPanel {
  /** Line above it. */
  readonly title: string;
  /** What it shows; names of the factor stand in the order of their first points. */
  readonly points: readonly FactorPoint[];
}

/**
 * Options of {@linkcode factorPlotSvg}.
 *
 * @category Figures
 */
export interface FactorPlotOptions extends PlotOptions {
  /** Title of the axis of the factor. */
  readonly factorTitle: string;
  /** Title of the axis of values. */
  readonly valueTitle: string;
  /** How a factor of numbers is spread; names are spread evenly. Default "log". */
  readonly factorAxis?: "linear" | "log" | undefined;
  /** How values are spread. Default "linear". */
  readonly valueAxis?: "linear" | "log" | undefined;
}

/**
 * How to read {@linkcode factorPlotSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const factorPlotExplained: string =
  "Each mark is a median over samples, its bar the 95 % bootstrap interval; marks of one value of the " +
  "factor stand a little beside each other. The lines only lead the eye.";

/** Pixels between marks that share a value of the factor. */
const DODGE = 4;

/**
 * Draws what was found at each value of a factor, a line for each of what was tried there, with
 * intervals; panels stand side by side and share their styles.
 *
 * @example
 * ```ts
 * import { factorPlotSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const points = [750, 1500].map((at, i) => ({ line: "cubic 8", at, value: 0.8 + 0.1 * i }));
 * const svg = await factorPlotSvg([{ title: "resnet", points }], {
 *   factorTitle: "training steps",
 *   valueTitle: "r²",
 * });
 * assertStringIncludes(svg, "training steps");
 * ```
 *
 * @param panels Their points, in any order.
 * @param options Titles and axes; width and height are those of one panel.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if a panel is empty, mixes names and numbers, or a number does not fit its axis.
 * @category Figures
 */
export function factorPlotSvg(
  panels: readonly FactorPanel[],
  options: FactorPlotOptions,
): Promise<string> {
  if (panels.length === 0) throw new ArgumentError("Cannot draw a factor: no panel was given");
  for (const panel of panels) check(panel, options);
  const { title, note, factorTitle, valueTitle } = options;
  const lines = [...new Set(panels.flatMap(({ points }) => points.map(({ line }) => line)))];
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    spacing: 30,
    hconcat: panels.map((panel) => drawnPanel(panel, { ...options, lines })),
  }, {
    description: `${valueTitle} against ${factorTitle} for ${lines.join(", ")}; ${
      panels.map((panel) => panel.title).join(", ")
    }`,
    note,
  });
}

function check({ title, points }: FactorPanel, options: FactorPlotOptions): void {
  const fail = (what: string) => {
    throw new ArgumentError(`Cannot draw ${title}: ${what}`);
  };
  if (points.length === 0) fail("it has no points");
  if (new Set(points.map(({ at }) => typeof at)).size > 1) {
    fail("values of the factor are names and numbers, expected one kind");
  }
  const { factorAxis = "log", valueAxis = "linear" } = options;
  const fits = (axis: "linear" | "log", value: number) =>
    Number.isFinite(value) && (axis === "linear" || value > 0);
  for (const { line, at, value, low = value, high = value } of points) {
    if (typeof at === "number" && !fits(factorAxis, at)) {
      fail(`${factorAxis} axis of the factor with ${at}`);
    }
    const bad = [value, low, high].find((each) => !fits(valueAxis, each));
    if (bad !== undefined) fail(`${valueAxis} axis of values with ${bad} at ${at} of ${line}`);
  }
}

/** Where values of the factor lie, in whole pixels, and what the axis says there. */
function factorPlaces(
  points: readonly FactorPoint[],
  { factorAxis = "log", width }: { readonly factorAxis?: "linear" | "log" | undefined } & {
    readonly width: number;
  },
) {
  const values = [...new Set(points.map(({ at }) => at))];
  const spread = (value: number) => factorAxis === "log" ? Math.log(value) : value;
  const numbers = values.every((value) => typeof value === "number");
  if (numbers) values.sort((a, b) => Number(a) - Number(b));
  const raw = values.map((value, i) => numbers ? spread(Number(value)) : i);
  const [first, last] = [raw[0]!, raw.at(-1)!];
  const margin = Math.min(numbers ? 16 : 40, width / 4);
  const place = (value: number) =>
    first === last
      ? Math.round(width / 2)
      : Math.round(margin + (width - 2 * margin) * (value - first) / (last - first));
  const places = new Map(values.map((value, i) => [value, place(raw[i]!)]));
  // Words of a name stand below each other.
  const name = (value: number | string) =>
    typeof value === "number" ? value.toLocaleString("en") : value.split(" ");
  const names = Object.fromEntries([...places].map(([value, x]) => [x, name(value)]));
  return {
    places,
    encoding: {
      field: "x",
      type: "quantitative" as const,
      scale: { domain: [0, width], nice: false, zero: false },
      axis: {
        grid: false,
        values: [...places.values()],
        labelExpr: `(${JSON.stringify(names)})[datum.value]`,
        labelOverlap: "greedy" as const,
      },
    },
  };
}

/** The axis of values, and where a value lies on it. */
function valuePlaces(
  points: readonly FactorPoint[],
  { valueAxis = "linear", height }: {
    readonly valueAxis?: "linear" | "log" | undefined;
    readonly height: number;
  },
) {
  const all = points.flatMap(({ value, low = value, high = value }) => [low, value, high]);
  const [least, greatest] = [Math.min(...all), Math.max(...all)];
  const log = valueAxis === "log";
  const slack = log ? 0 : Math.max(0.03 * (greatest - least), 1e-9);
  const [low, high] = log ? [least / 1.05, greatest * 1.05] : [least - slack, greatest + slack];
  const heightOf = (value: number) =>
    height *
    (log ? Math.log(high / value) / Math.log(high / low) : (high - value) / (high - low));
  return {
    heightOf,
    encoding: {
      type: "quantitative" as const,
      scale: {
        ...log && { type: "log" as const },
        domain: [low, high],
        nice: false,
        zero: false,
      },
      axis: { tickCount: 6, format: ".3~g", ...log && { labelOverlap: "greedy" as const } },
    },
  };
}

function drawnPanel(
  { title, points }: FactorPanel,
  options: FactorPlotOptions & { readonly lines: readonly string[] },
) {
  const { lines, factorTitle, valueTitle, width = 300, height = 260 } = options;
  const { places, encoding: x } = factorPlaces(points, { ...options, width });
  const { heightOf, encoding: y } = valuePlaces(points, { ...options, height });
  const here = lines.filter((line) => points.some((point) => point.line === line));
  const apart = points.some(({ low }) => low !== undefined) ? DODGE : 0;
  const marks = points.map((point) => ({
    ...point,
    x: places.get(point.at)! + apart * (here.indexOf(point.line) - (here.length - 1) / 2),
  })).sort((a, b) => lines.indexOf(a.line) - lines.indexOf(b.line) || a.x - b.x);
  const { color, strokeDash, shape } = seriesEncodings("line", lines);
  const across = { ...x, axis: { ...x.axis, title: factorTitle } };
  const up = { ...y, axis: { ...y.axis, title: valueTitle } };
  const position = { x: across, y: { ...up, field: "value" } };
  const ends = here.map((label) => ({
    label,
    y: heightOf(marks.findLast(({ line }) => line === label)!.value),
  }));
  return {
    title: { text: title, fontSize: 13 },
    width,
    height,
    layer: [
      {
        data: { values: marks },
        mark: { type: "line" as const, strokeWidth: 1.2, opacity: 0.75 },
        encoding: { ...position, color, strokeDash },
      },
      {
        data: { values: marks.filter(({ low, high }) => low !== undefined && high !== undefined) },
        mark: { type: "rule" as const, strokeWidth: 1.4 },
        encoding: { x: across, y: { ...up, field: "low" }, y2: { field: "high" }, color },
      },
      {
        data: { values: marks },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 45 },
        encoding: { ...position, color, shape },
      },
      ...directLabels(ends, { width, height, labels: lines }),
    ],
  };
}
