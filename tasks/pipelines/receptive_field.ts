/** The receptive field of a network: in words, measured, and beside the candidate scales. */
import { effectiveField, type ReceptiveField } from "../../src/networks/analysis/field_profile.ts";
import type { Network } from "../../src/networks/network.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import {
  type FieldPoint,
  measureReceptiveField,
} from "../../src/networks/analysis/receptive_field.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import type { LoadedNetwork } from "./sources.ts";

/** "receptive field 17", or what is to be said where it exceeds the image. */
export function receptiveFieldText({ receptiveField, architecture }: Network): string {
  if (receptiveField === Infinity) return "receptive field the whole image (attention)";
  const [h, w] = architecture.imageShape;
  const wider = receptiveField >= 2 * Math.max(h, w) - 1;
  return `receptive field ${receptiveField}${wider ? " (the whole image)" : ""}`;
}

/** The smallest odd number from an integer on: scales are odd, the field of a UNet may be even. */
export function nextOdd(n: number): number {
  return n + 1 - n % 2;
}

/** What is measured, along which trajectories. */
export interface FieldPlan extends Omit<SamplingProtocol, "networkSteps"> {
  /** What is differentiated. */
  readonly of?: "x0" | "eps" | undefined;
  /** Output pixels of each image. */
  readonly pixels: number;
  readonly radius?: number | undefined;
  readonly abort?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Measures at the images that calibration meets: the network's trajectories from x_T. */
export async function measureAlongTrajectories(
  network: LoadedNetwork,
  { of, pixels, radius, abort, onProgress, ...protocol }: FieldPlan,
): Promise<ReceptiveField> {
  const { sampler, grid, steps, samples, seed, labels } = protocol;
  const { schedule } = network;
  const { imageShape } = network.network.architecture;
  const points: FieldPoint[] = [];
  const denoiser = networkDenoiser(network);
  try {
    await samplers[sampler].sample(denoiser, {
      xT: initialNoise({ seed, samples, imageShape, schedule }),
      times: timeGrid(grid, { steps, schedule }),
      seed,
      ...labels && { labels },
      ...abort && { abort },
      onStep: ({ t, x }) => {
        points.push({ t, x: { data: x.data.slice(), shape: x.shape } });
      },
    });
  } finally {
    denoiser.dispose();
  }
  return await measureReceptiveField(network, {
    ...of && { of },
    points,
    pixels,
    seed,
    ...radius !== undefined && { radius },
    ...labels && { labels },
    ...abort && { abort },
    ...onProgress && { onProgress },
  });
}

/** How the candidate scales of a calibration stand to the network's receptive field. */
export interface FieldCheck {
  /** For the exported schedule: widths in pixels; null where the architecture sets no bound. */
  readonly remarks: {
    readonly receptiveField: number | null;
    readonly receptiveFieldMeasured?: number;
    readonly warning?: string;
  };
  /** One line for the terminal, where the candidates stop below the field. */
  readonly line: string | undefined;
}

/** Share of the absolute gradient that counts as the measured field. */
const SHARE = 0.99;

/**
 * Compares the candidate scales with what the architecture allows, and, where they stop below it, with
 * what the network makes of it: a look at a few pixels of one trajectory.
 */
export async function checkCandidates(
  network: LoadedNetwork,
  { candidates, seed, labels, abort }: {
    readonly candidates: readonly number[];
    readonly seed: number;
    readonly labels: readonly number[] | undefined;
    readonly abort: AbortSignal;
  },
): Promise<FieldCheck> {
  const last = candidates.at(-1)!;
  const computed = network.network.receptiveField;
  const receptiveField = Number.isFinite(computed) ? computed : null;
  if (last >= computed) return { remarks: { receptiveField }, line: undefined };
  const { times, radius } = await measureAlongTrajectories(network, {
    sampler: "ddim",
    grid: "uniform",
    steps: 4,
    samples: 1,
    pixels: 8,
    seed,
    labels: labels?.slice(0, 1),
    abort,
  });
  const widths = times.map((field) => effectiveField(field, { radius, share: SHARE }) ?? 1);
  const measured = Math.max(...widths);
  const warning = `the candidate scales end at ${last}, below the network's ${
    receptiveFieldText(network.network)
  } by its architecture; as measured ${measured} pixels hold ${100 * SHARE} % of its gradient`;
  return {
    remarks: { receptiveField, receptiveFieldMeasured: measured, warning },
    // What the network hardly looks at is worth a note only.
    line: `${measured > last ? "Warning" : "Note"}: ${warning}`,
  };
}
