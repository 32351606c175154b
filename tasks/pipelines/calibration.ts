/** A calibration as the commands do it: resumable in a run folder, exported with its pictures. */
import { toScaleSchedule } from "../../src/calibration/calibration.ts";
import type { SimilarityName } from "../../src/calibration/similarity.ts";
import type { AgreementName } from "../../src/evaluation/agreement.ts";
import type { ScaleSearch } from "../../src/calibration/scale_search.ts";
import { refineScales } from "../../src/calibration/refine.ts";
import {
  applyRefinement,
  type Refinement,
  refinementCsv,
  type RefinementState,
} from "../../src/calibration/refinement.ts";
import type { Denoiser, MultiScaleDenoiser } from "../../src/denoisers/denoiser.ts";
import { scaleCurveExplained, scaleCurveOf, scaleCurveSvg } from "../../src/figures/scale_curve.ts";
import { scaleScheduleCsv, similarityCsv } from "../../src/calibration/scale_schedule_csv.ts";
import { writeScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import type { ScaleAggregate, ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { MachineParameters } from "../../src/machines/machine_parameters.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import type { WindowName } from "../../src/machines/machine_window.ts";
import { parseSealedJson, sealedJsonText } from "../../src/runs/json_file.ts";
import { readKept } from "../../src/runs/kept_file.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { StateKeeper } from "../../src/runs/state_keeper.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import type { SamplerName } from "../../src/samplers/samplers.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { parseTimeGridName } from "../../src/samplers/time_grid.ts";
import { pictureWriter } from "../cli/pictures.ts";
import type { RunOutcome } from "../cli/run_result.ts";
import { describePosterior } from "./posterior.ts";
import { calibrationFiles } from "./calibration_files.ts";
import { keepMerged, withCalibration } from "./calibration_work.ts";
import { finishedSchedule, fromState, keepEdited, keptText } from "./calibration_states.ts";
import type { HeldOutPlan } from "./calibration_queries.ts";
import type { CalibrationSubject } from "./calibration_subject.ts";
import type { MachineSession, Session, SessionParts } from "./session.ts";
import type { Share } from "./share.ts";
import { sourcesIdentity, sourcesProvenance } from "./sources.ts";

/** What a calibration computes. */
export interface CalibrationPlan extends Omit<SamplingProtocol, "networkSteps" | "samples"> {
  /** Trajectories; "auto": until the scales are settled. */
  readonly samples: number | "auto";
  /** Training images that are compared with; absent: all that there are. */
  readonly images?: "auto";
  readonly machine: MachineName;
  /** Parameters of the machine beside its scale; absent: none given. */
  readonly parameters?: MachineParameters;
  /** Window of the machine, whose widths the candidates are; absent: the k x k box. */
  readonly window?: WindowName;
  readonly candidates: readonly number[];
  /** Absent: full. */
  readonly search?: ScaleSearch;
  readonly metric: SimilarityName;
  readonly aggregate: ScaleAggregate;
  /** Whether each class has scales of its own; absent: not. */
  readonly perClass?: true;
  /** Held-out images with noise that it asks about; absent: the network's trajectory. */
  readonly heldOut?: HeldOutPlan;
  /** Refinement by final images that follows; absent: none. */
  readonly refine?: RefinementPlan | undefined;
}

/** How a calibration is refined by the agreement of final images. */
export interface RefinementPlan {
  readonly measure: AgreementName;
  readonly samples: number;
  readonly passes: number;
  readonly labels: readonly number[] | undefined;
}

/** The configuration by which `openRun` knows a calibration. */
export function calibrationIdentity(
  plan: CalibrationPlan,
  { network, data, backend, posterior }: Omit<SessionParts, "network"> & Partial<SessionParts>,
): RunConfig {
  const { images, parameters, heldOut, ...rest } = plan;
  const sources = sourcesIdentity(network, data);
  return {
    ...{
      ...rest,
      ...parameters && { parameters: { ...parameters } },
      ...images && { imagesNeeded: images },
      ...heldOut && { on: heldOut.kind, heldOut: heldOut.source },
    },
    ...{ ...sources, backend: backend.name, posterior: posterior.name },
  };
}

/** Trajectories behind the scales of a schedule: those of the step that took most. */
export function samplesOf({ steps }: ScaleSchedule): number {
  return Math.max(...steps.map(({ perSample }) => perSample.length));
}

/** What a finished calibration comes to. */
export function calibrationOutcome(schedule: ScaleSchedule, plan: CalibrationPlan): RunOutcome {
  const files = calibrationFiles("");
  return {
    files: {
      schedule: files.schedule,
      picture: `${files.picture}.png`,
      scales: files.scales,
      similarities: files.similarities,
    },
    numbers: {
      machine: plan.machine,
      window: schedule.window ?? null,
      scales: schedule.steps.map(({ patchSize }) => patchSize),
      samples: samplesOf(schedule),
      images: schedule.steps.map((step) => step.images ?? schedule.provenance.dataset!.images),
      low: schedule.steps.flatMap(({ interval }) => interval?.[0] ?? []),
      high: schedule.steps.flatMap(({ interval }) => interval?.[1] ?? []),
      certainty: schedule.steps.flatMap(({ certainty }) => certainty ?? []),
    },
  };
}

/**
 * Calibrates, or goes on where the folder's state stands; a schedule that is there already is read.
 *
 * @param options.prefix Put before the names of the files, when one folder holds several calibrations.
 * @param options.remarks What else the exported schedule is to tell, such as a warning.
 * @param options.share Whether shards are merged, whose states are then taken.
 */
export async function runCalibration(
  plan: CalibrationPlan,
  session: MachineSession & Partial<Session>,
  { prefix = "", remarks, subject = subjectOf(session), share }: {
    readonly prefix?: string;
    readonly remarks?: object | undefined;
    readonly subject?: ProcessOfImages;
    readonly share?: Share;
  } = {},
): Promise<ScaleSchedule> {
  const { network, data, backend, posterior, run, progress } = session;
  const files = calibrationFiles(prefix);
  const tell = (problem: string) => progress.note(problem);
  const done = run.finished && await finishedSchedule(run, { file: files.schedule, tell });
  if (done !== undefined) return done;

  if (share?.role === "merge") await keepMerged(share, run.file(files.state));
  return await withCalibration(plan, session, { prefix, subject }, async (found) => {
    const { calibration, machine, denoiser, profileAt } = found;
    const { refine: refinementPlan, heldOut, ...config } = plan;
    const labels = heldOut ? heldOut.labels : plan.labels;
    let schedule = toScaleSchedule(calibration, {
      machine: plan.machine,
      padding: subject.padding,
      perClass: plan.perClass,
      profileAt,
      provenance: createProvenance({
        ...network &&
          { networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : "") },
        machineBackend: describePosterior(posterior),
        seed: plan.seed,
        ...sourcesProvenance(network, data),
        config: {
          ...config,
          labels: labels ?? null,
          ...heldOut && { on: heldOut.kind, heldOut: heldOut.source },
          ...remarks,
        },
      }),
    });
    if (refinementPlan) {
      const refinement = await refine(schedule, session, {
        plan: refinementPlan,
        denoiser,
        machine,
        sampler: plan.sampler,
        stateFile: run.file(files.refinementState),
      });
      await run.write(files.refinement, refinementCsv(refinement));
      schedule = applyRefinement(schedule, refinement);
    }
    await keepEdited(run, { file: files.schedule, schedule, tell });
    await exportCalibration(schedule, { run, against: subject.label, files });
    return schedule;
  });
}

/** What a calibration needs to know of the network, or of images where there is none. */
export type ProcessOfImages = Pick<
  CalibrationSubject,
  "label" | "imageShape" | "padding" | "schedule"
>;

function subjectOf({ network }: Partial<Session>): ProcessOfImages {
  const { label, schedule, network: { architecture: { imageShape, padding } } } = network!;
  return { label, schedule, imageShape, padding };
}

/** Refines by final images, or goes on where the state stands. */
async function refine(
  schedule: ScaleSchedule,
  { abort, progress }: Pick<Session, "abort" | "progress">,
  { plan, denoiser, machine, sampler, stateFile }: {
    readonly plan: RefinementPlan;
    readonly denoiser: Denoiser;
    readonly machine: MultiScaleDenoiser;
    readonly sampler: SamplerName;
    readonly stateFile: string;
  },
): Promise<Refinement> {
  const tell = (problem: string) => progress.note(problem);
  const { value, damage } = await readKept(
    stateFile,
    (bytes, source) => parseSealedJson(bytes, source) as RefinementState,
  );
  if (damage !== undefined) tell(keptText(damage, value));
  const keeper = new StateKeeper(stateFile);
  const steps = schedule.steps.length;
  const bar = progress.start({ label: `refine ${schedule.machine}`, total: plan.passes * steps });
  try {
    const refinement = await fromState(value, {
      path: stateFile,
      tell,
      work: (resume) =>
        refineScales(denoiser, machine, {
          start: schedule.steps.map(({ patchSize }) => patchSize),
          candidates: schedule.candidates,
          measure: plan.measure,
          passes: plan.passes,
          samples: plan.samples,
          labels: plan.labels,
          sampler,
          grid: parseTimeGridName(schedule.timeGrid ?? "uniform"),
          seed: schedule.provenance.seed,
          abort,
          onProgress: ({ pass, step, best }) =>
            bar.update((pass - 1) * steps + steps - step, { [plan.measure]: best }),
          onState: (state) => keeper.keep(() => sealedJsonText(state)),
          resume,
        }),
    });
    bar.finish();
    return refinement;
  } finally {
    await keeper.flush();
  }
}

async function exportCalibration(
  schedule: ScaleSchedule,
  { run, against, files }: {
    run: Run;
    against: string;
    files: ReturnType<typeof calibrationFiles>;
  },
): Promise<void> {
  const curves = [scaleCurveOf(schedule, schedule.machine)];
  const svg = await scaleCurveSvg(curves, {
    title: schedule.window === undefined
      ? `${schedule.machine} scale calibrated against ${against}`
      : `${schedule.machine}, ${schedule.window} window, calibrated against ${against}`,
    note: scaleCurveExplained(curves),
  });
  await (await pictureWriter(run)).figure(files.picture, svg);
  await run.write(files.scales, scaleScheduleCsv(schedule));
  await run.write(files.similarities, similarityCsv(schedule));
  await run.write(files.schedule, writeScaleSchedule(schedule));
}

/** What the scales of a schedule are. */
export function scalesName({ machine, window }: ScaleSchedule): string {
  return window === undefined ? `Scales of ${machine}` : `Widths of ${machine}'s ${window} window`;
}

/** The schedule in one line, from the lowest noise to the highest. */
export function scalesLine(schedule: ScaleSchedule): string {
  return schedule.steps.map(({ patchSize }) => patchSize).join(",");
}

/** Which times the scales of a schedule belong to, in words. */
export function timesText({ steps }: ScaleSchedule): string {
  const digits = (t: number) => Number(t.toFixed(3));
  return `t = ${digits(steps[0]!.t)} to ${digits(steps.at(-1)!.t)}`;
}
