import { csvText } from "../formats/csv.ts";
import { ArgumentError, CheckpointMismatchError } from "../core/errors.ts";
import { checkOf, sealState } from "../formats/seal.ts";
import type { RefinementTrial, ScaleSchedule } from "../machines/scale_schedule.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * What a refinement works on.
 *
 * @category Calibration
 */
export interface RefinementIdentity {
  /** Name of the network. */
  readonly network: string;
  /** Name of the machine. */
  readonly machine: string;
  /** The forward process that both invert. */
  readonly noiseSchedule: {
    readonly name: string;
    readonly parameters: NoiseSchedule["parameters"];
  };
  /** Name of the measure that final images are compared by. */
  readonly measure: string;
  /** Name of the sampler of network and machine. */
  readonly sampler: string;
  /** Name of its grid of times. */
  readonly grid: string;
  /** Steps n of the machine. */
  readonly steps: number;
  /** Steps of the network. */
  readonly networkSteps: number;
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Number of trajectories. */
  readonly samples: number;
  /** Class label of each sample; null when unconditional. */
  readonly labels: readonly number[] | null;
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  /** Scales to begin with, index 0 the lowest noise. */
  readonly start: readonly number[];
}

/**
 * All that a refinement has found so far, as plain data that JSON can hold.
 *
 * @category Calibration
 */
export interface RefinementState extends RefinementIdentity {
  /** Every schedule tried, with the agreement of each sample. */
  readonly tried: readonly {
    readonly scales: readonly number[];
    readonly perSample: readonly number[];
  }[];
  /** CRC-32 of all that, by which a changed state is noticed; absent: it is checked without. */
  readonly check?: string;
}

/**
 * A finished refinement: every trial, and the choice.
 *
 * @category Calibration
 */
export interface Refinement extends RefinementIdentity {
  /** The refined scales, index 0 the lowest noise. */
  readonly scales: readonly number[];
  /** Mean agreement of the scales to begin with. */
  readonly startScore: number;
  /** Mean agreement of the refined scales, on the same samples. */
  readonly score: number;
  /** Agreement of each sample under the scales to begin with. */
  readonly startPerSample: readonly number[];
  /** Agreement of each sample under the refined scales. */
  readonly perSample: readonly number[];
  /** Every move that was tried, in order. */
  readonly trials: readonly RefinementTrial[];
}

/**
 * The schedule with its scales refined; the table of similarities stays, and what the refinement found
 * is kept beside it.
 *
 * @example
 * ```ts
 * import {
 *   applyRefinement,
 *   bytesToImages,
 *   createMachine,
 *   createProvenance,
 *   createSchedule,
 *   importScales,
 *   refineScales,
 *   scaleScheduleCsv,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const start = [5, 3];
 * const scales = importScales(start, {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule,
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * const options = { start, candidates: [3, 5], samples: 1, seed: 1 };
 * const better = applyRefinement(scales, await refineScales(network, machine, options));
 * assertEquals(better.steps.map(({ patchSize }) => patchSize), [3, 3]);
 * assertEquals(scaleScheduleCsv(better).split("\n").length, 4);
 * ```
 *
 * @throws RangeError if the refinement began from other scales.
 * @category Calibration
 */
export function applyRefinement(schedule: ScaleSchedule, refinement: Refinement): ScaleSchedule {
  const found = schedule.steps.map(({ patchSize }) => patchSize).join();
  if (found !== refinement.start.join()) {
    throw new ArgumentError(
      `Cannot refine the scales ${found}: the refinement began from ${refinement.start.join()}`,
    );
  }
  const { measure, sampler, grid, networkSteps, seed, samples, labels, start, scales } = refinement;
  const { startScore, score, trials } = refinement;
  return {
    ...schedule,
    steps: schedule.steps.map((step, index) => ({ ...step, patchSize: scales[index]! })),
    refinement: {
      measure,
      sampler,
      grid,
      networkSteps,
      seed,
      samples,
      labels,
      start,
      startScore,
      score,
      trials,
    },
  };
}

/**
 * The start and every trial as CSV with a header: pass, step, scale, mean agreement, whether kept.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   refinementCsv,
 *   refineScales,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const options = { start: [5], candidates: [3, 5], samples: 1, seed: 1 };
 * const refined = await refineScales(network, machine, options);
 * assertStringIncludes(refinementCsv(refined), "pass,step,");
 * ```
 *
 * @category Calibration
 */
export function refinementCsv(refinement: Refinement): string {
  const { trials, startScore } = refinement;
  return csvText([
    ["pass", "step", "patch_size", "score", "accepted"],
    [0, null, null, startScore, 1],
    ...trials.map((
      { pass, step, patchSize, score, accepted },
    ) => [pass, step, patchSize, score, accepted ? 1 : 0]),
  ]);
}

/**
 * Checks that a saved state belongs to a run.
 *
 * @throws CheckpointMismatchError that names what differs.
 */
export function checkRefinementResume(identity: RefinementIdentity, resume: RefinementState): void {
  const fail = (what: string, found: unknown, expected: unknown) => {
    throw new CheckpointMismatchError(
      `Cannot resume the refinement: its ${what} is ${JSON.stringify(found)}, this run has ${
        JSON.stringify(expected)
      }; use the same options or start anew`,
    );
  };
  if (typeof resume !== "object" || resume === null) fail("state", resume, "a state");
  for (const key of Object.keys(identity) as (keyof RefinementIdentity)[]) {
    if (JSON.stringify(resume[key]) !== JSON.stringify(identity[key])) {
      fail(key, resume[key], identity[key]);
    }
  }
  const whole = Array.isArray(resume.tried) &&
    resume.tried.every((each) =>
      each?.scales?.length === identity.steps && each.perSample?.length === identity.samples &&
      each.perSample.every(Number.isFinite)
    );
  if (!whole) fail("list of trials", "damaged", `${identity.samples} numbers for each schedule`);
  if (sealState(resume) === "broken") fail("checksum", resume.check, checkOf(resume));
  const tried = resume.tried.map(({ scales }) => scales.join());
  const known = resume.tried.every(({ scales }) =>
    scales.every((scale) => identity.candidates.includes(scale))
  );
  if (!known || new Set(tried).size !== tried.length) {
    fail("list of trials", "damaged", "schedules of the candidates, each once");
  }
}
