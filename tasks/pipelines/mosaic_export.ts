/** What a mosaic leaves in its run folder: figures, page, tables and numbers. */
import { reportPages } from "../../src/figures/report.ts";
import type { ReportFile } from "../../src/figures/report_parts.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { pictureWriter } from "../cli/pictures.ts";
import { type MosaicPlan, mosaicTimes, readSample, sampleShape } from "./mosaic.ts";
import { findNearest, type HeldOut, heldOutLabel, nearestDistances } from "./mosaic_nearest.ts";
import {
  mosaicNumbers,
  nearestCsv,
  participationCsv,
  participationCurves,
  patchesCsv,
  type PixelChoice,
  regionCurves,
  regionsCsv,
  spreadOf,
} from "./mosaic_numbers.ts";
import { mosaicFigures, mosaicFiles, mosaicReport } from "./mosaic_page.ts";
import { type KeptSample, sampleFile } from "./mosaic_sample.ts";
import { describePosterior } from "./posterior.ts";
import type { RunOutcome } from "../cli/run_result.ts";
import type { Session } from "./session.ts";
import { sourcesProvenance } from "./sources.ts";

/** What is drawn and written besides what the plan says. */
export interface MosaicExport {
  readonly choice: PixelChoice;
  readonly heldOut: HeldOut | undefined;
  /** Other pages about the same run, beside this one. */
  readonly links?: readonly ReportFile[];
}

/** All samples of a run, which are there. */
async function allSamples(plan: MosaicPlan, session: Session): Promise<KeptSample[]> {
  const shape = sampleShape(plan, session);
  const found: KeptSample[] = [];
  for (let sample = 0; sample < plan.protocol.samples; sample++) {
    const kept = await readSample(sample, { shape, session, tell: session.progress.note });
    if (kept === undefined) throw new Error(`Cannot draw sample ${sample}: it is not kept`);
    found.push(kept);
  }
  return found;
}

/** The samples by their names: so those that an earlier process kept have checksums as well. */
export function keptFiles(samples: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: samples }, (_, i) => [`sample ${i}`, sampleFile(i)]),
  );
}

/** Draws and writes everything; `mosaic.json` last, since it says that the others are there. */
export async function exportMosaic(
  plan: MosaicPlan,
  session: Session,
  { choice, heldOut, links = [] }: MosaicExport,
): Promise<RunOutcome> {
  const { run, network, data, backend, posterior, progress } = session;
  const { protocol, schedules } = plan;
  const samples = await allSamples(plan, session);
  const nearness = await findNearest(samples, { session, heldOut });
  const participation = participationCurves(samples), regions = regionCurves(samples);
  const content = { samples, plan, network, data, nearness, choice, participation, regions };
  const tables = [
    ["participation", participationCsv(samples), "How many take part, by sample, machine and step"],
    ["regions", regionsCsv(regions), "Sizes of copied regions, by machine and step"],
    [
      "patches",
      patchesCsv(samples, { choice, labels: data.labels }),
      "Patches of the chosen pixels",
    ],
    ["nearest", nearestCsv(nearness, data.labels), "Nearest training images and their distances"],
  ] as const;
  for (const [name, text] of tables) await run.write(`${name}.csv`, text);
  const pictures = await pictureWriter(run);
  const drawn = mosaicFigures(content);
  const bar = progress.start({ label: "draw", total: drawn.length, unit: "figures" });
  const figures = [];
  for (const [i, { name, title, explained, draw, data, onPage }] of drawn.entries()) {
    await pictures.figure(name, await draw(explained.join(" ")));
    const files = ["svg", "png"].map((type) => ({
      href: `${name}.${type}`,
      label: type.toUpperCase(),
    }));
    if (onPage) {
      figures.push({ title, svg: await draw(), caption: explained, files: [...files, ...data] });
    }
    bar.update(i + 1);
  }
  bar.finish();
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed: protocol.seed,
    ...sourcesProvenance(network, data),
    config: {
      ...protocol,
      labels: protocol.labels ?? null,
      times: mosaicTimes(plan, session),
      scales: Object.fromEntries(
        schedules.map(({ machine, steps }) => [machine, steps.map(({ patchSize }) => patchSize)]),
      ),
      top: plan.top,
    },
  });
  const report = mosaicReport(content, {
    links,
    figures,
    files: [
      { href: mosaicFiles.json, note: "All numbers, with their provenance" },
      ...tables.map(([name, , note]) => ({ href: `${name}.csv`, note })),
      ...samples.map((_, i) => ({
        href: sampleFile(i),
        note:
          `Sample ${i}: every step of network and machines, and of each pixel the heaviest patches`,
      })),
    ],
    configuration: {
      ...protocol,
      labels: protocol.labels?.join(",") ?? "none",
      machines: plan.machines.join(", "),
      top: plan.top,
    },
    provenance: { ...provenance },
  });
  for (const { file, html } of reportPages(report, { file: mosaicFiles.report })) {
    await pictures.page(file, html);
  }
  const { labels } = protocol;
  await run.write(
    mosaicFiles.json,
    writeJsonText({
      format: "els-mosaic",
      version: 1,
      network: network.label,
      machines: plan.machines,
      times: mosaicTimes(plan, session),
      ...mosaicNumbers(samples, { nearness, regions, choice, labels }),
      provenance,
    }),
  );
  const distanceOf = (label: string) => {
    const group = nearness.groups.find((each) => each.label === label);
    return group && spreadOf(nearestDistances(group)).median;
  };
  const control = distanceOf(heldOutLabel);
  return {
    files: {
      report: mosaicFiles.report,
      mosaic: `${mosaicFiles.mosaic}.png`,
      steps: `${mosaicFiles.steps}_0.png`,
      patches: `${mosaicFiles.patches}_0.png`,
      participation: `${mosaicFiles.participation}.png`,
      regions: `${mosaicFiles.regions}.png`,
      nearest: `${mosaicFiles.nearest}.png`,
      numbers: mosaicFiles.json,
      ...keptFiles(samples.length),
    },
    numbers: {
      "images with 90 % of the weight": participation[0]!.points.at(-1)!.imagesOf90.median,
      "median region": regions[0]!.points.at(-1)!.spread.median,
      "distance of the network": distanceOf("network")!,
      ...control !== undefined && { "distance of held-out images": control },
    },
  };
}
