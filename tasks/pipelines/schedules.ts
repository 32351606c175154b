/** The scale schedules that a command line asks for. */
import { join } from "@std/path";
import { checkSchedule } from "../../src/calibration/check_schedule.ts";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { readRegularFile } from "../../src/core/file_system.ts";
import {
  machineForPadding,
  machineHasScale,
  type MachineName,
  parseMachineName,
} from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { parseTimeGridName, type TimeGridName } from "../../src/samplers/time_grid.ts";
import { calibrationRuns } from "../../src/runs/find_run.ts";
import { checkArtifact } from "../../src/runs/artifacts.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { listRuns } from "../../src/runs/run_record.ts";
import { CommandError } from "../cli/command.ts";
import { locate } from "./locate.ts";
import { tellProblem } from "./problems.ts";
import { UsageError } from "../cli/flags.ts";
import { ifAnybodyReads } from "../cli/terminal.ts";
import { commandLine } from "../cli/invocation.ts";
import { loadScaleList } from "./interchange.ts";
import type { LoadedNetwork } from "./sources.ts";
import type { ZooTimes } from "../../src/zoo/zoo_index.ts";
import { matchedSchedule, sameProcess } from "./matched_scales.ts";
import { finestTimes, isZooWord, schedulesForWeights, zooSchedules } from "./zoo.ts";

/** A schedule with the file that it came from. */
export interface LoadedSchedule {
  readonly path: string;
  readonly schedule: ScaleSchedule;
}

/** The schedules in a run's folder: its own, or those of each machine that it calibrated. */
async function schedulesIn(folder: string): Promise<string[]> {
  const own = "scale_schedule.json";
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(own)) names.push(name);
  return (names.includes(own) ? [own] : names.sort()).map((name) => join(folder, name));
}

/**
 * Reads a schedule.
 *
 * @throws DataFormatError if it is damaged: where a run says so, or where that shows.
 */
async function readSchedule(path: string): Promise<ScaleSchedule> {
  const bytes = await readRegularFile(path);
  await checkArtifact(path, await sha256Hex(bytes));
  return parseScaleSchedule(new TextDecoder().decode(bytes), path);
}

/**
 * Reads schedules from files, from the zoo, or from calibration runs by folder, number, name or "latest",
 * separated by commas.
 *
 * @param options.out Folder in which runs are looked for.
 * @param options.times Which are wanted of the zoo's, where it has some for several times.
 */
export async function loadSchedules(
  words: string,
  { out = "runs", times = {} }: { readonly out?: string; readonly times?: ZooTimes } = {},
): Promise<LoadedSchedule[]> {
  const loaded: LoadedSchedule[] = [];
  const add = (found: LoadedSchedule) => {
    const { machine } = found.schedule;
    const twin = loaded.find((other) => other.schedule.machine === machine);
    if (twin !== undefined) {
      throw new CommandError(
        `--schedule has two schedules of ${machine}, ${twin.path} and ${found.path}; expected ` +
          "one for each machine",
      );
    }
    loaded.push(found);
  };
  for (const given of words.split(",")) {
    if (isZooWord(given)) {
      (await zooSchedules(given, times)).forEach(add);
      continue;
    }
    const found = await locate(given, { out, kind: calibrationRuns });
    const folder = (await Deno.stat(found)).isDirectory;
    const paths = folder ? await schedulesIn(found) : [found];
    if (paths.length === 0) {
      throw new CommandError(
        `${found} holds no scale_schedule.json: give a finished calibration, or run ${
          commandLine("calibrate")
        } again`,
      );
    }
    for (const path of paths) add({ path, schedule: await readSchedule(path) });
  }
  return loaded;
}

/** A line that names schedules that nobody asked for by name; undefined if somebody did. */
export function chosenLine(
  loaded: readonly LoadedSchedule[],
  { schedule, scales }: Pick<ScheduleFlags, "schedule" | "scales">,
): string | undefined {
  if (loaded.length === 0 || schedule !== undefined || scales !== undefined) return undefined;
  return `Scales: ${
    loaded.map(({ path, schedule }) => `${schedule.machine} of ${path}`).join(", ")
  }`;
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
    for (const warning of warnings) ifAnybodyReads(() => console.error(`Note: ${warning}`));
  }
}

/**
 * The newest calibrations of a network, at most one for each machine; all have the steps and the grid of
 * the newest, or those that are asked for.
 */
