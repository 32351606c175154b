/** A report with every part, and many samples, for tests of pages. */
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { agreementPlotExplained, agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { receptiveFieldPlotSvg } from "../../src/figures/receptive_field_plot.ts";
import type { Report } from "../../src/figures/report.ts";
import { scaleCurveSvg } from "../../src/figures/scale_curve.ts";

/** A report of so many samples of 8 x 8 pixels. */
export async function reportOf(samples: number): Promise<Report> {
  const random = new Random(3, "report");
  const images = (count: number) => imageBatch(random.normals(count * 64), [count, 8, 8, 1]);
  const values = Array.from({ length: samples }, (_, i) => i === 1 ? null : (7 * i % 10) / 10);
  const numbers = values.filter((value) => value !== null);
  const first = images(Math.min(samples, 10));
  const offsets = [-2, -1, 0, 1, 2];
  return {
    title: "How well theory predicts a network",
    summary: "A few samples.",
    keyNumbers: [{ label: "median r² of bbELS", value: "0.84", note: "of all samples" }],
    figures: [
      {
        title: "From the same noise",
        svg: imageGridSvg({ rows: [{ label: "noise x_T", images: first }] }),
        caption: "Columns are samples.",
        files: [{ href: "samples.svg", label: "SVG" }],
      },
      {
        title: "Agreement",
        svg: await agreementPlotSvg([{ label: "bbELS", values: numbers }]),
        caption: [agreementPlotExplained, "bbELS is a machine."],
      },
      {
        svg: await scaleCurveSvg([
          { label: "bbELS", t: [0.5, 1], patchSize: [3, 7] },
          { label: "LS", t: [0.5, 1], patchSize: [5, 9] },
        ]),
        caption: "Scales.",
      },
      {
        title: "Receptive field",
        svg: await receptiveFieldPlotSvg({
          of: "x0",
          computed: 5,
          radius: 2,
          gradients: 1,
          times: [0.5, 1].map((t) => ({
            t,
            sigma: t,
            map: offsets.flatMap((y) => offsets.map((x) => Math.exp(-(x * x + y * y) / t))),
          })),
        }),
        caption: "Gradients.",
      },
    ],
    samples: {
      kinds: [
        { label: "network", images: images(samples) },
        {
          label: "bbELS",
          images: images(samples),
          measures: [{ label: "r", values }, { label: "r²", values }],
        },
      ],
      classes: values.map((_, i) => i % 3),
      sortBy: "r²",
    },
    tables: [{
      title: "Agreement with the network",
      header: ["machine", "r²"],
      rows: [["bbELS", "0.840 [0.810, 0.870]"], ["LS", null]],
      note: "Medians.",
    }],
    files: [{ href: "evaluation.json", note: "All numbers" }],
    configuration: { steps: 20, network: { channels: 48 } },
    provenance: { sha256: "0123456789abcdef".repeat(4) },
  };
}
