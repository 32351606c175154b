/** What a measurement of quality leaves in its run folder, and what is printed of it. */
import { gatherImages, type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { agreementPlotExplained, agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { reportPages } from "../../src/figures/report.ts";
import type { ReportFigure, ReportTable } from "../../src/figures/report_parts.ts";
import { csvText } from "../../src/formats/csv.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { machineHasScale, type MachineName } from "../../src/machines/machine_table.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { pictureWriter } from "../cli/pictures.ts";
import { textTable } from "../cli/table.ts";
import { describePosterior } from "./posterior.ts";
import type { LocalStep, Quality } from "./quality.ts";
import type { ImageCost } from "./quality_costs.ts";
import { controlName, floorName, type MeasuredSet } from "./quality_sets.ts";
import type { FeatureKind } from "./quality_features.ts";
import { frechetNames, type QualityRow } from "./quality_rows.ts";
import { samplesFile } from "./quality_samples.ts";
import type { Session } from "./session.ts";
import { sourcesProvenance } from "./sources.ts";

/** Files that it leaves; pictures without their ending. */
export const qualityFiles = {
  json: "quality.json",
  table: "quality.csv",
  local: "local_memorization.csv",
  samples: "samples",
  neighbors: "neighbors",
  distances: "distances",
  report: "report.html",
} as const;

/** Images that a picture shows in a row. */
const shown = 10;

/** A number in few digits. */
export function shortNumber(value: number | null): string {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.1 || value === 0 ? value.toFixed(3) : Number(value.toPrecision(3)).toString();
}

const cellOf = (row: QualityRow | undefined): string =>
  row === undefined
    ? ""
    : shortNumber(row.value) + (row.error === null ? "" : ` ± ${shortNumber(row.error)}`) +
      (row.warning === null ? "" : " *");

/** A table: a row for each set and features, a column for each measure. */
interface WideTable {
  readonly title: string;
  readonly header: string[];
  readonly rows: string[][];
}

/** Rows as tables with a column for each set: distances by features, then memorization. */
function wideTables(rows: readonly QualityRow[]): WideTable[] {
  const isMemory = ({ features }: QualityRow) => features === "images";
  const parts = [
    ["Sets against held-out images", rows.filter((row) => !isMemory(row))],
    ["Memorization", rows.filter(isMemory)],
  ] as const;
  return parts.filter(([, some]) => some.length > 0).map(([title, some]) => {
    const sets = [...new Set(some.map(({ set }) => set))];
    const lines = [...new Set(some.map(({ features, measure }) => `${features}\n${measure}`))];
    const plain = title === "Memorization";
    return {
      title,
      header: [...plain ? [] : ["features"], "measure", "n, held out", ...sets],
      rows: lines.map((line) => {
        const own = some.filter(({ features, measure }) => `${features}\n${measure}` === line);
        const { features, measure, heldOutRows } = own[0]!;
        const counts = [...new Set(own.map(({ rows }) => rows))].join("/");
        return [
          ...plain ? [] : [features],
          measure,
          `${counts}, ${heldOutRows}`,
          ...sets.map((set) => cellOf(own.find((row) => row.set === set))),
        ];
      }),
    };
  });
}

function localTable(local: readonly LocalStep[]): WideTable[] {
  if (local.length === 0) return [];
  return [{
    title: "Local memorization",
    header: ["set", "t", "k", "copied pixels", "region", "largest region", "source images"],
    rows: local.map((step) => [
      step.set,
      step.t.toFixed(3),
      machineHasScale(step.set as MachineName) ? String(step.patchSize) : "–",
      `${(100 * step.copied).toFixed(0)} %`,
      `${shortNumber(step.regionPixels)} px`,
      `${(100 * step.largestRegion).toFixed(0)} %`,
      shortNumber(step.sources),
    ]),
  }];
}

function costTable(costs: readonly ImageCost[]): WideTable[] {
  if (costs.length === 0) return [];
  return [{
    title: "Cost in this run (processor time, all threads)",
    header: ["set", "seconds an image", "preparing, s"],
    rows: costs.map(({ set, seconds, setup }) => [
      ...[set, Number(seconds.toPrecision(3)).toString()],
      setup < 0.005 ? "0" : Number(setup.toPrecision(2)).toString(),
    ]),
  }];
}

/** Words to the left, numbers with their deviations to the right. */
function align(rows: readonly (readonly string[])[], column: number): "left" | "right" {
  return rows.every((row) => /^(|–|-?[\d.]+.*)$/.test(row[column]!)) ? "right" : "left";
}

/** Warnings, each once, with what they are about. */
function warningsOf(rows: readonly QualityRow[]): string[] {
  const lines = rows.flatMap(({ warning, measure, features }) =>
    warning === null ? [] : [`* ${measure} of ${features}: ${warning}.`]
  );
  return [...new Set(lines)];
}

/** Everything for a terminal. */
export function qualityText(
  { rows, local }: Quality,
  { kinds, heldOut, costs }: Pick<QualityContent, "kinds" | "heldOut" | "costs">,
): string {
  const tables = [...wideTables(rows), ...localTable(local), ...costTable(costs)].map((
    { header, rows },
  ) => textTable({ header, rows, align: header.map((_, j) => j === 0 ? "left" : align(rows, j)) }));
  const notes = [
    `Held-out images: ${
      heldOut.shape[0]
    }. "${floorName}" and "${controlName}" are what real images ` +
    "reach.",
    ...kinds.map(({ name, about }) => `Features ${name}: ${about}.`),
    ...warningsOf(rows),
  ];
  return [...tables, notes.join("\n")].join("\n\n");
}

/** What a picture of neighbors shows: the samples nearest to training images, and these. */
function neighborsSvg(
  sets: readonly MeasuredSet[],
  { neighbors }: Quality,
  { data, heldOut }: { readonly data: ImageDataset; readonly heldOut: ImageBatch },
): string | undefined {
  const groups = neighbors.map(({ set, image, distance }) => {
    const images = sets.find(({ name }) => name === set)?.images ?? heldOut;
    const found = image.length / Math.max(1, Math.min(images.shape[0], image.length / 2));
    const order = Array.from({ length: image.length / found }, (_, i) => i)
      .sort((a, b) => distance[a * found]! - distance[b * found]! || a - b)
      .slice(0, shown);
    return { set, images, image, distance, found, order };
  });
  const columns = Math.min(...groups.map(({ order }) => order.length));
  if (groups.length === 0 || columns === 0) return undefined;
  return imageGridSvg({
    title: "Images nearest to a training image, the nearest first, and what they are near to",
    rows: groups.flatMap(({ set, images, image, found, order }) => {
      const some = order.slice(0, columns);
      return [
        { label: set, images: gatherImages(images, some) },
        {
          label: "nearest",
          images: gatherImages(data.images, some.map((i) => image[i * found]!)),
        },
        ...found < 2 ? [] : [{
          label: "second",
          images: gatherImages(data.images, some.map((i) => image[i * found + 1]!)),
        }],
      ];
    }),
    captions: groups.map(({ set, distance, found, order }) => ({
      label: `distance ${set}`,
      values: order.slice(0, columns).map((i) => distance[i * found]!.toFixed(1)),
    })),
  }, { zoom: 2 });
}

function samplesSvg(sets: readonly MeasuredSet[], heldOut: ImageBatch): string {
  const all = [{ name: "held-out", images: heldOut }, ...sets];
  const columns = Math.min(shown, ...all.map(({ images }) => images.shape[0]));
  return imageGridSvg({
    title: "The first images of each set",
    rows: all.map(({ name, images }) => ({ label: name, images: sliceBatch(images, 0, columns) })),
  });
}

/** What is written about. */
export interface QualityContent {
  readonly sets: readonly MeasuredSet[];
  readonly heldOut: ImageBatch;
  readonly heldOutData: ImageDataset;
  readonly kinds: readonly FeatureKind[];
  readonly costs: readonly ImageCost[];
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** Writes tables, pictures and the page; the JSON last, since it says that the others are there. */
export async function exportQuality(
  quality: Quality,
  content: QualityContent,
  session: Session,
): Promise<void> {
  const { run, network, data, backend, posterior } = session;
  const { sets, heldOut, heldOutData, kinds, costs, configuration } = content;
  const { rows, local, neighbors } = quality;
  await run.write(
    qualityFiles.table,
    csvText([
      [
        ...["set", "features", "measure", "value", "error", "rows", "held_out_rows", "width"],
        "warning",
      ],
      ...rows.map((row) => [
        ...[row.set, row.features, row.measure, row.value, row.error, row.rows, row.heldOutRows],
        ...[row.width, row.warning],
      ]),
    ]),
  );
  if (local.length > 0) {
    await run.write(
      qualityFiles.local,
      csvText([
        [
          ...["set", "t", "patch_size", "copied", "region_pixels", "largest_region", "sources"],
          "images",
        ],
        ...local.map((step) => [
          ...[step.set, step.t, step.patchSize, step.copied, step.regionPixels],
          ...[step.largestRegion, step.sources, step.images],
        ]),
      ]),
    );
  }
  const pictures = await pictureWriter(run);
  const figures: ReportFigure[] = [];
  const add = async (name: string, figure: Omit<ReportFigure, "files">) => {
    await pictures.figure(name, figure.svg);
    const files = ["svg", "png"].map((type) => ({
      href: `${name}.${type}`,
      label: type.toUpperCase(),
    }));
    figures.push({ ...figure, files });
  };
  await add(qualityFiles.samples, {
    title: "Samples",
    svg: samplesSvg(sets, heldOut),
    caption: "The first images of each set. Network and machines start from the same noise; " +
      "held-out images are chosen by a seed.",
  });
  const near = neighborsSvg(sets, quality, { data, heldOut });
  if (near !== undefined) {
    await add(qualityFiles.neighbors, {
      title: "Nearest training images",
      svg: near,
      caption:
        "Of each set the images that are nearest to a training image, and below each the two " +
        "nearest ones. Held-out images show how near an image is that was not copied; plain images, " +
        "such as a digit 1, are near to many.",
    });
    await add(qualityFiles.distances, {
      title: "Distance to the nearest training image",
      svg: await agreementPlotSvg(
        neighbors.map(({ set, image, distance }) => ({
          label: set,
          values: Array.from({ length: image.length / 2 }, (_, i) => distance[2 * i]!),
        })),
        {
          title: "Distance to the nearest training image",
          valueTitle: "Euclidean distance of values in [-1, 1]",
        },
      ),
      caption: agreementPlotExplained,
    });
  }
  const tables: ReportTable[] = [
    ...[...wideTables(rows), ...localTable(local), ...costTable(costs)],
  ];
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed: Number(configuration["seed"]),
    ...sourcesProvenance(network, data),
    config: { ...configuration, heldOutSha256: heldOutData.sha256 },
  });
  const main = kinds[0]?.name;
  const report = {
    title: `What images of ${network.label} are worth`,
    summary: `Sets of images against ${heldOut.shape[0]} held-out images of ` +
      `${
        heldOutData.label ?? heldOutData.name
      }. "${floorName}" and, where there are enough, "${controlName}" are what other real images ` +
      "reach: nothing can honestly do better.",
    keyNumbers: rows.filter(({ measure, features }) =>
      frechetNames.includes(measure) && features === main
    ).map((row) => ({
      label: `${row.measure} (${row.features}) of ${row.set}`,
      value: shortNumber(row.value),
      ...row.warning !== null && { note: row.warning },
    })),
    figures,
    tables: tables.map((table, i) => ({
      ...table,
      ...i === 0 && {
        note: [
          ...kinds.map(({ name, about }) => `Features ${name}: ${about}.`),
          ...warningsOf(rows),
        ].join(" "),
      },
    })),
    files: [
      { href: qualityFiles.json, note: "All numbers with their provenance" },
      { href: qualityFiles.table, note: "A row for each set, features and measure" },
      ...local.length === 0
        ? []
        : [{ href: qualityFiles.local, note: "What machines copy at each step" }],
      ...sets.filter(({ name }) => name !== floorName && name !== controlName).map(({ name }) => ({
        href: samplesFile(name),
        note: `Images of ${name}: float32, [sample, row, column, channel]`,
      })),
    ],
    configuration,
    provenance: { ...provenance },
  };
  for (const { file, html } of reportPages(report, { file: qualityFiles.report })) {
    await pictures.page(file, html);
  }
  await run.write(
    qualityFiles.json,
    writeJsonText({
      format: "els-quality",
      version: 1,
      network: network.label,
      features: Object.fromEntries(kinds.map(({ name, about }) => [name, about])),
      heldOut: {
        name: heldOutData.name,
        split: heldOutData.split,
        images: heldOut.shape[0],
        sha256: heldOutData.sha256,
      },
      rows,
      local,
      costs,
      neighbors,
      provenance,
    }),
  );
}
