import { CheckpointMismatchError } from "../core/errors.ts";
import {
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  sliceBatch,
  valuesPerImage,
} from "../core/image_batch.ts";
import { predictAs } from "../denoisers/convert.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkOf } from "../formats/seal.ts";
import type { SamplerStep } from "../samplers/sampler.ts";
import { type SamplerDefinition, samplerDefinition } from "../samplers/samplers.ts";
import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import { timeGrid, timeGridDefinition } from "../samplers/time_grid.ts";
import {
  type Agreement,
  agreementKey,
  type AgreementMeasure,
  agreementMeasure,
} from "./agreement.ts";
import { type AskingCost, CostMeter } from "./asking_cost.ts";
import { commonNoise, namesOfMachines } from "./common_noise.ts";
import { comparisonMeasures, measureImages } from "./comparison_measures.ts";
import {
  checkComparisonRecord,
  type ComparisonIdentity,
  type ComparisonRecord,
  sealRecord,
} from "./comparison_record.ts";
import type { NamedDenoiser } from "./named_denoiser.ts";

/**
 * How well a machine predicts one sample.
 *
 * @category Evaluation
 */
export interface SampleComparison {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Its class; null when unconditional. */
  readonly label: number | null;
  /** Of the final images, each at the end of its own trajectory. */
  readonly end: Agreement;
  /** Of the clean images expected at each step of its own trajectory; index 0 is the lowest noise. */
  readonly own: readonly Agreement[];
  /** Of the clean images that both expect from the network's x; index 0 is the lowest noise. */
  readonly single: readonly Agreement[];
}

/**
 * What a comparison found.
 *
 * @category Evaluation
 */
export interface ComparisonResult extends ComparisonIdentity {
  /** Name of the network, the reference of all. */
  readonly network: string;
  /** Names of the machines, in the order given. */
  readonly machines: readonly string[];
  /** The times at which all were asked; index 0 is the lowest noise. */
  readonly times: readonly number[];
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /** The measures: r, r^2, R^2, MSE, and those of one's own. */
  readonly measures: readonly AgreementMeasure[];
  /** Every sample, in order, by machine. */
  readonly samples: Readonly<Record<string, readonly SampleComparison[]>>;
  /** The images, `[samples, H, W, C]` each. */
  readonly images: {
    /** x_T */
    readonly noise: ImageBatch;
    /** What the network made of it. */
    readonly network: ImageBatch;
    /** What each machine made of it, by name. */
    readonly machines: Readonly<Record<string, ImageBatch>>;
  };
}

/**
 * How far a comparison has come.
 *
 * @category Evaluation
 */
export interface ComparisonProgress {
  /** Work done in units of one sample that one denoiser is asked about at one step. */
  readonly done: number;
  /** Units in all. */
  readonly total: number;
  /** Name of the network or machine at work. */
  readonly name: string;
  /** Units of it that were just done. */
  readonly units: number;
}

/**
 * Options of {@linkcode compareDenoisers}.
 *
 * @category Evaluation
 */
export interface CompareOptions extends Omit<SamplingProtocolOptions, "networkSteps"> {
  /** Measures of your own, beside r, r^2, R^2 and MSE. */
  readonly measures?: readonly AgreementMeasure[] | undefined;
  /**
   * Whether images are measured as they are shown, `(x + 1) / 2` clamped to [0, 1], as public comparisons do: the
   * MSE is then in these units. Default false: as they are, in [-1, 1] and beyond.
   */
  readonly clamp?: boolean | undefined;
  /** Samples that a denoiser sees in one call; 16 by default. */
  readonly batch?: number | undefined;
  /** Seconds since any moment, by which the cost of asking is taken; wall time by default. */
  readonly clock?: (() => number) | undefined;
  /** Called after each call of a denoiser. */
  readonly onProgress?: ((progress: ComparisonProgress) => void) | undefined;
  /**
   * Called when a machine, or the network, is done with a batch of samples; keep the records to resume. The cost
   * is that of asking it so far, since the beginning of this call. Awaited.
   */
  readonly onRecords?:
    | ((records: readonly ComparisonRecord[], cost: AskingCost) => void | Promise<void>)
    | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Records of an interrupted run with the same options, in any order; those are not made again. */
  readonly resume?: readonly ComparisonRecord[] | undefined;
}

