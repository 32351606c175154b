/** Figures and page of a comparison: what they show, and in which words. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { agreementKey } from "../../src/evaluation/agreement.ts";
import type { ComparisonRow, ComparisonWay } from "../../src/evaluation/comparison_table.ts";
import { comparisonWays } from "../../src/evaluation/comparison_table.ts";
import { factorPlotSvg } from "../../src/figures/factor_plot.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { intervalPlotExplained, intervalPlotSvg } from "../../src/figures/interval_plot.ts";
import { sampleGridExplained } from "../../src/figures/machines_explained.ts";
import type { Report } from "../../src/figures/report.ts";
import type { ReportFigure, ReportFile } from "../../src/figures/report_parts.ts";
import type { ReportSamples } from "../../src/figures/report_samples.ts";
import { machineTable } from "../../src/machines/machine_table.ts";
import { noiseDeviation } from "../../src/samplers/initial_noise.ts";
import type { Comparison } from "./comparison.ts";
import type { ExpectedSteps } from "./comparison_steps.ts";
import {
  marksExplained,
  printed,
  stepsTable,
  summaryTable,
  timeText,
  wayNames,
} from "./comparison_tables.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Columns of the picture of samples. */
const shown = 10;

/** A figure that is a file and stands on the page. */
export interface ComparisonFigure {
  /** Name of its files, without ending. */
  readonly name: string;
  readonly title: string;
  /** How to read it. */
  readonly explained: readonly string[];
  /** Draws it, with or without a note. */
  readonly draw: (note?: string) => Promise<string>;
}

/** What the words of the page are about. */
export interface ComparisonContent {
  readonly comparison: Comparison;
  readonly network: LoadedNetwork;
  /** What all expect of the first sample, step by step. */
  readonly expected: ExpectedSteps;
  /** The machines' images. */
  readonly images: { readonly count: number; readonly name: string };
}

/** The figures, with the names of their files. */
export function comparisonFigures(
  { comparison, network, expected }: ComparisonContent,
  files: {
    readonly grid: string;
    readonly steps: string;
    readonly final: string;
    readonly agreement: string;
    readonly errors: string;
  },
): ComparisonFigure[] {
  const { result, table } = comparison;
  const machines = "Machines are computed from the training images, without training. " +
    machineTable.filter(({ name }) => result.machines.includes(name))
      .map(({ name, description }) => `${name}, ${description}.`).join(" ");
  const final = table.rows.filter(({ step, measure, value }) =>
    step === null && measure === "r^2" && value !== null
  );
  return [
    {
      name: files.grid,
      title: "From the same noise",
      explained: [sampleGridExplained, machines],
      draw: (note) => Promise.resolve(sampleGrid(comparison, { network, note })),
    },
    {
      name: files.steps,
      title: "What each expects of the network's noisy image",
      explained: [
        "The top row is one sample on the network's trajectory, at the times above the columns. Below it " +
        "stand the clean images that the network and each machine expect from exactly that image: single " +
        "steps, in which nothing of earlier steps tells.",
      ],
      draw: (note) =>
        Promise.resolve(imageGridSvg({
          rows: expected.rows,
          columns: expected.times.map((t) => timeText(t)),
          title: "Clean images expected of the network's x, by time",
          ...note !== undefined && { note },
        })),
    },
    ...final.length === 0 ? [] : [{
      name: files.final,
      title: "Agreement in all",
      explained: [
        `${intervalPlotExplained} Own trajectories: r² of the final images. Single steps: the mean over ` +
        "steps of r² of the clean images that are expected.",
      ],
      draw: (note?: string) =>
        intervalPlotSvg(
          result.machines.flatMap((machine) =>
            final.filter((row) => row.machine === machine).map((row) => ({
              label: machine,
              series: wayNames[row.way],
              ...{ value: row.value!, low: row.low!, high: row.high! },
            }))
          ),
          { title: "Agreement with the network", valueTitle: "r²", note },
        ),
    }],
    ...stepFigure(table.rows, {
      ...{ name: files.agreement, measure: "r^2", title: "Agreement at each step" },
      machines: result.machines,
    }),
    ...stepFigure(table.rows, {
      ...{ name: files.errors, measure: "MSE", title: "Error at each step" },
      machines: result.machines,
    }),
  ];
}

/** A measure of the clean images that are expected, against the time; none, where it is nowhere defined. */
function stepFigure(
  rows: readonly ComparisonRow[],
  { name, title, measure, machines }: {
    readonly name: string;
    readonly title: string;
    readonly measure: string;
    readonly machines: readonly string[];
  },
): ComparisonFigure[] {
  const log = measure === "MSE";
  const panel = (way: ComparisonWay) => {
    const own = rows.filter((row) =>
      row.way === way && row.step !== null && row.measure === measure && row.value !== null &&
      (!log || row.low! > 0)
    ).sort((a, b) => a.step! - b.step!);
    return {
      title: wayNames[way],
      points: machines.flatMap((machine) =>
        own.filter((row) => row.machine === machine).map((row) => ({
          line: machine,
          at: timeText(row.t!),
          ...{ value: row.value!, low: row.low!, high: row.high! },
        }))
      ),
    };
  };
  const panels = comparisonWays.map(panel).filter(({ points }) => points.length > 0);
  if (panels.length === 0) return [];
  const steps = new Set(panels[0]!.points.map(({ at }) => at)).size;
  return [{
    name,
    title,
    explained: [
      `${
        printed(measure)
      } of the clean images that a machine expects, with those that the network expects. ` +
      "The reverse process begins as noise at t\u00a0=\u00a01, on the right. Each mark is taken over " +
      "samples, its bar the 95 % bootstrap interval; marks of one time stand a little beside each other. " +
      "The lines only lead the eye.",
    ],
    draw: (note?: string) =>
      factorPlotSvg(panels, {
        title,
        factorTitle: "time t",
        valueTitle: printed(measure),
        valueAxis: log ? "log" : "linear",
        width: Math.max(260, 46 * steps),
        height: 300,
        note,
      }),
  }];
}

