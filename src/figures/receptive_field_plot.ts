import { type ImageBatch, imageBatch } from "../core/image_batch.ts";
import {
  effectiveField,
  type FieldAtTime,
  fieldProfile,
  fieldShares,
  type ReceptiveField,
} from "../networks/analysis/field_profile.ts";
import { imageGridSvg } from "./image_grid.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import type { ScaleCurve } from "./scale_curve.ts";
import { palette } from "./theme.ts";

/** Maps shown side by side, at most. */
const mostMaps = 10;
/** Decades below its largest value that a map's colors tell apart. */
const decades = 4;

/** From nothing to the largest value: white to almost black, through the first color of plots. */
const colors = [[255, 255, 255], [143, 195, 224], [0, 114, 178], [6, 30, 48]] as const;

function colorOf(level: number): number[] {
  const place = Math.min(Math.max(level, 0), 1) * (colors.length - 1);
  const i = Math.min(Math.floor(place), colors.length - 2);
  return colors[i]!.map((from, c) => from + (place - i) * (colors[i + 1]![c]! - from));
}

function colored({ map }: FieldAtTime, side: number): ImageBatch {
  const largest = Math.max(...map);
  const data = new Float32Array(3 * side * side);
  map.forEach((value, i) => {
    const level = value > 0 ? 1 + Math.log10(value / largest) / decades : 0;
    colorOf(level).forEach((c, j) => data[3 * i + j] = c / 127.5 - 1);
  });
  return imageBatch(data, [1, side, side, 3]);
}

function check({ times, radius }: ReceptiveField): void {
  const size = (2 * radius + 1) ** 2;
  const wrong = times.find(({ map }) =>
    map.length !== size || !map.every((value) => Number.isFinite(value) && value >= 0)
  );
  if (times.length === 0 || wrong !== undefined) {
    throw new RangeError(
      `Cannot draw the receptive field: ${
        times.length === 0 ? "there are no times" : `the map at t = ${wrong!.t} is damaged`
      }, expected maps of ${size} numbers from zero`,
    );
  }
}

/** At most so many of a list, evenly spread, with both ends. */
function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from(
    { length: most },
    (_, i) => items[Math.round(i * (items.length - 1) / (most - 1))]!,
  );
}

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
 * Draws the maps of a receptive field side by side, from low to high noise. Colors are logarithmic
 * over four decades below each map's own largest value; white is less, or zero.
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no map, or one has a wrong size or values.
 */
export function receptiveFieldMapsSvg(
  field: ReceptiveField,
  options: { readonly title?: string } = {},
): string {
  const { title } = options;
  check(field);
  const { of, radius } = field;
  const side = 2 * radius + 1;
  const shown = spread(field.times, mostMaps);
  const images = shown.map((each) => colored(each, side).data);
  const data = new Float32Array(images.length * images[0]!.length);
  images.forEach((image, i) => data.set(image, i * image.length));
  return imageGridSvg({
    ...title !== undefined && shown.length >= 4 && { title },
    columns: shown.map(({ t }) => `t = ${Number(t.toFixed(3))}`),
    rows: [{
      label: `|d ${of} / d x|`,
      images: imageBatch(data, [shown.length, side, side, 3]),
    }],
    captions: fieldShares.map((share) => ({
      label: `k of ${percent(share)}`,
      values: shown.map((each) => `${effectiveField(each, { radius, share }) ?? "–"}`),
    })),
    note: `black: a map's largest value; white: below 1/${
      (10 ** decades).toLocaleString("en")
    } of it; logarithmic`,
  }, { zoom: Math.max(2, Math.round(84 / side)), gutter: 6 });
}

/** Options of {@linkcode receptiveFieldPlotSvg}. */
export interface ReceptiveFieldPlotOptions extends PlotOptions {
  /** Calibrated scales to compare with. */
  readonly scales?: readonly ScaleCurve[];
}

/**
 * Draws the radial profile at each time (left, relative to the middle) and against time the widths
 * that hold 50, 90 and 99 % of the absolute gradient, below the width that the architecture allows
 * (right).
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no map, or one has a wrong size or values.
 */
export async function receptiveFieldPlotSvg(
  field: ReceptiveField,
  options: ReceptiveFieldPlotOptions = {},
): Promise<string> {
  const { title, width = 300, height = 260, scales = [] } = options;
  check(field);
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
  const curves = [...fieldShares.toReversed().map(holds), ...scales.map(({ label }) => label)];
  const limit = Math.min(computed, 2 * radius + 1);
  const time = {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { title: "time t  (0 clean, 1 noise)", values: [0, 0.2, 0.4, 0.6, 0.8, 1], grid: false },
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
              scale: { domain: [0, 1], range: ["#8fc3e0", "#0072b2", "#061e30"] },
              legend: {
                title: "t",
                orient: "right" as const,
                values: spread(times.map(({ t }) => t).toSorted((a, b) => a - b), 8),
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
              mark: { type: "rule" as const, strokeDash: [5, 4], color: "#888888" },
              encoding: { y: { field: "k", type: "quantitative" as const } },
            },
            {
              data: { values: [{ k: limit, label: allowed }] },
              mark: {
                type: "text" as const,
                align: "left" as const,
                dy: -7,
                x: 4,
                color: "#666666",
                fontSize: 11,
              },
              encoding: {
                y: { field: "k", type: "quantitative" as const },
                text: { field: "label", type: "nominal" as const },
              },
            },
            {
              data: { values: widths },
              mark: { type: "line" as const, point: { size: 30 }, strokeWidth: 1.8 },
              encoding: {
                x: time,
                y: {
                  field: "k",
                  type: "quantitative" as const,
                  scale: { domain: [0, limit + 1.5], nice: false },
                  axis: {
                    title: "width k  (pixels)",
                    values: oddTicks(limit),
                    // Without a count Vega keeps every second value.
                    tickCount: 99,
                    format: "d",
                  },
                },
                color: {
                  field: "curve",
                  type: "nominal" as const,
                  sort: null,
                  scale: {
                    domain: curves,
                    range: curves.map((_, i) => palette[i % palette.length]!),
                  },
                  legend: { orient: "right" as const },
                },
              },
            },
          ],
        },
      ],
      resolve: { scale: { color: "independent" as const } },
    },
    `Receptive field against time: ${
      times.map((each) => `t ${each.t}: ${effectiveField(each, { radius, share: 0.9 })}`).join(", ")
    } pixels hold 90 % of the gradient`,
  );
}
