/** `deno task train`: trains a network and writes its weights. @module */
import { datasetNames, loadDataset } from "../src/datasets/registry_files.ts";
import { createNetwork } from "../src/networks/architecture.ts";
import { parameterCount } from "../src/networks/parameters.ts";
import { writeWeights } from "../src/networks/weights.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { JsonlLog } from "../src/runs/jsonl_log.ts";
import { sha256Json, toolkit } from "../src/runs/provenance.ts";
import { openRun, type Run } from "../src/runs/run_folder.ts";
import { readTrainingState, writeTrainingState } from "../src/training/checkpoint.ts";
import type { ExampleSource } from "../src/training/examples.ts";
import { createGradientPool } from "../src/training/gradient_pool.ts";
import { stableTarget } from "../src/training/target.ts";
import { train, type TrainingState } from "../src/training/train.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import { architectureFlags, architectureOf, resolveSizes } from "./common/architecture_flags.ts";
import { startNetworkBackend } from "./common/backend.ts";
import { formulationFlags, parseParameters, resolveFormulation } from "./common/formulation.ts";
import { receptiveFieldText } from "./common/receptive_field.ts";
import { channelsOf } from "./common/sources.ts";
import { presetNames, presets, type TrainingPreset } from "./presets.ts";

const CHECKPOINT_EVERY = 250;

const flags = {
  preset: {
    type: "choice",
    choices: presetNames as readonly [string, ...string[]],
    default: "mnist-small",
    help: "Configuration to start from; the flags below replace single values of it",
  },
  dataset: { type: "choice", choices: datasetNames, help: "Data set" },
  from: { type: "string", placeholder: "PATH", help: "File or folder that holds the data set" },
  images: { type: "integer", min: 1, help: "Train on the first so many images" },
  size: { type: "integer", min: 1, max: 4096, help: "Height and width of the images; default: 32" },
  colours: {
    type: "choice",
    choices: ["grey", "rgb"],
    help: "Make the images grey or colour; default: as they are",
  },
  classes: { type: "integers", min: 0, placeholder: "3,7", help: "Train on these classes only" },
  ...architectureFlags,
  ...formulationFlags,
  steps: { type: "integer", min: 1, help: "Steps" },
  batchSize: { type: "integer", min: 1, help: "Images per step" },
  learningRate: { type: "number", min: 0, help: "Largest learning rate" },
  warmup: { type: "integer", min: 0, help: "Steps of warm-up" },
  decay: { type: "string", placeholder: "RULE", help: "Rate's factor per step, or cosine" },
  weightDecay: { type: "number", min: 0, help: "Decoupled weight decay" },
  emaDecay: { type: "number", min: 0, max: 1, help: "Decay of the average of weights; 0: none" },
  clipNorm: { type: "number", min: 0, help: "Largest norm of a gradient; 0: any" },
  shards: { type: "integer", min: 1, help: "Parts that a batch is cut into, for threads" },
  seed: { type: "integer", min: 0, default: 1, help: "Seed of everything random" },
  backend: {
    type: "choice",
    choices: ["auto", "webgpu", "wasm", "cpu"],
    default: "auto",
    help: "Where TensorFlow.js computes",
  },
  workers: { type: "integer", min: 1, help: "Threads; default: one per shard, at most the cores" },
  out: { type: "string", default: "runs", placeholder: "FOLDER", help: "Folder of the runs" },
  fresh: { type: "boolean", help: "Begin a new run even where this one can be resumed" },
  dryRun: { type: "boolean", help: "Print the resolved configuration and stop" },
} as const;

/** The preset with the flags that were given put over it. */
function resolve(preset: string, given: Readonly<Record<string, unknown>>): TrainingPreset {
  const base = presets[preset]!;
  const config: Record<string, unknown> = { ...base };
  for (const key of Object.keys(base).concat("images")) {
    if (given[key] !== undefined) config[key] = given[key];
  }
  if (given.decay !== undefined && given.decay !== "cosine") {
    const factor = Number(given.decay);
    if (!(factor > 0 && factor <= 1)) {
      throw new CommandError(
        `--decay is ${JSON.stringify(given.decay)}, expected "cosine" or a factor in (0, 1]`,
      );
    }
    config.decay = factor;
  }
  if (given.noiseSchedule !== undefined && given.noiseSchedule !== base.noiseSchedule) {
    delete config.noiseParameters; // those of another schedule
  }
  if (typeof given.noiseParameters === "string") {
    config.noiseParameters = parseParameters(given.noiseParameters);
  }
  if (given.objective === "stable") {
    config.objective = base.objective;
    config.target = "stable";
  }
  return config as unknown as TrainingPreset;
}

