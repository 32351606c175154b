/** One panel of locality scales against time. */
import { directLabels } from "./direct_labels.ts";
import { ink, palette, seriesEncodings } from "./theme.ts";

/**
 * Locality scales against time, to be drawn as one line.
 *
 * @category Figures
 */
export interface ScaleCurve {
  /** Name beside its line, where there are several. */
  readonly label: string;
  /** Times in (0, 1], ascending. */
  readonly t: readonly number[];
  /** Scale k in pixels at each time. */
  readonly patchSize: readonly number[];
  /** Best scales of the samples at each time, from which the spread is drawn. */
  readonly perSample?: readonly (readonly number[])[];
  /** Between which scales resamples of these choose at each time; null where that is not known. */
  readonly interval?: readonly (readonly [low: number, high: number] | null)[];
  /** Name of the window whose widths these are; absent: sizes k of the box. */
  readonly window?: string | undefined;
}

/** What a panel is drawn with. */
export interface ScalePanelOptions {
  /** Width of the plotting area in pixels. */
  readonly width: number;
  /** Height of the plotting area in pixels. */
  readonly height: number;
  /** How the spread over samples is drawn. */
  readonly spread: "points" | "band" | "none";
  /** Labels of the figure's curves, in whose order styles are given; those of the panel by default. */
  readonly labels?: readonly string[];
  /** Whether a curve's name is written beside its end; by default where there are several. */
  readonly named?: boolean;
}

/** Lower and upper quartile, rounded outwards to scales that occur. */
function quartiles(samples: readonly number[]): [number, number] {
  const sorted = [...samples].sort((a, b) => a - b);
  const last = sorted.length - 1;
  return [sorted[Math.floor(last / 4)]!, sorted[Math.ceil((3 * last) / 4)]!];
}

/** Ticks at odd numbers, at most about eight. */
function scaleTicks(low: number, high: number): number[] {
  const first = 2 * Math.floor(low / 2) + 1;
  const stride = 2 * Math.max(1, Math.ceil((high - first) / 16));
  const ticks: number[] = [];
  for (let k = first; k <= high + 1e-9; k += stride) ticks.push(k);
  return ticks;
}

/** The layers of a panel, its size and how its scales go with those of others. */
export function scalePanel(
  curves: readonly ScaleCurve[],
  { width, height, spread, labels = curves.map(({ label }) => label), named = curves.length > 1 }:
    ScalePanelOptions,
) {
  const steps = curves.flatMap(({ label, t, patchSize, perSample }) =>
    t.map((time, i) => {
      const samples = perSample?.[i] ?? [];
      const k = patchSize[i]!;
      const [low, high] = samples.length === 0 ? [k, k] : quartiles(samples);
      return { curve: label, t: time, k, low, high };
    })
  );
  const shares = curves.flatMap(({ label, t, perSample = [] }) =>
    perSample.flatMap((samples, i) => {
      const counts = new Map<number, number>();
      for (const k of samples) counts.set(k, (counts.get(k) ?? 0) + 1);
      return [...counts].map(([k, n]) => ({
        curve: label,
        t: t[i]!,
        k,
        share: n / samples.length,
      }));
    })
  );
  const intervals = spread !== "points"
    ? []
    : curves.flatMap(({ label, t, interval = [] }) =>
      interval.flatMap((each, i) =>
        each === null || each[0] === each[1]
          ? []
          : [{ curve: label, t: t[i]!, low: each[0], high: each[1] }]
      )
    );
  const drawn = [
    ...intervals.flatMap(({ low, high }) => [low, high]),
    ...steps.flatMap(({ k, low, high }) => spread === "band" ? [k, low, high] : [k]),
    ...(spread === "points" ? shares.map(({ k }) => k) : []),
  ];
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)];

  const { color, strokeDash, shape } = seriesEncodings("curve", labels);
  const [bottom, top] = [low - 1, high + 1];
  const ends = curves.map(({ label, patchSize }) => ({
    label,
    y: height * (top - patchSize.at(-1)!) / (top - bottom),
  }));
  const x = {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { title: "time t  (0 clean, 1 noise)", values: [0, 0.2, 0.4, 0.6, 0.8, 1], grid: false },
  };
  const y = {
    field: "k",
    type: "quantitative" as const,
    scale: { domain: [bottom, top], zero: false, nice: false },
    axis: {
      title: curves.some(({ window }) => window !== undefined)
        ? "width of the window  (pixels)"
        : "locality scale k  (pixels)",
      values: scaleTicks(low, high),
    },
  };
  const spreadLayers = {
    none: [],
    points: [{
      data: { values: shares },
      mark: { type: "circle" as const, opacity: 0.3 },
      encoding: {
        x,
        y,
        color,
        size: {
          field: "share",
          type: "quantitative" as const,
          scale: { domain: [0, 1], range: [0, 260] },
          // Of one trajectory every circle is the whole.
          legend: shares.every(({ share }) => share === 1) ? null : {
            title: "trajectories whose best scale it is",
            titleFontSize: 12,
            titleFontWeight: "normal" as const,
            titleColor: ink,
            titleLimit: 0,
            orient: "top" as const,
            titleOrient: "left" as const,
            direction: "horizontal" as const,
            values: [0.25, 0.5, 1],
            format: ".0%",
            symbolFillColor: palette[0]!,
            symbolStrokeWidth: 0,
            symbolOpacity: 0.3,
          },
        },
      },
    }],
    band: [{
      data: { values: steps },
      mark: { type: "area" as const, interpolate: "step" as const, opacity: 0.18 },
      encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
    }],
  };
  // Where curves coincide, the later and thinner one lies on top and both stay visible.
  const falling = (sizes: readonly number[]) =>
    curves.length === 1 ? { value: sizes[1]! } : {
      field: "curve",
      type: "nominal" as const,
      sort: null,
      scale: { domain: labels, range: labels.map((_, i) => sizes[Math.min(i, sizes.length - 1)]!) },
      legend: null,
    };
  return {
    width,
    height,
    resolve: { scale: { size: "independent" as const } },
    layer: [
      ...spreadLayers[spread],
      ...intervals.length === 0 ? [] : [{
        data: { values: intervals },
        mark: { type: "rule" as const, strokeWidth: 1.4 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      }],
      {
        data: { values: steps },
        mark: { type: "line" as const, interpolate: "step" as const },
        encoding: {
          x,
          y,
          color,
          strokeWidth: falling([3, 1.8, 1.4]),
          strokeDash,
        },
      },
      {
        data: { values: steps },
        mark: {
          type: "point" as const,
          filled: true,
          opacity: 1,
          ...(curves.length === 1 ? { stroke: "white", strokeWidth: 0.8 } : {}),
        },
        encoding: {
          x,
          y,
          color,
          size: falling([100, 50, 34]),
          shape,
        },
      },
      ...!named ? [] : directLabels(ends, { width, height, labels }),
    ],
  };
}
