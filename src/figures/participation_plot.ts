import { ArgumentError } from "../core/errors.ts";
import { directLabels } from "./direct_labels.ts";
import { type PlotOptions, plotSvg } from "./plot_svg.ts";
import { seriesEncodings } from "./theme.ts";

/**
 * A number over pixels or samples: its middle and quartiles.
 *
 * @category Figures
 */
export interface Spread {
  /** Lower quartile. */
  readonly low: number;
  /** Median. */
  readonly median: number;
  /** Upper quartile. */
  readonly high: number;
}

/**
 * How many take part in a machine's predictions at one time.
 *
 * @category Figures
 */
export interface ParticipationPoint {
  /** Time in (0, 1]. */
  readonly t: number;
  /** Training patches in a pixel, exp of the entropy, over pixels. */
  readonly patches: Spread;
  /** Training images in a pixel, exp of the entropy, over pixels. */
  readonly images: Spread;
  /** Training images that hold 90 % of the weight of a whole picture, over samples. */
  readonly imagesOf90: Spread;
}

/**
 * How many take part in a machine's predictions, against time.
 *
 * @category Figures
 */
export interface ParticipationCurve {
  /** Name beside its lines. */
  readonly label: string;
  /** One for each step. */
  readonly points: readonly ParticipationPoint[];
}

/**
 * How to read {@linkcode participationSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const participationExplained: string =
  "Lines: medians; bands: from the lower to the upper quartile, over the pixels of all samples (left and " +
  "middle) or over samples (right). The effective number is exp of the entropy of the weights: so many patches, " +
  "or images, of equal weight would have it. Right: how many training images, the heaviest first, hold 90 % of the weight " +
  "of a whole picture. Each machine follows its own reverse process from the same noise; 1 is a memory of one " +
  "training image. Logarithmic axes.";

const panels = [
  ["patches", "effective patches in a pixel"],
  ["images", "effective images in a pixel"],
  ["imagesOf90", "images with 90 % of the weight"],
] as const;

/**
 * Draws how many training patches and images take part in machines' predictions, against time from noise to
 * image.
 *
 * @example
 * ```ts
 * import { participationSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const spread = { low: 2, median: 3, high: 9 };
 * const points = [1, 0.5].map((t) => ({ t, patches: spread, images: spread, imagesOf90: spread }));
 * assertStringIncludes(await participationSvg([{ label: "bbELS", points }]), "bbELS");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no curve or point, or a number is not above 0 or not finite.
 * @category Figures
 */
export function participationSvg(
  curves: readonly ParticipationCurve[],
  options: PlotOptions = {},
): Promise<string> {
  const { title, note, width = 230, height = 230 } = options;
  if (curves.length === 0 || curves.some(({ points }) => points.length === 0)) {
    throw new ArgumentError(
      "Cannot draw how many take part: there is no machine, or no step of one",
    );
  }
  const rows = curves.flatMap(({ label, points }) =>
    points.flatMap(({ t, ...numbers }) =>
      panels.map(([panel]) => ({ label, t, panel, ...numbers[panel] }))
    )
  );
  const bad = rows.find((row) =>
    ![row.t, row.low, row.median, row.high].every((n) => n > 0 && n < Infinity)
  );
  if (bad !== undefined) {
    throw new ArgumentError(
      `Cannot draw how many ${bad.panel} take part in ${bad.label} at t = ${bad.t}: found ${bad.low}, ` +
        `${bad.median}, ${bad.high}, expected numbers above 0`,
    );
  }
  const labels = curves.map(({ label }) => label);
  return plotSvg({
    ...(title === undefined ? {} : { title }),
    spacing: 26,
    resolve: { scale: { color: "independent", strokeDash: "independent", shape: "independent" } },
    hconcat: panels.map(([panel, text], i) =>
      curvePanel(rows.filter((row) => row.panel === panel), {
        ...{ labels, width, height, text },
        named: i === panels.length - 1,
      })
    ),
  }, {
    description: `How many training patches and images take part, against time, for ${
      labels.join(", ")
    }`,
    note,
  });
}

/** Curves on a logarithmic axis, from noise at the left to the image at the right. */
export function curvePanel(
  rows: readonly (Spread & { readonly label: string; readonly t: number })[],
  { labels, width, height, text, named }: {
    readonly labels: readonly string[];
    readonly width: number;
    readonly height: number;
    readonly text: string;
    /** Whether the machines' names stand beside the ends of their lines. */
    readonly named: boolean;
  },
) {
  const top = Math.max(...rows.map(({ high }) => high), 10);
  const decades = Math.ceil(Math.log10(top) - 1e-9);
  // One is the least; what is below it, of somebody's own numbers, lies in the plot as well.
  const domain = [
    0.8 * Math.min(1, ...rows.map(({ low }) => low).filter((low) => low > 0)),
    1.3 * top,
  ];
  const x = {
    field: "t",
    type: "quantitative" as const,
    scale: { domain: [1, 0], nice: false },
    axis: { title: "time t  (1 noise, 0 image)", tickCount: 5, grid: false },
  };
  const y = {
    field: "median",
    type: "quantitative" as const,
    scale: { type: "log" as const, domain, nice: false },
    axis: {
      title: text,
      values: Array.from({ length: decades + 1 }, (_, power) => 10 ** power),
      format: top >= 1e4 ? "~s" : ",d",
    },
  };
  const { color, strokeDash, shape } = seriesEncodings("label", labels);
  const ends = labels.map((label) => {
    const own = rows.filter((row) => row.label === label);
    const last = own.reduce((least, row) => row.t < least.t ? row : least);
    return {
      label,
      y: height * Math.log(domain[1]! / Math.max(domain[0]!, last.median)) /
        Math.log(domain[1]! / domain[0]!),
    };
  });
  return {
    width,
    height,
    layer: [
      {
        data: { values: [...rows] },
        mark: { type: "area" as const, opacity: 0.13 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        data: { values: [...rows] },
        mark: { type: "line" as const, strokeWidth: 1.8 },
        encoding: { x, y, color, strokeDash },
      },
      {
        data: { values: [...rows] },
        mark: { type: "point" as const, filled: true, opacity: 1, size: 34 },
        encoding: { x, y, color, shape },
      },
      ...named ? directLabels(ends, { width, height }) : [],
    ],
  };
}
