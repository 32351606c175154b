/** What the zoo holds of the table: medians, scales and first samples of the networks that ship. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { decodePng } from "../../src/formats/png.ts";
import { tileImages } from "../../src/figures/tile_images.ts";
import { readWeights } from "../../src/networks/weights/weights.ts";
import { loadZooCard } from "../../src/zoo/zoo.ts";
import type { ZooCard } from "../../src/zoo/zoo_card.ts";
import { zooEntries } from "../../src/zoo/zoo_index.ts";
import { readZoo, zooPrefix } from "../pipelines/zoo.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import type { Profile } from "./profiles.ts";
import { type ExperimentRecord, scalesRecord, seeds } from "./run_experiment.ts";

/** First samples of a network, and of its machine from the same noise. */
export interface SamplePair {
  readonly network: ImageBatch;
  readonly theory: ImageBatch;
}

/** Samples that a picture in the zoo has. */
const shown = 10;

/** The card of a network; undefined if it is not in the zoo. */
async function cardOf(name: string): Promise<ZooCard | undefined> {
  return zooEntries.some((entry) => entry.name === name) ? await loadZooCard(name) : undefined;
}

/**
 * A finished experiment as the zoo tells it: a clone that has run nothing knows what was measured of the
 * networks that it came with.
 *
 * @returns undefined where the zoo was measured by another profile, or nothing was measured at these times.
 */
export async function zooExperiment(
  experiment: Experiment,
  { profile, protocol }: { readonly profile: Profile; readonly protocol: TimeProtocol },
): Promise<ExperimentRecord | undefined> {
  const { name } = experiment;
  const card = profile.measuredZoo === true ? await cardOf(name) : undefined;
  const { grid, steps, networkSteps } = protocol;
  const found = card?.agreement.find(({ protocol: own }) =>
    own.grid === grid && own.steps === steps && own.networkSteps === networkSteps
  );
  if (card === undefined || found === undefined) return undefined;
  const { weights, schedules } = card.files;
  const text = new TextDecoder();
  const scales = await Promise.all(
    schedules.filter((file) => file.grid === grid && file.steps === steps).map(async (file) => {
      const schedule = parseScaleSchedule(text.decode(await readZoo(file)), file.address);
      return scalesRecord(schedule, zooPrefix + file.address);
    }),
  );
  const { training, network } = readWeights(await readZoo(weights), weights.address);
  return {
    experiment: name,
    protocol,
    network: {
      sha256: weights.sha256,
      architecture: { ...network.architecture },
      training: { ...training },
      path: zooPrefix + name,
    },
    dataset: {
      name: card.dataset.name,
      images: found.machineImages,
      sha256: card.dataset.sha256 ?? "",
    },
    calibrationImages: Math.min(profile.sizes(experiment).calibrationImages, found.machineImages),
    calibrationSamples: found.calibration.samples,
    samples: found.samples,
    seeds: { ...seeds, calibration: found.calibration.seed, evaluation: found.seed },
    scales,
    medians: found.medians.map((row) => ({
      ...row,
      ...{ samples: found.samples, undefinedSamples: 0, steps, networkSteps },
    })),
    run: zooPrefix + name,
  };
}

/** First samples as the zoo keeps them: the network's side by side, its machine's below. */
export function samplesPng({ network, theory }: SamplePair): ImageBatch {
  const rows = [network, theory].map((images) =>
    sliceBatch(images, 0, Math.min(shown, images.shape[0]))
  );
  return tileImages(rows, { factor: 1, gutter: 0 });
}

/** The samples in such a picture, to 1/127.5 as bytes have them. */
export function samplesOfPng(png: Uint8Array, source: string): SamplePair {
  const picture = decodePng(png, source);
  const [, height, width, channels] = picture.shape;
  const side = height / 2, count = Math.floor(width / side);
  const row = (y: number): ImageBatch => {
    const data = new Float32Array(count * side * side * channels);
    for (let i = 0; i < count * side; i++) {
      const image = Math.floor(i / side), line = i % side;
      const from = ((y * side + line) * width + image * side) * channels;
      data.set(picture.data.subarray(from, from + side * channels), i * side * channels);
    }
    return { data, shape: [count, side, side, channels] };
  };
  return { network: row(0), theory: row(1) };
}

/** The first samples that the zoo has of a network at its main times; undefined if it has none. */
export async function zooSamples(name: string): Promise<SamplePair | undefined> {
  const samples = (await cardOf(name))?.files.samples;
  return samples && samplesOfPng(await readZoo(samples), samples.address);
}
