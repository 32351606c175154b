/** The tables of a comparison, for a terminal and for its page. */
import type {
  ComparisonRow,
  ComparisonTable,
  ComparisonWay,
} from "../../src/evaluation/comparison_table.ts";
import { textTable } from "../cli/table.ts";
import type { Comparison, MachineCost } from "./comparison.ts";
import type { FittedParameters } from "./comparison_scales.ts";

/** A table with its title. */
export interface ComparisonText {
  readonly title: string;
  readonly header: string[];
  readonly rows: string[][];
}

/** Names of measures as people write them. */
export const printed = (name: string): string => name.replaceAll("^2", "²");

/** What the ways are called. */
export const wayNames: Readonly<Record<ComparisonWay, string>> = {
  own: "own trajectories",
  single: "single steps",
};

/** How the marks are read. */
export const marksExplained =
  "*: the best; ~: the interval of its differences to the best, sample by sample, holds 0.";

const marks = { best: "*", near: "~", behind: "" } as const;

/** A number as its measure is read: errors with three digits, the others with three decimals. */
export function measured(value: number | null, measure: string): string {
  if (value === null) return "–";
  if (measure !== "MSE") return value.toFixed(3);
  return value !== 0 && value < 1e-4 ? value.toExponential(1) : value.toPrecision(3);
}

function cell({ value, low, high, measure, standing }: ComparisonRow): string {
  if (value === null) return "undefined";
  const number = (each: number | null) => measured(each, measure);
  return `${number(value)}${marks[standing ?? "behind"]} [${number(low)}, ${number(high)}]`;
}

/** The differences to the reference, and where the machine is above it. */
function differences(row: ComparisonRow | undefined): [difference: string, above: string] {
  if (row === undefined || row.difference === null) return ["–", "–"];
  const signed = (value: number | null) => (value! > 0 ? "+" : "") + measured(value, row.measure);
  const { difference, differenceLow, differenceHigh, wins, samples } = row;
  return [
    `${signed(difference)} [${signed(differenceLow)}, ${signed(differenceHigh)}]`,
    `${wins} of ${samples}`,
  ];
}

/** One row for each machine: all measures of the final images, or of the mean over single steps. */
export function summaryTable(
  { rows, against }: ComparisonTable,
  { way, machines }: { readonly way: ComparisonWay; readonly machines: readonly string[] },
): ComparisonText {
  const own = rows.filter((row) => row.way === way && row.step === null);
  const measures = [...new Set(own.map(({ measure }) => measure))];
  const find = (machine: string, measure: string) =>
    own.find((row) => row.machine === machine && row.measure === measure);
  return {
    title: way === "own"
      ? "Own trajectories: the final images"
      : "Single steps: the mean over steps, asked at the network's x",
    header: ["machine", ...measures.map(printed), `r² less ${against}'s`, "above"],
    rows: machines.map((machine) => [
      machine,
      ...measures.map((measure) => {
        const row = find(machine, measure);
        return row === undefined ? "" : cell(row);
      }),
      ...differences(find(machine, "r^2")),
    ]),
  };
}

/** One row for each machine, one column for each step: a measure of the clean images that are expected. */
export function stepsTable(
  { rows }: ComparisonTable,
  { way, measure, machines }: {
    readonly way: ComparisonWay;
    readonly measure: string;
    readonly machines: readonly string[];
  },
): ComparisonText {
  const own = rows.filter((row) => row.way === way && row.step !== null && row.measure === measure);
  const steps = [...new Set(own.map(({ step }) => step!))].sort((a, b) => a - b);
  const at = (step: number) => own.find((row) => row.step === step)!.t!;
  return {
    title: `${way === "own" ? "Own trajectories" : "Single steps"}: ${printed(measure)} by time t`,
    header: ["machine", ...steps.map((step) => timeText(at(step)))],
    rows: machines.map((machine) => [
      machine,
      ...steps.map((step) => {
        const row = own.find((each) => each.machine === machine && each.step === step);
        return row === undefined
          ? ""
          : measured(row.value, measure) + marks[row.standing ?? "behind"];
      }),
    ]),
  };
}

/** A time with as many digits as tell it from others near 1. */
export const timeText = (t: number): string => Number(t.toFixed(t > 0.99 ? 4 : 3)).toString();

/** What machines were fitted by, and what asking them cost. */
export function costTable(
  costs: readonly MachineCost[],
  fitted: ReadonlyMap<string, FittedParameters>,
): ComparisonText {
  const names = ["network", ...fitted.keys()];
  const short = (value: number) => Number(value.toPrecision(3)).toString();
  return {
    title: "Fitted to the network, and cost in this run (processor time, all threads)",
    header: ["machine", "fitted numbers", "ms a query", "µs a query and image", "preparing, s"],
    rows: names.map((name) => {
      const cost = costs.find(({ machine }) => machine === name);
      return [
        name,
        name === "network" ? "–" : fitted.get(name)!.what,
        cost === undefined ? "–" : short(cost.milliseconds),
        cost === undefined || name === "network" ? "–" : short(cost.perImage),
        cost === undefined ? "–" : cost.setup < 0.005 ? "0" : short(cost.setup),
      ];
    }),
  };
}

/** Everything for a terminal. */
export function comparisonText(
  { result, table, costs }: Comparison,
  { network, fitted, clamp }: {
    readonly network: string;
    readonly fitted: ReadonlyMap<string, FittedParameters>;
    readonly clamp: boolean;
  },
): string {
  const { machines, steps, sampler, grid } = result;
  const samples = result.images.network.shape[0];
  const tables = [
    summaryTable(table, { way: "own", machines }),
    summaryTable(table, { way: "single", machines }),
    stepsTable(table, { way: "single", measure: "MSE", machines }),
    stepsTable(table, { way: "own", measure: "r^2", machines }),
    costTable(costs, fitted),
  ];
  const level = Number((100 * table.level).toFixed(3));
  return [
    ...tables.map(({ title, header, rows }) =>
      `${title}\n\n${
        textTable({ header, rows, align: header.map((_, i) => i === 0 ? "left" : "right") })
      }`
    ),
    `${table.statistic === "median" ? "Medians" : "Means"} over ${samples} samples of ${network} ` +
    `[${level}% bootstrap interval]; ${steps} ${grid} steps of ${sampler}${
      clamp ? "; images clamped to [0, 1]" : ""
    }.\n${marksExplained}`,
  ].join("\n\n");
}