/**
 * Sets machines beside a network, and beside each other, on the same noise, in two ways. **Own trajectories**:
 * each starts from the same x_T (and label) and goes its own way; the clean images that they expect are compared
 * at each step, and the final images. **Single steps**: both are asked about the network's own noisy image, so
 * that no error of an earlier step tells.
 *
 * @example Two machines against a third, which poses as the network
 * ```ts
 * import {
 *   bytesToImages,
 *   compareDenoisers,
 *   comparisonTable,
 *   createMachine,
 *   createSchedule,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using local = createMachine("LS", { images, schedule, patchSize: 3 });
 * await using linear = createMachine("Wiener", { images, schedule });
 * const result = await compareDenoisers(network, [
 *   { name: "LS", denoiser: local },
 *   { name: "Wiener", denoiser: linear },
 * ], { steps: 2, samples: 3, seed: 1 });
 * const { rows, against } = comparisonTable(result, { resamples: 100 });
 * const last = rows.filter(({ way, step, measure }) =>
 *   way === "own" && step === null && measure === "r^2"
 * );
 * assertEquals(last.map(({ machine, samples }) => [machine, samples]), [["LS", 3], ["Wiener", 3]]);
 * console.log(`The best by r^2 is ${against}`);
 * ```
 *
 * @throws RangeError if options, names, shapes or noise levels do not fit.
 * @throws CheckpointMismatchError if a record of `resume` belongs to another run.
 * @category Evaluation
 */
export async function compareDenoisers(
  network: Denoiser,
  machines: readonly NamedDenoiser[],
  options: CompareOptions,
): Promise<ComparisonResult> {
  const plan = resolve(network, machines, options);
  const { identity, names, times, labels, xT, measures, sampler, batch } = plan;
  const { samples, first: base = 0, seed, abort, onRecords, onProgress, resume = [] } = options;
  const { clock = () => performance.now() / 1000 } = options;
  const { steps, clamp } = identity;
  const known = new Map<string | null, (ComparisonRecord | undefined)[]>(
    [null, ...names].map((name) => [name, new Array(samples).fill(undefined)]),
  );
  for (const record of resume) {
    checkComparisonRecord(record, {
      ...{ ...identity, first: base, samples, labels, names, size: valuesPerImage(xT) },
      keys: measures.map(agreementKey),
    });
    const rows = known.get(record.machine)!;
    const other = rows[record.sample - base];
    if (other !== undefined && checkOf(other) !== checkOf(record)) {
      throw new CheckpointMismatchError(
        `Cannot resume the comparison: two records of sample ${record.sample} of ${
          record.machine ?? "the network"
        } differ; leave both out, or start anew`,
      );
    }
    rows[record.sample - base] = record;
  }

  const networkMeter = new CostMeter(network, clock);
  const meters = machines.map(({ denoiser }) => new CostMeter(denoiser, clock));
  const perMachine = 2 * steps - 1;
  const total = samples * (steps + names.length * perMachine);
  let done = 0;
  const tell = (name: string, units: number) => {
    done += units;
    onProgress?.({ done, total, name, units });
  };
  for (let first = 0; first < samples; first += batch) {
    // Batches are the same ones in a resumed run: so are their roundings.
    const chosen = Array.from({ length: Math.min(batch, samples - first) }, (_, i) => first + i);
    const lacks = (name: string | null) =>
      chosen.some((sample) => known.get(name)![sample] === undefined);
    const missing = [null, ...names].filter(lacks);
    const count = chosen.length;
    if (missing.length === 0) {
      done += count * (steps + names.length * perMachine);
      continue;
    }
    const batchLabels = labels && chosen.map((sample) => labels[sample]!);
    const start = gatherImages(xT, chosen);
    const sampleNumbers = chosen.map((index) => base + index);
    const follow = (denoiser: Denoiser, name: string) =>
      followed(denoiser, {
        ...{ sampler, xT: start, times, seed, sampleNumbers, abort },
        labels: batchLabels,
        onStep: () => tell(name, count),
      });
    const keep = async (
      machine: string | null,
      { image, cost, found }: {
        readonly image: ImageBatch;
        readonly cost: AskingCost;
        readonly found: (b: number) => Pick<ComparisonRecord, "end" | "own" | "single">;
      },
    ) => {
      const made = chosen.map((index, b) =>
        sealRecord({
          ...{ sample: base + index, label: labels?.[index] ?? null, machine, ...identity },
          image: Array.from(sliceBatch(image, b, b + 1).data),
          ...found(b),
        })
      );
      const rows = known.get(machine)!;
      made.forEach((record) => rows[record.sample - base] = record);
      await onRecords?.(made, cost);
    };
    const reference = await follow(networkMeter.denoiser, network.name);
    if (missing.includes(null)) {
      await keep(null, {
        ...{ image: reference.image, cost: networkMeter.cost },
        found: () => ({ end: null, own: [], single: [] }),
      });
    }
    for (const [m, name] of names.entries()) {
      if (!missing.includes(name)) {
        done += count * perMachine;
        continue;
      }
      const { denoiser } = meters[m]!;
      const { image, steps: own } = await follow(denoiser, name);
      const measured = (a: ImageBatch, b: ImageBatch) => measureImages(a, b, { measures, clamp });
      const ends = measured(reference.image, image);
      const onOwn = own.map(({ xHat0 }, i) => measured(reference.steps[i]!.xHat0, xHat0));
      const single: Agreement[][] = [];
      for (const [i, { x, t, xHat0 }] of reference.steps.entries()) {
        if (i === steps - 1) {
          // Both begin at the same noise: it has been asked that.
          single.push(onOwn[i]!);
          break;
        }
        await pause(abort);
        const answer = await predictAs(denoiser, "x0", {
          ...{ x, t, abort },
          ...batchLabels && { labels: batchLabels },
        });
        tell(name, count);
        single.push(measured(xHat0, answer));
      }
      await keep(name, {
        ...{ image, cost: meters[m]!.cost },
        found: (b) => ({
          end: ends[b]!,
          own: onOwn.map((each) => each[b]!),
          single: single.map((each) => each[b]!),
        }),
      });
    }
  }

  const { imageShape } = network;
  const join = (name: string | null) =>
    imageBatch(
      Float32Array.from(known.get(name)!.flatMap((record) => record!.image)),
      [samples, ...imageShape],
    );
  return {
    ...{ network: network.name, machines: names, ...identity, imageShape, measures },
    times: times.slice(0, -1).toReversed(),
    samples: Object.fromEntries(names.map((name) => [
      name,
      known.get(name)!.map((record): SampleComparison => {
        const { sample, label, end, own, single } = record!;
        return { sample, label, end: end!, own, single };
      }),
    ])),
    images: {
      noise: xT,
      network: join(null),
      machines: Object.fromEntries(names.map((name) => [name, join(name)])),
    },
  };
}

