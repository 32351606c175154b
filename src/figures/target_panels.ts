/** The three panels of the figure of training targets. */
import { mean } from "../core/statistics.ts";
import { directLabels } from "./direct_labels.ts";
import type { TargetPoint } from "./target_point.ts";
import { seriesEncodings, tones } from "./theme.ts";

/** What the panels share. */
export interface TargetPanel {
  /** Sizes n of reference batches, ascending. */
  readonly sizes: readonly number[];
  /** Variance with n = 1 at each time. */
  readonly single: ReadonlyMap<number, number>;
  /** Width of the plotting area in pixels. */
  readonly width: number;
  /** Height of the plotting area in pixels. */
  readonly height: number;
}

const nameOf = (n: number) => `n = ${n.toLocaleString("en")}`;
const line = { type: "line" as const, strokeWidth: 1.8 };

/** The axis of times, from the first that is drawn. */
function timeAxis(points: readonly TargetPoint[]) {
  return {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [Math.min(...points.map(({ t }) => t)), 1], nice: false },
    axis: { title: "time t  (0 clean, 1 noise)", tickCount: 5, grid: false },
  };
}

/** A logarithmic axis from the least to the greatest value, with ticks at powers of ten. */
function logAxis(
  field: string,
  { values, height, title, format }: {
    readonly values: readonly number[];
    readonly height: number;
    readonly title: string;
    readonly format: string;
  },
) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const first = Math.ceil(Math.log10(low));
  const ticks = Array.from(
    { length: Math.max(0, Math.floor(Math.log10(high)) - first + 1) },
    (_, i) => 10 ** (first + i),
  );
  return {
    encoding: {
      field,
      type: "quantitative" as const,
      scale: { type: "log" as const, domain: [low, high], nice: false },
      axis: { title, values: ticks, format },
    },
    /** Where a value lies, in pixels from the top. */
    heightOf: (value: number) =>
      low === high ? height / 2 : height * Math.log(high / value) / Math.log(high / low),
  };
}

/** The last value of each series, to be labeled. */
function endsOf<T extends { readonly t: number; readonly n: string }>(
  rows: readonly T[],
  heightOf: (row: T) => number,
) {
  const last = new Map<string, T>();
  for (const row of rows) last.set(row.n, row);
  return [...last].map(([label, row]) => ({ label, y: heightOf(row) }));
}

/** Rows by n and then by time, so that series begin in the order of their styles. */
function ordered(points: readonly TargetPoint[]): TargetPoint[] {
  return points.toSorted((a, b) => a.references - b.references || a.t - b.t);
}

/** Points that carry markers: every so many-th of a series. */
function marked<T extends { readonly n: string }>(rows: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return rows.filter(({ n }) => {
    const place = seen.get(n) ?? 0;
    seen.set(n, place + 1);
    return place % 5 === 2;
  });
}

/** Variance of the target against time, a line for each n. */
export function variancePanel(points: readonly TargetPoint[], panel: TargetPanel) {
  const { sizes, width, height } = panel;
  const rows = ordered(points).map(({ t, references, variance }) => ({
    t,
    n: nameOf(references),
    variance,
  }));
  const axis = logAxis("variance", {
    values: rows.map(({ variance }) => variance),
    height,
    title: "variance of the target (eps²)",
    format: ".0e",
  });
  const { shape, ...stroke } = seriesEncodings("n", sizes.map(nameOf));
  const position = { x: timeAxis(points), y: axis.encoding };
  return {
    width,
    height,
    layer: [
      { data: { values: rows }, mark: line, encoding: { ...position, ...stroke } },
      {
        data: { values: marked(rows) },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 36 },
        encoding: { ...position, color: stroke.color, shape },
      },
      ...directLabels(
        endsOf(rows, ({ variance }) => axis.heightOf(variance)),
        { width, height },
      ),
    ],
  };
}

/** By what factor the variance lies below that of n = 1, beside n - 1. */
export function fallPanel(points: readonly TargetPoint[], panel: TargetPanel) {
  const { sizes, single, width, height } = panel;
  const rows = ordered(points).map(({ t, references, variance }) => ({
    t,
    n: nameOf(references),
    factor: single.get(t)! / variance,
  }));
  const times = points.map(({ t }) => t);
  const limits = sizes.filter((n) => n > 2).flatMap((n) =>
    [Math.min(...times), Math.max(...times)].map((t) => ({ t, n: nameOf(n), factor: n - 1 }))
  );
  const axis = logAxis("factor", {
    values: [1, sizes.at(-1)!, ...rows.map(({ factor }) => factor)],
    height,
    title: "times below n = 1  (thin: n − 1)",
    format: ",d",
  });
  const { shape, ...stroke } = seriesEncodings("n", sizes.map(nameOf));
  const position = { x: timeAxis(points), y: axis.encoding };
  return {
    width,
    height,
    layer: [
      {
        data: { values: limits },
        mark: { ...line, strokeWidth: 0.75 },
        encoding: { ...position, ...stroke },
      },
      { data: { values: rows }, mark: line, encoding: { ...position, ...stroke } },
      {
        data: { values: marked(rows) },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 36 },
        encoding: { ...position, color: stroke.color, shape },
      },
      ...directLabels(
        endsOf(rows, ({ factor }) => axis.heightOf(factor)),
        { width, height },
      ),
    ],
  };
}

const kinds = [
  ["batch with the source", "biasSquared"],
  ["batch without it", "biasSquaredWithoutSource"],
] as const;

/** Squared bias in units of x0, mean over times, against n. */
export function biasPanel(points: readonly TargetPoint[], panel: TargetPanel) {
  const { sizes, width, height } = panel;
  const biases = kinds.flatMap(([kind, key]) =>
    sizes.map((n) => ({
      kind,
      n,
      bias: mean(
        points.filter(({ references }) => references === n)
          .map((point) => point[key] * point.level ** 2),
      ),
    }))
  );
  const { color, strokeDash, shape } = seriesEncodings("kind", kinds.map(([kind]) => kind));
  const values = biases.map(({ bias }) => bias);
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  const heightOf = (bias: number) => high === low ? height : height * (high - bias) / (high - low);
  const ends = kinds.map(([label], i) => ({
    label,
    y: heightOf(biases[(i + 1) * sizes.length - 1]!.bias),
  }));
  const position = {
    x: {
      field: "n",
      type: "quantitative" as const,
      scale: { type: "log" as const, base: 2 },
      axis: {
        title: "images in the reference batch, n",
        values: [...sizes],
        grid: false,
        format: ",d",
      },
    },
    y: {
      field: "bias",
      type: "quantitative" as const,
      scale: { domain: [low, high], nice: false },
      axis: { title: "squared bias, mean over t (x0²)", tickCount: 5, format: ".3~g" },
    },
  };
  return {
    width,
    height,
    layer: [
      {
        data: { values: [{ bias: 0 }] },
        mark: { type: "rule" as const, stroke: tones.axis.light, strokeWidth: 0.75 },
        encoding: { y: { field: "bias", type: "quantitative" as const } },
      },
      {
        data: { values: biases },
        mark: line,
        encoding: { ...position, color, strokeDash },
      },
      {
        data: { values: biases },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 40 },
        encoding: { ...position, color, shape },
      },
      ...directLabels(ends, { width, height }),
    ],
  };
}