/** Noise of any process, shown as noise of unit variance. */
function shownNoise({ result }: Comparison, { schedule }: LoadedNetwork): ImageBatch {
  const { data, shape } = result.images.noise;
  const deviation = noiseDeviation(schedule);
  return { data: data.map((value) => value / deviation), shape };
}

function sampleGrid(
  comparison: Comparison,
  { network, note }: { readonly network: LoadedNetwork; readonly note: string | undefined },
): string {
  const { result } = comparison;
  const { images, machines } = result;
  const n = Math.min(shown, images.network.shape[0]);
  return imageGridSvg({
    rows: [
      { label: "noise x_T", images: sliceBatch(shownNoise(comparison, network), 0, n) },
      { label: "network", images: sliceBatch(images.network, 0, n) },
      ...machines.map((machine) => ({
        label: displayed(machine),
        images: sliceBatch(images.machines[machine]!, 0, n),
      })),
    ],
    captions: machines.map((machine) => ({
      label: `r² ${displayed(machine)}`,
      values: result.samples[machine]!.slice(0, n).map(({ end }) =>
        end.rSquared?.toFixed(2) ?? "–"
      ),
    })),
    title: `Machines and network (${network.label}) from the same noise`,
    ...note !== undefined && { note },
  });
}

/** A machine's name where an underscore would begin a subscript. */
export const displayed = (machine: string): string => machine.replaceAll("_", " ");

/** Every sample with its images and measures. */
function samplesOf(comparison: Comparison, network: LoadedNetwork): ReportSamples {
  const { result } = comparison;
  return {
    kinds: [
      { label: "noise", images: shownNoise(comparison, network) },
      { label: "network", images: result.images.network },
      ...result.machines.map((machine) => ({
        label: machine,
        images: result.images.machines[machine]!,
        measures: result.measures.map((measure) => ({
          label: printed(measure.name),
          values: result.samples[machine]!.map(({ end }) => end[agreementKey(measure)] ?? null),
        })),
      })),
    ],
    classes: result.samples[result.machines[0]!]!.map(({ label }) =>
      label === null ? null : network.classNames[label] ?? label
    ),
    sortBy: "r²",
  };
}

/** The page about a comparison. */
export function comparisonReport(
  content: ComparisonContent,
  { figures, files, configuration, provenance }: {
    readonly figures: readonly ReportFigure[];
    readonly files: readonly ReportFile[];
    readonly configuration: Readonly<Record<string, unknown>>;
    readonly provenance: Readonly<Record<string, unknown>>;
  },
): Report {
  const { comparison, network, images } = content;
  const { result, table } = comparison;
  const { machines } = result;
  const statistic = table.statistic === "median" ? "Medians" : "Means";
  const tables = [
    ...comparisonWays.map((way) => summaryTable(table, { way, machines })),
    ...comparisonWays.flatMap((way) =>
      ["r^2", "MSE"].map((measure) => stepsTable(table, { way, measure, machines }))
    ),
  ];
  return {
    title: `Machines beside ${network.label}`,
    summary: `${result.images.network.shape[0]} samples: the network and each machine start from ` +
      `the same noise, in ${result.steps} ${result.grid} steps of ${result.sampler}. The machines use ` +
      `${
        images.count.toLocaleString("en")
      } images of ${images.name}. Own trajectories: each goes its ` +
      "own way to the end. Single steps: all are asked at the network's noisy image.",
    keyNumbers: machines.flatMap((machine) => {
      const row = table.rows.find((each) =>
        each.machine === machine && each.way === "own" && each.step === null &&
        each.measure === "r^2"
      );
      return [{
        label: `${table.statistic} r² of ${machine}`,
        value: row?.value?.toFixed(2) ?? "undefined",
        ...row?.standing === "best" && { note: "the best" },
      }];
    }),
    figures,
    samples: samplesOf(comparison, network),
    tables: tables.map((each, i) => ({
      ...each,
      ...i < 2 && {
        note:
          `${statistic} over samples with 95 % bootstrap intervals. r: Pearson correlation; R²: ` +
          "coefficient of determination with the network as reference; MSE: mean squared error of " +
          `${result.clamp ? "images clamped to [0, 1]" : "values in [-1, 1]"}. ${marksExplained}`,
      },
    })),
    files,
    configuration,
    provenance,
  };
}
