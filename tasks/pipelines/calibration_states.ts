/** States and schedules that a calibration has kept, whole or damaged. */
import { CheckpointMismatchError, DataFormatError } from "../../src/core/errors.ts";
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import { parseCalibrationState } from "../../src/calibration/calibration_state_file.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { readJsonFile } from "../../src/runs/json_file.ts";
import { readIfThere, readKept } from "../../src/runs/kept_file.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { calibrationFiles } from "./calibration_files.ts";
import { putAside } from "./put_aside.ts";

/** The state that a run has kept; runs that exist may have it as JSON. Damage is told. */
export async function readCalibrationState(
  run: Run,
  prefix: string,
  tell: (problem: string) => void,
): Promise<CalibrationState | undefined> {
  const { value, damage } = await readKept(
    run.file(calibrationFiles(prefix).state),
    parseCalibrationState,
  );
  if (damage !== undefined) tell(keptText(damage, value));
  if (value !== undefined || damage !== undefined) return value;
  const older = run.file(`${prefix}state.json`);
  try {
    return await readJsonFile(older) as CalibrationState | undefined;
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    tell(keptText(error.message, undefined));
    return undefined;
  }
}

/** What comes of a damaged state. */
export function keptText(damage: string, value: unknown): string {
  return value === undefined
    ? `${damage}; what it held is computed again`
    : `${damage}; work goes on from the state that is whole`;
}

/**
 * Does work from a state on. One that does not fit work of the same configuration is damaged, even where
 * no checksum says so: then from the beginning.
 */
export async function fromState<State, Result>(
  state: State | undefined,
  { path, work, tell }: {
    readonly path: string;
    readonly work: (state: State | undefined) => Promise<Result>;
    readonly tell: (problem: string) => void;
  },
): Promise<Result> {
  try {
    return await work(state);
  } catch (error) {
    if (state === undefined || !(error instanceof CheckpointMismatchError)) throw error;
    tell(keptText(`${path}: ${error.message.replace(/; use the same .*/, "")}`, undefined));
    return await work(undefined);
  }
}

/** The schedule of a finished run; undefined if it is damaged, and then the run is not finished. */
export async function finishedSchedule(
  run: Run,
  { file, tell }: { readonly file: string; readonly tell: (problem: string) => void },
): Promise<ScaleSchedule | undefined> {
  const path = run.file(file);
  try {
    return parseScaleSchedule(await Deno.readTextFile(path), path);
  } catch (error) {
    const lost = error instanceof DataFormatError || error instanceof Deno.errors.NotFound;
    if (!lost) throw error;
    tell(`${error instanceof DataFormatError ? error.message : `${path}: is missing`}; made again`);
    run.reopen();
    return undefined;
  }
}

/** Keeps a schedule that is about to be replaced by another, if it is one: a person may have edited it. */
export async function keepEdited(
  run: Run,
  { file, schedule, tell }: {
    readonly file: string;
    readonly schedule: ScaleSchedule;
    readonly tell: (problem: string) => void;
  },
): Promise<void> {
  const path = run.file(file);
  const bytes = await readIfThere(path);
  if (bytes === undefined) return;
  const text = new TextDecoder().decode(bytes);
  try {
    parseScaleSchedule(text, path);
  } catch (error) {
    if (error instanceof DataFormatError) return;
    throw error;
  }
  if (text === writeScaleSchedule(schedule)) return;
  tell(`${path} is not what this run finds: kept as ${(await putAside(run, [file])).join()}`);
}
