/** `deno task stable-target`: what the Stable Target Field does to targets and training. @module */
import { datasetNames, loadDataset } from "../src/datasets/registry_files.ts";
import { wasmPosterior } from "../src/posterior/wasm/wasm_posterior.ts";
import { createNetwork } from "../src/networks/architectures/architecture.ts";
import { writeJsonFile } from "../src/runs/json_file.ts";
import { JsonlLog, readLog } from "../src/runs/jsonl_log.ts";
import { openRun, type Run } from "../src/runs/run_folder.ts";
import { ExampleStream } from "../src/training/examples.ts";
import { defaultFormulation, resolveFormulation } from "../src/training/formulation.ts";
import { createGradientPool } from "../src/training/gradient_pool.ts";
import { stableTarget } from "../src/training/target.ts";
import { measureTargets, type TargetStatistics } from "../src/training/target_statistics.ts";
import type { TrainingState } from "../src/training/optimization.ts";
import { optimizeNetwork } from "../src/training/optimize_network.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { startBackend } from "../src/networks/backend.ts";
import { folderFlags, machineFlags, maxPixelsFlag, outFlags } from "./pipelines/flags.ts";
import { areTargets, readLosses } from "./pipelines/stable_target_states.ts";
import { readingWith } from "./pipelines/reading.ts";
import { folderOptions } from "./pipelines/sources.ts";
import {
  exportStableTarget,
  lateLoss,
  type Losses,
  stableTargetText,
} from "./pipelines/stable_target_report.ts";

/** Examples on which both networks are compared with the ideal target. */
const PROBE = 64;
/** Times during a training at which that is done. */
const PROBES = 15;

/** Images that are taken where there are as many. */
const IMAGES = 10_000;

