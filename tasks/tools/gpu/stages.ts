/** The stages of a call, as the steps that they are made of. */
import { join } from "@std/path";
import { datasetSources } from "../../../src/datasets/registry_files.ts";
import { readJsonFile } from "../../../src/runs/json_file.ts";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import { foundIn } from "../../pipelines/bring_dataset.ts";
import { type Experiment, experiments } from "../../reproduce/experiments.ts";
import { Ledger } from "../../reproduce/ledger.ts";
import { gpuProfile } from "./gpu_profile.ts";
import type { GpuOptions, StageName } from "./options.ts";
import type { Results } from "./results.ts";
import type { Steps } from "./steps.ts";
import { trainedRow } from "./trained_row.ts";

/** What stages work with. */
export interface StageContext {
  readonly options: GpuOptions;
  readonly steps: Steps;
  readonly results: Results;
  /** Folder of the state; each row has one in it. */
  readonly state: string;
  /** Folder of data sets. */
  readonly data: string | undefined;
  readonly software: boolean;
  /** The command of a task in deno.json, as words. */
  readonly taskWords: (name: string) => readonly string[];
  /** Seconds that this stage has left. */
  readonly left: () => number;
  readonly abort: AbortSignal;
}

/** The share of a row's time that its training may take; the rest is for the machines. */
const TRAINING_SHARE = 0.6;

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** The file or folder of a data set in a folder of several; undefined if it holds none. */
export async function dataOf(
  dataset: string,
  folder: string | undefined,
): Promise<string | undefined> {
  if (folder === undefined || !await exists(join(folder, dataset))) return undefined;
  const names = Array.from(Deno.readDirSync(join(folder, dataset)), ({ name }) => name)
    .filter((name) => name.endsWith(".bin")).sort();
  const records = names.find((name) => name.startsWith("train")) ??
    names.find((name) => name.startsWith(dataset));
  return join(folder, dataset, records ?? "");
}

async function conformance({ steps, state, left }: StageContext): Promise<void> {
  const parts = {
    posterior: [
      "tests/posterior/shaders_test.ts",
      "tests/posterior/webgpu_test.ts",
      "tests/posterior/device_mean_test.ts",
    ],
    networks: ["tests/networks"],
    training: ["tests/training/device_test.ts"],
  };
  for (const [name, files] of Object.entries(parts)) {
    await steps.run({
      stage: "conformance",
      name: `conformance-${name}`,
      seconds: left(),
      words: [
        ...[Deno.execPath(), "test", "--no-check", "--no-prompt", "-R"],
        ...[`-W=${join(state, "tmp")}`, "--allow-env", "--filter", "/webgpu|backend:/", ...files],
      ],
    });
  }
}

async function posterior(context: StageContext): Promise<void> {
  const { steps, results, data, software, taskWords, left, options: { tiny } } = context;
  const stage = "posterior";
  const bench = taskWords("bench:webgpu");
  for (const channels of [1, 3]) {
    const name = `posterior-rates-${channels}`;
    await steps.run({
      ...{ stage, name, seconds: left() },
      words: [
        // A GPU is not to be compared with a CPU.
        ...[...bench, "--what", "rates", "--peer-device", software ? "auto" : "cuda"],
        ...["--channels", `${channels}`, "--out", join(results.parts, `${name}.json`)],
        ...tiny ? ["--images", "4", "--scales", "3,9", "--repeats", "1"] : [],
      ],
    });
  }
  const color = await dataOf("cifar10", data);
  if (color === undefined) {
    results.note({ stage, what: "sample of CIFAR-10", why: "its data are not at hand" });
  }
  const name = "posterior-sample";
  await steps.run({
    ...{ stage, name, seconds: left() },
    words: [
      ...[...bench, "--what", "sample", "--out", join(results.parts, `${name}.json`)],
      ...color === undefined ? [] : ["--color", color],
      ...tiny ? ["--images", "4"] : [],
    ],
  });
}

async function training(context: StageContext): Promise<void> {
  const { steps, results, software, taskWords, left, options: { tiny } } = context;
  const [wide, narrow, batch] = tiny ? [8, 8, 2] : [256, 64, 128];
  const [seconds, many] = tiny ? [0.1, 20] : [10, 1000];
  const device = software ? "auto" : "cuda";
  const resnet = ["--widths", wide, "--layers", 6];
  const cases = {
    "1-resnet": [...resnet, "--batch", batch, "--seconds", seconds, "--device", device],
    "2-unet": [
      ...["--architecture", "unet", "--widths", narrow],
      ...["--batch", batch, "--seconds", seconds, "--device", device],
    ],
    // Memory held: how many images a step takes changes nothing about whether it grows.
    "3-memory": [
      ...[...resnet, "--batch", Math.floor(batch / 8) + 1, "--seconds", 0],
      ...["--min-steps", many, "--device", "none"],
    ],
  };
  for (const [key, flags] of Object.entries(cases)) {
    const name = `training-${key}`;
    await steps.run({
      ...{ stage: "training", name, seconds: left() },
      words: [
        ...[...taskWords("bench:train"), "--backend", "webgpu"],
        ...["--out", join(results.parts, `${name}.json`), ...flags.map(String)],
      ],
    });
  }
}

