import { ArgumentError } from "../core/errors.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { type ScaleCurve, scalePanel } from "./scale_panel.ts";

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
    ...schedule.steps.some(({ interval }) => interval !== undefined) && {
      interval: schedule.steps.map(({ interval = null }) => interval),
    },
    ...schedule.window !== undefined && { window: schedule.window },
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
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    ...scalePanel(curves, { width, height, spread }),
  }, { description: `Locality scale in pixels against time for ${labels.join(", ")}`, note });
}

/**
 * Draws several groups of scales side by side, two in a row: such as networks of one data set in each. A
 * label has the same look in all of them.
 *
 * @param panels Title and curves of each.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no panel or no curve in one, lengths differ, or a number is not finite.
 *
 * @example
 * ```ts
 * import { scalePanelsSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const resnet = { label: "ResNet", t: [0.5, 1], patchSize: [3, 11] };
 * const svg = await scalePanelsSvg([
 *   { title: "digits", curves: [resnet] },
 *   { title: "faces", curves: [{ ...resnet, patchSize: [3, 17] }] },
 * ]);
 * assertStringIncludes(svg, "faces");
 * ```
 * @category Figures
 */
export function scalePanelsSvg(
  panels: readonly { readonly title: string; readonly curves: readonly ScaleCurve[] }[],
  options: ScaleCurveOptions = {},
): Promise<string> {
  if (panels.length === 0 || panels.some(({ curves }) => curves.length === 0)) {
    throw new ArgumentError("Cannot draw scale curves: a panel without any, or no panel at all");
  }
  panels.forEach(({ curves }) => curves.forEach(checkCurve));
  const { title, note, width = 250, height = 200, spread = "none" } = options;
  const labels = [...new Set(panels.flatMap(({ curves }) => curves.map(({ label }) => label)))];
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    columns: 2,
    spacing: 24,
    concat: panels.map(({ title, curves }) => ({
      title,
      ...scalePanel(curves, { width, height, spread, labels, named: true }),
    })),
  }, {
    description: panels.map(({ title, curves }) =>
      `${title}: locality scale in pixels against time for ${
        curves.map(({ label }) => label).join(", ")
      }`
    ).join("; "),
    note,
  });
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
  const windows = [...new Set(curves.flatMap(({ window }) => window ?? []))];
  const uncertain = spread === "points" &&
    curves.some(({ interval = [] }) => interval.some((each) => each && each[0] < each[1]));
  return "Line and markers give, for each time t of the reverse process, " +
    (windows.length === 0
      ? "the locality scale k: the side in pixels of the patch that a machine compares."
      : `how wide the window is by which a machine compares (${
        windows.join(", ")
      }): from half height to half height, in pixels.`) +
    " The process begins as noise at t\u00a0=\u00a01, on the right." +
    (several ? spreads[spread] : "") +
    (uncertain
      ? " A bar spans what 95\u00a0% of bootstrap resamples of the trajectories choose; without one " +
        "they choose the same."
      : "");
}
