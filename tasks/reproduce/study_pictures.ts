/** Figures and tables of a study, for beside its document. */
import { findMedian } from "../../src/evaluation/agreement_table.ts";
import {
  type FactorPanel,
  factorPlotExplained,
  factorPlotSvg,
} from "../../src/figures/factor_plot.ts";
import { csvText } from "../../src/formats/csv.ts";
import { embedLato } from "../cli/lato.ts";
import { type Study, valueTitle } from "./studies.ts";
import { type StudiedExperiment, theoryOf } from "./study_document.ts";
import type { StudyRecord } from "./study_ledger.ts";

/** r^2 of the theory's machine against the factor, a panel for each experiment, as SVG. */
export async function agreementPicture(
  study: Study,
  experiments: readonly StudiedExperiment[],
): Promise<string | undefined> {
  const panels = experiments.map(({ experiment, parts }): FactorPanel => ({
    title: experiment.name,
    points: parts.flatMap((part) => {
      const { protocol, medians } = part.result;
      const row = findMedian(medians, { machine: theoryOf(part), measure: "r^2" });
      if (row === undefined || row.median === null) return [];
      return [{
        ...study.place({ value: part.value, protocol }),
        ...{ value: row.median, low: row.low!, high: row.high! },
      }];
    }),
  })).filter(({ points }) => points.length > 0);
  if (panels.length === 0) return undefined;
  return await embedLato(
    await factorPlotSvg(panels, {
      factorTitle: study.axis,
      valueTitle: "r² of network and machine",
      note: factorPlotExplained,
    }),
  );
}

/** Error of xHat0 against time, relative to the least of all networks at that time, as SVG. */
export async function errorsPicture(
  { factor }: Study,
  experiments: readonly StudiedExperiment[],
): Promise<string | undefined> {
  const panels = experiments.map(({ experiment, errors }): FactorPanel => {
    const least = new Map<number, number>();
    for (const { t, x0 } of errors.flatMap(({ errors }) => errors)) {
      least.set(t, Math.min(x0, least.get(t) ?? Infinity));
    }
    return {
      title: experiment.name,
      points: errors.flatMap(({ value, errors }) =>
        errors.map(({ t, x0 }) => ({ line: valueTitle(value), at: t, value: x0 / least.get(t)! }))
      ),
    };
  }).filter(({ points }) => points.length > 0);
  if (panels.length === 0) return undefined;
  return await embedLato(
    await factorPlotSvg(panels, {
      factorTitle: "time t  (0 clean, 1 noise)",
      valueTitle: "error of xHat0, times the least",
      factorAxis: "linear",
      valueAxis: "log",
      note:
        `Mean squared error of xHat0 on images that no network has seen, divided by that of the ` +
        `best ${factor.title} at the same time. Logarithmic axis.`,
    }),
  );
}

/** All medians of all machines, as CSV. */
export function agreementTableCsv(parts: readonly StudyRecord[]): string {
  const header = [
    ...["experiment", "value", "grid", "steps", "network_steps", "machine", "measure"],
    ...["median", "low", "high", "samples"],
  ];
  return csvText([
    header,
    ...parts.flatMap(({ experiment, value, result: { protocol, medians } }) =>
      medians.map(({ machine, measure, median, low, high, samples }) => [
        ...[experiment, value, protocol.grid, protocol.steps, protocol.networkSteps],
        ...[machine, measure, median, low, high, samples],
      ])
    ),
  ]);
}

/** All errors, as CSV. */
export function errorsTableCsv(experiments: readonly StudiedExperiment[]): string {
  return csvText([
    ["experiment", "value", "t", "signal", "sigma", "x0", "x0_standard_error", "eps"],
    ...experiments.flatMap(({ errors }) =>
      errors.flatMap(({ experiment, value, errors }) =>
        errors.map(({ t, signal, sigma, x0, x0StandardError, eps }) => [
          ...[experiment, value, t, signal, sigma, x0, x0StandardError, eps],
        ])
      )
    ),
  ]);
}
