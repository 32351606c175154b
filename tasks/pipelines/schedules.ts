/** The scale schedules that a command line asks for. */
import { join } from "@std/path";
import { checkSchedule } from "../../src/calibration/check_schedule.ts";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import {
  machineForPadding,
  machineHasScale,
  parseMachineName,
} from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { parseTimeGridName, type TimeGridName } from "../../src/samplers/time_grid.ts";
import { UsageError } from "../cli/flags.ts";
import { CommandError } from "../cli/command.ts";
import { loadScaleList } from "./interchange.ts";
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

/** Steps and grid of machines: the flags', else those of the first schedule, else 20 uniform ones. */
export function timesFor(
  [first]: readonly LoadedSchedule[],
  { steps, grid }: {
    readonly steps: number | undefined;
    readonly grid: TimeGridName | undefined;
  },
): Pick<SamplingProtocol, "steps" | "grid"> {
  return {
    steps: steps ?? first?.schedule.steps.length ?? 20,
    grid: grid ?? parseTimeGridName(first?.schedule.timeGrid ?? "uniform"),
  };
}

/**
 * Checks schedules against a network, and prints what is allowed but odd.
 *
 * @throws CheckpointMismatchError if one cannot be used with it.
 */
export function checkSchedules(
  loaded: readonly LoadedSchedule[],
  { network, schedule, sha256 }: LoadedNetwork,
  protocol: SamplingProtocol,
): void {
  const { imageShape, padding } = network.architecture;
  for (const { path, schedule: scales } of loaded) {
    const warnings = checkSchedule(scales, {
      source: path,
      network: { imageShape, padding, schedule, sha256 },
      protocol,
    });
    for (const warning of warnings) console.error(`Note: ${warning}`);
  }
}

/**
 * The schedules of --schedule, or one made of the bare list of --scales; none, if all named machines do
 * without.
 */
export async function requestedSchedules(
  { schedule, scales, machines, grid }: {
    readonly schedule: string | undefined;
    readonly scales: string | undefined;
    readonly machines: string | undefined;
    /** The times that a bare list is for. */
    readonly grid: TimeGridName | undefined;
  },
  network: LoadedNetwork,
): Promise<LoadedSchedule[]> {
  const names = machines?.split(",").map(parseMachineName);
  const scaled = names?.find((name) => machineHasScale(name));
  if (schedule === undefined && scales === undefined && names && !scaled) return [];
  if ((schedule === undefined) === (scales === undefined)) {
    throw new UsageError(
      "Give either --schedule with a calibration, or --scales with a bare list of scales; run with " +
        "--help",
    );
  }
  if (schedule !== undefined) return await loadSchedules(schedule);
  const { padding, imageShape } = network.network.architecture;
  return [
    await loadScaleList(scales!, {
      machine: scaled ?? machineForPadding(padding),
      imageShape,
      padding,
      schedule: network.schedule,
      aggregate: "median",
      indexing: "calibration",
      grid,
    }),
  ];
}
