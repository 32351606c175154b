import {
  effectiveField,
  fieldProfile,
  fieldShares,
  type ReceptiveField,
} from "../networks/analysis/field_profile.ts";
import { checkField, evenly } from "./check_field.ts";
import { directLabels } from "./direct_labels.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import type { ScaleCurve } from "./scale_panel.ts";
import { ramp, seriesScales, tones } from "./theme.ts";

/** Where the axis of profiles has its ticks. */
const powersOfTen = Array.from({ length: 8 }, (_, i) => 10 ** -i);

/** Odd numbers up to a limit, about ten of them. */
function oddTicks(limit: number): number[] {
  const stride = 2 * Math.max(1, Math.ceil(limit / 24));
  const ticks: number[] = [];
  for (let k = 1; k <= limit; k += stride) ticks.push(k);
  return ticks;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
const holds = (share: number) => `${percent(share)} of |gradient|`;

/**
 * Options of {@linkcode receptiveFieldPlotSvg}.
 *
 * @category Figures
 */
export interface ReceptiveFieldPlotOptions extends PlotOptions {
  /** Calibrated scales to compare with. */
  readonly scales?: readonly ScaleCurve[];
}

/**
 * How to read {@linkcode receptiveFieldPlotSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const receptiveFieldPlotExplained: string =
  "Left: mean absolute derivative of an output pixel by the noisy pixels at a distance from it (the " +
  "larger of the two axes'), relative to the pixel at the same place, one line for each time\u00a0t. " +
  "Right: width of the square around a pixel that holds a share of all its derivative, against time; " +
  "the gray dashed line is the width outside which the architecture lets nothing through.";

/**
 * Draws the radial profile at each time (left, relative to the middle) and against time the widths
 * that hold 50, 90 and 99 % of the absolute gradient, below the width that the architecture allows
 * (right).
 *
 * @example
 * ```ts
 * import { receptiveFieldPlotSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const times = [0.2, 0.8].map((t) => ({ t, sigma: t, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] }));
 * const field = { of: "x0", computed: 3, radius: 1, gradients: 8, times } as const;
 * assertStringIncludes(await receptiveFieldPlotSvg(field), "<svg");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no map, or one has a wrong size or values.
 * @category Figures
 */
export async function receptiveFieldPlotSvg(
  field: ReceptiveField,
  options: ReceptiveFieldPlotOptions = {},
): Promise<string> {
  const { title, note, width = 300, height = 260, scales = [] } = options;
  checkField(field);
  const { of, radius, computed, times } = field;
  const profiles = times.flatMap((each) => {
    const { ring } = fieldProfile(each, radius);
    return ring.map((value, r) => ({ t: each.t, r, value: value / ring[0]! }))
      .filter(({ value }) => Number.isFinite(value) && value > 1e-7);
  });
  const widths = [
    ...fieldShares.toReversed().flatMap((share) =>
      times.map((each) => ({
        curve: holds(share),
        t: each.t,
        k: effectiveField(each, { radius, share }),
      }))
    ).filter(({ k }) => k !== null),
    ...scales.flatMap(({ label, t, patchSize }) =>
      t.map((time, i) => ({ curve: label, t: time, k: patchSize[i]! }))
    ),
  ];
  const labels = [...fieldShares.toReversed().map(holds), ...scales.map(({ label }) => label)];
  const styles = seriesScales(labels);
  const series = { field: "curve", type: "nominal" as const, sort: null };
  const limit = Math.min(computed, 2 * radius + 1);
  const time = {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { title: "time t  (0 clean, 1 noise)", values: [0, 0.2, 0.4, 0.6, 0.8, 1], grid: false },
  };
  const highest = limit + 1.5;
  const ends = labels.flatMap((label) => {
    const last = widths.filter(({ curve }) => curve === label).at(-1);
    return last === undefined ? [] : [{ label, y: height * (1 - last.k! / highest) }];
  });
  const widthAxis = {
    field: "k",
    type: "quantitative" as const,
    scale: { domain: [0, highest], nice: false },
    axis: {
      title: "width k  (pixels)",
      values: oddTicks(limit),
      // Without a count Vega keeps every second value.
      tickCount: 99,
      format: "d",
    },
  };
  const allowed = computed <= 2 * radius + 1
    ? `architecture: ${computed}`
    : `architecture: ${Number.isFinite(computed) ? computed : "whole image"}, measured to ${limit}`;
  return await plotSvg(
    {
      ...title !== undefined && { title },
      spacing: 30,
      hconcat: [
        {
          width,
          height,
          data: { values: profiles },
          mark: { type: "line" as const, point: { size: 18 }, strokeWidth: 1.5 },
          encoding: {
            x: {
              field: "r",
              type: "quantitative" as const,
              scale: { domain: [0, radius], nice: false },
              axis: {
                title: "distance from the output pixel",
                tickMinStep: 1,
                format: "d",
                grid: false,
              },
            },
            y: {
              field: "value",
              type: "quantitative" as const,
              scale: { type: "log" as const },
              axis: {
                title: `mean |d ${of} / d x|, middle = 1`,
                format: ".3~g",
                values: powersOfTen,
              },
            },
            color: {
              field: "t",
              type: "quantitative" as const,
              scale: { domain: [0, 1], range: [...ramp] },
              legend: {
                title: "t",
                orient: "right" as const,
                values: evenly(times.map(({ t }) => t).toSorted((a, b) => a - b), 8),
                format: ".3~r",
              },
            },
            detail: { field: "t", type: "nominal" as const },
          },
        },
        {
          width,
          height,
          layer: [
            {
              data: { values: [{ k: limit, label: allowed }] },
              mark: { type: "rule" as const, strokeDash: [5, 4], color: tones.axis.light },
              encoding: { y: { field: "k", type: "quantitative" as const } },
            },
            {
              data: { values: [{ k: limit, label: allowed }] },
              mark: {
                type: "text" as const,
                align: "left" as const,
                dy: -7,
                x: 4,
                color: tones.soft.light,
                fontSize: 11,
              },
              encoding: {
                y: { field: "k", type: "quantitative" as const },
                text: { field: "label", type: "nominal" as const },
              },
            },
            {
              data: { values: widths },
              mark: { type: "line" as const, strokeWidth: 1.8 },
              encoding: {
                x: time,
                y: widthAxis,
                color: { ...series, scale: styles.color },
                strokeDash: { ...series, scale: styles.dash },
              },
            },
            {
              data: { values: widths },
              mark: { type: "point" as const, filled: true, opacity: 1, size: 40 },
              encoding: {
                x: time,
                y: widthAxis,
                color: { ...series, scale: styles.color },
                shape: { ...series, scale: styles.marker },
              },
            },
            ...directLabels(ends, { width, height }),
          ],
        },
      ],
      resolve: { scale: { color: "independent" as const } },
    },
    {
      description: `Receptive field against time: ${
        times.map((each) => `t ${each.t}: ${effectiveField(each, { radius, share: 0.9 })}`)
          .join(", ")
      } pixels hold 90 % of the gradient`,
      note,
    },
  );
}
