import { initialNoise } from "../../samplers/initial_noise.ts";
import { samplerDefinition } from "../../samplers/samplers.ts";
import type { SamplingProtocol } from "../../samplers/sampling_protocol.ts";
import { timeGrid } from "../../samplers/time_grid.ts";
import { networkDenoiser } from "../network_denoiser.ts";
import type { TrainedNetwork } from "../weights/weights.ts";
import type { ReceptiveField } from "./field_profile.ts";
import {
  type FieldPoint,
  measureReceptiveField,
  type MeasureReceptiveFieldOptions,
} from "./receptive_field.ts";

/**
 * Options of {@linkcode measureAlongTrajectories}.
 *
 * @category Networks
 */
export interface MeasureAlongTrajectoriesOptions
  extends Omit<MeasureReceptiveFieldOptions, "points" | "seed" | "labels"> {
  /** The trajectories: their times are those measured. */
  readonly protocol: Omit<SamplingProtocol, "networkSteps">;
}

/**
 * Measures the receptive field at the images that calibration meets: along the network's own
 * trajectories from x_T. See {@linkcode measureReceptiveField}.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   measureAlongTrajectories,
 *   Random,
 *   startBackend,
 * } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const protocol = { sampler: "ddim", grid: "uniform", steps: 2, samples: 1, seed: 1 } as const;
 * const field = await measureAlongTrajectories({ network, parameters, schedule, training: {} }, {
 *   protocol,
 *   pixels: 1,
 * });
 * assertEquals(field.times.map(({ t }) => t), [0.5, 1]);
 * ```
 *
 * @category Networks
 */
export async function measureAlongTrajectories(
  network: TrainedNetwork,
  options: MeasureAlongTrajectoriesOptions,
): Promise<ReceptiveField> {
  const { protocol, ...measurement } = options;
  const { sampler, grid, steps, samples, seed, labels } = protocol;
  const { abort } = measurement;
  const { schedule } = network;
  const { imageShape } = network.network.architecture;
  const points: FieldPoint[] = [];
  const denoiser = networkDenoiser(network);
  try {
    await samplerDefinition(sampler).sample(denoiser, {
      xT: initialNoise({ seed, samples, imageShape, schedule }),
      times: timeGrid(grid, { steps, schedule }),
      seed,
      labels,
      abort,
      onStep: ({ t, x }) => {
        points.push({ t, x: { data: x.data.slice(), shape: x.shape } });
      },
    });
  } finally {
    denoiser.dispose();
  }
  return await measureReceptiveField(network, {
    ...measurement,
    points,
    seed,
    labels,
  });
}
