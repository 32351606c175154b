/** Machines with calibrated scales, checked against the network that they are to predict. */
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import type { NamedDenoiser } from "../../src/evaluation/evaluate.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { machineHasScale, type MachineName } from "../../src/machines/machine_table.ts";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { createMachine } from "../../src/machines/create_machine.ts";

import { join } from "@std/path";
import { isSameNoise, noiseAt } from "../../src/schedules/noise_level.ts";
import { type SamplerName, samplers } from "../../src/samplers/samplers.ts";
import type { TimeGridName } from "../../src/samplers/time_grid.ts";
import { CommandError } from "../cli/command.ts";
import type { LoadedNetwork } from "./sources.ts";

/** A schedule with the file that it came from. */
export interface LoadedSchedule {
  readonly path: string;
  readonly schedule: ScaleSchedule;
}

/** Reads schedules from files, or from folders of calibration runs, separated by commas. */
export async function loadSchedules(paths: string): Promise<LoadedSchedule[]> {
  const loaded: LoadedSchedule[] = [];
  for (const given of paths.split(",")) {
    const info = await Deno.stat(given).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new CommandError(
        `--schedule has ${JSON.stringify(given)}: there is no such file or folder; give a ` +
          "scale_schedule.json, or the folder of a calibration run",
      );
    });
    const path = info.isDirectory ? join(given, "scale_schedule.json") : given;
    const schedule = parseScaleSchedule(await Deno.readTextFile(path), path);
    const twin = loaded.find((other) => other.schedule.machine === schedule.machine);
    if (twin !== undefined) {
      throw new CommandError(
        `--schedule has two schedules of ${schedule.machine}, ${twin.path} and ${path}; expected one ` +
          "for each machine",
      );
    }
    loaded.push({ path, schedule });
  }
  return loaded;
}

/**
 * Checks that a schedule can be used with a network.
 *
 * @returns Warnings where it was calibrated against other weights or with another sampler, which is
 * allowed.
 * @throws CheckpointMismatchError if image shape, noise schedule, padding, steps or times differ.
 */
export function checkSchedule(
  { path, schedule }: LoadedSchedule,
  network: LoadedNetwork,
  { steps, grid, sampler }: {
    readonly steps: number;
    readonly grid: TimeGridName;
    readonly sampler: SamplerName;
  },
): string[] {
  const { architecture } = network.network;
  const noise = (name: string, parameters: Readonly<Record<string, number>>) =>
    [name, ...Object.entries(parameters).map(([key, value]) => `${key}=${value}`).sort()].join(" ");
  const pairs = [
    ["images", schedule.imageShape.join(" x "), architecture.imageShape.join(" x ")],
    ["padding", schedule.padding, architecture.padding],
    [
      "noise schedule",
      noise(schedule.noiseSchedule.name, schedule.noiseSchedule.parameters),
      noise(network.schedule.name, network.schedule.parameters),
    ],
  ] as const;
  for (const [what, found, expected] of pairs) {
    if (found !== expected) {
      throw new CheckpointMismatchError(
        `${path}: the schedule is for ${what} ${found}, the network has ${expected}; ` +
          "calibrate this network with deno task calibrate",
      );
    }
  }
  if (schedule.steps.length !== steps) {
    throw new CheckpointMismatchError(
      `${path}: the schedule has ${schedule.steps.length} steps, ${steps} were asked for; ` +
        `use --steps ${schedule.steps.length} or calibrate with --steps ${steps}`,
    );
  }
  const found = schedule.timeGrid ?? "uniform";
  if (found !== grid) {
    throw new CheckpointMismatchError(
      `${path}: the times of the schedule are ${found}, ${grid} ones were asked for; ` +
        `use --grid ${found} or calibrate with --grid ${grid}`,
    );
  }
  for (const { step, t, signal, sigma } of schedule.steps) {
    const expected = noiseAt(network.schedule, t);
    if (!isSameNoise(expected, { signal, sigma })) {
      throw new CheckpointMismatchError(
        `${path}: at step ${step}, t = ${t}, signal is ${signal} and sigma ${sigma}, expected ` +
          `${expected.signal} and ${expected.sigma} of ${network.schedule.name}; the file is damaged, ` +
          "calibrate again with deno task calibrate",
      );
    }
  }
  const warnings: string[] = [];
  const { network: other, config } = schedule.provenance;
  if (other !== undefined && other.sha256 !== network.sha256) {
    warnings.push(`${path} was calibrated against other weights (${other.name})`);
  }
  if ((config.sampler ?? "ddim") !== sampler) {
    warnings.push(`${path} was calibrated with ${config.sampler ?? "ddim"}, not ${sampler}`);
  }
  return warnings;
}

/**
 * Makes machines for an evaluation. One without a schedule of its own takes the first schedule's
 * scales.
 */
export function scheduledMachines(
  names: readonly MachineName[],
  { data, network, schedules, posterior, sampler = "ddim" }: {
    /** Those that leave the grid take the scale of the nearest step. */
    readonly sampler?: SamplerName;
    readonly data: ImageDataset;
    readonly network: LoadedNetwork;
    readonly schedules: readonly ScaleSchedule[];
    readonly posterior: PatchPosterior;
  },
): NamedDenoiser[] {
  return names.map((name) => {
    const schedule = schedules.find(({ machine }) => machine === name) ?? schedules[0];
    if (schedule === undefined && machineHasScale(name)) {
      throw new CommandError(`${name} needs scales: name a schedule with --schedule`);
    }
    const denoiser = createMachine(name, {
      images: data.images,
      labels: data.labels,
      schedule: network.schedule,
      posterior,
      between: samplers[sampler].offGrid ? "nearest" : "refuse",
      ...schedule && machineHasScale(name) && { patchSize: schedule },
    });
    return { name, denoiser };
  });
}
