import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { ImageStream } from "../core/image_stream.ts";
import { createMachine, type CreateMachineOptions } from "../machines/create_machine.ts";
import { type MachineParameters, parametersOf } from "../machines/machine_parameters.ts";
import {
  machineHasScale,
  type MachineName,
  machineParameterNames,
} from "../machines/machine_table.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";
import { samplerDefinition, type SamplerName } from "../samplers/samplers.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { NamedDenoiser } from "./named_denoiser.ts";

/**
 * Options of {@linkcode scheduledMachines}.
 *
 * @category Evaluation
 */
export interface ScheduledMachinesOptions {
  /** The machines' images `[N, H, W, C]` and their classes. */
  readonly data: {
    readonly images: ImageBatch | ImageStream;
    readonly labels?: ArrayLike<number> | undefined;
  };
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** Calibrated scales, each of one machine. */
  readonly schedules: readonly ScaleSchedule[];
  /** What computes the machines; they share it. */
  readonly posterior: NonNullable<CreateMachineOptions["posterior"]>;
  /** Parameters of the machines; each takes its own of them. */
  readonly parameters?: MachineParameters | undefined;
  /** Where it asks between the steps, machines take the scale of the nearest. Default "ddim". */
  readonly sampler?: SamplerName | undefined;
  /** What machines do at times that are no step of a schedule; by default what the sampler needs. */
  readonly between?: "refuse" | "nearest" | undefined;
}

/**
 * Makes machines with calibrated scales. One without a schedule of its own takes the first schedule's
 * scales, such as LS beside bbELS.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   cosineLegacy,
 *   createProvenance,
 *   importScales,
 *   scheduledMachines,
 *   syntheticTextures,
 *   wasmPosterior,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = cosineLegacy();
 * const scales = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule,
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * await using posterior = wasmPosterior({ workers: 0 });
 * const options = { data: { images }, schedule, schedules: [scales], posterior };
 * const machines = scheduledMachines(["bbELS", "LS", "IS"], options);
 * assertEquals(machines.map(({ name }) => name), ["bbELS", "LS", "IS"]);
 * ```
 *
 * @throws RangeError if a machine needs scales and there is no schedule.
 *
 * @category Evaluation
 */
export function scheduledMachines(
  names: readonly MachineName[],
  options: ScheduledMachinesOptions,
): NamedDenoiser[] {
  const { data, schedule, schedules, posterior, sampler = "ddim", parameters = {} } = options;
  const { between = samplerDefinition(sampler).offGrid ? "nearest" : "refuse" } = options;
  return names.map((name) => {
    const scaled = machineHasScale(name);
    const scales = schedules.find(({ machine }) => machine === name) ?? schedules[0];
    if (scaled && scales === undefined) {
      throw new ArgumentError(`Cannot make ${name}: it needs scales`, {
        remedy: (say) => `name a schedule with ${say.option("schedules")}`,
      });
    }
    return {
      name,
      denoiser: createMachine(name, {
        images: data.images,
        labels: data.labels,
        schedule,
        posterior,
        between,
        parameters: parametersOf(machineParameterNames(name), parameters),
        ...scaled && scales && { patchSize: scales },
      }),
    };
  });
}
