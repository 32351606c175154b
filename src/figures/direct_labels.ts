import { ink, seriesEncodings, tones } from "./theme.ts";

/**
 * Heights for labels beside the ends of lines: as near to the ends as can be (least squares, by pooling
 * adjacent violators, Barlow et al. 1972), none nearer to another than a gap.
 *
 * @param ends Heights of the ends in pixels, in any order.
 * @returns One height for each end, in the same order.
 */
export function spreadLabels(
  ends: readonly number[],
  { gap, low, high }: { readonly gap: number; readonly low: number; readonly high: number },
): number[] {
  const order = ends.map((_, i) => i).sort((a, b) => ends[a]! - ends[b]!);
  // Without the gaps, heights need only not to fall.
  const blocks: { sum: number; count: number }[] = [];
  order.forEach((index, place) => {
    let block = { sum: ends[index]! - place * gap, count: 1 };
    for (
      let above = blocks.at(-1);
      above !== undefined && above.sum / above.count > block.sum / block.count;
      above = blocks.at(-1)
    ) {
      block = { sum: above.sum + block.sum, count: above.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  const last = Math.max(low, high - (ends.length - 1) * gap);
  const level = blocks.flatMap(({ sum, count }) =>
    new Array<number>(count).fill(Math.min(Math.max(sum / count, low), last))
  );
  const heights = new Array<number>(ends.length);
  order.forEach((index, place) => heights[index] = level[place]! + place * gap);
  return heights;
}

/** The end of a line, to be labeled beside the plot. */
export interface LabeledEnd {
  /** Name of the series. */
  readonly label: string;
  /** Height of the line's end in pixels from the top. */
  readonly y: number;
}

const gap = 16;

/**
 * Layers of a plot that write each series' name beside the end of its line, with a piece of the line and
 * its marker as the key: nobody has to match colors with a legend.
 *
 * @param ends Every series once, in the order of their styles.
 * @param options.width Width of the plotting area in pixels; labels begin right of it.
 * @param options.height Its height.
 * @param options.labels All series of the figure, in the order of their styles; those of the ends by default.
 */
export function directLabels(
  ends: readonly LabeledEnd[],
  { width, height, labels = ends.map(({ label }) => label) }: {
    readonly width: number;
    readonly height: number;
    readonly labels?: readonly string[];
  },
) {
  const { color, strokeDash, shape } = seriesEncodings("label", labels);
  const heights = spreadLabels(ends.map(({ y }) => y), { gap, low: 6, high: height - 6 });
  const values = ends.map(({ label, y }, i) => ({
    label,
    end: y,
    y: heights[i]!,
    right: width + 3,
    from: width + 15,
    middle: width + 30,
    to: width + 45,
    text: width + 52,
  }));
  const pixels = (field: string) => ({ field, type: "quantitative" as const, scale: null });
  return [
    {
      data: { values },
      mark: { type: "rule" as const, stroke: tones.axis.light, strokeWidth: 0.75 },
      encoding: {
        x: pixels("right"),
        x2: { field: "from" },
        y: pixels("end"),
        y2: { field: "y" },
      },
    },
    {
      data: { values },
      mark: { type: "rule" as const, strokeWidth: 1.8 },
      encoding: {
        x: pixels("from"),
        x2: { field: "to" },
        y: pixels("y"),
        color,
        strokeDash,
      },
    },
    {
      data: { values },
      mark: { type: "point" as const, filled: true, opacity: 1, size: 40 },
      encoding: {
        x: pixels("middle"),
        y: pixels("y"),
        color,
        shape,
      },
    },
    {
      data: { values },
      mark: {
        type: "text" as const,
        align: "left" as const,
        baseline: "middle" as const,
        fontSize: 12,
        color: ink,
      },
      encoding: { x: pixels("text"), y: pixels("y"), text: { field: "label" } },
    },
  ];
}
