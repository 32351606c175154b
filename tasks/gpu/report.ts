/**
 * Puts what the stages of run.sh left in a folder together: `gpu.json` there, and short tables on the
 * console. Parts that are missing are left out.
 *
 * @module
 */
import { join } from "@std/path";
import type { AgreementRow } from "../../src/evaluation/agreement_table.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { textTable } from "../cli/table.ts";

interface Rate {
  readonly machine: string;
  readonly channels: number;
  readonly k: number;
  readonly pairsPerSecond: number;
  readonly shareOfFloat32Rate: number;
  readonly peerPairsPerSecond?: number;
}

interface PosteriorPart {
  readonly float32PerSecond: number;
  readonly rates?: readonly Rate[];
  readonly samples?: readonly Readonly<Record<"images" | "number" | "first" | "again", unknown>>[];
}

interface TrainingPart {
  readonly architecture: string;
  readonly batch: number;
  readonly results: readonly {
    readonly width: number;
    readonly seconds: number;
    readonly flops: number;
    readonly steps: number;
    readonly memory?: readonly [{ readonly gpuBytes?: number }, { readonly gpuBytes?: number }];
    readonly torch?: { readonly seconds: number; readonly device: string };
  }[];
}

interface EvaluationPart {
  readonly grid: string;
  readonly steps: number;
  readonly medians: readonly AgreementRow[];
}

const folder = Deno.args[0]!;

/** Names of the files that begin and end alike, in order. */
async function namesOf(prefix: string, ending: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(prefix) && name.endsWith(ending)) names.push(name);
  }
  return names.sort();
}

/** Fields of the files' lines, which tabs divide. */
async function lines(prefix: string): Promise<string[][]> {
  const found: string[][] = [];
  for (const name of await namesOf(prefix, ".tsv")) {
    const text = await Deno.readTextFile(join(folder, name));
    found.push(...text.split("\n").filter(Boolean).map((line) => line.split("\t")));
  }
  return found;
}

/** Content of JSON files; one that was cut off counts as missing. */
async function parts<T>(prefix: string): Promise<T[]> {
  const found: T[] = [];
  for (const name of await namesOf(prefix, ".json")) {
    try {
      found.push(JSON.parse(await Deno.readTextFile(join(folder, name))));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      console.error(`${join(folder, name)} is left out: ${error.message}`);
    }
  }
  return found;
}

const [adapter] = await parts<Readonly<Record<string, unknown>>>("adapter");
const stages = (await lines("stage-")).map(([stage, outcome, seconds]) => ({
  stage,
  outcome,
  seconds: Number(seconds),
}));
const posterior = await parts<PosteriorPart>("posterior-");
const training = await parts<TrainingPart>("training-");
const rows = [];
for (const [row, training, path] of await lines("row-")) {
  const { grid, steps, medians }: EvaluationPart = JSON.parse(await Deno.readTextFile(path!));
  rows.push({ row, training, grid, steps, medians });
}
const all = { adapter, stages, posterior, training, rows };
await writeFileAtomic(join(folder, "gpu.json"), JSON.stringify(all, null, 2) + "\n");

function print(title: string, header: readonly string[], rows: (string | number)[][]): void {
  if (rows.length > 0) console.log(`\n${title}\n${textTable({ header: [...header], rows })}`);
}

print(
  "Posterior: one query, pairs of query and training patches per second",
  ["machine", "C", "k", "pairs/s", "of float32", "PyTorch", "ratio"],
  posterior.flatMap(({ rates = [] }) =>
    rates.map((rate) => [
      rate.machine,
      rate.channels,
      rate.k,
      rate.pairsPerSecond.toExponential(2),
      `${(100 * rate.shareOfFloat32Rate).toFixed(1)}%`,
      rate.peerPairsPerSecond?.toExponential(2) ?? "",
      rate.peerPairsPerSecond ? (rate.pairsPerSecond / rate.peerPairsPerSecond).toFixed(1) : "",
    ])
  ),
);
print(
  "A 20-step bbELS sample, in seconds: the first, and again",
  ["images", "number", "first", "again"],
  posterior.flatMap(({ samples = [] }) =>
    samples.map(({ images, number, first, again }) => [images, number, first, again].map(String))
  ),
);
print(
  "Training: whole steps; ratio is PyTorch's time over ours; MB on the GPU after warm-up and in the end",
  ["network", "width", "batch", "steps", "steps/s", "GFLOP/s", "PyTorch on", "ratio", "MB"],
  training.flatMap(({ architecture, batch, results }) =>
    results.map(({ width, seconds, flops, steps, memory, torch }) => [
      architecture,
      width,
      batch,
      steps,
      (1 / seconds).toFixed(2),
      (flops / seconds / 1e9).toFixed(0),
      torch?.device ?? "",
      torch ? (torch.seconds / seconds).toFixed(2) : "",
      memory?.map(({ gpuBytes = 0 }) => (gpuBytes / 1e6).toFixed(1)).join(", ") ?? "",
    ])
  ),
);
print(
  "Rows: median r^2 of machine and network over samples",
  ["row", "training", "times", "machine", "samples", "r^2", "interval"],
  rows.flatMap(({ row, training, grid, steps, medians }) =>
    medians.filter(({ measure }) => measure === "r^2").map((each) => [
      row!,
      training!,
      `${grid} ${steps}`,
      each.machine,
      each.samples,
      each.median?.toFixed(3) ?? "undefined",
      each.low === null || each.high === null
        ? ""
        : `${each.low.toFixed(3)} to ${each.high.toFixed(3)}`,
    ])
  ),
);
print(
  "Stages",
  ["stage", "outcome", "seconds"],
  stages.map(({ stage, outcome, seconds }) => [stage!, outcome!, seconds]),
);
