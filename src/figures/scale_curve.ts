import { ArgumentError } from "../core/errors.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";
import { directLabels } from "./direct_labels.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { ink, palette, seriesScales } from "./theme.ts";

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
}

/**
 * Options of {@linkcode scaleCurveSvg}.
 *
 * @category Figures
 */
export interface ScaleCurveOptions extends PlotOptions {
  /**
   * How the spread over samples is drawn: `points` sized by the share of samples, `band` between
   * the quartiles; default: points for a single curve, bands for several.
   */
  readonly spread?: "points" | "band" | "none";
}

/**
 * The curve of a calibrated schedule.
 *
 * @example
 * ```ts
 * import { scaleCurveOf, scaleCurveSvg } from "@els/toolkit/figures";
 * import { cosineLegacy, createProvenance, importScales } from "@els/toolkit/machines";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const scales = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule: cosineLegacy(),
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * const curve = scaleCurveOf(scales, "published");
 * assertEquals(curve.patchSize, [3, 5]);
 * assertStringIncludes(await scaleCurveSvg([curve]), "<svg");
 * ```
 *
 * @category Figures
 */
export function scaleCurveOf(schedule: ScaleSchedule, label: string): ScaleCurve {
  return {
    label,
    t: schedule.steps.map(({ t }) => t),
    patchSize: schedule.steps.map(({ patchSize }) => patchSize),
    perSample: schedule.steps.map(({ perSample }) => perSample),
  };
}

function checkCurve({ label, t, patchSize, perSample = patchSize.map(() => []) }: ScaleCurve) {
  if (t.length === 0 || t.length !== patchSize.length || t.length !== perSample.length) {
    throw new ArgumentError(
      `Cannot draw scale curve ${label}: ${t.length} times, ${patchSize.length} scales and ` +
        `${perSample.length} lists of samples, expected equal numbers above zero`,
    );
  }
  for (const value of [...t, ...patchSize, ...perSample.flat()]) {
    if (!Number.isFinite(value)) {
      throw new ArgumentError(`Cannot draw scale curve ${label}: found ${value}, expected numbers`);
    }
  }
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

/**
 * Draws locality scales against time: the line and markers are the schedule's scale, points or a
 * band the spread over samples.
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no curve, lengths differ, or a number is not finite.
 *
 * @example
 * ```ts
 * import { scaleCurveSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const svg = await scaleCurveSvg([
 *   { label: "ours", t: [0.25, 0.5, 0.75, 1], patchSize: [3, 7, 11, 15] },
 *   { label: "published", t: [0.25, 0.5, 0.75, 1], patchSize: [5, 9, 13, 15] },
 * ]);
 * assertStringIncludes(svg, "published");
 * ```
 * @category Figures
 */
export function scaleCurveSvg(
  curves: readonly ScaleCurve[],
  options: ScaleCurveOptions = {},
): Promise<string> {
  if (curves.length === 0) throw new ArgumentError("Cannot draw scale curves: none were given");
  curves.forEach(checkCurve);
  const { title, note, width = 400, height = 260 } = options;
  const { spread = curves.length === 1 ? "points" : "band" } = options;
  const labels = curves.map(({ label }) => label);

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
  const drawn = [
    ...steps.flatMap(({ k, low, high }) => spread === "band" ? [k, low, high] : [k]),
    ...(spread === "points" ? shares.map(({ k }) => k) : []),
  ];
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)];

  const styles = seriesScales(labels);
  const color = {
    field: "curve",
    type: "nominal" as const,
    scale: styles.color,
    sort: null,
    legend: null,
  };
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
    axis: { title: "locality scale k  (pixels)", values: scaleTicks(low, high) },
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
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    width,
    height,
    resolve: { scale: { size: "independent" } },
    layer: [
      ...spreadLayers[spread],
      {
        data: { values: steps },
        mark: { type: "line" as const, interpolate: "step" as const },
        encoding: {
          x,
          y,
          color,
          strokeWidth: falling([3, 1.8, 1.4]),
          strokeDash: {
            field: "curve",
            type: "nominal" as const,
            sort: null,
            scale: styles.dash,
            legend: null,
          },
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
          shape: {
            field: "curve",
            type: "nominal" as const,
            sort: null,
            scale: styles.marker,
            legend: null,
          },
        },
      },
      ...curves.length === 1 ? [] : directLabels(ends, { width, height }),
    ],
  }, { description: `Locality scale in pixels against time for ${labels.join(", ")}`, note });
}

/**
 * How to read {@linkcode scaleCurveSvg} of these curves, in words for under the figure.
 *
 * @example
 * ```ts
 * import { scaleCurveExplained } from "@els/toolkit/figures";
 *
 * console.log(scaleCurveExplained([{ label: "bbELS", t: [0.5, 1], patchSize: [3, 5] }]));
 * ```
 *
 * @category Figures
 */
export function scaleCurveExplained(
  curves: readonly ScaleCurve[],
  options: Pick<ScaleCurveOptions, "spread"> = {},
): string {
  const { spread = curves.length === 1 ? "points" : "band" } = options;
  const several = curves.some(({ perSample = [] }) => perSample.some(({ length }) => length > 1));
  const spreads = {
    none: "",
    points: " Faint circles are the best scales of the single trajectories, larger the more agree.",
    band: " A band spans the quartiles of the best scales of the single trajectories.",
  };
  return "Line and markers give, for each time t of the reverse process, the locality scale k: the side " +
    "in pixels of the patch that a machine compares. The process begins as noise at t\u00a0=\u00a01, on " +
    "the right." +
    (several ? spreads[spread] : "");
}
