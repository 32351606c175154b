import {
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  sliceBatch,
} from "../core/image_batch.ts";
import { ArgumentError, CheckpointMismatchError } from "../core/errors.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkOf } from "../formats/seal.ts";
import { samplerDefinition } from "../samplers/samplers.ts";
import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import { timeGrid, timeGridDefinition } from "../samplers/time_grid.ts";
import {
  type Agreement,
  agreement,
  type AgreementMeasure,
  agreementMeasure,
  agreementMeasures,
} from "./agreement.ts";
import { commonNoise, namesOfMachines } from "./common_noise.ts";
import type { NamedDenoiser } from "./named_denoiser.ts";

/**
 * What one sample gave, as plain data that JSON can hold: one line of a log to resume from.
 *
 * @category Evaluation
 */
export interface SampleRecord {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Its class; null when unconditional. */
  readonly label: number | null;
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Name of the sampler of all; absent: "ddim". */
  readonly sampler?: string;
  /** Name of the grid of times; absent: "uniform". */
  readonly grid?: string;
  /** Steps of the machines. */
  readonly steps: number;
  /** Steps of the network. */
  readonly networkSteps: number;
  /** The network's image, `[H, W, C]` values. */
  readonly network: readonly number[];
  /** Each machine's image by name, `[H, W, C]` values. */
  readonly machines: Readonly<Record<string, readonly number[]>>;
  /** CRC-32 of all that, by which a changed record is noticed; absent: it is taken as it is. */
  readonly check?: string;
}

/**
 * Agreement of one sample with every machine.
 *
 * @category Evaluation
 */
export interface SampleAgreement {
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** Its class; null when unconditional. */
  readonly label: number | null;
  /** Agreement by machine's name; the network is the reference. */
  readonly agreement: Readonly<Record<string, Agreement>>;
}

/**
 * What an evaluation found.
 *
 * @category Evaluation
 */
