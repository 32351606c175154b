/** Figures, tables and text of `deno task stable-target`. */
import { csvText } from "../../src/formats/csv.ts";
import { mean } from "../../src/core/statistics.ts";
import { lossCurveExplained, lossCurveSvg } from "../../src/figures/loss_curve.ts";
import { targetCurveExplained, targetCurveSvg } from "../../src/figures/target_curve.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import type { TargetStatistics } from "../../src/training/target_statistics.ts";
import { pictureWriter } from "../cli/pictures.ts";
import { textTable } from "../cli/table.ts";

/** Losses of one training. */
export interface Losses {
  readonly step: readonly number[];
  readonly loss: readonly number[];
  /** Steps at which the distance from the ideal target was measured. */
  readonly probeStep: readonly number[];
  readonly probe: readonly number[];
}

/** All that was measured. */
export interface StableTargetResults {
  readonly rows: readonly TargetStatistics[];
  readonly plain: Losses;
  readonly stable: Losses;
  /** References behind the stable target. */
  readonly trainedOn: number;
}

/** Writes figures, tables and numbers. */
export async function exportStableTarget(
  run: Run,
  { rows, plain, stable, trainedOn }: StableTargetResults,
  origin: Parameters<typeof createProvenance>[0],
): Promise<void> {
  const pictures = await pictureWriter(run);
  await pictures.figure(
    "targets",
    await targetCurveSvg(rows, {
      title: "Training targets that are means over a reference batch of n images",
      note: targetCurveExplained,
    }),
  );
  const curves = [["plain", plain], [
    `stable, n = ${trainedOn.toLocaleString("en")}`,
    stable,
  ]] as const;
  await pictures.figure(
    "losses",
    await lossCurveSvg([
      ...curves.map(([label, { step, loss }]) => ({ label: `${label}: loss`, step, loss })),
      ...curves.map(([label, { probeStep, probe }]) => ({
        label: `${label}: from the ideal`,
        step: probeStep,
        loss: probe,
      })),
    ], {
      title: "Training on plain and on stable targets",
      width: 520,
      height: 300,
      points: 60,
      valueTitle: "squared error of the raw network",
      note: lossCurveExplained +
        ' "From the ideal": error against the mean over all training images, on the same examples.',
    }),
  );
  const columns = Object.keys(rows[0]!) as (keyof TargetStatistics)[];
  await run.write(
    "targets.csv",
    csvText([columns, ...rows.map((row) => columns.map((key) => row[key]))]),
  );
  const probeAt = ({ probeStep, probe }: Losses, step: number) => {
    const index = probeStep.indexOf(step);
    return index < 0 ? "" : probe[index];
  };
  await run.write(
    "losses.csv",
    [
      "step,plain_loss,stable_loss,plain_from_ideal,stable_from_ideal",
      ...plain.step.map((step, i) =>
        [step, plain.loss[i], stable.loss[i], probeAt(plain, step), probeAt(stable, step)].join()
      ),
      "",
    ].join("\n"),
  );
  await run.write(
    "stable_target.json",
    writeJsonText({
      format: "els-stable-target",
      version: 1,
      peaks: peaks(rows),
      targets: rows,
      losses: { plain, stable },
      provenance: createProvenance(origin),
    }),
  );
}

/** For each size: the highest variance over t, and how it compares with n = 1 there and at t = 1. */
function peaks(rows: readonly TargetStatistics[]) {
  const of = (n: number) => rows.filter(({ references }) => references === n);
  const at = (n: number, t: number) => of(n).find((row) => row.t === t)!.variance;
  return [...new Set(rows.map(({ references }) => references))].map((n) => {
    const peak = of(n).reduce((best, row) => row.variance > best.variance ? row : best);
    const plain = of(1).reduce((best, row) => row.variance > best.variance ? row : best);
    const mean = (key: "biasSquared" | "biasSquaredWithoutSource") =>
      of(n).reduce((sum, row) => sum + row[key] * row.level ** 2, 0) / of(n).length;
    return {
      references: n,
      peak: peak.variance,
      t: peak.t,
      ofPeaks: plain.variance / peak.variance,
      atHalfWay: at(1, nearest(rows, (plain.t + 1) / 2)) / at(n, nearest(rows, (plain.t + 1) / 2)),
      atEnd: at(1, 1) / at(n, 1),
      biasSquared: mean("biasSquared"),
      biasSquaredWithoutSource: mean("biasSquaredWithoutSource"),
    };
  });
}

/** The measured time nearest to t. */
function nearest(rows: readonly TargetStatistics[], t: number): number {
  return rows.reduce((best, row) => Math.abs(row.t - t) < Math.abs(best - t) ? row.t : best, 2);
}

/** Mean loss over the last tenth of the steps. */
export function lateLoss({ loss }: Losses): number {
  return mean(loss.slice(-Math.ceil(loss.length / 10)));
}

/** What the command says at the end. */
export function stableTargetText(run: Run, { rows, plain, stable }: StableTargetResults): string {
  const found = peaks(rows);
  const half = nearest(rows, (found[0]!.t + 1) / 2);
  return [
    textTable({
      header: [
        "n",
        "peak variance",
        "at t",
        "peak below n = 1",
        `at t = ${half.toFixed(2)}`,
        "at t = 1",
        "bias^2",
        "bias^2 without source",
      ],
      rows: found.map((row) => [
        row.references,
        row.peak.toExponential(2),
        row.t.toFixed(2),
        row.ofPeaks.toFixed(1),
        row.atHalfWay.toFixed(1),
        row.atEnd.toFixed(1),
        row.biasSquared.toExponential(1),
        row.biasSquaredWithoutSource.toExponential(1),
      ]),
    }),
    "Per value of the target: variance in units of eps; squared bias in units of x0, mean over t.",
    "",
    textTable({
      header: ["training on", "loss, last tenth", "from the ideal target, at the end"],
      rows: ([["plain", plain], ["stable", stable]] as const).map(([name, losses]) => [
        name,
        lateLoss(losses).toFixed(4),
        losses.probe.at(-1)!.toFixed(4),
      ]),
    }),
    "",
    textTable({
      header: ["where to look", ""],
      rows: [
        ["targets", run.file("targets.png")],
        ["losses", run.file("losses.png")],
        ["numbers", run.file("stable_target.json")],
      ],
    }),
  ].join("\n");
}
