/** One part of a study: an ordinary experiment under the study's own profile, and a network's errors. */
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { denoisingErrors } from "../../src/evaluation/denoising_error.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { loadNetwork } from "../pipelines/sources.ts";
import type { Experiment } from "./experiments.ts";
import { trainingOf } from "./profiles.ts";
import { type ReproductionContext, runExperiment, trainExperiment } from "./run_experiment.ts";
import { type Study, type StudyCell, studyProfile, type StudySizes } from "./studies.ts";
import type { StudyErrorsRecord, StudyRecord } from "./study_ledger.ts";

/** What all parts of a study compute with. */
export interface StudyContext extends Omit<ReproductionContext, "profile" | "weights"> {
  /** Sizes that were named. */
  readonly given: StudySizes;
}

/** Which part, or which network, of a study on an experiment. */
export interface StudyWork {
  readonly study: Study;
  readonly experiment: Experiment;
}

/** Images on which errors are measured, their noise, and the times. */
const HELD_OUT = {
  images: 256,
  seed: 3,
  times: [0.05, ...Array.from({ length: 10 }, (_, i) => (i + 1) / 10)],
} as const;

/** The context of the ordinary experiment that a value of the factor makes. */
export function experimentContext(
  study: Study,
  { value, context }: { readonly value: string; readonly context: StudyContext },
): ReproductionContext {
  const profile = studyProfile(study, { value, given: context.given });
  return { ...context, profile, weights: {} };
}

/** Everything that a part is asked for, as plain data. */
export function partPlan(
  { study, experiment }: StudyWork,
  { value, protocol }: StudyCell,
  { given }: Pick<StudyContext, "given">,
): unknown {
  const profile = studyProfile(study, { value, given });
  const { resolved } = trainingOf(experiment, profile);
  return { training: resolved, sizes: profile.sizes(experiment), protocol };
}

/** The same for a network's errors. */
export function errorsPlan(
  { study, experiment }: StudyWork,
  { value }: Pick<StudyCell, "value">,
  { given }: Pick<StudyContext, "given">,
): unknown {
  const { resolved } = trainingOf(experiment, studyProfile(study, { value, given }));
  return { training: resolved, ...HELD_OUT };
}

/**
 * Does one part, or what is left of it. Finished runs are only read.
 *
 * @returns undefined if the signal stopped the training; it is saved.
 */
export async function runPart(
  work: StudyWork,
  cell: StudyCell,
  context: StudyContext,
): Promise<StudyRecord | undefined> {
  const { study, experiment } = work;
  const { value, protocol } = cell;
  const ordinary = experimentContext(study, { value, context });
  const result = await runExperiment(experiment, protocol, ordinary);
  return result && {
    study: study.name,
    experiment: experiment.name,
    value,
    plan: partPlan(work, cell, context),
    result,
  };
}

/**
 * Images that no network of an experiment was trained on: the first of the data set's test part.
 *
 * @returns undefined where the place named holds only one part, so that these would be the same.
 */
async function heldOut(
  { dataset }: Experiment,
  { size, from }: { readonly size: number; readonly from: string | undefined },
): Promise<ImageDataset | undefined> {
  const { images } = HELD_OUT;
  const load = (split: "train" | "test") =>
    loadDataset(dataset, { split, images, orAll: true, size, from });
  const [seen, unseen] = [await load("train"), await load("test")];
  return seen.sha256 === unseen.sha256 ? undefined : unseen;
}

/**
 * Measures the errors of a network, which is trained first where it is not there.
 *
 * @returns undefined if the signal stopped the training, or there are no images to measure them on.
 */
export async function runErrors(
  work: StudyWork,
  { value }: Pick<StudyCell, "value">,
  context: StudyContext,
): Promise<StudyErrorsRecord | undefined> {
  const { study, experiment } = work;
  const { abort, progress } = context;
  const ordinary = experimentContext(study, { value, context });
  const { weights, step, steps } = await trainExperiment(experiment, ordinary);
  if (step < steps) return undefined;
  const network = await loadNetwork(weights, { out: context.runs });
  const { imageShape: [size], classes } = network.network.architecture;
  const data = await heldOut(experiment, { size, from: context.from[experiment.dataset] });
  if (data === undefined) {
    progress.note(
      `The errors of ${experiment.name} are left out: what holds its images has no test part of its ` +
        "own; name the folder that has both",
    );
    return undefined;
  }
  const bar = progress.start({
    label: `errors of ${value}`,
    total: data.images.shape[0] * HELD_OUT.times.length,
    unit: "images",
  });
  const denoiser = networkDenoiser(network);
  try {
    const errors = await denoisingErrors(denoiser, data.images, {
      ...{ times: HELD_OUT.times, seed: HELD_OUT.seed, abort },
      ...classes > 0 && { labels: data.labels },
      onProgress: (done) => bar.update(done),
    });
    bar.finish();
    const { name, split, sha256 } = data;
    return {
      study: study.name,
      experiment: experiment.name,
      value,
      plan: errorsPlan(work, { value }, context),
      dataset: { name, split, images: data.images.shape[0], sha256 },
      seed: HELD_OUT.seed,
      errors,
    };
  } finally {
    denoiser.dispose();
  }
}
