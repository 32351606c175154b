/** How long an experiment takes on this machine, from a look at its network and its machine. */
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { addNoise } from "../../src/denoisers/add_noise.ts";
import { Random } from "../../src/core/random.ts";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { candidateScales, createMachine } from "../../src/machines/create_machine.ts";
import { machineForPadding } from "../../src/machines/machine_table.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { architectureOf } from "../pipelines/architecture_flags.ts";
import { localMachines, type ReproductionContext } from "./run_experiment.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import { trainingOf } from "./profiles.ts";

/** Seconds that an experiment takes. */
export interface TimeEstimate {
  /** 0 where weights are given. */
  readonly training: number;
  /** Calibration and evaluation, by name of protocol. */
  readonly protocols: Readonly<Record<string, number>>;
}

const PROBED_IMAGES = 16;
const PROBED_BATCH = 4;
const FORWARDS_PER_STEP = 4;
/** Trajectories of a full grid that take as long as settling the scales. */
const SETTLING_TRAJECTORIES = 4;
/** Images of the whole sets. */
const TRAINING_IMAGES = {
  "mnist": 60_000,
  "fashion-mnist": 60_000,
  "cifar10": 50_000,
  "celeba": 162_770,
} as const;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  await work(); // Compiles and warms up.
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/**
 * Times one forward pass and one look of the machine at a few images, and counts the rest. A step of
 * training is taken as four forward passes shared by the threads; the local machine and the ideal one are
 * left out, being a hundredth of the others.
 *
 * @throws DataFormatError if the data set is not there.
 */
export async function estimateTime(
  experiment: Experiment,
  protocols: readonly TimeProtocol[],
  context: ReproductionContext,
): Promise<TimeEstimate> {
  const { config, recipe, formulation } = trainingOf(experiment, context.profile);
  const { schedule } = formulation;
  const data = await loadDataset(experiment.dataset, {
    images: PROBED_IMAGES,
    from: context.from[experiment.dataset],
  });
  const network = createNetwork(architectureOf(recipe, data));
  const denoiser = networkDenoiser({
    network,
    parameters: initialParameters(network.parameters, new Random(1)),
    schedule,
    training: {},
  });
  const name = machineForPadding(experiment.padding);
  const machine = createMachine(name, {
    images: data.images,
    schedule,
    posterior: context.posterior,
  });
  const x = addNoise(sliceBatch(data.images, 0, PROBED_BATCH), { schedule, t: 0.8, seed: 1 });
  const { imageShape } = network.architecture;
  const scales = candidateScales(name, {
    imageShape,
    receptiveField: network.receptiveField,
  });
  const middle = [scales[scales.length >> 1]!];
  try {
    const labels = new Array<number>(PROBED_BATCH).fill(0);
    const forward = await seconds(() =>
      denoiser.predict(x, 0.8, network.architecture.classes > 0 ? { labels } : {})
    ) / PROBED_BATCH;
    const pairs = PROBED_BATCH * data.images.shape[0];
    const all = await seconds(() =>
      machine.predictScales(x, 0.8, { scales })
    ) / pairs;
    const one = await seconds(() => machine.predictScales(x, 0.8, { scales: middle })) / pairs;

    const sizes = context.profile.sizes(experiment);
    const trained = config.images ?? TRAINING_IMAGES[experiment.dataset];
    const classes = config.conditional ? data.classNames.length : 1;
    const images = Math.min(sizes.machineImages ?? trained, trained) / classes;
    const few = Math.min(sizes.calibrationImages / classes, images);
    const trajectories = sizes.calibrationSamples === "auto"
      ? SETTLING_TRAJECTORIES
      : sizes.calibrationSamples;
    const shifted = localMachines(experiment).filter((each) => each !== "LS").length;
    const threads = Math.min(config.shards, context.workers ?? navigator.hardwareConcurrency);
    return {
      training: context.weights[experiment.name] !== undefined
        ? 0
        : config.steps * config.batchSize * forward * FORWARDS_PER_STEP / threads,
      protocols: Object.fromEntries(protocols.map(({ name, steps, networkSteps }) => [
        name,
        shifted * (trajectories * steps * few * all + sizes.samples * steps * images * one) +
        sizes.samples * networkSteps * forward,
      ])),
    };
  } finally {
    denoiser.dispose();
  }
}
