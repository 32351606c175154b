/**
 * Which criterion for the scales gives the best final images: published scales, per-step similarity by
 * each metric, and refinement by the final images themselves, on noise that none of them has seen.
 */
import { finishRun } from "../cli/run_result.ts";
import { evaluationOutcome, runEvaluation } from "../pipelines/evaluation.ts";
import { sourcesIdentity } from "../pipelines/sources.ts";
import { sampleLabels } from "../../src/samplers/sampling_protocol.ts";
import { chooseScales } from "../../src/calibration/calibration.ts";
import { type SimilarityName, similarityNames } from "../../src/calibration/similarity.ts";
import type { Refinement } from "../../src/calibration/refinement.ts";
import type { AgreementRow } from "../../src/evaluation/agreement_table.ts";
import type { NamedDenoiser } from "../../src/evaluation/named_denoiser.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { machineForPadding, type MachineName } from "../../src/machines/machine_table.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { openPart } from "../pipelines/session.ts";
import { publishedScales } from "./published.ts";
import {
  calibrateIn,
  calibrationPlan,
  evaluationProtocol,
  experimentSources,
  type ReproductionContext,
  rSquaredOf,
  seeds,
  type SourcesRecord,
  sourcesRecord,
} from "./run_experiment.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";

/** Scales under test. */
export interface AblationVariant {
  /** How they were found. */
  readonly name: "published" | SimilarityName | "refined";
  /** Scale of each step of the protocol, index 0 the lowest noise. */
  readonly scales: readonly number[];
  /** Name of the variant with the same scales, whose numbers these are; absent: its own. */
  readonly sameAs?: string;
}

/** A finished ablation, as plain data. */
export interface AblationRecord extends SourcesRecord {
  readonly experiment: string;
  readonly protocol: TimeProtocol;
  readonly machine: MachineName;
  readonly samples: number;
  readonly seeds: { readonly calibration: number; readonly evaluation: number };
  /** Times of the scales, ascending. */
  readonly t: readonly number[];
  readonly variants: readonly AblationVariant[];
  readonly medians: readonly AgreementRow[];
  /** r^2 of each sample by name of variant; null where undefined. */
  readonly rSquared: Readonly<Record<string, readonly (number | null)[]>>;
  /** Absent where the protocol has more steps than the profile refines. */
  readonly refinement?:
    & Pick<Refinement, "measure" | "samples" | "startScore" | "score">
    & { readonly trials: number };
  /** Folder of the evaluation. */
  readonly run: string;
}

/** The scale of the published step nearest to each time. */
function nearestScales({ name }: Experiment, schedule: ScaleSchedule): number[] | undefined {
  const published = publishedScales[name];
  return published && schedule.steps.map(({ t }) => {
    const index = Math.round(t * published.length) - 1;
    return published[Math.max(0, Math.min(published.length - 1, index))]!;
  });
}

/** Does the ablation of an experiment by one protocol, or what is left of it. */
export async function runAblation(
  experiment: Experiment,
  protocol: TimeProtocol,
  context: ReproductionContext,
): Promise<AblationRecord | undefined> {
  const sources = await experimentSources(experiment, context);
  if (sources === undefined) return undefined;
  const { network, data } = sources;
  const { refineSamples, refineSteps, sizes } = context.profile;
  const { samples, ...size } = sizes(experiment);
  // Other metrics choose among all scales, and those that cosine gives up early may be theirs.
  const calibrationSamples = size.calibrationSamples === "auto" ? 10 : size.calibrationSamples;
  const { padding, classes } = network.network.architecture;
  const machine = machineForPadding(padding);
  const { schedule, state } = await calibrateIn(
    {
      ...calibrationPlan(machine, { network, protocol, samples: calibrationSamples }),
      ...protocol.steps <= refineSteps && {
        refine: {
          measure: "r^2",
          samples: refineSamples,
          passes: 2,
          labels: sampleLabels({ classes, samples: refineSamples }),
        },
      },
    },
    { ...sources, withState: true },
    context,
  );
  const { candidates, tables } = state!;
  const published = nearestScales(experiment, schedule);
  const { refinement } = schedule;
  const found = [
    ...published ? [["published", published] as const] : [],
    ...similarityNames.map((metric) =>
      [
        metric,
        chooseScales(tables[metric], { candidates, metric }).map(({ patchSize }) => patchSize),
      ] as const
    ),
    ...refinement ? [["refined", schedule.steps.map(({ patchSize }) => patchSize)] as const] : [],
  ];
  const variants: AblationVariant[] = [];
  for (const [name, scales] of found) {
    const same = variants.find((other) => other.scales.join() === scales.join());
    variants.push({ name, scales, ...same && { sameAs: same.sameAs ?? same.name } });
  }
  const distinct = variants.filter(({ sameAs }) => sameAs === undefined);
  const t = schedule.steps.map((step) => step.t);
  const machines = distinct.map(({ name, scales }): NamedDenoiser => {
    const steps = schedule.steps.map((step, i) => ({ ...step, patchSize: scales[i]! }));
    return {
      name,
      denoiser: createMachine(machine, {
        images: data.images,
        labels: data.labels,
        schedule: network.schedule,
        patchSize: { ...schedule, steps },
        posterior: context.posterior,
      }),
    };
  });
  const plan = evaluationProtocol(network, { protocol, samples });
  using session = await openPart({ ...context, network, data }, {
    out: context.runs,
    command: "ablation",
    label: experiment.name,
    identity: ({ backend, posterior }) => ({
      ...plan,
      machine,
      variants: distinct.map(({ name, scales }) => [name, scales]),
      ...sourcesIdentity(network, data),
      backend: backend.name,
      posterior: posterior.name,
    }),
  });
  const { run } = session;
  const { rows, result } = await runEvaluation(plan, session, { machines, schedules: [] });
  await finishRun(run, evaluationOutcome(rows));
  return {
    ...sourcesRecord(sources, { calibrationSamples }),
    experiment: experiment.name,
    protocol,
    machine,
    samples,
    seeds,
    t,
    variants,
    medians: rows,
    rSquared: rSquaredOf(result),
    ...refinement && {
      refinement: {
        measure: refinement.measure,
        samples: refinement.samples,
        startScore: refinement.startScore,
        score: refinement.score,
        trials: refinement.trials.length,
      },
    },
    run: run.path,
  };
}
