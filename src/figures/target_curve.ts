import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { ink } from "./theme.ts";

/** Spread and bias of a training target at one time and size of reference batch. */
export interface TargetPoint {
  /** Time in (0, 1]. */
  readonly t: number;
  /** Noise level sigma / signal at that time. */
  readonly level: number;
  /** Size n of the reference batch. */
  readonly references: number;
  /** Variance of the target given x, in units of eps. */
  readonly variance: number;
  /** Standard error of `variance`. */
  readonly varianceError: number;
  /** Squared bias of the target, in units of eps. */
  readonly biasSquared: number;
  /** Squared bias where the batch need not hold the source. */
  readonly biasSquaredWithoutSource: number;
}

/** Options of {@linkcode targetCurveSvg}. */
export interface TargetCurveOptions extends PlotOptions {
  /** Smallest variance drawn, positive; 1e-7 by default. */
  readonly least?: number;
}

const numberOf = (n: number) => n.toLocaleString("en");

/**
 * Draws what a reference batch of n images does to training targets, in three panels: their variance
 * against time, by what factor it is below that of n = 1 beside n - 1, and squared bias in units
 * of x0, mean over times, against n. Variances known to less than half of themselves are left out.
 *
 * @param points For every n the same times; n = 1 among them.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there are no points, n = 1 is missing, or a number is not finite.
 */
export function targetCurveSvg(
  points: readonly TargetPoint[],
  options: TargetCurveOptions = {},
): Promise<string> {
  const { title, width = 260, height = 240, least = 1e-7 } = options;
  for (const point of points) {
    for (const [name, value] of Object.entries(point)) {
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `Cannot draw targets at t = ${point.t}, n = ${point.references}: ${name} is ${value}`,
        );
      }
    }
  }
  const single = new Map(
    points.filter(({ references }) => references === 1).map(({ t, variance }) => [t, variance]),
  );
  const sizes = [...new Set(points.map(({ references }) => references))].sort((a, b) => a - b);
  if (points.length === 0 || points.some(({ t }) => !single.has(t))) {
    throw new RangeError("Cannot draw targets: n = 1 is missing at some time, or altogether");
  }
  const labels = sizes.map(numberOf);
  const drawn = points.filter(({ variance, varianceError }) =>
    variance >= least && varianceError <= variance / 2
  );
  const curves = drawn.map(({ t, references, variance }) => ({
    t,
    variance,
    n: numberOf(references),
    factor: single.get(t)! / variance,
  })).sort((a, b) => a.t - b.t);
  const times = [...single.keys()];
  const mean = (n: number, key: "biasSquared" | "biasSquaredWithoutSource") => {
    const values = points.filter(({ references }) => references === n)
      .map((each) => each[key] * each.level ** 2);
    return values.reduce((a, b) => a + b) / values.length;
  };
  const kinds = [
    ["batch with the source", "biasSquared"],
    ["batch without it", "biasSquaredWithoutSource"],
  ] as const;
  const biases = kinds.flatMap(([kind, key]) =>
    sizes.map((n) => ({ kind, n, bias: mean(n, key) }))
  );
  const color = {
    field: "n",
    type: "nominal" as const,
    sort: null,
    scale: { domain: labels },
    legend: {
      title: "n =",
      orient: "top" as const,
      titleOrient: "left" as const,
      columns: sizes.length,
      columnPadding: 8,
      symbolType: "stroke" as const,
      symbolSize: 100,
    },
  };
  const time = {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [Math.min(...curves.map(({ t }) => t)), 1], nice: false },
    axis: { title: "time t  (0 clean, 1 noise)", tickCount: 5, grid: false },
  };
  const log = (title: string, values: readonly number[], format: string) => ({
    scale: { type: "log" as const, nice: false },
    axis: { title, values: [...values], format },
  });
  const powers = (values: readonly number[]) => {
    const exponents = values.map(Math.log10);
    const first = Math.ceil(Math.min(...exponents));
    const last = Math.floor(Math.max(...exponents));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
  };
  const limits = sizes.filter((n) => n > 2).flatMap((n) =>
    [Math.min(...curves.map(({ t }) => t)), Math.max(...times)].map((t) => ({
      t,
      n: numberOf(n),
      factor: n - 1,
    }))
  );
  const line = { type: "line" as const, strokeWidth: 1.8 };
  return plotSvg(
    {
      ...(title === undefined ? {} : { title }),
      spacing: 36,
      resolve: { scale: { color: "independent" } },
      hconcat: [
        {
          width,
          height,
          data: { values: curves },
          mark: line,
          encoding: {
            x: time,
            y: {
              field: "variance",
              type: "quantitative" as const,
              ...log(
                "variance of the target (eps)",
                powers(curves.map(({ variance }) => variance)),
                ".0e",
              ),
            },
            color,
          },
        },
        {
          width,
          height,
          layer: [
            {
              data: { values: limits },
              mark: { ...line, strokeWidth: 1, strokeDash: [4, 3] },
              encoding: {
                x: time,
                y: {
                  field: "factor",
                  type: "quantitative" as const,
                  ...log(
                    "times below n = 1   (dashed: n − 1)",
                    powers([1, ...curves.map(({ factor }) => factor), sizes.at(-1)!]),
                    ",d",
                  ),
                },
                color: { ...color, legend: null },
              },
            },
            {
              data: { values: curves },
              mark: line,
              encoding: {
                x: time,
                y: { field: "factor", type: "quantitative" as const },
                color: { ...color, legend: null },
              },
            },
          ],
        },
        {
          width,
          height,
          layer: [
            {
              data: { values: [{ bias: 0 }] },
              mark: { type: "rule" as const, stroke: ink, strokeWidth: 0.5 },
              encoding: { y: { field: "bias", type: "quantitative" as const } },
            },
            {
              data: { values: biases },
              mark: { ...line, point: true },
              encoding: {
                x: {
                  field: "n",
                  type: "quantitative" as const,
                  scale: { type: "log" as const, base: 2 },
                  axis: { title: "reference batch n", values: sizes, grid: false },
                },
                y: {
                  field: "bias",
                  type: "quantitative" as const,
                  axis: { title: "squared bias, mean over t (x0)", tickCount: 5, format: ".3~g" },
                },
                color: {
                  field: "kind",
                  type: "nominal" as const,
                  sort: null,
                  scale: { domain: kinds.map(([kind]) => kind) },
                  legend: {
                    orient: "top" as const,
                    columns: 2,
                    symbolType: "stroke" as const,
                    symbolSize: 200,
                  },
                },
              },
            },
          ],
        },
      ],
    },
    `Variance of training targets against time, its fall with the reference batch, and bias for ${
      labels.join(", ")
    }`,
  );
}
