/** The scale schedules that a command line asks for. */
import { machineHasScale, parseMachineName } from "../../src/machines/machine_table.ts";
import type { TimeGridName } from "../../src/samplers/time_grid.ts";
import { UsageError } from "../cli/flags.ts";
import { loadScaleList } from "./interchange.ts";
import { type LoadedSchedule, loadSchedules } from "./machines.ts";
import { type LoadedNetwork, machineForPadding } from "./sources.ts";

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
