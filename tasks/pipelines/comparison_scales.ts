/** Scales of the machines of a comparison: those that are known, and those that it finds first. */
import { candidateScales } from "../../src/machines/create_machine.ts";
import {
  isPatchMachine,
  machineDefinition,
  machineHasScale,
  type MachineName,
} from "../../src/machines/machine_table.ts";
import type { MachineParameters } from "../../src/machines/machine_parameters.ts";
import { parametersOf } from "../../src/machines/machine_parameters.ts";
import { machineParameterNames } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { type CalibrationPlan, runCalibration, scalesLine } from "./calibration.ts";
import { calibrationFiles } from "./calibration_files.ts";
import { readingWith } from "./reading.ts";
import type { Session } from "./session.ts";
import { type ImageFlags, loadMachineImages, protocolFor } from "./sources.ts";

/** How machines without a schedule are calibrated. */
export interface MissingScales {
  readonly machines: readonly MachineName[];
  readonly protocol: SamplingProtocol;
  readonly parameters: MachineParameters | undefined;
  /** Trajectories. */
  readonly samples: number;
  /** Training images of a machine that cannot add them little by little. */
  readonly images: number;
  /** Flags about the images. */
  readonly flags: ImageFlags & { readonly labels?: readonly number[] | undefined };
}

/** The machines that have a scale and no schedule of their own. */
export function withoutSchedule(
  names: readonly MachineName[],
  schedules: readonly ScaleSchedule[],
): MachineName[] {
  return names.filter((name) =>
    machineHasScale(name) && !schedules.some(({ machine }) => machine === name)
  );
}

/** Seed of the trajectories, which are not those that are compared. */
const seed = 1;

/** Calibrates machines on the way, each into files of the run. */
export async function calibrateMissing(
  { machines, protocol, parameters, samples, images, flags }: MissingScales,
  session: Session,
): Promise<ScaleSchedule[]> {
  const { network, data, progress, abort } = session;
  const { receptiveField, architecture: { imageShape } } = network.network;
  const { sampler, grid, steps } = protocol;
  const schedules: ScaleSchedule[] = [];
  for (const machine of machines) {
    // Machines of patches take as many images as the choice needs; the others all that they are given.
    const grows = isPatchMachine(machineDefinition(machine));
    const few = grows || images >= data.images.shape[0] ? data : await loadMachineImages(network, {
      ...flags,
      images,
      ...readingWith({ progress, abort }),
    });
    const own = parameters && parametersOf(machineParameterNames(machine), parameters);
    const fitted = protocolFor(network, {
      ...{ sampler, grid, steps, seed, samples },
      labels: flags.labels,
    });
    const plan: CalibrationPlan = {
      ...{ machine, sampler, grid, steps, seed, samples },
      ...own && { parameters: own },
      ...fitted.labels && { labels: fitted.labels },
      ...grows && { images: "auto" as const },
      candidates: candidateScales(machine, { imageShape, receptiveField }),
      metric: "cosine",
      aggregate: "median",
    };
    const schedule = await runCalibration(plan, { ...session, data: few }, {
      prefix: calibrationPrefix(machine),
    });
    progress.note(`Scales of ${machine}: ${scalesLine(schedule)}`);
    schedules.push(schedule);
  }
  return schedules;
}

/** Before the names of a machine's files in the run. */
export const calibrationPrefix = (machine: MachineName): string => `${machine.toLowerCase()}_`;

/** The schedule that was found on the way, as a file of the run. */
export const calibratedFile = (machine: MachineName): string =>
  calibrationFiles(calibrationPrefix(machine)).schedule;

/** What a machine was fitted to the network by. */
export interface FittedParameters {
  /** How many numbers. */
  readonly count: number;
  /** What they are. */
  readonly what: string;
}

/** The numbers that a machine takes from the network: a scale for each step, or none. */
export function fittedParameters(
  machine: MachineName,
  schedules: readonly ScaleSchedule[],
): FittedParameters {
  if (machine === "PSPC_flex") return { count: 0, what: "0; the network's gradients" };
  if (!machineHasScale(machine)) return { count: 0, what: "0" };
  const own = schedules.find((schedule) => schedule.machine === machine);
  const used = own ?? schedules[0]!;
  const count = used.steps.reduce((sum, { perClass }) => sum + (perClass?.length ?? 1), 0);
  const scale = used.window === undefined ? "k" : "width";
  const classes = used.steps.some(({ perClass }) => perClass !== undefined) ? " and class" : "";
  const what = own ? `${scale} of each step${classes}` : `${scale} of ${used.machine}`;
  return { count, what: `${count} (${what})` };
}
