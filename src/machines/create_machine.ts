import { ArgumentError } from "../core/errors.ts";
import {
  checkImages,
  type ImageBatch,
  type ImageShape,
  imageShapeOf,
} from "../core/image_batch.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import { checkScales } from "../posterior/request.ts";
import { prepareImages } from "../posterior/training_set.ts";
import { wasmPosterior } from "../posterior/wasm/wasm_posterior.ts";
import { isSameNoise, noiseAt } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { checkFilteredScales, FilteredMachine } from "./filtered_machine.ts";
import { withFlips } from "./flipped_images.ts";
import { checkParameters, type MachineParameters } from "./machine_parameters.ts";
import {
  isPatchMachine,
  largestPatchSize,
  type MachineDefinition,
  machineDefinition,
  machineHasScale,
  type MachineName,
  machineParameterNames,
} from "./machine_table.ts";
import { type Machine, PatchMachine } from "./patch_machine.ts";
import { type PatchSize, patchSizesOf } from "./scheduled.ts";

/**
 * Options of {@linkcode candidateScales}.
 *
 * @category Machines
 */
export interface CandidateScalesOptions {
  /** Height, width, channels of the images. */
  readonly imageShape: ImageShape;
  /** Smallest scale, odd; 3 when absent. */
  readonly from?: number;
  /** Largest scale, odd; when absent the largest that fits the image (and the machine). */
  readonly to?: number;
  /**
   * How far the network looks that the machine is to predict: by default the scales end at the first odd
   * number from it. Even for some UNets, Infinity with attention.
   */
  readonly receptiveField?: number;
}

/**
 * All odd scales of a machine between two bounds, to calibrate over.
 *
 * @example
 * ```ts
 * import { candidateScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(candidateScales("bbELS", { imageShape: [32, 32, 1], to: 9 }), [3, 5, 7, 9]);
 * ```
 *
 * @returns Ascending; `[1]` for the machines without a scale.
 * @throws RangeError if a bound is even or outside what the machine allows.
 * @category Machines
 */
export function candidateScales(
  machine: MachineName | MachineDefinition,
  options: CandidateScalesOptions,
): number[] {
  const { imageShape, from = 3, to, receptiveField = Infinity } = options;
  if (!machineHasScale(machine)) return [1];
  const definition = machineDefinition(machine);
  const side = Math.min(imageShape[0], imageShape[1]);
  const fitting = Math.min(largestPatchSize(machine, imageShape), side - 1 + side % 2);
  const reach = Math.min(fitting, receptiveField);
  const last = to ?? reach + 1 - reach % 2;
  checkMachineScales(from < last ? [from, last] : [from], definition, imageShape);
  const scales: number[] = [];
  for (let k = from; k <= last; k += 2) scales.push(k);
  if (scales.length === 0) {
    throw new ArgumentError(`Cannot list scales from ${from} to ${last}: there are none`);
  }
  return scales;
}

/**
 * Options of {@linkcode createMachine}.
 *
 * @category Machines
 */
export interface CreateMachineOptions {
  /** Training images `[N, H, W, C]` in [-1, 1]: the candidates. */
  readonly images: ImageBatch;
  /** Class of each training image; needed to predict by class. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Forward process. */
  readonly schedule: NoiseSchedule;
  /** The scale k, fixed or by time; without it only `predictScales` works. */
  readonly patchSize?: PatchSize | undefined;
  /** Parameters beside the scale, of those that the machine takes. */
  readonly parameters?: MachineParameters | undefined;
  /** What to do between the steps of a scale by time: `refuse` (default), or take the `nearest` step. */
  readonly between?: "refuse" | "nearest" | undefined;
  /**
   * Backend of a machine of patches; absent: a wasm one with its own workers, ended by the machine's
   * `dispose`. Machines of filters compute by themselves.
   */
  readonly posterior?: PatchPosterior | undefined;
}

/**
 * Makes a score machine from training images. It predicts x0.
 *
 * @param machine One of {@linkcode machineNames}, or a definition of your own.
 *
 * @example
 * ```ts
 * import { cosineLegacy, createMachine, imageBatch, Random } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const random = new Random(1);
 * const images = imageBatch(random.normals(4 * 8 * 8), [4, 8, 8, 1]);
 * const schedule = cosineLegacy();
 * await using machine = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * const x = imageBatch(random.normals(8 * 8), [1, 8, 8, 1]);
 * const xHat0 = await machine.predict(x, 0.5);
 * assertEquals(xHat0.shape, [1, 8, 8, 1]);
 * ```
 *
 * @throws RangeError if there are no images, labels do not fit them, a scale is even or too large, or a
 * parameter is none of the machine's.
 * @category Machines
 */
export function createMachine(
  machine: MachineName | MachineDefinition,
  options: CreateMachineOptions,
): Machine {
  const { schedule, patchSize, between = "refuse", posterior, parameters = {} } = options;
  const definition = machineDefinition(machine);
  const { name } = definition;
  checkImages(options.images, "training images");
  if (options.images.shape[0] === 0) {
    throw new ArgumentError(`Cannot make the machine ${name}: there are no training images`);
  }
  if (options.labels !== undefined && options.labels.length !== options.images.shape[0]) {
    throw new ArgumentError(
      `Cannot make the machine ${name}: ${options.labels.length} labels for ${
        options.images.shape[0]
      } images`,
    );
  }
  checkParameters(parameters, { machine: name, takes: machineParameterNames(definition) });
  const { images, labels } = parameters.flips ? flipped(options) : options;
  checkPatchSize(patchSize, { definition, imageShape: imageShapeOf(images), schedule });
  const parts = { images: prepareImages(images), labels, schedule, patchSize, between };
  if (!isPatchMachine(definition)) {
    return new FilteredMachine({ ...parts, definition, parameters });
  }
  return new PatchMachine({
    ...parts,
    definition,
    posterior: posterior ?? wasmPosterior(),
    ownsPosterior: posterior === undefined,
  });
}

/** Images and labels with mirror images after them. */
function flipped(
  { images, labels }: Pick<CreateMachineOptions, "images" | "labels">,
): Pick<CreateMachineOptions, "images" | "labels"> {
  return {
    images: withFlips(images),
    labels: labels && [...Array.from(labels), ...Array.from(labels)],
  };
}

function checkMachineScales(
  scales: readonly number[],
  definition: MachineDefinition,
  imageShape: ImageShape,
): void {
  if (isPatchMachine(definition)) checkScales(scales, definition.rule, imageShape);
  else checkFilteredScales(scales, definition, imageShape);
}

/** Checks what is known of the scales before they are asked for: a function tells its own then. */
function checkPatchSize(
  patchSize: PatchSize | undefined,
  { definition, imageShape, schedule }: {
    readonly definition: MachineDefinition;
    readonly imageShape: ImageShape;
    readonly schedule: NoiseSchedule;
  },
): void {
  if (
    patchSize === undefined || typeof patchSize === "function" || !machineHasScale(definition)
  ) return;
  checkMachineScales(patchSizesOf(patchSize), definition, imageShape);
  if (typeof patchSize !== "object" || !("steps" in patchSize)) return;
  for (const { t, signal, sigma } of patchSize.steps) {
    if (isSameNoise(noiseAt(schedule, t), { signal, sigma })) continue;
    throw new ArgumentError(
      `Cannot use a scale schedule of ${patchSize.noiseSchedule.name} with ${schedule.name}: ` +
        `at t = ${t} signal and sigma are ${signal} and ${sigma} there, ${
          schedule.signal(t)
        } and ` +
        `${schedule.sigma(t)} here`,
    );
  }
}
