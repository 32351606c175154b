/** Whether a scale schedule can be used with a network. */
import { CheckpointMismatchError } from "../core/errors.ts";
import { oneLine } from "../core/quoted.ts";
import type { ImageShape } from "../core/image_batch.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";
import type { SamplingProtocol } from "../samplers/sampling_protocol.ts";
import { isSameNoise, noiseAt } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * Options of {@linkcode checkSchedule}.
 *
 * @category Calibration
 */
export interface CheckScheduleOptions {
  /** Where the schedule came from, for messages. */
  readonly source?: string | undefined;
  /** The network that machines with these scales are to predict. */
  readonly network: {
    readonly imageShape: ImageShape;
    readonly padding: "zeros" | "circular";
    readonly schedule: NoiseSchedule;
    /** SHA-256 (hex) of its weights; absent: not compared. */
    readonly sha256?: string | undefined;
  };
  /** How the machines are going to sample. */
  readonly protocol: Pick<SamplingProtocol, "steps" | "grid" | "sampler">;
}

/**
 * Checks that a scale schedule can be used with a network and a protocol.
 *
 * @example
 * ```ts
 * import { checkSchedule, cosineLegacy, createProvenance, importScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = cosineLegacy();
 * const scales = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule,
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * const network = { imageShape: [8, 8, 1], padding: "zeros", schedule } as const;
 * const protocol = { steps: 2, grid: "uniform", sampler: "ddim" } as const;
 * assertEquals(checkSchedule(scales, { network, protocol }), []);
 * ```
 *
 * @returns Warnings where it was calibrated against other weights or with another sampler, which is
 * allowed.
 * @throws CheckpointMismatchError if image shape, noise schedule, padding, steps or times differ.
 *
 * @category Calibration
 */
export function checkSchedule(schedule: ScaleSchedule, options: CheckScheduleOptions): string[] {
  const { source = "scale schedule", network, protocol } = options;
  const { steps, grid, sampler } = protocol;
  const noise = ({ name, parameters }: ScaleSchedule["noiseSchedule"]) =>
    [name, ...Object.entries(parameters).map(([key, value]) => `${key}=${value}`).sort()].join(" ");
  const pairs = [
    ["images", schedule.imageShape.join(" x "), network.imageShape.join(" x ")],
    ["padding", schedule.padding, network.padding],
    ["noise schedule", noise(schedule.noiseSchedule), noise(network.schedule)],
  ] as const;
  for (const [what, found, expected] of pairs) {
    if (found !== expected) {
      throw new CheckpointMismatchError(
        `${source}: the schedule is for ${what} ${oneLine(found, 120)}, the network has ${
          oneLine(expected, 120)
        }; ` +
          "calibrate this network",
      );
    }
  }
  if (schedule.steps.length !== steps) {
    throw new CheckpointMismatchError(
      `${source}: the schedule has ${schedule.steps.length} steps, ${steps} were asked for`,
      {
        remedy: (say) =>
          `use ${say.option("steps", schedule.steps.length)} or calibrate with ` +
          say.option("steps", steps),
      },
    );
  }
  const found = schedule.timeGrid ?? "uniform";
  if (found !== grid) {
    throw new CheckpointMismatchError(
      `${source}: the times of the schedule are ${found}, ${grid} ones were asked for`,
      {
        remedy: (say) =>
          `use ${say.option("grid", found)} or calibrate with ${say.option("grid", grid)}`,
      },
    );
  }
  for (const { step, t, signal, sigma } of schedule.steps) {
    const expected = noiseAt(network.schedule, t);
    if (!isSameNoise(expected, { signal, sigma })) {
      throw new CheckpointMismatchError(
        `${source}: at step ${step}, t = ${t}, signal is ${signal} and sigma ${sigma}, expected ` +
          `${expected.signal} and ${expected.sigma} of ${network.schedule.name}; the file is damaged, ` +
          "calibrate again",
      );
    }
  }
  const warnings: string[] = [];
  if (schedule.edited) warnings.push(`${source} was edited by hand since it was calibrated`);
  const { network: other, config } = schedule.provenance;
  if (other !== undefined && network.sha256 !== undefined && other.sha256 !== network.sha256) {
    warnings.push(`${source} was calibrated against other weights (${other.name})`);
  }
  if ((config.sampler ?? "ddim") !== sampler) {
    warnings.push(`${source} was calibrated with ${config.sampler ?? "ddim"}, not ${sampler}`);
  }
  return warnings;
}
