/** The work of a calibration, whole or a share of it: from a state on, in a run folder. */
import { calibrate } from "../../src/calibration/calibrate.ts";
import type { Calibration, CalibrationState } from "../../src/calibration/calibration.ts";
import { writeCalibrationState } from "../../src/calibration/calibration_state_file.ts";
import { cleanReference } from "../../src/calibration/held_out_queries.ts";
import { joinCalibrationStates } from "../../src/calibration/join_states.ts";
import { mostSamples } from "../../src/calibration/settled.ts";
import type { Denoiser, MultiScaleDenoiser } from "../../src/denoisers/denoiser.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { WindowName } from "../../src/machines/machine_window.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { writeKept } from "../../src/runs/kept_file.ts";
import { StateKeeper } from "../../src/runs/state_keeper.ts";
import type { VerbResult } from "../cli/command.ts";
import type { CalibrationPlan, ProcessOfImages } from "./calibration.ts";
import { calibrationBars } from "./calibration_bars.ts";
import { calibrationFiles } from "./calibration_files.ts";
import { fromState, readCalibrationState } from "./calibration_states.ts";
import { gradientProfiles } from "./gradient_profiles.ts";
import type { MergedShards } from "./merged_shards.ts";
import type { MachineSession, Session } from "./session.ts";
import { type ShardWork, type Share, sharedProtocol, wholeShare } from "./share.ts";

/** What a calibration comes to, with what it was found by. */
export interface FoundCalibration {
  readonly calibration: Calibration;
  readonly denoiser: Denoiser;
  readonly machine: MultiScaleDenoiser;
  readonly profileAt: ((t: number) => readonly number[]) | undefined;
}

/** Calibrates, or goes on where the folder's state stands, and uses the result while network and machine live. */
export async function withCalibration<T>(
  plan: CalibrationPlan,
  session: MachineSession & Partial<Session>,
  { prefix, subject, share = wholeShare }: {
    readonly prefix: string;
    readonly subject: ProcessOfImages;
    readonly share?: Share;
  },
  use: (found: FoundCalibration) => Promise<T>,
): Promise<T> {
  const { network, data, posterior, run, abort, progress } = session;
  const files = calibrationFiles(prefix);
  const tell = (problem: string) => progress.note(problem);
  const resume = await readCalibrationState(run, prefix, tell);
  const profileAt = plan.window === "gradient" && network
    ? await gradientProfiles(network, { plan, abort, progress })
    : undefined;
  const window = profileAt
    ? (t: number) => ({ shape: "gradient" as const, profile: profileAt(t) })
    : fixedWindow(plan.window);
  const ofNetwork = network && networkDenoiser(network);
  const denoiser = ofNetwork ?? cleanReference(subject);
  const machine = createMachine(plan.machine, {
    ...window && { window },
    images: data.images,
    labels: data.labels,
    schedule: subject.schedule,
    posterior,
    parameters: plan.parameters,
  });
  const bars = calibrationBars(plan, session);
  const keeper = new StateKeeper(run.file(files.state));
  try {
    const { refine: _, heldOut, ...config } = plan;
    const labels = heldOut ? heldOut.labels : plan.labels;
    const own = sharedProtocol({ ...config, labels, samples: mostOf(plan) }, share);
    const calibration = await fromState(resume, {
      path: run.file(files.state),
      tell,
      work: (resume) =>
        calibrate(denoiser, machine, {
          ...config,
          ...share.role === "shard" && { samples: own.samples, first: own.first },
          labels: own.labels,
          on: heldOut,
          abort,
          onProgress: bars.update,
          onState: (state) => keeper.keep(() => writeCalibrationState(state)),
          resume,
        }),
    });
    await keeper.flush();
    bars.finish();
    return await use({ calibration, denoiser, machine, profileAt });
  } finally {
    ofNetwork?.dispose();
    await keeper.flush();
  }
}

/** Samples of a plan; those of a share have a number. */
const mostOf = ({ samples }: CalibrationPlan) => samples === "auto" ? mostSamples : samples;

/** Calibrates on the samples of a shard, and writes its file. */
export async function calibrateShare(
  plan: CalibrationPlan,
  session: MachineSession & Partial<Session>,
  { share, subject }: { readonly share: ShardWork; readonly subject: ProcessOfImages },
): Promise<VerbResult> {
  return await withCalibration(
    plan,
    session,
    { prefix: "", subject, share },
    async ({ calibration }) => {
      const { metric: _, aggregate: __, chosen: ___, ...state } = calibration;
      return await share.finish({ tensors: new Map(), values: { states: [state] } });
    },
  );
}

/** Keeps what shards found as the state of the run that they are merged to. */
export async function keepMerged(
  { merged }: { readonly merged: MergedShards },
  path: string,
): Promise<void> {
  await writeKept(
    path,
    writeCalibrationState(joinCalibrationStates(merged.list<CalibrationState>("states"))),
  );
}

/** A window whose shape is a formula. */
function fixedWindow(window: WindowName | undefined) {
  return window === "gradient" ? undefined : window;
}