/** The rows to do: those named, or the zero-padded ResNets; without those whose data are not at hand. */
async function chooseRows({ options, steps, results, data }: StageContext): Promise<Experiment[]> {
  const wanted = options.rows ??
    experiments.filter(({ network, padding }) => network === "resnet" && padding === "zeros");
  const chosen: Experiment[] = [];
  for (const experiment of wanted) {
    const { dataset, name } = experiment;
    const source = datasetSources.find((each) => each.name === dataset)!;
    const here = dataset === "mnist" || await dataOf(dataset, data) !== undefined ||
      await foundIn(source) !== undefined;
    if (here) chosen.push(experiment);
    else {
      results.note({ stage: "rows", what: name, why: "its data are not at hand" });
      if (options.rows !== undefined) steps.failed = true;
    }
  }
  return chosen;
}

/** Trains a row, or goes on, then calibrates and evaluates what is there. */
async function doRow(
  experiment: Experiment,
  { options, steps, results, state, data }: StageContext,
  { left }: { readonly left: () => number },
): Promise<void> {
  const { name, dataset } = experiment;
  const stage = "rows";
  const runs = join(state, name);
  const { images, samples, tiny } = options;
  const profileOptions = { steps: options.steps, images, samples, tiny };
  const profile = gpuProfile(profileOptions);
  const from = await dataOf(dataset, data);
  const words = (part: string) => [
    ...[Deno.execPath(), "run", "-q", "--no-prompt", "-R", `-W=${runs}`],
    "--allow-env=ELS_DEBUG,DENO_WEBGPU_BACKEND,XDG_RUNTIME_DIR",
    ...["tasks/tools/gpu/experiment.ts", name, part, "--runs", runs],
    ...["--profile", JSON.stringify(profileOptions)],
    ...from === undefined ? [] : ["--from", from],
  ];
  await Deno.mkdir(runs, { recursive: true });
  await steps.run({
    ...{ stage, name: `${name}-train`, words: words("train") },
    seconds: Math.floor(left() * TRAINING_SHARE),
  });

  // Weights of another machine stay there; what was done with them is known by their checksum.
  const known = join(results.parts, `weights-${name}.json`);
  const trained = await trainedRow(runs);
  if (trained !== undefined) {
    const { half, path, step, sha256 } = trained;
    const what = `weights of ${name} in --out`;
    if (half === undefined) {
      results.note({ stage, what, why: `too large; they stay in ${path}` });
    } else if (!await results.deliverWeights(name, half)) {
      results.note({ stage, what, why: "those of four rows are there" });
    }
    await writeFileAtomic(known, JSON.stringify({ sha256, step }) + "\n");
  }
  const weights = await readJsonFile(known) as { sha256: string; step: number } | undefined;
  if (weights === undefined) return;
  const ledger = new Ledger({ runs, profile: profile.name });
  for (const protocol of profile.protocols) {
    const done = await steps.run({
      ...{ stage, name: `${name}-${protocol.name}`, seconds: left(), inputs: weights.sha256 },
      words: [...words(protocol.name), "--weights", trained?.path ?? "elsewhere"],
    });
    const record = done ? await ledger.experiment(name, protocol.name) : undefined;
    if (record === undefined) continue;
    const all = Number(record.network.training["steps"]);
    const training = weights.step < all ? `step ${weights.step} of ${all}` : "finished";
    await results.keepRow(record, training);
  }
}

async function rows(context: StageContext): Promise<void> {
  const chosen = await chooseRows(context);
  for (const [i, experiment] of chosen.entries()) {
    if (context.abort.aborted) return;
    // An equal share of what is left.
    const end = performance.now() + 1000 * context.left() / (chosen.length - i);
    await doRow(experiment, context, { left: () => (end - performance.now()) / 1000 });
    await context.results.collect();
  }
}

/** Every stage by its name. */
export const stages: Readonly<Record<StageName, (context: StageContext) => Promise<void>>> = {
  conformance,
  posterior,
  training,
  rows,
};
