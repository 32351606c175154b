/** Samples of networks and machines from the same noise, kept as they come. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { makeSamples } from "./make_samples.ts";
import type { NetworkSession } from "./session.ts";
import { takeImages } from "./share.ts";

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
  { session: { run, abort, progress, share }, batch, onBatch }: {
    readonly session: Pick<NetworkSession, "run" | "abort" | "progress" | "share">;
    readonly batch: number;
    /** Called with the number of images that were made together, once they are kept. */
    readonly onBatch?: ((images: number) => void) | undefined;
  },
): Promise<ImageBatch> {
  const { samples } = protocol;
  const { imageShape } = denoiser;
  using images = await ImageStore.open(run.file(samplesFile(name)), {
    ...{ names: ["x0"], samples, imageShape, whole: run.whole },
    metadata: { layout: "NHWC", range: "[-1, 1]" },
  });
  if (images.damage !== undefined) progress.note(images.damage);
  takeImages(images, share, { prefix: `${name}/` });
  if (images.done.length < samples) {
    await makeSamples(denoiser, protocol, { images, label: name, batch, abort, progress, onBatch });
  }
  return images.all("x0");
}