/** Fills in and checks. */
function resolve(
  network: Denoiser,
  machines: readonly NamedDenoiser[],
  options: CompareOptions,
) {
  const { steps, samples, seed, batch = 16, clamp = false } = options;
  const sampler = samplerDefinition(options.sampler ?? "ddim");
  const grid = timeGridDefinition(options.grid ?? "uniform");
  const measures = [...comparisonMeasures, ...(options.measures ?? []).map(agreementMeasure)];
  const names = namesOfMachines("compare", { machines, samples, batch });
  const times = timeGrid(grid, { steps, schedule: network.schedule });
  const { labels, xT } = commonNoise("compare", network, { ...options, machines, times });
  const identity: ComparisonIdentity = {
    seed: options.xT === undefined || sampler.stochastic ? seed : null,
    ...{ sampler: sampler.name, grid: grid.name, steps, clamp },
  };
  return { identity, names, times, labels, xT, measures, sampler, batch };
}

type FollowedStep = Pick<SamplerStep, "x" | "t" | "xHat0">;

/** A trajectory: the final images, and what was asked and expected at each step, the lowest noise first. */
async function followed(
  denoiser: Denoiser,
  { sampler, labels, onStep, ...options }: {
    readonly sampler: SamplerDefinition;
    readonly xT: ImageBatch;
    readonly times: readonly number[];
    readonly seed: number;
    readonly sampleNumbers: readonly number[];
    readonly labels: readonly number[] | null;
    readonly abort: AbortSignal | undefined;
    readonly onStep: () => void;
  },
): Promise<{ readonly image: ImageBatch; readonly steps: readonly FollowedStep[] }> {
  const steps: FollowedStep[] = [];
  const image = await sampler.sample(denoiser, {
    ...options,
    ...labels && { labels },
    onStep: ({ x, t, xHat0 }) => {
      steps.unshift({ x, t, xHat0 });
      onStep();
    },
  });
  return { image, steps };
}

/** Denoisers that never wait would keep a timer or Ctrl-C from raising the signal. */
async function pause(abort: AbortSignal | undefined): Promise<void> {
  if (abort === undefined) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  abort.throwIfAborted();
}