async function ownSchedules(
  { sha256 }: LoadedNetwork,
  { out, steps, grid }: Pick<ScheduleFlags, "out" | "steps" | "grid">,
): Promise<LoadedSchedule[]> {
  const found: LoadedSchedule[] = [];
  const { runs, problems } = await listRuns(out);
  problems.forEach(tellProblem);
  const calibrated = runs.filter(({ command }) => calibrationRuns.commands!.includes(command));
  for (const { path: folder } of calibrated.reverse()) {
    for (const path of await schedulesIn(folder)) {
      const schedule = await readSchedule(path).catch((error) => {
        if (!(error instanceof DataFormatError)) throw error;
        tellProblem(error);
        return undefined;
      });
      if (schedule === undefined) continue;
      const first = found[0]?.schedule;
      const fits = schedule.provenance.network?.sha256 === sha256 &&
        schedule.steps.length === (steps ?? first?.steps.length ?? schedule.steps.length) &&
        gridOf(schedule) === (grid ?? gridOf(first ?? schedule)) &&
        !found.some((other) => other.schedule.machine === schedule.machine);
      if (fits) found.push({ path, schedule });
    }
  }
  return found;
}

const gridOf = ({ timeGrid = "uniform" }: ScaleSchedule) => timeGrid;

/** Flags that say which scales machines take. */
export interface ScheduleFlags {
  readonly schedule: string | undefined;
  readonly scales: string | undefined;
  readonly machines: string | undefined;
  /** The times that a bare list is for. */
  readonly grid: TimeGridName | undefined;
  readonly steps: number | undefined;
  /** Folder in which runs are looked for. */
  readonly out: string;
}

/** The zoo's schedules of a network; none, where one that is named by machine is not among them. */
async function schedulesOfZoo(
  { sha256 }: LoadedNetwork,
  { grid, steps }: ScheduleFlags,
  names: readonly MachineName[] | undefined,
): Promise<LoadedSchedule[]> {
  const found = await schedulesForWeights(sha256, { grid, steps });
  if (names === undefined) return found;
  const scaled = names.filter((name) => machineHasScale(name));
  const own = found.filter(({ schedule }) => scaled.some((name) => name === schedule.machine));
  return own.length === scaled.length ? own : [];
}

/**
 * The schedules of --schedule, or one made of the bare list of --scales; without either, those of the zoo
 * for a network of it, else the newest calibrations of the network. None, if all named machines do without.
 */
export async function requestedSchedules(
  flags: ScheduleFlags,
  network: LoadedNetwork,
): Promise<LoadedSchedule[]> {
  const { schedule, scales, machines, grid, out } = flags;
  const names = machines?.split(",").map(parseMachineName);
  const scaled = names?.find((name) => machineHasScale(name));
  if (schedule !== undefined && scales !== undefined) {
    throw new UsageError(
      "Give either --schedule with a calibration, or --scales with a bare list of scales; run with " +
        "--help",
    );
  }
  if (schedule !== undefined) return await loadSchedules(schedule, { out, times: flags });
  if (scales !== undefined && isZooWord(scales)) return await zooScales(scales, flags, network);
  if (scales === undefined) {
    if (names && !scaled) return [];
    const ofZoo = await schedulesOfZoo(network, flags, names);
    if (ofZoo.length > 0) return ofZoo;
    const own = await ownSchedules(network, flags);
    if (own.length > 0) return own;
    throw new CommandError(
      `${out} holds no calibration of ${network.label}${
        [flags.steps && ` with ${flags.steps} steps`, grid && ` at ${grid} times`]
          .filter(Boolean).join("")
      }: make one with ${
        commandLine("calibrate")
      }, or give --schedule, or --scales with a bare list of scales`,
    );
  }
  const { padding, imageShape } = network.network.architecture;
  const list = await loadScaleList(scales, {
    machine: scaled ?? machineForPadding(padding),
    imageShape,
    padding,
    schedule: network.schedule,
    aggregate: "median",
    indexing: "calibration",
    grid,
  });
  return [matchedSchedule(list, { network, ...flags })];
}

/**
 * Schedules that there are of some machines, without any being asked for: the zoo's of a network of it, and the
 * newest calibrations of the network; all have the steps and the grid of the first, or those that are asked for.
 */
export async function knownSchedules(
  names: readonly MachineName[],
  { out, steps, grid }: Pick<ScheduleFlags, "out" | "steps" | "grid">,
  network: LoadedNetwork,
): Promise<LoadedSchedule[]> {
  const ofZoo = await schedulesForWeights(network.sha256, { grid, steps });
  const first = ofZoo[0]?.schedule;
  const own = await ownSchedules(network, {
    out,
    steps: steps ?? first?.steps.length,
    grid: grid ?? (first && parseTimeGridName(gridOf(first))),
  });
  return names.filter((name) => machineHasScale(name)).flatMap((name) =>
    [...ofZoo, ...own].filter(({ schedule }) => schedule.machine === name).slice(0, 1)
  );
}

/** The scales of a network of the zoo; where another process led to their noise, as many as there are. */
async function zooScales(
  word: string,
  flags: ScheduleFlags,
  network: LoadedNetwork,
): Promise<LoadedSchedule[]> {
  const { out } = flags;
  const finest = await loadSchedules(word, { out, times: finestTimes(word) });
  return finest.every(({ schedule }) => sameProcess(schedule, network.schedule))
    ? await loadSchedules(word, { out, times: flags })
    : finest.map((each) => matchedSchedule(each, { network, ...flags }));
}
