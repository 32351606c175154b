/** Scales of one network tried on another, whose noise another process makes. */
import { importScales } from "../../src/calibration/import_scales.ts";
import { scalesAtLevels } from "../../src/calibration/scales_at_levels.ts";
import { parseMachineName } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { timeGrid, type TimeGridName, timeGridNames } from "../../src/samplers/time_grid.ts";
import { noiseLevel } from "../../src/schedules/noise_level.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import { CommandError } from "../cli/command.ts";
import { ifAnybodyReads } from "../cli/terminal.ts";
import type { LoadedSchedule } from "./schedules.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Whether a schedule's scales were calibrated on a process. */
export function sameProcess({ noiseSchedule }: ScaleSchedule, process: NoiseSchedule): boolean {
  const text = ({ name, parameters }: ScaleSchedule["noiseSchedule"]) =>
    JSON.stringify([name, Object.entries(parameters).sort(([a], [b]) => a < b ? -1 : 1)]);
  return text(noiseSchedule) === text(process);
}

/**
 * A schedule as it is where the network's process is that of its scales; else its scales at the times that
 * are asked for, by default as many as it has on its grid, each that of the nearest noise level.
 */
export function matchedSchedule(
  { path, schedule }: LoadedSchedule,
  { network, grid, steps }: {
    readonly network: LoadedNetwork;
    readonly grid: TimeGridName | undefined;
    readonly steps: number | undefined;
  },
): LoadedSchedule {
  if (sameProcess(schedule, network.schedule)) return { path, schedule };
  const { imageShape, padding, metric, aggregate, window } = schedule;
  if (window === "gradient") {
    throw new CommandError(
      `${path} has a gradient window, whose shape belongs to its own network's process; calibrate this one`,
    );
  }
  const name = grid ?? timeGridNames.find((each) => each === schedule.timeGrid) ?? "uniform";
  const times = timeGrid(name, {
    steps: steps ?? schedule.steps.length,
    schedule: network.schedule,
  });
  // From the lowest noise to the highest; at the last time there is none.
  const noisy = times.slice(0, -1).reverse();
  const levels = noisy.map((t) => noiseLevel(network.schedule, t));
  const scales = scalesAtLevels(schedule, levels);
  ifAnybodyReads(() =>
    console.error(
      `Note: scales of ${path} were calibrated on ${schedule.noiseSchedule.name}, the network's ` +
        `process is ${network.schedule.name}: at each time that of the nearest noise level`,
    )
  );
  return {
    path,
    schedule: importScales(scales, {
      ...{
        machine: parseMachineName(schedule.machine),
        imageShape,
        padding,
        metric,
        aggregate,
        window,
      },
      schedule: network.schedule,
      grid: { name, times },
      provenance: createProvenance({
        seed: 0,
        config: { importedFrom: path, matchedBy: "noise level" },
      }),
    }),
  };
}
