/**
 * Options of {@linkcode AdamW}.
 *
 * @category Training
 */
export interface AdamWOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean of squares. Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled weight decay. Default 0. */
  readonly weightDecay?: number;
}

/** What {@linkcode AdamW} takes where it is not told otherwise. */
export const adamDefaults = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
} as const satisfies Required<AdamWOptions>;

/**
 * What {@linkcode AdamW} remembers between steps.
 *
 * @category Training
 */
export interface AdamWState {
  /** Steps taken. */
  readonly step: number;
  /** Mean of gradients. */
  readonly mean: Float32Array;
  /** Mean of squared gradients. */
  readonly square: Float32Array;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2), as PyTorch
 * computes it, on one flat vector of parameters.
 *
 * @example
 * ```ts
 * import { AdamW } from "@els/toolkit/training";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // The first step goes against the gradient's sign, as far as the learning rate.
 * const optimizer = new AdamW(Float32Array.of(1));
 * optimizer.step(Float32Array.of(5), 0.1);
 * assertAlmostEquals(optimizer.parameters[0]!, 0.9, 1e-3);
 * ```
 *
 * @category Training
 */
export class AdamW {
  /** The parameters, updated in place by {@linkcode AdamW.step}. */
  readonly parameters: Float32Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  readonly #options: Required<AdamWOptions>;
  #step = 0;

  /** Starts from `parameters` (copied), and from `state` when training resumes. */
  constructor(parameters: Float32Array, options: AdamWOptions = {}, state?: AdamWState) {
    this.parameters = parameters.slice();
    this.#options = { ...adamDefaults, ...options };
    this.#mean = state?.mean.slice() ?? new Float32Array(parameters.length);
    this.#square = state?.square.slice() ?? new Float32Array(parameters.length);
    this.#step = state?.step ?? 0;
  }

  /** Steps taken and the running means, for a checkpoint. */
  get state(): AdamWState {
    return { step: this.#step, mean: this.#mean, square: this.#square };
  }

  /**
   * Takes one step.
   *
   * @param gradients As many as parameters.
   * @param learningRate Step size.
   */
  step(gradients: Float32Array, learningRate: number): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    const [p, m, v] = [this.parameters, this.#mean, this.#square];
    this.#step++;
    const stepSize = learningRate / (1 - beta1 ** this.#step);
    const root = Math.sqrt(1 - beta2 ** this.#step);
    const keep = 1 - learningRate * weightDecay;
    for (let i = 0; i < p.length; i++) {
      const g = gradients[i]!;
      const mean = m[i] = beta1 * m[i]! + (1 - beta1) * g;
      const square = v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      p[i] = keep * p[i]! - stepSize * mean / (Math.sqrt(square) / root + epsilon);
    }
  }
}
