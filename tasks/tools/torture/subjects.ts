/** Small work of every kind that is kept in a run folder: seconds of one core each. */
import { join } from "@std/path";
import type { Verb } from "../../cli/command.ts";
import { runHere } from "./in_process.ts";

/** A command whose run is done to death. */
export interface Subject {
  /** What the run is of: the verb on the command line, with more after a space where it has several. */
  readonly name: string;
  readonly verb: () => Promise<Verb>;
  /**
   * Its words.
   *
   * @param out Folder of the runs.
   * @param inputs Folder that {@linkcode makeInputs} filled.
   */
  readonly args: (out: string, inputs: string) => readonly string[];
}

/** The verb on the command line. */
export function verbName({ name }: Subject): string {
  return name.split(" ")[0]!;
}

/** Words of a training that takes a second. */
const tinyTraining = (steps: number) => [
  ...["--dataset", "synthetic", "--images", "20", "--size", "8", "--width", "8", "--layers", "1"],
  ...["--batch-size", "2", "--shards", "1", "--backend", "wasm", "--steps", String(steps)],
];

/** Words that name a network of eight by eight pixels, and few images for machines. */
const tinyNetwork = (inputs: string) => [
  ...["--run", join(inputs, "weights.safetensors"), "--backend", "wasm"],
];

/** One of each kind; `reproduce` is made of them. */
export const subjects: readonly Subject[] = [
  {
    name: "train",
    verb: async () => (await import("../../train.ts")).verb as unknown as Verb,
    args: (out) => [...tinyTraining(12), "--out", out],
  },
  {
    name: "calibrate",
    verb: async () => (await import("../../calibrate.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--images", "10", "--scales", "3,5", "--steps", "3"],
      ...["--samples", "2", "--refine", "r^2", "--refine-samples", "2", "--workers", "1"],
      ...["--out", out],
    ],
  },
  {
    name: "calibrate auto",
    verb: async () => (await import("../../calibrate.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--scales", "3,5", "--steps", "2", "--workers", "1"],
      ...["--out", out],
    ],
  },
  {
    name: "evaluate",
    verb: async () => (await import("../../evaluate.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--images", "10", "--scales", "3,5", "--samples", "18"],
      ...["--machines", "ls,is", "--workers", "1", "--out", out],
    ],
  },
  {
    name: "compare",
    verb: async () => (await import("../../compare.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--images", "10", "--steps", "2", "--samples", "3"],
      ...["--batch", "2", "--machines", "ls,wiener", "--calibration-samples", "1"],
      ...["--workers", "1", "--out", out],
    ],
  },
  {
    name: "sample",
    verb: async () => (await import("../../sample.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--samples", "6", "--steps", "3", "--batch", "2", "--out", out],
    ],
  },
  {
    name: "film",
    verb: async () => (await import("../../film.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--images", "10", "--scales", "3,5", "--seconds", "2"],
      ...["--fps", "4", "--format", "gif,apng,frames", "--workers", "1", "--out", out],
    ],
  },
  {
    name: "mosaic",
    verb: async () => (await import("../../mosaic.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--images", "10", "--scales", "3,5", "--samples", "2"],
      ...[
        "--machines",
        "is",
        "--finish",
        "1",
        "--top",
        "2",
        "--pixels",
        "1",
        "--held-out-images",
        "3",
      ],
      ...["--workers", "1", "--out", out],
    ],
  },
  {
    name: "receptive-field",
    verb: async () => (await import("../../receptive_field.ts")).verb as unknown as Verb,
    args: (out, inputs) => [
      ...[...tinyNetwork(inputs), "--samples", "1", "--steps", "2", "--pixels", "2"],
      ...["--out", out],
    ],
  },
  {
    name: "stable-target",
    verb: async () => (await import("../../stable_target.ts")).verb as unknown as Verb,
    args: (out) => [
      ...["--dataset", "synthetic", "--images", "20", "--references", "4", "--times", "3"],
      ...["--examples", "2", "--draws", "2", "--steps", "10", "--batch-size", "2"],
      ...["--width", "8", "--layers", "1", "--backend", "wasm", "--out", out],
    ],
  },
  {
    name: "quickstart",
    verb: async () => (await import("../../quickstart.ts")).verb as unknown as Verb,
    args: (out) => [
      ...["--images", "10", "--calibration-images", "5", "--calibration-samples", "1"],
      ...["--samples", "2", "--steps", "2", "--backend", "wasm", "--workers", "1", "--out", out],
    ],
  },
];

/** Makes what the subjects start from: a network. */
export async function makeInputs(folder: string): Promise<void> {
  const { verb } = await import("../../train.ts");
  const runs = join(folder, "runs");
  const { code, err } = await runHere(verb, [...tinyTraining(4), "--out", runs]);
  if (code !== 0) throw new Error(`Cannot train the network of the torture: ${err}`);
  for await (const { name } of Deno.readDir(runs)) {
    if (!/^\d+-train/.test(name)) continue;
    await Deno.copyFile(
      join(runs, name, "weights.safetensors"),
      join(folder, "weights.safetensors"),
    );
  }
}
