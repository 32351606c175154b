/** How much of a calibration is done: in units of one sample at one step. */

/**
 * How far a calibration has come with the samples at work.
 *
 * @category Calibration
 */
export interface CalibrationRound {
  /** Number of the first of these samples, from 0. */
  readonly first: number;
  /** How many they are. */
  readonly samples: number;
  /** Work done, in units of one sample at one step. */
  readonly done: number;
  /** Work in all. */
  readonly total: number;
}

/** Counts the work of a batch of samples. */
export class CalibrationWork {
  /** Units in all, those that turn out to be not needed included. */
  readonly total: number;
  readonly #samples: number;
  readonly #first: number;
  readonly #batch: number;
  readonly #wanted: number;
  #finished = 0;
  /** By step: units done, those that are not needed any more included. */
  readonly #done: number[];

  /**
   * @param options.samples Samples at most.
   * @param options.first Samples done before the batch; its end.
   * @param options.settled By step: whether no sample is needed there any more.
   */
  constructor({ samples, first, end, settled }: {
    readonly samples: number;
    readonly first: number;
    readonly end: number;
    readonly settled: readonly boolean[];
  }) {
    this.total = samples * settled.length;
    this.#samples = samples;
    this.#first = first;
    this.#batch = end - first;
    this.#wanted = settled.filter((known) => !known).length;
    this.#done = settled.map((known) => known ? samples : first);
  }

  /** Takes the batch at a step as done. */
  finish(step: number, { settled }: { readonly settled: boolean }): void {
    const done = this.#done[step - 1]!;
    if (done < this.#samples) this.#finished++;
    this.#done[step - 1] = settled ? this.#samples : Math.min(this.#samples, done + this.#batch);
  }

  /** Units done, while a part of the batch is done at a step that is not finished. */
  done(fraction: number): number {
    return this.#done.reduce((sum, units) => sum + units, 0) + this.#batch * fraction;
  }

  /** The same of the batch alone, with the samples in it. */
  round(fraction: number): CalibrationRound {
    return {
      first: this.#first,
      samples: this.#batch,
      done: this.#batch * (this.#finished + fraction),
      total: this.#batch * this.#wanted,
    };
  }

  /** Steps at which no sample is needed any more. */
  get settled(): number {
    return this.#done.filter((units) => units === this.#samples).length;
  }
}
