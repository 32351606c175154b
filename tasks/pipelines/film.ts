/** What a film shows, of the steps of its two processes. */
import { pixelsAcross } from "../../src/core/patch_size.ts";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { agreement } from "../../src/evaluation/agreement.ts";
import type { Film, FilmMomentsOptions, FilmPair, FilmPoint } from "../../src/figures/film.ts";
import { machineDefinitions, type PatchMachineName } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { ddimPath } from "../../src/samplers/ddim_path.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import type { KnownStep, PatchRecord } from "./film_states.ts";

/** How long a film takes, and how many pictures. */
export interface FilmTiming {
  /** Seconds in all; by default some 10 for the steps, and 3 for the end. */
  readonly seconds: number | undefined;
  /** Pictures a second, where something moves. */
  readonly fps: number;
}

/** Seconds of a film's parts, and pictures on the way of each step. */
export function filmTiming(
  steps: number,
  { seconds, fps }: FilmTiming,
): Required<{ [Part in keyof FilmMomentsOptions]: number }> & { readonly points: number } {
  const perStep = Math.min(1.2, Math.max(0.4, 10 / steps));
  const total = seconds ?? steps * perStep + 3;
  const end = Math.min(3, total / 4);
  const step = (total - end) / steps;
  const points = Math.max(1, Math.round(step * 0.5 * fps));
  return { still: step * 0.5, moving: step * 0.5, end, points };
}

/** What a film is made of. */
export interface FilmParts {
  readonly title: string;
  readonly subtitle: string;
  readonly machineName: PatchMachineName;
  /** The machine's scales, where it has some. */
  readonly scales: ScaleSchedule | undefined;
  readonly pixel: readonly [row: number, column: number];
  readonly schedule: NoiseSchedule;
  readonly data: ImageDataset;
  readonly network: readonly KnownStep[];
  readonly machine: readonly KnownStep[];
  readonly patches: readonly PatchRecord[];
  /** Pictures on the way of each step. */
  readonly points: number;
}

/** Puts a film together. */
export function filmOf(parts: FilmParts): Film {
  const { network, machine, patches, schedule, data, points, machineName, scales } = parts;
  const { rule } = machineDefinitions[machineName];
  const pointAt = (i: number, t: number): FilmPoint => ({
    t,
    sigma: schedule.sigma(t),
    x: {
      network: asShown(ddimPath(network[i]!, { t, schedule }), { t, schedule }),
      machine: asShown(ddimPath(machine[i]!, { t, schedule }), { t, schedule }),
    },
  });
  const last = network.length - 1;
  const final = pointAt(last, network[last]!.tNext);
  return {
    title: parts.title,
    subtitle: parts.subtitle,
    machine: machineName,
    pixel: parts.pixel,
    wraps: rule === "interior" || rule === "wrapped",
    trainingWraps: rule === "wrapped",
    steps: network.map(({ t, tNext, x, xHat0 }, i) => ({
      t,
      sigma: schedule.sigma(t),
      x: {
        network: asShown(x, { t, schedule }),
        machine: asShown(machine[i]!.x, { t, schedule }),
      },
      xHat0: { network: xHat0, machine: machine[i]!.xHat0 },
      agreement: rSquared({ network: xHat0, machine: machine[i]!.xHat0 }),
      ...scales && { patchSize: scaleAt(scales, t) },
      patch: patchOf(patches[i]!, data),
      path: Array.from(
        { length: points - 1 },
        (_, j) => pointAt(i, t + (tNext - t) * (j + 1) / points),
      ),
    })),
    final: { ...final, agreement: rSquared(final.x) },
  };
}

const rSquared = ({ network, machine }: FilmPair) => agreement(network.data, machine.data).rSquared;

/** Noisy images in the brightness of images: where noise is beyond 1, as far as that goes. */
function asShown(
  { data, shape }: ImageBatch,
  { t, schedule }: { readonly t: number; readonly schedule: NoiseSchedule },
): ImageBatch {
  const length = Math.max(1, Math.hypot(schedule.signal(t), schedule.sigma(t)));
  return { data: data.map((value) => value / length), shape };
}

/** The side of the patch to draw: of a window, up to where it has half its height. */
function scaleAt({ steps }: ScaleSchedule, t: number): number {
  const distance = (step: ScaleSchedule["steps"][number]) => Math.abs(step.t - t);
  return pixelsAcross(steps.reduce((a, b) => distance(b) < distance(a) ? b : a).patchSize);
}

function patchOf(
  { image, row, column, weight, effectivePatches }: PatchRecord,
  { images, labels, classNames }: ImageDataset,
): Film["steps"][number]["patch"] {
  return {
    trainingImage: sliceBatch(images, image, image + 1),
    ...{ image, row, column, weight, effectivePatches },
    label: classNames[labels[image]!],
  };
}

/**
 * A pixel that tells something: where the image differs most within a window of 7 x 7, away from the
 * borders; of equal ones the upper left.
 */
export function tellingPixel({ data, shape: [, h, w, c] }: ImageBatch): [number, number] {
  const reach = 3;
  const [rows, columns] = [h, w].map((side) => Math.min(side >> 2, (side - 1) >> 1)) as [
    number,
    number,
  ];
  let best = -1;
  let found: [number, number] = [h >> 1, w >> 1];
  for (let row = rows; row < h - rows; row++) {
    for (let column = columns; column < w - columns; column++) {
      let [sum, squares, count] = [0, 0, 0];
      for (let y = Math.max(0, row - reach); y <= Math.min(h - 1, row + reach); y++) {
        for (let x = Math.max(0, column - reach); x <= Math.min(w - 1, column + reach); x++) {
          for (let channel = 0; channel < c; channel++) {
            const value = data[(y * w + x) * c + channel]!;
            [sum, squares, count] = [sum + value, squares + value * value, count + 1];
          }
        }
      }
      const variance = squares / count - (sum / count) ** 2;
      if (variance > best * (1 + 1e-9)) [best, found] = [variance, [row, column]];
    }
  }
  return found;
}
