/** One sample step by step: what network and machines expect of the network's noisy image, as pictures. */
import { concatBatches, type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { predictAs } from "../../src/denoisers/convert.ts";
import type { NamedDenoiser } from "../../src/evaluation/named_denoiser.ts";
import type { GridRow } from "../../src/figures/image_grid.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { noiseAt } from "../../src/schedules/noise_level.ts";
import type { Session } from "./session.ts";

/** Steps that are shown at most, evenly chosen. */
const most = 10;

/** Clean images that are expected of one sample at some steps. */
export interface ExpectedSteps {
  /** Times from noise to image. */
  readonly times: readonly number[];
  /** x_t, the network, and each machine: one image for each time. */
  readonly rows: readonly GridRow[];
}

/** Follows the network's first sample, and asks all machines on the way. */
export async function expectedSteps(
  { sampler, grid, steps, seed, labels }: SamplingProtocol,
  machines: readonly NamedDenoiser[],
  { network, abort, progress }: Pick<Session, "network" | "abort" | "progress">,
): Promise<ExpectedSteps> {
  const { schedule } = network;
  const { imageShape } = network.network.architecture;
  const shown = new Set(
    Array.from(
      { length: Math.min(most, steps) },
      (_, i, count = Math.min(most, steps)) =>
        count === 1 ? steps : 1 + Math.round(i * (steps - 1) / (count - 1)),
    ),
  );
  const asked: { readonly t: number; readonly x: ImageBatch; readonly xHat0: ImageBatch }[] = [];
  const some = labels && { labels: labels.slice(0, 1) };
  const denoiser = networkDenoiser(network);
  try {
    await samplers[sampler].sample(denoiser, {
      xT: initialNoise({ seed, samples: 1, imageShape, schedule }),
      times: timeGrid(grid, { steps, schedule }),
      ...{ seed, sampleNumbers: [0], abort, ...some },
      onStep: ({ i, t, x, xHat0 }) => {
        if (shown.has(i)) asked.push({ t, x, xHat0 });
      },
    });
  } finally {
    denoiser.dispose();
  }
  const bar = progress.start({ label: "pictures", total: machines.length * asked.length });
  let done = 0;
  const rows: GridRow[] = [
    {
      label: "x",
      images: concatBatches(asked.map(({ t, x }) => unitVariance(x, noiseAt(schedule, t)))),
    },
    { label: "network", images: concatBatches(asked.map(({ xHat0 }) => xHat0)) },
  ];
  for (const { name, denoiser: machine } of machines) {
    const answers: ImageBatch[] = [];
    for (const { t, x } of asked) {
      answers.push(sliceBatch(await predictAs(machine, "x0", { x, t, abort, ...some }), 0, 1));
      bar.update(++done, { at: name });
    }
    rows.push({ label: name.replaceAll("_", " "), images: concatBatches(answers) });
  }
  bar.finish();
  return { times: asked.map(({ t }) => t), rows };
}

/** A noisy image of any process as one of unit signal and noise, to be looked at. */
function unitVariance(
  { data, shape }: ImageBatch,
  { signal, sigma }: { readonly signal: number; readonly sigma: number },
): ImageBatch {
  const scale = Math.hypot(signal, sigma);
  return { data: data.map((value) => value / scale), shape };
}
