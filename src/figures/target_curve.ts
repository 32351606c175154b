import { ArgumentError } from "../core/errors.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { biasPanel, fallPanel, variancePanel } from "./target_panels.ts";
import type { TargetPoint } from "./target_point.ts";

/**
 * Options of {@linkcode targetCurveSvg}.
 *
 * @category Figures
 */
export interface TargetCurveOptions extends PlotOptions {
  /** Smallest variance drawn, positive; 1e-7 by default. */
  readonly minVariance?: number;
}

/**
 * How to read {@linkcode targetCurveSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const targetCurveExplained: string =
  "Left: variance of the training target given the noisy image, against time, for reference batches " +
  "of n images; a curve ends where it is not known to better than half. Middle: how many times " +
  "smaller it is than with n\u00a0=\u00a01; the thin lines are n\u00a0−\u00a01, the fall that theory " +
  "allows at high noise. Right: squared bias of the target, mean over times, for batches that hold " +
  "the image which x was made of and for batches that need not.";

/**
 * Draws what a reference batch of n images does to training targets, in three panels: their variance
 * against time, by what factor it is below that of n = 1 beside n - 1, and squared bias in units
 * of x0, mean over times, against n. Variances known to less than half of themselves are left out.
 *
 * @example
 * ```ts
 * import { targetCurveSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const points = [1, 4].flatMap((references) =>
 *   [0.2, 0.8].map((t) => ({
 *     t,
 *     level: t,
 *     references,
 *     variance: 0.5 / references,
 *     varianceError: 0.01,
 *     biasSquared: 0.01 * references,
 *     biasSquaredWithoutSource: 0.02 * references,
 *   }))
 * );
 * assertStringIncludes(await targetCurveSvg(points), "<svg");
 * ```
 *
 * @param points For every n the same times; n = 1 among them.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there are no points, n = 1 is missing, or a number is not finite.
 * @category Figures
 */
export function targetCurveSvg(
  points: readonly TargetPoint[],
  options: TargetCurveOptions = {},
): Promise<string> {
  const { title, note, width = 250, height = 240, minVariance = 1e-7 } = options;
  check(points);
  const sizes = [...new Set(points.map(({ references }) => references))].sort((a, b) => a - b);
  const known = points.filter(({ variance, varianceError }) =>
    variance >= minVariance && varianceError <= variance / 2
  );
  const single = new Map(
    points.filter(({ references }) => references === 1).map(({ t, variance }) => [t, variance]),
  );
  const panel = { sizes, single, width, height };
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    spacing: 30,
    resolve: { scale: { color: "independent", strokeDash: "independent", shape: "independent" } },
    hconcat: [variancePanel(known, panel), fallPanel(known, panel), biasPanel(points, panel)],
  }, {
    description: "Variance of training targets against time, its fall with the reference batch, " +
      `and bias for n = ${sizes.join(", ")}`,
    note,
  });
}

function check(points: readonly TargetPoint[]): void {
  for (const point of points) {
    for (const [name, value] of Object.entries(point)) {
      if (!Number.isFinite(value)) {
        throw new ArgumentError(
          `Cannot draw targets at t = ${point.t}, n = ${point.references}: ${name} is ${value}`,
        );
      }
    }
  }
  const single = new Set(
    points.filter(({ references }) => references === 1).map(({ t }) => t),
  );
  if (points.length === 0 || points.some(({ t }) => !single.has(t))) {
    throw new ArgumentError("Cannot draw targets: n = 1 is missing at some time, or altogether");
  }
}
