import { type ImageBatch, type ImageShape, imageShapeOf } from "../core/image_batch.ts";
import type { MachineName } from "./scale_schedule.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import { checkScales, hasScale, largestScale } from "../posterior/request.ts";
import { wasmPosterior } from "../posterior/wasm/wasm_posterior.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { boundaryBroken } from "./boundary_broken.ts";
import { equivariant } from "./equivariant.ts";
import { equivariantLocal, equivariantLocalWrapped } from "./equivariant_local.ts";
import { ideal } from "./ideal.ts";
import { local } from "./local.ts";
import type { MachineDefinition } from "./machine_definition.ts";
import { type Machine, PatchMachine } from "./patch_machine.ts";
import { type PatchSize, patchSizesOf } from "./scheduled.ts";

/** Every machine by its name. */
export const machineDefinitions: Readonly<Record<MachineName, MachineDefinition>> = {
  IS: ideal,
  ES: equivariant,
  LS: local,
  ELS: equivariantLocal,
  ELS_wrapped: equivariantLocalWrapped,
  bbELS: boundaryBroken,
};

/** Names of the machines, in the order of the theory. */
export const machineNames: readonly MachineName[] = Object.keys(
  machineDefinitions,
) as MachineName[];

/**
 * Reads a machine's name, whatever its case; `-` and `_` are the same.
 *
 * @throws RangeError that lists the names.
 */
export function parseMachineName(text: string): MachineName {
  const plain = (name: string) => name.trim().toLowerCase().replaceAll("-", "_");
  const name = machineNames.find((each) => plain(each) === plain(text));
  if (name === undefined) {
    throw new RangeError(
      `Cannot use machine "${text}": expected one of ${machineNames.join(", ")}`,
    );
  }
  return name;
}

/** Options of {@linkcode candidateScales}. */
export interface CandidateScalesOptions {
  /** Height, width, channels of the images. */
  readonly imageShape: ImageShape;
  /** Smallest scale, odd; 3 when absent. */
  readonly from?: number;
  /** Largest scale, odd; when absent the largest that fits the image (and the machine). */
  readonly to?: number;
}

/**
 * All odd scales of a machine between two bounds, to calibrate over.
 *
 * @returns Ascending; `[1]` for the machines without a scale.
 * @throws RangeError if a bound is even or outside what the machine allows.
 */
export function candidateScales(
  machine: MachineName,
  options: CandidateScalesOptions,
): number[] {
  const { imageShape, from = 3, to } = options;
  const { rule } = machineDefinitions[machine];
  if (!hasScale(rule)) return [1];
  const side = Math.min(imageShape[0], imageShape[1]);
  const last = to ?? Math.min(largestScale(rule, imageShape), side - 1 + side % 2);
  checkScales(from < last ? [from, last] : [from], rule, imageShape);
  const scales: number[] = [];
  for (let k = from; k <= last; k += 2) scales.push(k);
  if (scales.length === 0) {
    throw new RangeError(`Cannot list scales from ${from} to ${last}: there are none`);
  }
  return scales;
}

/** Options of {@linkcode createMachine}. */
export interface CreateMachineOptions {
  /** Training images `[N, H, W, C]` in [-1, 1]: the candidates. */
  readonly images: ImageBatch;
  /** Class of each training image; needed to predict by class. */
  readonly labels?: ArrayLike<number>;
  /** Forward process. */
  readonly schedule: NoiseSchedule;
  /** The scale k, fixed or by time; without it only `predictScales` works. */
  readonly patchSize?: PatchSize;
  /** What to do between the steps of a scale by time: `refuse` (default), or take the `nearest` step. */
  readonly between?: "refuse" | "nearest";
  /** Backend; absent: a wasm one with its own workers, ended by the machine's `dispose`. */
  readonly posterior?: PatchPosterior;
}

/**
 * Makes a score machine from training images. It predicts x0.
 *
 * @example
 * ```ts
 * import { cosineLegacy, createMachine, imageBatch, Random } from "@els/toolkit";
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
 * @throws RangeError if there are no images, labels do not fit them, or a scale is even or too large.
 */
export function createMachine(
  name: MachineName,
  options: CreateMachineOptions,
): Machine {
  const { images, labels, schedule, patchSize, between = "refuse", posterior } = options;
  const definition = machineDefinitions[name];
  if (images.shape[0] === 0) {
    throw new RangeError(`Cannot make the machine ${name}: there are no training images`);
  }
  if (labels !== undefined && labels.length !== images.shape[0]) {
    throw new RangeError(
      `Cannot make the machine ${name}: ${labels.length} labels for ${images.shape[0]} images`,
    );
  }
  if (patchSize !== undefined && hasScale(definition.rule)) {
    checkScales(patchSizesOf(patchSize), definition.rule, imageShapeOf(images));
    if (typeof patchSize === "object" && "steps" in patchSize) {
      for (const { t, sigma } of patchSize.steps) {
        if (Math.abs(schedule.sigma(t) - sigma) > 1e-6 * (1 + sigma)) {
          throw new RangeError(
            `Cannot use a scale schedule of ${patchSize.noiseSchedule.name} with ${schedule.name}: ` +
              `at t = ${t} sigma is ${sigma} there and ${schedule.sigma(t)} here`,
          );
        }
      }
    }
  }
  return new PatchMachine({
    definition,
    images,
    labels,
    schedule,
    patchSize,
    between,
    posterior: posterior ?? wasmPosterior(),
    ownsPosterior: posterior === undefined,
  });
}
