/** The shape of a gradient window: how a network's gradient falls with the distance, at each time. */
import type { Progress } from "../cli/progress.ts";
import { measureAlongTrajectories } from "../../src/networks/analysis/field_along_trajectories.ts";
import { axisProfile } from "../../src/networks/analysis/field_profile.ts";
import type { CalibrationPlan } from "./calibration.ts";
import type { Session } from "./session.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Trajectories, and output pixels of each, that a profile is the mean over. */
const [trajectories, pixels] = [4, 16];

/**
 * Measures the network's receptive field along trajectories of the calibration's own protocol.
 *
 * @returns The profile at each of its times: weights by distance from 0, where it is 1, outwards.
 */
export async function gradientProfiles(
  network: LoadedNetwork,
  { plan, abort, progress }:
    & { readonly plan: CalibrationPlan }
    & Pick<Session, "abort" | "progress">,
): Promise<(t: number) => readonly number[]> {
  const { sampler, grid, steps, seed, labels } = plan;
  let bar: Progress | undefined;
  const { times, radius } = await measureAlongTrajectories(network, {
    protocol: {
      ...{ sampler, grid, steps, seed, samples: trajectories },
      labels: labels && Array.from({ length: trajectories }, (_, i) => labels[i % labels.length]!),
    },
    pixels,
    abort,
    onProgress: (done, total) => {
      bar ??= progress.start({ label: "gradient profiles", total, unit: "gradients" });
      bar.update(done);
    },
  });
  bar?.finish();
  const profiles = new Map(times.map((field) => [field.t, axisProfile(field, radius)]));
  return (t) => profiles.get(t)!;
}
