/** The document of the study of stable targets, its figure and its table, from finished cells. */
import { factorPlotSvg } from "../../src/figures/factor_plot.ts";
import { csvText } from "../../src/formats/csv.ts";
import { toolkit } from "../../src/runs/provenance.ts";
import { embedLato } from "../cli/lato.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import { shortNumber } from "../pipelines/quality_export.ts";
import { integer, notesBlock } from "../reproduce/markdown.ts";
import type { TargetPlan, TargetProcess } from "./cells.ts";
import type { TargetRecord } from "./run_cell.ts";
import { type Estimate, type RowSummary, summarize } from "./summary.ts";

/** What the document is about. */
export interface TargetDocument {
  readonly plan: TargetPlan;
  readonly processes: readonly TargetProcess[];
  readonly records: readonly TargetRecord[];
  /** Cells that are asked for. */
  readonly asked: number;
  /** Data set, its images, held-out images, and the features with their width. */
  readonly about: {
    readonly dataset: string;
    readonly images: number;
    readonly heldOut: number;
    readonly features: string;
    readonly width: number;
    /** Distance of as many other training images from the held-out ones: what can be reached. */
    readonly floor: number;
  };
  /** The command that does it again. */
  readonly command: string;
  /** Text that a person wrote. */
  readonly notes: string;
}

const sizeName = (references: number) => `n = ${integer(references)}`;

function estimateText({ value, low, high }: Estimate): string {
  const of = (x: number) => x.toFixed(2);
  return low === null || high === null ? of(value) : `${of(value)} [${of(low)}, ${of(high)}]`;
}

function fasterText({ faster, slower }: Pick<RowSummary, "faster" | "slower">): string {
  const of = slower === 1 ? "1 seed" : `${slower} seeds`;
  return [
    ...faster === null ? [] : [estimateText(faster)],
    ...slower === 0 ? [] : [`not reached by ${of}`],
  ].join(", ");
}

/** Frechet distance against steps, a panel for each process, as SVG; undefined without a cell. */
export async function distancesPicture(
  { processes, records, about }: Pick<TargetDocument, "processes" | "records" | "about">,
): Promise<string | undefined> {
  const { rows } = summarize(records);
  const panels = processes.map(({ name, title }) => ({
    title,
    points: rows.filter(({ process }) => process === name)
      .sort((a, b) => a.references - b.references)
      .flatMap(({ references, steps }) =>
        steps.map(({ step, mean, least, most }) => ({
          ...{ line: sizeName(references), at: step, value: mean, low: least, high: most },
        }))
      ),
  })).filter(({ points }) => points.length > 0);
  if (panels.length === 0) return undefined;
  return await embedLato(
    await factorPlotSvg(panels, {
      factorTitle: "training steps",
      valueTitle: "Frechet distance",
      valueAxis: "log",
      note:
        `Frechet distance of the features "${about.features}" from held-out images, mean over ` +
        "seeds; bars reach from the least to the greatest of them. Marks of one step stand a little " +
        "beside each other. Both axes are logarithmic. n is the number of images behind each target; " +
        `n = 1 is plain training. Other training images lie at ${shortNumber(about.floor)}.`,
    }),
  );
}

/** Every measurement of every cell, as CSV. */
export function distancesCsv(records: readonly TargetRecord[]): string {
  return csvText([
    ["process", "references", "seed", "step", "frechet_distance", "xhat0_error", "loss"],
    ...records.flatMap(({ process, references, seed, measures, loss }) =>
      measures.map(({ step, frechet, error }, i) => {
        const since = loss.slice(measures[i - 1]?.step ?? 0, step);
        const mean = since.reduce((sum, value) => sum + value, 0) / since.length;
        return [process, references, seed, step, frechet, error, mean];
      })
    ),
  ]);
}

