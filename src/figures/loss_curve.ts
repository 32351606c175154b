import { ArgumentError } from "../core/errors.ts";
import { mean, quantile } from "../core/statistics.ts";
import { directLabels } from "./direct_labels.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { seriesEncodings } from "./theme.ts";

/**
 * Losses of one training run.
 *
 * @category Figures
 */
export interface LossCurve {
  /** Name beside its line. */
  readonly label: string;
  /** Step of each loss, ascending. */
  readonly step: readonly number[];
  /** Loss at each step. */
  readonly loss: readonly number[];
}

/**
 * Options of {@linkcode lossCurveSvg}.
 *
 * @category Figures
 */
export interface LossCurveOptions extends PlotOptions {
  /** Title of the value axis; default "loss". */
  readonly valueTitle?: string;
  /** Longer curves are drawn as the means of this many equal stretches of steps; default 120. */
  readonly points?: number;
}

/** Means, and the tenth and ninetieth percentile, over equal stretches of steps. */
function binned({ label, step, loss }: LossCurve, bins: number) {
  const [first, last] = [step[0]!, step.at(-1)!];
  const groups = Array.from(
    { length: bins },
    () => ({ steps: [] as number[], losses: [] as number[] }),
  );
  step.forEach((s, i) => {
    const place = last === first ? 0 : (s - first) / (last - first);
    const group = groups[Math.min(bins - 1, Math.floor(place * bins))]!;
    group.steps.push(s);
    group.losses.push(loss[i]!);
  });
  return groups.filter(({ steps }) => steps.length > 0).map(({ steps, losses }) => ({
    curve: label,
    step: mean(steps),
    loss: mean(losses),
    low: quantile(losses, 0.1),
    high: quantile(losses, 0.9),
  }));
}

/** Numbers 1, 2, 5 times a power of ten from low to high; only the powers if those are many. */
function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  const factors = high / low > 1000 ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** Points of a curve that carry markers: about six, at other places than its neighbor's. */
function thinned<T>(points: readonly T[], curve: number): T[] {
  const stride = Math.ceil(points.length / 6);
  return points.filter((_, i) => i % stride === Math.floor((0.2 + 0.37 * curve) % 1 * stride));
}

/**
 * How to read {@linkcode lossCurveSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const lossCurveExplained: string =
  "Each line is the mean over a stretch of training steps; the faint band reaches from the tenth to " +
  "the ninetieth percentile of the single steps in it. Logarithmic axis.";

/**
 * Draws training losses against steps, on a logarithmic axis: the line is the mean over stretches
 * of steps, the band reaches from the tenth to the ninetieth percentile. Several curves have dashes,
 * markers and their names beside their ends.
 *
 * @example
 * ```ts
 * import { lossCurveSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const curve = { label: "resnet", step: [1, 2, 3], loss: [0.9, 0.4, 0.3] };
 * assertStringIncludes(await lossCurveSvg([curve]), "resnet");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no curve, lengths differ, or a loss is not a positive number.
 * @category Figures
 */
export function lossCurveSvg(
  curves: readonly LossCurve[],
  options: LossCurveOptions = {},
): Promise<string> {
  if (curves.length === 0) throw new ArgumentError("Cannot draw losses: no curve was given");
  for (const { label, step, loss } of curves) {
    if (step.length === 0 || step.length !== loss.length) {
      throw new ArgumentError(
        `Cannot draw the losses of ${label}: ${step.length} steps and ${loss.length} losses, ` +
          "expected equal numbers above zero",
      );
    }
    const bad = loss.findIndex((value) => !(value > 0 && Number.isFinite(value)));
    if (bad >= 0) {
      throw new ArgumentError(
        `Cannot draw the losses of ${label}: the loss at step ${step[bad]} is ${loss[bad]}, ` +
          "expected a positive number",
      );
    }
  }
  const { title, width = 400, height = 240, valueTitle = "loss", points = 120, note } = options;
  const labels = curves.map(({ label }) => label);
  const drawn = curves.map((curve) => binned(curve, points));
  const [low, high] = [
    0.9 * Math.min(...drawn.flat().map((value) => value.low)),
    1.1 * Math.max(...drawn.flat().map((value) => value.high)),
  ];
  const { color, strokeDash, shape } = seriesEncodings("curve", labels);
  const x = {
    field: "step",
    type: "quantitative" as const,
    scale: { nice: false },
    axis: { title: "training step", grid: false, tickCount: 5, format: ",d" },
  };
  const y = {
    field: "loss",
    type: "quantitative" as const,
    scale: { type: "log" as const, domain: [low, high], nice: false },
    axis: { title: valueTitle, values: logTicks(low, high), format: ".3~g" },
  };
  const heightOf = (value: number) => height * Math.log(high / value) / Math.log(high / low);
  const ends = drawn.map((points, i) => ({
    label: labels[i]!,
    y: heightOf(points.at(-1)!.loss),
  }));
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    width,
    height,
    data: { values: drawn.flat() },
    layer: [
      {
        mark: { type: "area" as const, opacity: 0.15 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "line" as const, strokeWidth: 1.8 },
        encoding: { x, y, color, strokeDash },
      },
      ...curves.length === 1 ? [] : [
        {
          data: { values: drawn.flatMap(thinned) },
          mark: { type: "point" as const, filled: true, opacity: 1, size: 40 },
          encoding: { x, y, color, shape },
        },
        ...directLabels(ends, { width, height }),
      ],
    ],
  }, { description: `${valueTitle} against training step for ${labels.join(", ")}`, note });
}
