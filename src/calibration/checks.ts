import { ArgumentError, CheckpointMismatchError } from "../core/errors.ts";
import { isPatchSize } from "../core/patch_size.ts";
import type { Metric } from "../core/metric.ts";
import type { MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { type MachineWindow, type WindowName, windowName } from "../machines/machine_window.ts";
import type { CalibrationState } from "./calibration.ts";
import type { CalibrationIdentity } from "./calibration_tables.ts";
import { calibrationCheck, tableProblem } from "./resume_check.ts";

/** Name of the window whose widths a machine's scales are; undefined: they are sizes k of the box. */
export function windowOfMachine(machine: MultiScaleDenoiser): WindowName | undefined {
  return "window" in machine ? windowName(machine.window as MachineWindow | undefined) : undefined;
}

/**
 * Checks counts and candidate scales.
 *
 * @throws RangeError that names the option, what was found and what was expected.
 */
export function checkOptions(
  { candidates, samples, batch, widths = false }: {
    readonly candidates: readonly number[];
    readonly samples: number;
    readonly batch: number;
    /** Candidates are widths of a window, which need be no odd integers. */
    readonly widths?: boolean;
  },
): void {
  for (const [what, value] of [["samples", samples], ["batch", batch]] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ArgumentError(`Cannot calibrate: ${what} is ${value}, expected a positive integer`);
    }
  }
  const ascending = candidates.every((k, index) => index === 0 || k > candidates[index - 1]!);
  const isScale = (k: number) => widths ? k >= 1 && k < Infinity : isPatchSize(k);
  if (candidates.length === 0 || !ascending || !candidates.every(isScale)) {
    throw new ArgumentError(
      `Cannot calibrate: the candidate scales are [${candidates.join(", ")}], expected ${
        widths ? "ascending widths from 1 on" : "odd, ascending numbers"
      }`,
    );
  }
}

/**
 * Checks that a saved state belongs to a run, and that it is whole.
 *
 * @throws CheckpointMismatchError that names what differs.
 */
export function checkResume(
  identity: CalibrationIdentity,
  resume: CalibrationState,
  { samples, metrics }: { readonly samples: number; readonly metrics: readonly Metric[] },
): void {
  const fail = (what: string, found: unknown, expected: unknown) => {
    throw new CheckpointMismatchError(
      `Cannot resume the calibration: its ${what} is ${JSON.stringify(found)}, this run has ${
        JSON.stringify(expected)
      }; use the same options or start anew`,
    );
  };
  if (typeof resume !== "object" || resume === null) fail("state", resume, "a state");
  const absent = metrics.find(({ name }) => resume.tables !== undefined && !resume.tables[name]);
  if (absent) fail("table", `without ${absent.name}`, `similarities by ${absent.name}`);
  const lists = metrics.map(({ name }) => resume.tables?.[name]);
  const begun = lists[0]?.length ?? 0;
  const whole = lists.every((rows) =>
    Array.isArray(rows) && rows.length === begun &&
    rows.every((row) => Array.isArray(row) && row.length === identity.steps)
  );
  if (!whole) fail("table", "damaged", `rows of ${identity.steps} steps for each metric`);
  const only = (key: string, value: unknown) => {
    if (key === "labels" && Array.isArray(value)) return value.slice(0, begun);
    if (key === "sampler") return value ?? "ddim";
    if (key === "search") return value ?? "full";
    if (key === "settling") return value ?? "nothing";
    if (key === "window") return value ?? "none";
    if (key === "first") return value ?? 0;
    return key === "grid" ? value ?? "uniform" : value;
  };
  const keys = new Set([...Object.keys(identity), "settling", "window", "first"]) as Set<
    keyof typeof identity
  >;
  for (const key of keys) {
    const [found, expected] = [only(key, resume[key]), only(key, identity[key])];
    if (JSON.stringify(found) !== JSON.stringify(expected)) fail(key, found, expected);
  }
  const { imagesUsed } = resume;
  const counted = identity.settling?.includes("images") ?? false;
  const fitting = counted
    ? Array.isArray(imagesUsed) && imagesUsed.length === begun &&
      imagesUsed.every((row) =>
        Array.isArray(row) && row.length === identity.steps &&
        row.every((count) => Number.isSafeInteger(count) && count >= 0)
      )
    : imagesUsed === undefined;
  if (!fitting) fail("numbers of images", "damaged", `rows of ${identity.steps} steps`);
  if (begun > samples) fail("number of samples", begun, samples);
  const held = resume.inProgress;
  const [h, w, c] = identity.imageShape;
  const fits = held === null ||
    Number.isInteger(held?.first) && held.first >= 0 && held.first < begun &&
      Number.isInteger(held.step) && held.step >= 2 && held.step <= identity.steps &&
      Array.isArray(held.x) && held.x.length === (begun - held.first) * h * w * c &&
      held.x.every(Number.isFinite);
  if (!fits) fail("batch under way", "damaged", `images of ${h} x ${w} x ${c} and a step`);
  if (resume.check !== undefined && resume.check !== calibrationCheck(resume)) {
    fail("checksum", resume.check, calibrationCheck(resume));
  }
  const problem = tableProblem(resume, metrics);
  if (problem !== undefined) fail("table", `damaged (${problem})`, "similarities");
}
