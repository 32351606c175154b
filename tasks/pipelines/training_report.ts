/** What a training leaves in its run folder at the end: its losses and first samples, on a page. */
import { sliceBatch } from "../../src/core/image_batch.ts";
import { DivergedError } from "../../src/core/errors.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { lossCurveExplained, lossCurveSvg } from "../../src/figures/loss_curve.ts";
import { reportHtml } from "../../src/figures/report.ts";
import type { ReportFigure } from "../../src/figures/report_parts.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { readJsonl } from "../../src/runs/jsonl_log.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { sampleLabels } from "../../src/samplers/sampling_protocol.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { looksUndertrained, lossTrend } from "../../src/training/loss_trend.ts";
import { pictureWriter } from "../cli/pictures.ts";
import type { RunOutcome } from "../cli/run_result.ts";
import type { WorkContext } from "./session.ts";

/** Files that a finished training leaves in its folder; pictures without their ending. */
export const trainingFiles = {
  weights: "weights.safetensors",
  state: "state.safetensors",
  log: "log.jsonl",
  losses: "losses",
  samples: "samples",
  report: "report.html",
} as const;

/** Images in the strip, and steps that they are made in. */
const strip = { samples: 10, steps: 10, seed: 1 } as const;

/** What a report is about. */
export interface TrainingReport {
  readonly trained: TrainedNetwork;
  /** The network's name. */
  readonly name: string;
  readonly data: ImageDataset;
  readonly config: RunConfig;
}

/** The first samples of a network above images that it learned from. */
async function stripSvg(
  { trained, name, data }: TrainingReport,
  { abort }: Pick<WorkContext, "abort">,
): Promise<string> {
  const { schedule } = trained;
  const { imageShape, classes } = trained.network.architecture;
  const { samples, steps, seed } = strip;
  const labels = sampleLabels({ classes, samples });
  // Where the image is lost at t = 1, most is decided close to it.
  const grid = schedule.signal(1) < 0.5 ? "cubic" : "uniform";
  const denoiser = networkDenoiser(trained);
  try {
    const made = await ddim(denoiser, {
      xT: initialNoise({ seed, samples, imageShape, schedule }),
      times: timeGrid(grid, { steps, schedule }),
      ...labels && { labels },
      abort,
    });
    const shown = Math.min(samples, data.images.shape[0]);
    return imageGridSvg({
      title: `${name}: ${steps} steps of ddim, times ${grid}, seed ${seed}`,
      ...labels && {
        columns: labels.slice(0, shown).map((label) => data.classNames[label] ?? String(label)),
      },
      rows: [
        { label: "samples", images: sliceBatch(made, 0, shown) },
        { label: "data", images: classImages(data, labels?.slice(0, shown), shown) },
      ],
    });
  } finally {
    denoiser.dispose();
  }
}

/** An image for each column: of its class where classes stand above the columns. */
function classImages(
  { images, labels }: ImageDataset,
  wanted: readonly number[] | undefined,
  count: number,
) {
  if (wanted === undefined) return sliceBatch(images, 0, count);
  const [, h, w, c] = images.shape;
  const size = h * w * c;
  const data = new Float32Array(count * size);
  wanted.forEach((label, column) => {
    // The same class comes again after all others: take its next image.
    const turn = wanted.slice(0, column).filter((other) => other === label).length;
    const own = [...labels.keys()].filter((i) => labels[i] === label);
    const i = own[turn % Math.max(1, own.length)];
    if (i !== undefined) data.set(images.data.subarray(i * size, (i + 1) * size), column * size);
  });
  return { data, shape: [count, h, w, c] as const };
}

/** Draws losses and samples, and writes the page; returns what the run comes to. */
export async function reportTraining(
  run: Run,
  report: TrainingReport,
  context: WorkContext,
): Promise<RunOutcome> {
  const { trained, name, data, config } = report;
  const log = await readJsonl(run.file(trainingFiles.log));
  const step = log.map((record) => Number(record["step"]));
  const loss = log.map((record) => Number(record["loss"]));
  const trend = lossTrend(loss);
  const gain = trend && looksUndertrained(trend) ? Math.round(100 * trend.gain) : undefined;
  const warning = gain === undefined
    ? undefined
    : `${name} looks undertrained: its loss still fell at the end, and twice the steps would lower ` +
      `it by about ${gain} %; train with more --steps`;
  if (warning !== undefined) context.progress.note(`Warning: ${warning}`);

  const pictures = await pictureWriter(run);
  const figures: ReportFigure[] = [];
  const add = async (file: string, svg: string, figure: Omit<ReportFigure, "svg">) => {
    await pictures.figure(file, svg);
    const files = ["svg", "png"].map((type) => ({
      href: `${file}.${type}`,
      label: type.toUpperCase(),
    }));
    figures.push({ ...figure, svg, files });
  };
  const title = `Training of ${name}`;
  const curve = await lossCurveSvg([{ label: "loss", step, loss }], { title });
  await add(trainingFiles.losses, curve, { title: "Losses", caption: lossCurveExplained });
  try {
    await add(trainingFiles.samples, await stripSvg(report, context), {
      title: "First samples",
      caption: "Above: what the network makes of noise. Below: images that it learned from.",
    });
  } catch (error) {
    // Of a network that has hardly learned; its weights and losses are there all the same.
    if (!(error instanceof DivergedError)) throw error;
    context.progress.note(`Note: no samples are drawn: ${error.message}`);
  }
  const late = trend?.last ?? loss.at(-1) ?? null;
  const { backend } = context;
  await pictures.page(
    trainingFiles.report,
    reportHtml({
      title,
      summary: `${step.length.toLocaleString("en")} steps on ` +
        `${data.images.shape[0].toLocaleString("en")} images of ${data.label ?? data.name}.` +
        (warning === undefined ? "" : ` ${warning.replace(/; .*/, "")}.`),
      keyNumbers: [
        { label: "steps", value: step.length.toLocaleString("en") },
        ...late === null
          ? []
          : [{ label: "loss", value: late.toPrecision(3), note: "mean of the last quarter" }],
      ],
      figures,
      files: [
        { href: trainingFiles.weights, note: "The network" },
        { href: trainingFiles.log, note: "Loss, gradient norm and learning rate of each step" },
      ],
      configuration: config,
      provenance: {
        ...createProvenance({
          networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
          seed: Number(config["seed"]),
          config: {},
        }),
        architecture: trained.network.architecture,
      },
    }),
  );
  return {
    files: {
      report: trainingFiles.report,
      samples: `${trainingFiles.samples}.png`,
      losses: `${trainingFiles.losses}.png`,
      weights: trainingFiles.weights,
      log: trainingFiles.log,
    },
    numbers: {
      steps: step.length,
      images: data.images.shape[0],
      loss: late,
      undertrained: warning !== undefined,
    },
  };
}
