// @ts-types="culori-types"
import { formatHex, interpolate } from "culori";
import { ArgumentError } from "../core/errors.ts";
import { evenly } from "./check_field.ts";
import { timeText } from "./mosaic_steps.ts";
import { curvePanel, type Spread } from "./participation_plot.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { ramp } from "./theme.ts";

/**
 * Sizes of the pieces that a machine copied at one step.
 *
 * @category Figures
 */
export interface RegionPoint {
  /** Time in (0, 1]. */
  readonly t: number;
  /** Patch size k. */
  readonly patchSize: number;
  /** Sizes in ascending order, each with the weight of its pixels' heaviest candidates. */
  readonly sizes: readonly {
    readonly size: number;
    readonly weight: number;
    readonly regions?: number;
  }[];
  /** Size of the region that a pixel lies in, over pixels by that weight. */
  readonly spread: Spread;
}

/**
 * Sizes of the pieces that a machine copied, against time.
 *
 * @category Figures
 */
export interface RegionCurve {
  /** Name beside its line. */
  readonly label: string;
  /** One for each step. */
  readonly points: readonly RegionPoint[];
}

/**
 * How to read {@linkcode regionPlotSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const regionPlotExplained: string =
  "A region is a set of connected pixels whose heaviest candidates lie in one training image at one shift: a " +
  "piece copied as a whole. Every pixel counts by the weight of its heaviest candidate. Left: the share of " +
  "pixels that lie in regions of at least so many pixels, by step. Right: the median size and its quartiles, " +
  "by machine; all pixels in one region is a memory of a whole training image. Logarithmic axes of sizes.";

/** Steps that have a line of their own. */
const maxSteps = 6;

/**
 * Draws how large the pieces are that machines copy: the distribution at steps of the first machine, and the
 * medians of all against time.
 *
 * @example
 * ```ts
 * import { regionPlotSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const points = [1, 0.5].map((t) => ({
 *   t,
 *   patchSize: 5,
 *   sizes: [{ size: 1, weight: 3 }, { size: 20, weight: 20 }],
 *   spread: { low: 1, median: 20, high: 20 },
 * }));
 * assertStringIncludes(await regionPlotSvg([{ label: "bbELS", points }]), "bbELS");
 * ```
 *
 * @param curves The first machine's steps have their distributions drawn.
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no machine, or one without steps or regions.
 * @category Figures
 */
export function regionPlotSvg(
  curves: readonly RegionCurve[],
  options: PlotOptions = {},
): Promise<string> {
  const { title, note, width = 290, height = 240 } = options;
  const first = curves[0];
  const isEmpty = ({ points }: RegionCurve) =>
    points.length === 0 || points.some(({ sizes }) => !sizes.some(({ weight }) => weight > 0));
  if (first === undefined || curves.some(isEmpty)) {
    throw new ArgumentError("Cannot draw sizes of regions: there is no machine, step or region");
  }
  const steps = evenly(first.points, maxSteps);
  const along = interpolate([...ramp], "rgb");
  const colors = steps.map((_, i) =>
    formatHex(along(steps.length === 1 ? 1 : i / (steps.length - 1)))
  );
  const name = ({ t, patchSize }: RegionPoint) => `t = ${timeText(t)}, k = ${patchSize}`;
  const names = steps.map(name);
  const rows = steps.flatMap((step) => shares(step).map((row) => ({ ...row, step: name(step) })));
  const largest = Math.max(...rows.map(({ size }) => size), 10);
  const labels = curves.map(({ label }) => label);
  const color = {
    field: "step",
    type: "nominal" as const,
    sort: null,
    scale: { domain: names, range: colors },
    legend: {
      orient: "none" as const,
      legendX: width - 108,
      legendY: 0,
      title: null,
      symbolType: "stroke" as const,
    },
  };
  const distribution = {
    width,
    height,
    layer: [{
      data: { values: rows },
      mark: { type: "line" as const, interpolate: "step-before" as const, strokeWidth: 1.8 },
      encoding: {
        x: {
          field: "size",
          type: "quantitative" as const,
          scale: { type: "log" as const, domain: [1, largest], nice: false },
          axis: {
            title: "size of the region (pixels)",
            values: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
            format: ",d",
            grid: false,
          },
        },
        y: {
          field: "share",
          type: "quantitative" as const,
          scale: { domain: [0, 1] },
          axis: {
            title: `${first.label}: share of pixels in regions as large`,
            format: ".0%",
            tickCount: 5,
          },
        },
        color,
      },
    }],
  };
  const medians = curvePanel(
    curves.flatMap(({ label, points }) => points.map(({ t, spread }) => ({ label, t, ...spread }))),
    { labels, width, height, text: "median size of the region (pixels)", named: true },
  );
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    spacing: 34,
    resolve: { scale: { color: "independent", strokeDash: "independent", shape: "independent" } },
    hconcat: [distribution, medians],
  }, {
    description:
      `Sizes of copied regions: distribution at ${steps.length} steps of ${first.label}, medians ` +
      `against time for ${labels.join(", ")}`,
    note,
  });
}

/** What share of the weight lies in regions of at least each size. */
function shares({ sizes }: RegionPoint): { size: number; share: number }[] {
  const total = sizes.reduce((sum, { weight }) => sum + weight, 0);
  let rest = total;
  return sizes.map(({ size, weight }) => {
    const share = Math.max(0, rest / total);
    rest -= weight;
    return { size, share };
  });
}
