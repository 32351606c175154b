/**
 * A parameter of a noise schedule: a number, a word, or a list of numbers.
 *
 * @category Noise schedules
 */
export type NoiseParameter = number | string | readonly number[];

/**
 * Parameters of a noise schedule by name, as weights and scale schedules record them.
 *
 * @category Noise schedules
 */
export type NoiseParameters = Readonly<Record<string, NoiseParameter>>;

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
  /** Parameters, enough to make it again. */
  readonly parameters: NoiseParameters;
  /** Factor of the clean image at time t in [0, 1]. */
  signal(t: number): number;
  /** Standard deviation of the noise at time t in [0, 1]. */
  sigma(t: number): number;
}
