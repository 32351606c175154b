/** Samples that a file of images lacks yet, batch by batch. */
import { gatherImages, sliceBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import type { ImageStore } from "../../src/runs/image_store.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import type { NetworkSession } from "./session.ts";

/**
 * Makes the images of a protocol that are missing in a store, as its `x0`, and keeps each batch at once. Those
 * of a share are numbered from 0 in its store.
 *
 * @param options.label What the bar of progress says.
 */
export async function makeSamples(
  denoiser: Denoiser,
  { samples, first: base = 0, seed, sampler, steps, grid, labels }: SamplingProtocol,
  { images, label, batch, abort, progress, onBatch, listen }:
    & Pick<NetworkSession, "abort" | "progress">
    & {
      readonly images: ImageStore;
      readonly label: string;
      readonly batch: number;
      readonly onBatch?: ((images: number) => void) | undefined;
      /** Takes whoever is to be told which part of a step is done, where steps are long. */
      readonly listen?: ((listener: (fraction: number) => void) => void) | undefined;
    },
): Promise<void> {
  const { imageShape, schedule } = denoiser;
  const done = new Set(images.done);
  const missing = Array.from({ length: samples }, (_, sample) => sample)
    .filter((sample) => !done.has(sample));
  const xT = initialNoise({ seed, samples, first: base, imageShape, schedule });
  const times = timeGrid(grid, { steps, schedule });
  const bar = progress.start({ label, total: samples * steps, done: done.size * steps });
  for (let first = 0; first < missing.length; first += batch) {
    const chosen = missing.slice(first, first + batch);
    const sampleNumbers = chosen.map((index) => base + index);
    const before = (done.size + first) * steps;
    let step = 0;
    listen?.((part) => bar.update(before + chosen.length * (step + 0.999 * part)));
    const x0 = await samplers[sampler].sample(denoiser, {
      xT: gatherImages(xT, chosen),
      ...{ times, seed, sampleNumbers, abort },
      onStep: ({ i }) => {
        step = steps - i + 1;
        bar.update(before + chosen.length * step);
      },
      ...labels && { labels: chosen.map((index) => labels[index]!) },
    });
    images.writeBatch(
      new Map(chosen.map((index, i) => [index, { x0: sliceBatch(x0, i, i + 1).data }])),
    );
    onBatch?.(chosen.length);
  }
  bar.finish();
}
