/** Follows network and machines from the same noise and keeps which training patches made every step. */
import { ArgumentError } from "../../src/core/errors.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { explainTrajectory } from "../../src/evaluation/explain_trajectory.ts";
import { scheduledMachines } from "../../src/evaluation/scheduled_machines.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import type { Machine } from "../../src/machines/patch_machine.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { readIfThere } from "../../src/runs/kept_file.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import { finishingTimes } from "../../src/samplers/finishing_times.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { samplerDefinition, samplers } from "../../src/samplers/samplers.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import {
  type KeptProcess,
  type KeptSample,
  type MadeMachine,
  parseSample,
  sampleFile,
  type SampleShape,
  stacked,
  writeSample,
} from "./mosaic_sample.ts";
import { scalesIdentity } from "./scales_identity.ts";
import type { Session, SessionParts } from "./session.ts";
import { sourcesIdentity } from "./sources.ts";

/** What a mosaic is made of. */
export interface MosaicPlan {
  readonly protocol: SamplingProtocol;
  /** The first is the one that the pictures are of. */
  readonly machines: readonly MachineName[];
  readonly schedules: readonly ScaleSchedule[];
  /** Candidates kept of each pixel. */
  readonly top: number;
  /** Steps that divide the last one. */
  readonly finish: number;
}

/** Everything that decides what is kept of the samples. */
export function mosaicIdentity(
  { protocol, machines, schedules, top, finish }: MosaicPlan,
  { network, data, backend, posterior }: SessionParts,
): RunConfig {
  return {
    ...protocol,
    labels: protocol.labels ?? null,
    machines,
    scales: schedules.map((each) => [each.machine, scalesIdentity(each)]),
    top,
    finish,
    ...sourcesIdentity(network, data),
    backend: backend.name,
    posterior: posterior.name,
  };
}

/** Times of the reverse process, to 0: those of the protocol, the last step divided. */
export function mosaicTimes(
  { protocol, finish }: MosaicPlan,
  { network }: Pick<Session, "network">,
) {
  const { grid, steps } = protocol;
  const { schedule } = network;
  return finishingTimes(timeGrid(grid, { steps, schedule }), { schedule, steps: finish });
}

/** What all samples of a run have in common. */
export function sampleShape(plan: MosaicPlan, session: Pick<Session, "network">): SampleShape {
  return {
    machines: plan.machines,
    times: mosaicTimes(plan, session).slice(0, -1),
    imageShape: session.network.network.architecture.imageShape,
    top: plan.top,
  };
}

/** Work of a step, relative to one of the network. */
const cost = (name: string) => name === "IS" ? 2 : name === "LS" ? 5 : 50;

/** Makes the samples that the run does not have yet, each kept as soon as it is whole. */
export async function followMosaic(plan: MosaicPlan, session: Session): Promise<void> {
  const { network, run, abort, progress, data, posterior } = session;
  const { protocol, machines: names, schedules, top } = plan;
  const { sampler, samples, seed, labels } = protocol;
  if ((samplerDefinition(sampler).predictions ?? 1) !== 1) {
    throw new ArgumentError(
      `Cannot follow the steps of ${sampler}: it asks more than once a step, expected ddim, ddpm or euler`,
      { remedy: (say) => `leave out ${say.option("sampler")}` },
    );
  }
  const { schedule } = network;
  const { imageShape } = network.network.architecture;
  const shape = sampleShape(plan, session);
  const times = mosaicTimes(plan, session);
  const steps = shape.times.length;
  const missing: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const kept = await readSample(sample, { shape, session, tell: (text) => progress.note(text) });
    if (kept === undefined) missing.push(sample);
  }
  const perSample = steps * (1 + names.reduce((sum, name) => sum + cost(name), 0));
  const bar = progress.start({
    label: "mosaic",
    total: samples * perSample,
    done: (samples - missing.length) * perSample,
  });
  let done = (samples - missing.length) * perSample;
  if (missing.length > 0) {
    const noise = initialNoise({ seed, samples, imageShape, schedule });
    const machines = scheduledMachines(names, {
      ...{ data, schedule, schedules, posterior, sampler },
      between: "nearest",
    });
    const denoiser = networkDenoiser(network);
    try {
      for (const sample of missing) {
        const at = `sample ${sample}`;
        const sampling = {
          xT: sliceBatch(noise, sample, sample + 1),
          ...{ times, seed, abort },
          sampleNumbers: [sample],
          ...labels && { labels: [labels[sample]!] },
        };
        const seen: { x: ImageBatch; xHat0: ImageBatch }[] = [];
        const image = await samplers[sampler].sample(denoiser, {
          ...sampling,
          onStep: ({ x, xHat0 }) => {
            seen.push({ x, xHat0 });
            bar.update(++done, { at: `network, ${at}` });
          },
        });
        const ofNetwork: KeptProcess = {
          x: stacked(seen.map(({ x }) => x)),
          xHat0: stacked(seen.map(({ xHat0 }) => xHat0)),
          image,
        };
        const made: [MachineName, MadeMachine][] = [];
        for (const [m, { denoiser: machine }] of machines.entries()) {
          const name = names[m]!;
          const explained: MadeMachine["steps"][number][] = [];
          const before = done;
          const image = await explainTrajectory(machine as Machine, {
            ...sampling,
            ...{ sampler, top },
            onStep: ({ x, explanation }) => void explained.push({ x, explanation }),
            onProgress: (fraction) => {
              done = Math.round(before + fraction * steps * cost(name));
              bar.update(done, { at: `${name}, ${at}` });
            },
          });
          made.push([name, { steps: explained, image }]);
        }
        await run.write(sampleFile(sample), writeSample(ofNetwork, made));
      }
    } finally {
      denoiser.dispose();
    }
  }
  bar.finish();
}

/** A sample that the run has; undefined if it is missing, or damaged, which is told. */
export async function readSample(
  sample: number,
  { shape, session, tell }: {
    readonly shape: SampleShape;
    readonly session: Pick<Session, "run">;
    readonly tell: (problem: string) => void;
  },
): Promise<KeptSample | undefined> {
  const path = session.run.file(sampleFile(sample));
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return parseSample(bytes, path, shape);
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    tell(`${error.message}; the sample is made again`);
    return undefined;
  }
}
