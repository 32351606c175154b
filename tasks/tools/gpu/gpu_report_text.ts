/** The report of a GPU box as text. */
import { textTable } from "../../cli/table.ts";
import type { GpuReport } from "./gpu_report.ts";

const verdict = (reached: boolean | null): string =>
  reached === null ? "not told" : reached ? "reached" : "MISSED";
const mark = (reached: boolean | null): string => reached === null ? "" : verdict(reached);

function section(title: string, header: readonly string[], rows: (string | number)[][]): string[] {
  return rows.length > 0 ? [`${title}\n${textTable({ header: [...header], rows })}`] : [];
}

/** The report as text. */
export function reportText(report: GpuReport): string {
  const { adapter, context, posterior } = report;
  const peers = report.peers.map((peer) => `${peer}, float32, TF32 off`);
  const about: readonly (readonly [string, string | undefined])[] = [
    [
      "adapter",
      adapter &&
      `${adapter.name}${adapter.software ? ", SOFTWARE: no timing here means anything" : ""}`,
    ],
    ["driver", context.driver],
    ["toolkit", `${context.toolkit ?? "unknown"}, commit ${context.commit ?? "unknown"}`],
    ["runtime", `${context.deno ?? "unknown"}, TensorFlow.js ${context.tensorflowjs ?? "unknown"}`],
    ["peer", peers.length > 0 ? peers.join("; ") : context.peer],
    ["box", context.system],
    ["call", `run.sh ${context.options ?? ""}`.trimEnd() + `, ${context.created ?? "unknown"}`],
    ["sizes", report.reduced === null ? "full" : `REDUCED: ${report.reduced}`],
  ];
  const float32 = posterior.float32PerSecond;
  return [
    about.filter(([, text]) => text).map(([name, text]) => `${name!.padEnd(8)} ${text}`).join("\n"),
    ...section(
      "Stages",
      ["stage", "outcome", "seconds"],
      report.stages.map(({ stage, outcome, seconds }) => [stage, outcome, seconds]),
    ),
    ...section(
      "Not run, or not to the end",
      ["what", "why"],
      report.notRun.map(({ what, why }) => [what, why]),
    ),
    ...section(
      "Targets, which are for an H100 at full sizes",
      ["what", "target", "found", "verdict"],
      report.targets.map((
        { what, target, found, reached },
      ) => [what, target, found, verdict(reached)]),
    ),
    ...section(
      "Posterior: one query, pairs of query and training patches per second" +
        (float32 === null
          ? ""
          : `; the chip: ${(float32 / 1e12).toPrecision(3)} T float32 operations/s`),
      ["machine", "C", "k", "images", "pairs/s", "of float32", "PyTorch", "ratio", "10 times"],
      posterior.rates.map((rate) => [
        rate.machine,
        rate.channels,
        rate.k,
        rate.images,
        rate.pairsPerSecond.toExponential(2),
        `${(100 * rate.shareOfFloat32Rate).toFixed(1)}%`,
        rate.peerPairsPerSecond?.toExponential(2) ?? "",
        rate.ratio?.toFixed(1) ?? "",
        mark(rate.reached),
      ]),
    ),
    ...section(
      "A 20-step bbELS sample, in seconds: the first, which sends the images and compiles, and again",
      ["images", "number", "first", "again", "3 s"],
      posterior.samples.map(({ images, number, first, again, reached }) => [
        images,
        number,
        first.toFixed(2),
        again.toFixed(2),
        mark(reached),
      ]),
    ),
    ...section(
      "Training: whole steps; ratio is PyTorch's time over ours; MB on the GPU after warm-up and in the end",
      [
        "network",
        "width",
        "batch",
        "steps",
        "steps/s",
        "GFLOP/s",
        "PyTorch on",
        "ratio",
        "half",
        "MB",
      ],
      report.training.map((row) => [
        row.network,
        row.width,
        row.batch,
        row.steps,
        row.stepsPerSecond.toFixed(2),
        (row.flopsPerSecond / 1e9).toFixed(0),
        row.ratio === null ? "" : row.peer,
        row.ratio?.toFixed(2) ?? "",
        mark(row.reached),
        row.gpuBytes.map((bytes) => (bytes / 1e6).toFixed(1)).join(", "),
      ]),
    ),
    ...section(
      "Rows: median r^2 of machine and network over samples",
      ["row", "training", "times", "machine", "samples", "r^2", "interval"],
      report.rows.flatMap(({ row, training, grid, steps, medians }) =>
        medians.filter(({ measure }) => measure === "r^2").map((each) => [
          row,
          training,
          `${grid} ${steps}`,
          each.machine,
          each.samples,
          each.median?.toFixed(3) ?? "undefined",
          each.low === null || each.high === null
            ? ""
            : `${each.low.toFixed(3)} to ${each.high.toFixed(3)}`,
        ])
      ),
    ),
    ...section(
      "Steps",
      ["stage", "step", "outcome", "seconds"],
      report.steps.map(({ stage, name, outcome, seconds }) => [stage, name, outcome, seconds]),
    ),
  ].join("\n\n") + "\n";
}
