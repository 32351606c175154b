/** What an evaluation leaves in its run folder: numbers, tables, images, pictures and pages. */
import {
  agreementCsv,
  type AgreementRow,
  agreementSamplesCsv,
} from "../../src/evaluation/agreement_table.ts";
import type { AgreementResult } from "../../src/evaluation/evaluate.ts";
import { scaleScheduleCsv } from "../../src/calibration/scale_schedule_csv.ts";
import { writeScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { reportPages } from "../../src/figures/report.ts";
import type { ReportFile } from "../../src/figures/report_parts.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { pictureWriter } from "../cli/pictures.ts";
import { calibrationFiles } from "./calibration_files.ts";
import { evaluationFigures, evaluationReport } from "./evaluation_page.ts";
import { describePosterior } from "./posterior.ts";
import type { Session } from "./session.ts";
import { sourcesProvenance } from "./sources.ts";

/** Files that an evaluation leaves in its folder; pictures without their ending. */
export const evaluationFiles = {
  json: "evaluation.json",
  table: "agreement.csv",
  samples: "agreement_samples.csv",
  images: "images.safetensors",
  grid: "samples",
  plot: "agreement",
  scales: "scales",
  report: "report.html",
} as const;

/** The schedules behind the machines, beside the results: each as JSON and CSV. */
async function exportSchedules(
  schedules: readonly ScaleSchedule[],
  { run }: Session,
): Promise<ReportFile[]> {
  const links: ReportFile[] = [];
  for (const schedule of schedules) {
    const { machine } = schedule;
    const files = calibrationFiles(`${machine.toLowerCase()}_`);
    await run.write(files.schedule, writeScaleSchedule(schedule));
    await run.write(files.scales, scaleScheduleCsv(schedule));
    links.push(
      { href: files.schedule, label: `${machine} (JSON)` },
      { href: files.scales, label: `${machine} (CSV)` },
    );
  }
  return links;
}

/** Writes everything; `evaluation.json` last, since it says that the others are there. */
export async function exportEvaluation(
  result: AgreementResult,
  session: Session,
  { rows, plan, schedules, links }: {
    readonly rows: readonly AgreementRow[];
    readonly plan: SamplingProtocol;
    readonly schedules: readonly ScaleSchedule[];
    readonly links: readonly ReportFile[];
  },
): Promise<void> {
  const { run, network, data, backend, posterior } = session;
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed: plan.seed,
    ...sourcesProvenance(network, data),
    config: {
      ...plan,
      labels: plan.labels ?? null,
      scales: Object.fromEntries(
        schedules.map(({ machine, steps }) => [machine, steps.map(({ patchSize }) => patchSize)]),
      ),
    },
  });
  await run.write(evaluationFiles.table, agreementCsv(rows));
  await run.write(evaluationFiles.samples, agreementSamplesCsv(result));
  const scheduleLinks = await exportSchedules(schedules, session);

  const pictures = await pictureWriter(run);
  const content = { result, rows, network, schedules, data };
  const figures = [];
  for (
    const { name, title, explained, draw, data } of evaluationFigures(content, {
      ...evaluationFiles,
      schedules: scheduleLinks,
    })
  ) {
    await pictures.figure(name, await draw(explained.join(" ")));
    const files = ["svg", "png"].map((type) => ({
      href: `${name}.${type}`,
      label: type.toUpperCase(),
    }));
    figures.push({ title, svg: await draw(), caption: explained, files: [...files, ...data] });
  }
  const report = evaluationReport(content, {
    links,
    figures,
    files: [
      { href: evaluationFiles.json, note: "All numbers of all samples, with their provenance" },
      { href: evaluationFiles.table, note: "Medians and intervals" },
      { href: evaluationFiles.samples, note: "r, r² and R² of each sample and machine" },
      {
        href: evaluationFiles.images,
        note:
          "Noise, and the images of network and machines: float32, [sample, row, column, channel]",
      },
      ...scheduleLinks.map(({ href, label }) => ({ href, note: `Scales of ${label}` })),
    ],
    configuration: { ...plan, labels: plan.labels?.join(",") ?? "none" },
    provenance: { ...provenance },
  });
  for (const { file, html } of reportPages(report, { file: evaluationFiles.report })) {
    await pictures.page(file, html);
  }
  await run.write(
    evaluationFiles.json,
    writeJsonText({
      format: "els-evaluation",
      version: 1,
      network: network.label,
      machines: result.machines,
      sampler: result.sampler,
      grid: result.grid,
      steps: result.steps,
      networkSteps: result.networkSteps,
      medians: rows,
      samples: result.samples,
      provenance,
    }),
  );
}
