/** What a comparison leaves in its run folder: numbers, tables, images, pictures and a page. */
import { comparisonCsv, comparisonSamplesCsv } from "../../src/evaluation/comparison_table.ts";
import { reportPages } from "../../src/figures/report.ts";
import type { ReportFigure } from "../../src/figures/report_parts.ts";
import { csvText } from "../../src/formats/csv.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { pictureWriter } from "../cli/pictures.ts";
import type { Comparison, ComparisonPlan } from "./comparison.ts";
import { comparisonFigures, comparisonReport } from "./comparison_page.ts";
import type { FittedParameters } from "./comparison_scales.ts";
import { expectedSteps } from "./comparison_steps.ts";
import { describePosterior } from "./posterior.ts";
import { samplesFile } from "./quality_samples.ts";
import type { Session } from "./session.ts";
import { sourcesProvenance } from "./sources.ts";

/** Files that a comparison leaves in its folder; pictures without their ending. */
export const comparisonFiles = {
  json: "comparison.json",
  table: "comparison.csv",
  samples: "comparison_samples.csv",
  /** Times differ from run to run: it is none of the files that must be equal. */
  cost: "cost.csv",
  grid: "samples",
  steps: "steps",
  final: "agreement",
  agreement: "agreement_by_step",
  errors: "error_by_step",
  report: "report.html",
} as const;

/** Writes everything; `comparison.json` last, since it says that the others are there. */
export async function exportComparison(
  comparison: Comparison,
  { plan, schedules, calibrated, fitted, configuration }: {
    readonly plan: ComparisonPlan;
    readonly schedules: readonly ScaleSchedule[];
    /** Files of the run with schedules that it found itself. */
    readonly calibrated: readonly string[];
    readonly fitted: ReadonlyMap<string, FittedParameters>;
    readonly configuration: Readonly<Record<string, unknown>>;
  },
  session: Session,
): Promise<void> {
  const { run, network, data, backend, posterior } = session;
  const { result, table } = comparison;
  const { protocol, machines } = plan;
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed: protocol.seed,
    ...sourcesProvenance(network, data),
    config: {
      ...configuration,
      scales: Object.fromEntries(
        schedules.map(({ machine, steps }) => [machine, steps.map(({ patchSize }) => patchSize)]),
      ),
    },
  });
  await run.write(comparisonFiles.table, comparisonCsv(table));
  await run.write(comparisonFiles.samples, comparisonSamplesCsv(result));
  const content = {
    ...{ comparison, network },
    expected: await expectedSteps(protocol, machines, session),
    images: { count: data.images.shape[0], name: data.label ?? data.name },
  };
  const pictures = await pictureWriter(run);
  const figures: ReportFigure[] = [];
  for (const { name, title, explained, draw } of comparisonFigures(content, comparisonFiles)) {
    await pictures.figure(name, await draw(explained.join(" ")));
    const files = ["svg", "png"].map((type) => ({
      href: `${name}.${type}`,
      label: type.toUpperCase(),
    }));
    figures.push({ title, svg: await draw(), caption: explained, files });
  }
  const report = comparisonReport(content, {
    figures,
    files: [
      { href: comparisonFiles.json, note: "All numbers, with their provenance" },
      {
        href: comparisonFiles.table,
        note: "Each machine, way, step and measure: value, interval, paired difference",
      },
      { href: comparisonFiles.samples, note: "The measures of each sample" },
      { href: comparisonFiles.cost, note: "What asking cost in this run, and what was fitted" },
      ...["network", ...result.machines].map((name) => ({
        href: samplesFile(name),
        note: `Final images of ${name}: float32, [sample, row, column, channel]`,
      })),
      ...calibrated.map((href) => ({ href, note: "Scales that this run found first" })),
    ],
    configuration,
    provenance: { ...provenance },
  });
  for (const { file, html } of reportPages(report, { file: comparisonFiles.report })) {
    await pictures.page(file, html);
  }
  await writeCosts(comparison, { fitted, session });
  await run.write(
    comparisonFiles.json,
    writeJsonText({
      format: "els-comparison",
      version: 1,
      network: network.label,
      machines: result.machines,
      fitted: Object.fromEntries([...fitted].map(([name, { count }]) => [name, count])),
      ...{ sampler: result.sampler, grid: result.grid, steps: result.steps, times: result.times },
      clamp: result.clamp,
      ...{ statistic: table.statistic, level: table.level, against: table.against },
      rows: table.rows,
      samples: result.samples,
      provenance,
    }),
  );
}

/** What asking cost, beside what must be equal from run to run. */
async function writeCosts(
  { costs }: Comparison,
  { fitted, session: { run } }: {
    readonly fitted: ReadonlyMap<string, FittedParameters>;
    readonly session: Session;
  },
): Promise<void> {
  await writeFileAtomic(
    run.file(comparisonFiles.cost),
    csvText([
      ["machine", "fitted", "ms_per_query", "us_per_query_and_image", "setup_s"],
      ...costs.map(({ machine, milliseconds, perImage, setup }) => [
        ...[machine, fitted.get(machine)?.count ?? null, milliseconds, perImage, setup],
      ]),
    ]),
  );
}