/** This command. */
export const verb = defineVerb({
  name: "stable-target",
  description:
    "Measures the variance and bias of training targets with and without a Stable Target Field " +
    "(arXiv 2302.00670) on a data set, and trains the same small network on both from the same " +
    "seed. Writes two figures, tables and numbers. Run again, it goes on where it stopped.",
  flags: {
    ...grouped("Data", {
      dataset: { type: "choice", choices: datasetNames, default: "mnist", help: "Data set" },
      from: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help: "File or folder that holds the data set",
      },
      images: {
        type: "integer",
        min: 2,
        help: "The first so many images; default: 10,000, or all where there are fewer",
      },
      ...folderFlags,
      maxPixels: maxPixelsFlag,
    }),
    ...grouped("Noise and objective", {
      noiseSchedule: {
        type: "choice",
        choices: ["ve", "edm", "cosine_legacy", "cosine", "vp_linear"],
        default: "ve",
        help: "Forward process",
      },
      references: {
        type: "integers",
        min: 1,
        default: [1, 4, 16, 64, 256, 1024],
        placeholder: "1,64,1024",
        help: "Sizes of reference batches; 1 is added, and the largest is trained on",
      },
      times: { type: "integer", min: 2, max: 1000, default: 20, help: "Times i / n measured" },
      examples: { type: "integer", min: 2, default: 16, help: "Noisy images at each time" },
      draws: { type: "integer", min: 2, default: 8, help: "Reference batches for each of them" },
    }),
    ...grouped("Network", {
      width: { type: "integer", min: 8, default: 16, help: "Channels of the ResNet" },
      layers: { type: "integer", min: 1, default: 4, help: "Residual layers" },
    }),
    ...grouped("Training", {
      steps: { type: "integer", min: 10, default: 300, help: "Training steps of each network" },
      batchSize: { type: "integer", min: 1, default: 16, help: "Images per step" },
      seed: { type: "integer", min: 0, default: 1, help: "Seed of everything random" },
    }),
    backend: { ...machineFlags.backend, help: "Where TensorFlow.js computes" },
    ...outFlags,
  },
  examples: [
    "stable-target",
    "stable-target --images 2000 --references 1,64 --times 10 --examples 8 --steps 100",
  ],
  result: {
    ...runResultFields,
    "files.targets": "variance and bias of targets over time, as a picture",
    "files.losses": "losses of both trainings, as a picture",
    "files.numbers": "all numbers (stable_target.json)",
    "numbers.references": "references behind the stable target",
    "numbers.plain loss": "mean loss over the last tenth of the training on plain targets",
    "numbers.stable loss": "the same on stable ones",
  },
}, async ({ flags, abort, progress, print }) => {
  const data = await loadDataset(flags.dataset, {
    images: flags.images ?? IMAGES,
    orAll: flags.images === undefined,
    ...folderOptions(flags),
    from: flags.from,
    maxPixels: flags.maxPixels,
    ...readingWith({ progress, abort }),
  });
  const count = data.images.shape[0];
  const references = [...new Set([1, ...flags.references])].sort((a, b) => a - b);
  const largest = references.at(-1)!;
  if (largest < 2 || largest > count) {
    throw new CommandError(
      `--references has ${largest} as its largest, expected 2 to the number of images, ${count}`,
    );
  }
  const { choice, schedule, ...formulation } = resolveFormulation({
    ...defaultFormulation,
    noiseSchedule: flags.noiseSchedule,
    objective: "x0",
    preconditioning: "edm",
    noiseSampling: "uniform",
  });
  const backend = await startBackend(flags.backend);
  const { dataset, times, examples, draws, steps, batchSize, width, layers, seed } = flags;
  const settings = { dataset, times, examples, draws, steps, batchSize, width, layers, seed };
  const config = {
    ...settings,
    ...choice,
    references,
    trainedOn: largest,
    images: count,
    backend: backend.name,
    datasetSha256: data.sha256,
  };
  using run = await openRun({
    root: flags.out,
    command: "stable_target",
    label: data.label ?? data.name,
    config,
    fresh: flags.fresh,
  });
  progress.note(run.status);
  const posterior = wasmPosterior({ workers: 1 });
  try {
    const rows = await measure(run);
    const plain = await learn(run, "plain");
    const stable = await learn(run, "stable");
    const results = { rows, plain, stable, trainedOn: largest };
    if (!run.whole) {
      await exportStableTarget(run, results, {
        networkBackend: backend.name,
        machineBackend: posterior.name,
        seed: flags.seed,
        config,
      });
    }
    const outcome = {
      files: { targets: "targets.png", losses: "losses.png", numbers: "stable_target.json" },
      numbers: {
        references: largest,
        "plain loss": lateLoss(plain),
        "stable loss": lateLoss(stable),
      },
    };
    const result = await finishRun(run, outcome);
    print(stableTargetText(run, results));
    return result;
  } finally {
    await posterior.dispose();
  }

  /** All times and sizes, after those that the folder's log has. */
  async function measure(run: Run): Promise<TargetStatistics[]> {
    using log = await openTargets(run);
    const rows = log.earlier.flatMap(({ rows }) => rows as TargetStatistics[]);
    const bar = progress.start({
      label: "targets",
      total: flags.times,
      done: log.earlier.length,
    });
    for (let i = flags.times - log.earlier.length; i >= 1; i--) {
      const measured = await measureTargets({
        images: data.images,
        schedule,
        t: i / flags.times,
        references,
        examples: flags.examples,
        draws: flags.draws,
        seed: flags.seed,
        posterior,
        abort,
      });
      log.append({ rows: measured });
      log.sync();
      rows.push(...measured);
      bar.update(flags.times - i + 1, { t: i / flags.times });
    }
    bar.finish();
    return rows;
  }

  /** The log of all times, up to the first that is not there as it should be. */
  async function openTargets(run: Run): Promise<JsonlLog> {
    const path = run.file("targets.jsonl");
    const { records, damage } = await readLog(path);
    const wrong = records.findIndex((record, i) =>
      !areTargets(record["rows"], { references, t: (flags.times - i) / flags.times }) ||
      i >= flags.times
    );
    const upToLine = wrong < 0 ? records.length : wrong;
    if (wrong >= 0 || damage !== undefined) {
      const what = damage ?? `${path}: line ${wrong + 1} does not hold the targets of its time`;
      progress.note(`${what}; ${upToLine} of ${flags.times} times are taken from it`);
    }
    return await JsonlLog.open(path, { upToLine });
  }

  /** One training, or its losses where the folder has them. */
  async function learn(run: Run, target: "plain" | "stable"): Promise<Losses> {
    const file = run.file(`losses_${target}.json`);
    const done = await readLosses(file, {
      steps: flags.steps,
      tell: (text) => progress.note(text),
    });
    if (done !== undefined) return done;
    const [, height, width, channels] = data.images.shape;
    const network = createNetwork({
      kind: "resnet",
      imageShape: [height, width, channels],
      width: flags.width,
      layers: flags.layers,
      kernelSize: 3,
      padding: "zeros",
      classes: 0,
    });
    const examples = {
      images: data.images,
      schedule,
      ...formulation,
      batchSize: flags.batchSize,
      seed: flags.seed,
    };
    const over = (n: number) => stableTarget({ images: data.images, schedule, references: n });
    const probe = await new ExampleStream({
      ...examples,
      batchSize: PROBE,
      seed: flags.seed + 1,
      target: over(count),
    }).batch(1);
    const pool = await createGradientPool(network, { backend: backend.name, shards: 2 });
    const losses = {
      step: [] as number[],
      loss: [] as number[],
      probeStep: [] as number[],
      probe: [] as number[],
    };
    const bar = progress.start({ label: `train, ${target}`, total: flags.steps });
    const every = Math.max(1, Math.floor(flags.steps / PROBES));
    const look = async ({ step, average }: TrainingState) => {
      losses.probeStep.push(step);
      losses.probe.push((await pool.compute(average, probe)).loss);
    };
    try {
      const last = await optimizeNetwork(network, {
        examples: { ...examples, ...target === "stable" && { target: over(largest) } },
        pool,
        recipe: {
          steps: flags.steps,
          learningRate: { base: 2e-3, warmup: Math.ceil(flags.steps / 10), decay: "cosine" },
          weightDecay: 0,
          emaDecay: 0.99,
          clipNorm: 1,
        },
        checkpoints: { every, save: look },
        onStep({ step, loss }) {
          abort.throwIfAborted();
          losses.step.push(step);
          losses.loss.push(loss);
          bar.update(step, { loss });
        },
      });
      if (last.step % every !== 0) await look(last);
    } finally {
      pool.dispose();
    }
    bar.finish();
    await writeJsonFile(file, losses);
    return losses;
  }
});

if (import.meta.main) await runVerb(verb);
