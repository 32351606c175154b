import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch, type ImageShape } from "../core/image_batch.ts";
import { type ImageStream, isImageStream } from "../core/image_stream.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import { checkScales, hasScale } from "../posterior/request.ts";
import { prepareImages } from "../posterior/training_set.ts";
import { checkWindow } from "../posterior/window.ts";
import { wasmPosterior } from "../posterior/wasm/wasm_posterior.ts";
import { isSameNoise, noiseAt } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { checkFilteredScales, FilteredMachine } from "./filtered_machine.ts";
import { streamWithFlips, withFlips } from "./flipped_images.ts";
import { checkParameters, type MachineParameters } from "./machine_parameters.ts";
import {
  isPatchMachine,
  largestPatchSize,
  type MachineDefinition,
  machineDefinition,
  machineHasScale,
  type MachineName,
  machineParameterNames,
  patchMachineNames,
} from "./machine_table.ts";
import type { MachineWindow } from "./machine_window.ts";
import { type Machine, PatchMachine } from "./patch_machine.ts";
import { isSchedule, type PatchSize, patchSizesOf } from "./scheduled.ts";
import { windowOf } from "./windows.ts";

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
  checkMachineScales(from < last ? [from, last] : [from], definition, { imageShape });
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
  /**
   * Training images `[N, H, W, C]` in [-1, 1]: the candidates. A stream of them is read anew by each prediction
   * and never held; machines of patches take one.
   */
  readonly images: ImageBatch | ImageStream;
  /** Class of each training image; needed to predict by class. Those of a stream come with it. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Forward process. */
  readonly schedule: NoiseSchedule;
  /** The scale k, fixed or by time, or the width of the window; without it only `predictScales` works. */
  readonly patchSize?: PatchSize | undefined;
  /**
   * How much the pixels of a patch count, for machines of patches: the scale is then its width, the full width
   * at half height, and need be no odd integer. A measured one needs no scale. Absent: that of a schedule of
   * scales given as `patchSize`, else all of k x k alike.
   */
  readonly window?: MachineWindow | undefined;
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
 * @example A soft window of 6.5 pixels in place of the 7 x 7 patch
 * ```ts
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const parts = { images, schedule: cosineLegacy(), patchSize: 6.5, window: "super" } as const;
 * await using machine = createMachine("bbELS", parts);
 * assertEquals((await machine.predict(images, 0.5)).shape, [4, 8, 8, 1]);
 * ```
 *
 * @throws RangeError if there are no images, labels do not fit them, a scale is even or too large, a
 * parameter is none of the machine's, or it has no use for a window.
 * @category Machines
 */
export function createMachine(
  machine: MachineName | MachineDefinition,
  options: CreateMachineOptions,
): Machine {
  const { schedule, patchSize, between = "refuse", posterior, parameters = {} } = options;
  const { window = isSchedule(patchSize) ? windowOf(patchSize) : undefined } = options;
  const definition = machineDefinition(machine);
  const { name } = definition;
  if (!isImageStream(options.images)) checkImages(options.images, "training images");
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
  const given = { images: options.images, labels: options.labels ?? labelsOf(options.images) };
  const { images, labels } = parameters.flips ? flipped(given) : given;
  const [, height, width, channels] = images.shape;
  checkWindowOf(definition, window);
  checkPatchSize(patchSize, {
    ...{ definition, imageShape: [height, width, channels], schedule, window },
  });
  const parts = { labels, schedule, patchSize, between };
  if (!isPatchMachine(definition)) {
    if (isImageStream(images)) {
      throw new ArgumentError(
        `Cannot make the machine ${name} of a stream of images: it needs all of them together, expected ` +
          `one of ${patchMachineNames.join(", ")}`,
      );
    }
    return new FilteredMachine({ ...parts, images: prepareImages(images), definition, parameters });
  }
  return new PatchMachine({
    ...parts,
    images: isImageStream(images) ? images : prepareImages(images),
    definition,
    window,
    posterior: posterior ?? wasmPosterior(),
    ownsPosterior: posterior === undefined,
  });
}

const labelsOf = (images: ImageBatch | ImageStream) =>
  isImageStream(images) ? images.labels : undefined;

/** Images and labels with mirror images after them. */
function flipped(
  { images, labels }: Pick<CreateMachineOptions, "images" | "labels">,
): Pick<CreateMachineOptions, "images" | "labels"> {
  return {
    images: isImageStream(images) ? streamWithFlips(images) : withFlips(images),
    labels: labels && [...Array.from(labels), ...Array.from(labels)],
  };
}

/**
 * Checks a window against the machine.
 *
 * @throws RangeError if it compares no patches.
 */
function checkWindowOf(definition: MachineDefinition, window: MachineWindow | undefined): void {
  if (window === undefined) return;
  if (typeof window !== "function") checkWindow(window);
  if (isPatchMachine(definition) && hasScale(definition.rule)) return;
  const known = patchMachineNames.filter((name) => machineHasScale(name)).join(", ");
  throw new ArgumentError(
    `Cannot make the machine ${definition.name} with a window: it compares no patches, expected one of ${known}`,
  );
}

/** Checks scales of a machine, or widths of its window; see `checkScales`. */
export function checkMachineScales(
  scales: readonly number[],
  definition: MachineDefinition,
  { imageShape, window }: {
    readonly imageShape: ImageShape;
    readonly window?: MachineWindow | undefined;
  },
): void {
  if (!isPatchMachine(definition)) return checkFilteredScales(scales, definition, imageShape);
  // What a function gives has a shape, which widths do not ask for.
  const shape = typeof window === "function" ? "gaussian" : window;
  checkScales(scales, { rule: definition.rule, shape: imageShape, window: shape });
}

/** Checks what is known of the scales before they are asked for: a function tells its own then. */
function checkPatchSize(
  patchSize: PatchSize | undefined,
  { definition, imageShape, schedule, window }: {
    readonly definition: MachineDefinition;
    readonly imageShape: ImageShape;
    readonly schedule: NoiseSchedule;
    readonly window: MachineWindow | undefined;
  },
): void {
  if (
    patchSize === undefined || typeof patchSize === "function" || !machineHasScale(definition)
  ) return;
  checkMachineScales(patchSizesOf(patchSize), definition, { imageShape, window });
  if (!isSchedule(patchSize)) return;
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
