/**
 * A forward process `x_t = signal(t) * x0 + sigma(t) * eps`, t in [0, 1], 0 = clean, eps unit Gaussian.
 *
 * Everything in this package depends on a schedule through these two functions only: one of your own is an
 * object of this kind. The noise level `sigma / signal` must never fall with t.
 *
 * @category Noise schedules
 */
export interface NoiseSchedule {
  /** Name under which {@linkcode createSchedule} makes it; weights record it. */
  readonly name: string;
  /** Parameters, enough to make it again: numbers, words, lists of numbers. */
  readonly parameters: Readonly<Record<string, number | string | readonly number[]>>;
  /** Factor of the clean image at time t in [0, 1]. */
  signal(t: number): number;
  /** Standard deviation of the noise at time t in [0, 1]. */
  sigma(t: number): number;
}

/** Parameters of noise schedules by name, as weights and scale schedules record them. */
export type NoiseParameters = NoiseSchedule["parameters"];