function tables({ processes, records }: TargetDocument): string[] {
  const { rows, pooled } = summarize(records);
  const ordered = processes.flatMap(({ name, title }) =>
    rows.filter(({ process }) => process === name)
      .sort((a, b) => a.references - b.references)
      .map((row) => ({ title, ...row }))
  );
  const steps = [...new Set(ordered.flatMap(({ steps }) => steps.map(({ step }) => step)))];
  const cellAt = (row: typeof ordered[number], step: number) => {
    const found = row.steps.find((each) => each.step === step);
    if (found === undefined) return "";
    return row.seeds.length < 2
      ? shortNumber(found.mean)
      : `${shortNumber(found.mean)} ± ${shortNumber(found.deviation)}`;
  };
  return [
    "Frechet distance after so many steps, mean and standard deviation over seeds:",
    markdownTable(
      ["process", "n", "seeds", ...steps.map((step) => integer(step))],
      ordered.map((row) => [
        ...[row.title, integer(row.references), String(row.seeds.length)],
        ...steps.map((step) => cellAt(row, step)),
      ]),
    ),
    "Against n = 1 of the same seed: the final distance as a factor of its final distance (below 1: " +
    "better), and how many times fewer steps lead to that (above 1: faster), geometric means with " +
    "95 % intervals of Student's t; error of xHat0 on noisy held-out images at the end, geometric " +
    "mean over times; and over the second half of the steps the loss, its standard deviation from step to step, " +
    "and that of the gradient's norm divided by its mean.",
    markdownTable(
      [
        ...["process", "n", "final distance, factor", "faster, factor", "error of xHat0"],
        ...["loss", "its deviation", "gradient's norm"],
      ],
      ordered.map((row) => [
        ...[row.title, integer(row.references)],
        row.better === null ? "" : estimateText(row.better),
        fasterText(row),
        row.error.value.toFixed(4),
        ...[row.loss, row.lossDeviation, row.gradientSpread].map(shortNumber),
      ]),
    ),
    ...pooled.length === 0 ? [] : [
      "Final distance as a factor of that of n = 1, over all processes and seeds: " +
      pooled.map(({ references, better }) =>
        `${estimateText(better)} for ${sizeName(references)} (${better.count} pairs)`
      ).join("; ") + ".",
    ],
  ];
}

/** The document as Markdown; the same cells give the same text. */
export function targetDocument(
  document: TargetDocument,
  { picture, table }: { readonly picture: string | undefined; readonly table: string },
): string {
  const { plan, processes, records, asked, about, command, notes } = document;
  const { architecture: { channels, norm, imageShape: [side] }, recipe, sampling, denoising } =
    plan;
  const parts = [
    "# Does the Stable Target Field train better networks?",
    "[The Stable Target Field](stable-target.md) was proposed to make the training of denoisers " +
    "faster, stabler and better. Here the same small network is trained from the same initial " +
    "weights on the same images, noise and times, with targets that are means over reference batches " +
    "of n images; n = 1 is plain training.",
    notesBlock(notes),
    "## What was done",
    `${records.length} of ${asked} trainings: ${
      processes.map(({ title, about }) => `${title} (${about})`).join("; ")
    }. UNet of ${channels.join("/")} channels${
      norm === "group" ? " with group normalization" : ""
    }, ${integer(about.images)} images of ${about.dataset} at ${side} x ${side}, ${
      integer(recipe.steps)
    } steps of ${recipe.batchSize} images, learning rate ${recipe.learningRate} after ${recipe.warmup} ` +
    `steps of warm-up, constant, average of weights with decay ${recipe.emaDecay}. Each measurement ` +
    `makes ${integer(sampling.samples)} images from the same noise by DDIM in ${sampling.steps} ` +
    `steps (karras times) and compares them with ${
      integer(about.heldOut)
    } held-out images by the ` +
    `features "${about.features}" (${about.width} values), which see them at 32 x 32. As many ` +
    `other training images lie at ${
      shortNumber(about.floor)
    }: nothing can score below that. Errors ` +
    `of xHat0 are of ${denoising.images} held-out images at ${denoising.times.length} times.`,
    `    ${command}`,
    "does it again, or goes on where it stopped; more seeds, processes or sizes of `--references` are " +
    `added to what is done. Written by ${toolkit} from finished trainings only; the notes are kept.`,
    "## What came of it",
    ...records.length === 0 ? ["Nothing is finished yet."] : [
      ...picture === undefined ? [] : [
        `![Frechet distance against training steps for each process and n](${picture})`,
      ],
      `All measurements: [${table}](${table}).`,
      ...tables(document),
    ],
  ];
  return `${parts.join("\n\n")}\n`;
}
