/** The scale schedules that a command line asks for. */
import { hasScale } from "../../src/kernels/request.ts";
import { machineDefinitions, parseMachineName } from "../../src/machines/create_machine.ts";
import { UsageError } from "../cli/flags.ts";
import { loadScaleList } from "./interchange.ts";
import { type LoadedSchedule, loadSchedules } from "./machines.ts";
import { type LoadedNetwork, machineForPadding } from "./sources.ts";

/** The schedules of --schedule, or one made of the bare list of --scales. */
export async function requestedSchedules(
  { schedule, scales, machines }: {
    readonly schedule: string | undefined;
    readonly scales: string | undefined;
    readonly machines: string | undefined;
  },
  network: LoadedNetwork,
): Promise<LoadedSchedule[]> {
  if ((schedule === undefined) === (scales === undefined)) {
    throw new UsageError(
      "Give either --schedule with a calibration, or --scales with a bare list of scales; run with " +
        "--help",
    );
  }
  if (schedule !== undefined) return await loadSchedules(schedule);
  const { padding, imageShape } = network.network.architecture;
  const named = machines?.split(",").map(parseMachineName)
    .find((name) => hasScale(machineDefinitions[name].rule));
  return [
    await loadScaleList(scales!, {
      machine: named ?? machineForPadding(padding),
      imageShape,
      padding,
      schedule: network.schedule,
      aggregate: "median",
      indexing: "calibration",
    }),
  ];
}