export interface AgreementResult {
  /** Name of the network, the reference. */
  readonly network: string;
  /** Names of the machines, in the order given. */
  readonly machines: readonly string[];
  /** Name of the sampler of all. */
  readonly sampler: string;
  /** Name of the grid of times. */
  readonly grid: string;
  /** The measures of agreement; absent: r, r^2 and R^2. */
  readonly measures?: readonly AgreementMeasure[];
  /** Steps of the machines. */
  readonly steps: number;
  /** Steps of the network. */
  readonly networkSteps: number;
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /** Every sample, in order. */
  readonly samples: readonly SampleAgreement[];
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
 * How far an evaluation has come.
 *
 * @category Evaluation
 */
export interface EvaluationProgress {
  /** Work done in units of one sample at one step of one denoiser. */
  readonly done: number;
  /** Units in all. */
  readonly total: number;
  /** Name of the network or machine at work. */
  readonly name: string;
}

/**
 * Options of {@linkcode evaluateAgreement}.
 *
 * @category Evaluation
 */
export interface EvaluateOptions extends SamplingProtocolOptions {
  /** Measures of your own, beside r, r^2 and R^2. */
  readonly measures?: readonly AgreementMeasure[] | undefined;
  /** Samples that go through a denoiser in one call; 16 by default. */
  readonly batch?: number | undefined;
  /** Called after each step. */
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Called with each sample when it is done; save the record to resume. Awaited. */
  readonly onSample?:
    | ((record: SampleRecord, result: SampleAgreement) => void | Promise<void>)
    | undefined;
  /**
   * Called with all samples that went through the denoisers together, after `onSample` with each; save
   * them together to resume with the same batches. Awaited.
   */
  readonly onBatch?: ((records: readonly SampleRecord[]) => void | Promise<void>) | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Records of an interrupted run with the same options, in any order; those are not made again. */
  readonly resume?: readonly SampleRecord[] | undefined;
}

/**
 * Compares what a network and machines generate from the same noise (and label) by the same sampler
 * (Kamb & Ganguli, arXiv 2412.20292, section 5): r, r^2 and R^2 per sample, the network being the
 * reference. Both start at t = 1, and a stochastic sampler adds the same noise to both.
 *
 * @example How well one machine predicts another from the same noise
 * ```ts
 * import {
 *   agreementTable,
 *   agreementText,
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   evaluateAgreement,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using denoiser = createMachine("LS", { images, schedule, patchSize: 3 });
 * const machines = [{ name: "LS", denoiser }];
 * const result = await evaluateAgreement(network, machines, { steps: 2, samples: 2, seed: 1 });
 * assertEquals(result.samples.length, 2);
 * console.log(agreementText(agreementTable(result), { network: "bbELS" }));
 * ```
 *
 * @throws RangeError if options, names, shapes or noise levels do not fit.
 * @throws CheckpointMismatchError if a record of `resume` belongs to another run.
 * @category Evaluation
 */
export async function evaluateAgreement(
  network: Denoiser,
  machines: readonly NamedDenoiser[],
  options: EvaluateOptions,
): Promise<AgreementResult> {
  const { steps, samples, seed, abort, onProgress, onSample, resume = [] } = options;
  const { networkSteps = steps, batch = 16, first = 0, onBatch } = options;
  const { name: sampler, sample: run, stochastic } = samplerDefinition(options.sampler ?? "ddim");
  const grid = timeGridDefinition(options.grid ?? "uniform");
  const measures = [...agreementMeasures, ...(options.measures ?? []).map(agreementMeasure)];
  const names = namesOfMachines("evaluate", { machines, samples, batch });
  if (stochastic && networkSteps !== steps) {
    throw new ArgumentError(
      `Cannot evaluate with ${sampler} in ${networkSteps} steps of the network and ${steps} of the ` +
        "machines: it adds noise at each step, expected as many",
    );
  }
  const { schedule } = network;
  const times = timeGrid(grid, { steps, schedule });
  const networkTimes = timeGrid(grid, { steps: networkSteps, schedule });
  const { imageShape } = network;
  const { labels, xT } = commonNoise("evaluate", network, { ...options, machines, times });
  const identity = {
    seed: options.xT === undefined || stochastic ? seed : null,
    sampler,
    grid: grid.name,
    steps,
    networkSteps,
  };
  const records: (SampleRecord | undefined)[] = new Array(samples).fill(undefined);
  for (const record of resume) {
    checkRecord(record, { ...identity, first, samples, labels, names, imageShape });
    const other = records[record.sample - first];
    if (other !== undefined && recordCheck(other) !== recordCheck(record)) {
      throw new CheckpointMismatchError(
        `Cannot resume the evaluation: two records of sample ${record.sample} differ; leave both out, ` +
          "or start anew",
      );
    }
    records[record.sample - first] = record;
  }

  const missing = [...records.keys()].filter((sample) => records[sample] === undefined);
  const perSample = networkSteps + names.length * steps;
  let done = (samples - missing.length) * perSample;
  for (let from = 0; from < missing.length; from += batch) {
    const chosen = missing.slice(from, from + batch);
    const start = gatherImages(xT, chosen);
    const generate = ({ name, denoiser }: NamedDenoiser, at: readonly number[]) =>
      run(denoiser, {
        xT: start,
        times: at,
        seed,
        sampleNumbers: chosen.map((index) => first + index),
        onStep: () => {
          done += chosen.length;
          onProgress?.({ done, total: samples * perSample, name });
        },
        ...(labels === null ? {} : { labels: chosen.map((sample) => labels[sample]!) }),
        abort,
      });
    const reference = await generate({ name: network.name, denoiser: network }, networkTimes);
    const theory: [string, ImageBatch][] = [];
    for (const machine of machines) theory.push([machine.name, await generate(machine, times)]);
    const made: SampleRecord[] = [];
    for (const [index, at] of chosen.entries()) {
      const values = (images: ImageBatch) => Array.from(sliceBatch(images, index, index + 1).data);
      const content = {
        sample: first + at,
        label: labels?.[at] ?? null,
        ...identity,
        network: values(reference),
        machines: Object.fromEntries(theory.map(([name, images]) => [name, values(images)])),
      };
      const record: SampleRecord = { ...content, check: recordCheck(content) };
      records[at] = record;
      made.push(record);
      await onSample?.(record, measure(record, { names, measures }));
    }
    await onBatch?.(made);
  }

  const complete = records.map((record) => record!);
  const join = (pick: (record: SampleRecord) => readonly number[]) =>
    imageBatch(Float32Array.from(complete.flatMap(pick)), [samples, ...imageShape]);
  return {
    network: network.name,
    machines: names,
    ...identity,
    measures,
    imageShape,
    samples: complete.map((record) => measure(record, { names, measures })),
    images: {
      noise: xT,
      network: join((record) => record.network),
      machines: Object.fromEntries(
        names.map((name) => [name, join((record) => record.machines[name]!)]),
      ),
    },
  };
}

function measure(
  record: SampleRecord,
  { names, measures }: {
    readonly names: readonly string[];
    readonly measures: readonly AgreementMeasure[];
  },
): SampleAgreement {
  const { sample, label, network, machines } = record;
  return {
    sample,
    label,
    agreement: Object.fromEntries(
      names.map((name) => [name, agreement(network, machines[name]!, { measures })]),
    ),
  };
}

/** CRC-32 of a record, as 8 hexadecimal digits; what may be absent counts as what it then means. */
function recordCheck(record: Omit<SampleRecord, "check">): string {
  const { sample, label, seed, sampler = "ddim", grid = "uniform" } = record;
  const { steps, networkSteps, network, machines } = record;
  return checkOf({
    ...{ sample, label, seed, sampler, grid, steps, networkSteps, network, machines },
  });
}

function checkRecord(
  record: SampleRecord,
  expected: {
    readonly seed: number | null;
    readonly sampler: string;
    readonly grid: string;
    readonly steps: number;
    readonly networkSteps: number;
    readonly first: number;
    readonly samples: number;
    readonly labels: readonly number[] | null;
    readonly names: readonly string[];
    readonly imageShape: ImageShape;
  },
): void {
  if (typeof record !== "object" || record === null) {
    throw new CheckpointMismatchError(
      `Cannot resume the evaluation: a record is ${
        JSON.stringify(record)
      }, expected one sample; leave it out, or start anew`,
    );
  }
  const { sample } = record;
  const { first, samples } = expected;
  const fail = (what: string, found: unknown, wanted: unknown) => {
    throw new CheckpointMismatchError(
      `Cannot resume the evaluation: in the record of sample ${sample} ${what} is ${
        JSON.stringify(found)
      }, expected ${JSON.stringify(wanted)}; use the same options or start anew`,
    );
  };
  if (!Number.isInteger(sample) || sample < first || sample >= first + samples) {
    fail("the number", sample, `${first} to ${first + samples - 1}`);
  }
  for (const key of ["seed", "steps", "networkSteps"] as const) {
    if (record[key] !== expected[key]) fail(key, record[key], expected[key]);
  }
  const { sampler = "ddim", grid = "uniform" } = record;
  if (sampler !== expected.sampler) fail("sampler", sampler, expected.sampler);
  if (grid !== expected.grid) fail("grid", grid, expected.grid);
  const label = expected.labels?.[sample - first] ?? null;
  if (record.label !== label) fail("the label", record.label, label);
  const length = expected.imageShape.reduce((a, b) => a * b);
  const checkImage = (name: string, values: readonly number[] | undefined) => {
    if (!Array.isArray(values) || values.length !== length || !values.every(Number.isFinite)) {
      fail(`the image of ${name}`, values?.length ?? null, `${length} finite values`);
    }
  };
  checkImage("the network", record.network);
  for (const name of expected.names) checkImage(name, record.machines?.[name]);
  if (record.check !== undefined && record.check !== recordCheck(record)) {
    fail("the checksum", record.check, recordCheck(record));
  }
}
