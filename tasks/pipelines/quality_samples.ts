/** Samples of networks and machines from the same noise, kept as they come. */
import { gatherImages, type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import type { NetworkSession } from "./session.ts";

/** What makes images, by the name that tables have for it. */
export interface SampledDenoiser {
  readonly name: string;
  readonly denoiser: Denoiser;
}

/** File of the images that one of them made. */
export const samplesFile = (name: string): string => `samples_${name.toLowerCase()}.safetensors`;

/**
 * Makes the images that are missing yet.
 *
 * @returns All, `[samples, H, W, C]`.
 */
export async function keptSamples(
  { name, denoiser }: SampledDenoiser,
  protocol: SamplingProtocol,
  { session: { run, abort, progress }, batch }: {
    readonly session: Pick<NetworkSession, "run" | "abort" | "progress">;
    readonly batch: number;
  },
): Promise<ImageBatch> {
  const { samples, seed, sampler, steps, grid, labels } = protocol;
  const { imageShape, schedule } = denoiser;
  using images = await ImageStore.open(run.file(samplesFile(name)), {
    ...{ names: ["x0"], samples, imageShape, whole: run.whole },
    metadata: { layout: "NHWC", range: "[-1, 1]" },
  });
  if (images.damage !== undefined) progress.note(images.damage);
  const done = new Set(images.done);
  const missing = Array.from({ length: samples }, (_, sample) => sample)
    .filter((sample) => !done.has(sample));
  if (missing.length === 0) return images.all("x0");
  const xT = initialNoise({ seed, samples, imageShape, schedule });
  const times = timeGrid(grid, { steps, schedule });
  const bar = progress.start({
    label: name,
    total: samples * steps,
    done: done.size * steps,
  });
  for (let first = 0; first < missing.length; first += batch) {
    const sampleNumbers = missing.slice(first, first + batch);
    const before = (done.size + first) * steps;
    const x0 = await samplers[sampler].sample(denoiser, {
      xT: gatherImages(xT, sampleNumbers),
      ...{ times, seed, sampleNumbers, abort },
      onStep: ({ i }) => bar.update(before + sampleNumbers.length * (steps - i + 1)),
      ...labels && { labels: sampleNumbers.map((sample) => labels[sample]!) },
    });
    images.writeBatch(
      new Map(sampleNumbers.map((sample, i) => [sample, { x0: sliceBatch(x0, i, i + 1).data }])),
    );
  }
  bar.finish();
  return images.all("x0");
}