/** The state to go on from, if the run has one. */
async function readCheckpoint(run: Run, fingerprint: string): Promise<TrainingState | undefined> {
  const source = run.file("state.safetensors");
  try {
    return readTrainingState(await Deno.readFile(source), { source, fingerprint });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

await runCommand({
  name: "train",
  description:
    "Trains a diffusion network (ResNet, UNet or attention UNet), and writes its weights " +
    "with everything that is needed to use them. Run again, it goes on where it stopped.",
  flags,
  examples: [
    "deno task train --preset mnist-tiny",
    "deno task train --preset mnist-tiny --noise-schedule edm --objective x0 --target stable",
    "deno task train --preset mnist-small --classes 3,7 --steps 4000 --seed 2",
    "deno task train --preset cifar10-unet-small --channels 16,32,64 --norm group --padding circular",
    "deno task train --preset cifar10-attention-unet-small --attention 0",
  ],
}, async ({ flags: given, abort, progress }) => {
  const config = resolve(given.preset, given);
  const { about: _, ...recipe } = resolveSizes(config, given);
  const { choice, schedule, ...formulation } = resolveFormulation(config);
  const resolved = {
    preset: given.preset,
    ...recipe,
    ...choice,
    classes: given.classes,
    size: given.size,
    colours: given.colours,
    seed: given.seed,
  };
  if (given.dryRun) {
    console.log(JSON.stringify({ ...resolved, backend: given.backend }, null, 2));
    return;
  }
  const backend = await startNetworkBackend(given.backend);
  const data = await loadDataset(config.dataset, {
    images: config.images,
    classes: given.classes,
    ...given.size && { size: given.size },
    channels: channelsOf(given.colours),
    from: given.from,
  });
  const network = createNetwork(architectureOf(recipe, data));
  const identity = { ...resolved, backend: backend.name, datasetSha256: data.sha256 };
  using run = await openRun({
    root: given.out,
    command: "train",
    label: given.preset,
    config: identity,
    fresh: given.fresh,
  });
  console.error(run.status);
  if (run.finished) {
    console.log(`Weights: ${run.file("weights.safetensors")}`);
    return;
  }
  console.error(
    `${parameterCount(network.parameters).toLocaleString("en")} parameters, ` +
      `${receptiveFieldText(network)}, ${data.images.shape[0].toLocaleString("en")} images of ` +
      `${data.name}, backend ${backend.name}${backend.adapter ? ` on ${backend.adapter}` : ""} ` +
      `(${backend.reason})`,
  );

  const fingerprint = await sha256Json(identity);
  const resume = await readCheckpoint(run, fingerprint);
  using log = await JsonlLog.open(run.file("log.jsonl"), { upToStep: resume?.step ?? 0 });
  const labels = config.conditional ? data.labels : undefined;
  const posterior = config.target === "stable"
    ? (await import("../src/kernels/wasm/wasm_posterior.ts")).wasmPosterior({ workers: 1 })
    : undefined;
  const examples: ExampleSource = {
    images: data.images,
    schedule,
    batchSize: config.batchSize,
    seed: given.seed,
    ...formulation,
    ...labels && { labels },
    ...posterior && {
      target: stableTarget({
        images: data.images,
        schedule,
        references: config.references,
        posterior,
        ...labels && { labels },
      }),
    },
  };
  const pool = await createGradientPool(network, {
    backend: backend.name,
    shards: config.shards,
    ...given.workers && { workers: given.workers },
  });
  const bar = progress.start({
    label: "train",
    total: config.steps,
    done: resume?.step ?? 0,
    unit: "images",
    unitsPerStep: config.batchSize,
  });

  const save = async (state: TrainingState) => {
    await writeFileAtomic(
      run.file("weights.safetensors"),
      writeWeights({
        network,
        parameters: state.average,
        schedule,
        prediction: formulation.prediction,
        preconditioning: formulation.preconditioning,
        training: {
          ...resolved,
          toolkit,
          backend: backend.name,
          step: state.step,
          datasetSha256: data.sha256,
        },
      }),
    );
    // Last, since it says that the weights before it are there.
    await writeFileAtomic(run.file("state.safetensors"), writeTrainingState(state, fingerprint));
  };
  let shown = NaN;
  try {
    const state = await train(network, {
      examples,
      pool,
      abort,
      recipe: {
        steps: config.steps,
        learningRate: { base: config.learningRate, warmup: config.warmup, decay: config.decay },
        weightDecay: config.weightDecay,
        emaDecay: config.emaDecay,
        clipNorm: config.clipNorm,
      },
      ...resume && { resume },
      async onStep({ step, loss, gradientNorm, learningRate }, current) {
        log.append({ step, loss, gradientNorm, learningRate });
        shown = Number.isNaN(shown) ? loss : 0.95 * shown + 0.05 * loss;
        bar.update(step, { loss: shown });
        if (step % CHECKPOINT_EVERY === 0) await save(current());
      },
    });
    await save(state);
    if (state.step === config.steps) await run.finish({ step: state.step });
    bar.finish();
    console.log(
      state.step === config.steps
        ? `Weights: ${run.file("weights.safetensors")}`
        : `Stopped at step ${state.step} of ${config.steps}; the same command resumes ${run.path}`,
    );
  } finally {
    pool.dispose();
    await posterior?.dispose();
  }
});
