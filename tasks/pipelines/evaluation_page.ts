/** Figures and page of an evaluation: what they show, and in which words. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { agreementKey, agreementMeasures } from "../../src/evaluation/agreement.ts";
import { type AgreementRow, findMedian, medianText } from "../../src/evaluation/agreement_table.ts";
import type { AgreementResult } from "../../src/evaluation/evaluate.ts";
import { agreementPlotExplained, agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { machinesExplained, sampleGridExplained } from "../../src/figures/machines_explained.ts";
import type { Report } from "../../src/figures/report.ts";
import type { ReportFigure, ReportFile } from "../../src/figures/report_parts.ts";
import type { ReportSamples } from "../../src/figures/report_samples.ts";
import { scaleCurveExplained, scaleCurveOf, scaleCurveSvg } from "../../src/figures/scale_curve.ts";
import { machineTable } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { noiseDeviation } from "../../src/samplers/initial_noise.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Columns of the picture of samples. */
const shown = 10;

/** A figure that is a file and stands on the page. */
export interface EvaluationFigure {
  /** Name of its files, without ending. */
  readonly name: string;
  readonly title: string;
  /** How to read it: under the file's picture, and on the page as paragraphs. */
  readonly explained: readonly string[];
  /** Draws it, with or without a note. */
  readonly draw: (note?: string) => Promise<string>;
  /** Files with the data in it. */
  readonly data: readonly ReportFile[];
}

/** What the words of the page are about. */
export interface EvaluationContent {
  readonly result: AgreementResult;
  readonly rows: readonly AgreementRow[];
  readonly network: LoadedNetwork;
  readonly schedules: readonly ScaleSchedule[];
  /** The machines' images. */
  readonly data: {
    readonly name: string;
    readonly label?: string | undefined;
    readonly images: ImageBatch;
  };
}

/** Names of measures as people write them. */
const printed = (name: string) => name.replaceAll("^2", "²");

/** The figures of an evaluation, with the names of their files. */
export function evaluationFigures(
  { result, network, schedules }: EvaluationContent,
  files: {
    readonly grid: string;
    readonly plot: string;
    readonly scales: string;
    readonly images: string;
    readonly samples: string;
    /** Schedules and their tables, by machine. */
    readonly schedules: readonly ReportFile[];
  },
): EvaluationFigure[] {
  const machines = machinesExplained(
    result.machines.flatMap((name) => machineTable.filter((row) => row.name === name)),
  );
  const groups = result.machines.map((machine) => ({
    label: machine,
    values: result.samples.map(({ agreement }) => agreement[machine]!.rSquared)
      .filter((value) => value !== null),
  })).filter(({ values }) => values.length > 0);
  const curves = schedules.map((schedule) => scaleCurveOf(schedule, schedule.machine));
  return [
    {
      name: files.grid,
      title: "From the same noise",
      explained: [sampleGridExplained, machines],
      draw: (note) => Promise.resolve(sampleGrid(result, { network, note })),
      data: [{ href: files.images, label: "images (safetensors)" }],
    },
    ...groups.length === 0 ? [] : [{
      name: files.plot,
      title: "Agreement per sample",
      explained: [agreementPlotExplained, machines],
      draw: (note?: string) =>
        agreementPlotSvg(groups, { title: "Agreement with the network", note }),
      data: [{ href: files.samples, label: "numbers (CSV)" }],
    }],
    ...curves.length === 0 ? [] : [{
      name: files.scales,
      title: "Calibrated scales",
      explained: [scaleCurveExplained(curves)],
      draw: (note?: string) =>
        scaleCurveSvg(curves, {
          title: curves.length === 1
            ? `Calibrated scale of ${curves[0]!.label}`
            : "Calibrated scales",
          note,
        }),
      data: files.schedules,
    }],
  ];
}

/** Noise of any process, shown as noise of unit variance. */
function shownNoise({ images }: AgreementResult, { schedule }: LoadedNetwork): ImageBatch {
  const { data, shape } = images.noise;
  const deviation = noiseDeviation(schedule);
  return { data: data.map((value) => value / deviation), shape };
}

function sampleGrid(
  result: AgreementResult,
  { network, note }: { readonly network: LoadedNetwork; readonly note: string | undefined },
): string {
  const n = Math.min(shown, result.samples.length);
  const [first, ...others] = result.machines.map((machine) => ({
    label: machine,
    images: sliceBatch(result.images.machines[machine]!, 0, n),
  }));
  return imageGridSvg({
    rows: [
      { label: "noise x_T", images: sliceBatch(shownNoise(result, network), 0, n) },
      ...first ? [first] : [],
      { label: "network", images: sliceBatch(result.images.network, 0, n) },
      ...others,
    ],
    captions: result.machines.map((machine) => ({
      label: `r² ${machine}`,
      values: result.samples.slice(0, n).map(({ agreement }) =>
        agreement[machine]!.rSquared?.toFixed(2) ?? "–"
      ),
    })),
    title: `Theory and network (${network.label}) from the same noise`,
    ...note !== undefined && { note },
  });
}

/** Every sample with its images and measures. */
function samplesOf(result: AgreementResult, network: LoadedNetwork): ReportSamples {
  return {
    kinds: [
      { label: "noise", images: shownNoise(result, network) },
      { label: "network", images: result.images.network },
      ...result.machines.map((machine) => ({
        label: machine,
        images: result.images.machines[machine]!,
        measures: agreementMeasures.map((measure) => ({
          label: printed(measure.name),
          values: result.samples.map(({ agreement }) =>
            agreement[machine]![agreementKey(measure)] ?? null
          ),
        })),
      })),
    ],
    classes: result.samples.map(({ label }) =>
      label === null ? null : network.classNames[label] ?? label
    ),
    sortBy: "r²",
  };
}

/** The page about an evaluation. */
export function evaluationReport(
  content: EvaluationContent,
  { links, figures, files, configuration, provenance }: {
    readonly links: readonly ReportFile[];
    readonly figures: readonly ReportFigure[];
    readonly files: readonly ReportFile[];
    readonly configuration: Readonly<Record<string, unknown>>;
    readonly provenance: Readonly<Record<string, unknown>>;
  },
): Report {
  const { result, rows, network, data } = content;
  const rowOf = (machine: string, measure: string) => findMedian(rows, { machine, measure });
  const cell = (row: AgreementRow | undefined) => row === undefined ? "undefined" : medianText(row);
  return {
    title: `How well theory predicts ${network.label}`,
    summary:
      `${result.samples.length} samples: the network and each machine start from the same noise. ` +
      `The machines use ${data.images.shape[0].toLocaleString("en")} images of ${
        data.label ?? data.name
      } and ` +
      `${result.steps} steps of ${result.sampler}, the network ${result.networkSteps}; the times ` +
      `are ${result.grid}.`,
    links,
    keyNumbers: result.machines.map((machine) => ({
      label: `median r² of ${machine}`,
      value: rowOf(machine, "r^2")?.median?.toFixed(2) ?? "undefined",
    })),
    figures,
    samples: samplesOf(result, network),
    tables: [{
      title: "Agreement with the network",
      header: ["machine", ...agreementMeasures.map(({ name }) => printed(name))],
      rows: result.machines.map((machine) => [
        machine,
        ...agreementMeasures.map(({ name }) => cell(rowOf(machine, name))),
      ]),
      note: "Medians over samples with 95 % bootstrap intervals. r: Pearson correlation; " +
        "R²: coefficient of determination with the network as reference.",
    }],
    files,
    configuration,
    provenance,
  };
}
