import type { ImageBatch } from "../array/image_batch.ts";
import { Random } from "../array/random.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { TrainingBatch } from "./gradients.ts";
import { noisePrediction, type Objective } from "./objective.ts";

/** What examples are drawn from. */
export interface ExampleSource {
  /** Clean images `[N, H, W, C]` in [-1, 1]. */
  readonly images: ImageBatch;
  /** Class of each image, when the network is conditional. */
  readonly labels?: ArrayLike<number>;
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** What the network is to predict. Default: noise prediction. */
  readonly objective?: Objective;
  /** Images per step. */
  readonly batchSize: number;
  /**
   * Times are `1 - (1 - u)^p` for uniform u. 1 (default): uniform. Above 1: more of them near t = 1,
   * where a sampler's first steps amplify errors of eps most and small networks need most practice.
   */
  readonly timePower?: number;
  /** Seed of everything drawn. */
  readonly seed: number;
}

/**
 * Draws the examples of a training step: `x = signal x0 + sigma eps`, and what the objective wants to
 * be predicted from them.
 *
 * The batch is a function of (seed, step) alone, so training resumes exactly. Images come in a new
 * random order each epoch; times are stratified, one in each of batchSize equally likely parts of (0, 1],
 * which lowers the variance of the gradient at no cost.
 */
export class ExampleStream {
  readonly #source: ExampleSource;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);

  /**
   * Prepares to draw from a source.
   *
   * @throws RangeError if there are no images, or the power of times is not positive.
   */
  constructor(source: ExampleSource) {
    const { timePower = 1 } = source;
    if (!(timePower > 0)) throw new RangeError(`The power of times is ${timePower}, not positive`);
    if (source.images.shape[0] < 1) throw new RangeError("Cannot train on an empty set of images");
    this.#source = source;
  }

  /** The batch of a step, counted from 1. */
  async batch(step: number): Promise<TrainingBatch> {
    const {
      images,
      labels,
      schedule,
      objective = noisePrediction,
      batchSize,
      seed,
      timePower = 1,
    } = this.#source;
    const [count, h, w, c] = images.shape;
    const values = h * w * c;
    const random = new Random(seed, `examples of step ${step}`);
    const noise = random.normals(batchSize * values);
    const strata = random.permutation(batchSize);
    const x = new Float32Array(batchSize * values);
    const times = new Float64Array(batchSize);
    const sources: number[] = [];
    for (let b = 0; b < batchSize; b++) {
      const image = this.#imageAt((step - 1) * batchSize + b, count);
      const u = (strata[b]! + 1 - random.uniform()) / batchSize;
      const t = 1 - (1 - u) ** timePower;
      const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
      for (let i = 0; i < values; i++) {
        x[b * values + i] = signal * images.data[image * values + i]! +
          sigma * noise[b * values + i]!;
      }
      times[b] = t;
      sources.push(image);
    }
    const shape = [batchSize, h, w, c] as const;
    const target = await objective({ x: { data: x, shape }, eps: noise, times, sources }, random);
    return { x, target, shape, times, ...labels && { labels: sources.map((i) => labels[i]!) } };
  }

  /** Image number `position` of the endless shuffled sequence. */
  #imageAt(position: number, count: number): number {
    const epoch = Math.floor(position / count);
    if (epoch !== this.#epoch) {
      this.#order = new Random(this.#source.seed, `order of epoch ${epoch}`).permutation(count);
      this.#epoch = epoch;
    }
    return this.#order[position % count]!;
  }
}
