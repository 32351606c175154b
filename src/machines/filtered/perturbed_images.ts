/** The ideal score of noisy images to which noise is added, as its mean (Scarvelis et al. 2023). */
import { eventLoopTurns } from "../../core/event_loop.ts";
import type { FilterLevel, SourceImages } from "../filters.ts";
import { sourceCount, sourceOffset } from "./source_statistics.ts";

/** What is added, and to which posteriors. */
export interface PerturbedParts {
  readonly source: SourceImages;
  readonly level: FilterLevel;
  /** Noise, M images `[H, W, C]`. */
  readonly perturbations: readonly Float64Array[];
  readonly onImages?: ((images: number) => void) | undefined;
  readonly abort?: AbortSignal | undefined;
}

/** Weights of training images, mean over the perturbations. */
export class PerturbedImages {
  readonly #parts: PerturbedParts;
  /** Inner products of each perturbation with each image, `[N, M]`; the same for all queries. */
  #products: Promise<Float64Array> | undefined;

  constructor(parts: PerturbedParts) {
    this.#parts = parts;
  }

  /**
   * Weight of each candidate, `[N]`.
   *
   * `|x + e - a y|^2 = |x - a y|^2 - 2 a e . y` and terms that all candidates share: one distance and M inner
   * products of each.
   *
   * @param x `[H, W, C]`.
   */
  async weights(x: Float64Array): Promise<Float64Array> {
    const { source, level: { signal, sigma }, perturbations, onImages, abort } = this.#parts;
    const { images: { data } } = source;
    const products = await (this.#products ??= this.#innerProducts());
    const count = sourceCount(source), m = perturbations.length;
    const turn = eventLoopTurns();
    const logits = new Float64Array(count * m);
    const factor = -1 / (2 * sigma ** 2);
    for (let i = 0; i < count; i++) {
      const at = sourceOffset(source, i);
      let distance = 0;
      for (let c = 0; c < x.length; c++) {
        const difference = x[c]! - signal * data[at + c]!;
        distance += difference * difference;
      }
      for (let k = 0; k < m; k++) {
        logits[i * m + k] = factor * (distance - 2 * signal * products[i * m + k]!);
      }
      onImages?.(1);
      await turn();
      abort?.throwIfAborted();
    }
    const weights = new Float64Array(count);
    for (let k = 0; k < m; k++) {
      let largest = -Infinity, sum = 0;
      for (let i = 0; i < count; i++) largest = Math.max(largest, logits[i * m + k]!);
      for (let i = 0; i < count; i++) sum += Math.exp(logits[i * m + k]! - largest);
      for (let i = 0; i < count; i++) {
        weights[i] = weights[i]! + Math.exp(logits[i * m + k]! - largest) / (sum * m);
      }
    }
    return weights;
  }

  /** Posterior mean of a noisy image, both `[H, W, C]`. */
  async mean(x: Float64Array): Promise<Float64Array> {
    const { source } = this.#parts;
    const out = new Float64Array(x.length);
    (await this.weights(x)).forEach((weight, i) => {
      if (weight < 1e-30) return;
      const at = sourceOffset(source, i);
      for (let c = 0; c < out.length; c++) {
        out[c] = out[c]! + weight * source.images.data[at + c]!;
      }
    });
    return out;
  }

  async #innerProducts(): Promise<Float64Array> {
    const { source, perturbations, abort } = this.#parts;
    const { images: { data } } = source;
    const count = sourceCount(source), m = perturbations.length;
    const products = new Float64Array(count * m);
    const turn = eventLoopTurns();
    for (let i = 0; i < count; i++) {
      const at = sourceOffset(source, i);
      for (let k = 0; k < m; k++) {
        const noise = perturbations[k]!;
        let even = 0, odd = 0, c = 0;
        for (; c + 1 < noise.length; c += 2) {
          even += noise[c]! * data[at + c]!;
          odd += noise[c + 1]! * data[at + c + 1]!;
        }
        if (c < noise.length) even += noise[c]! * data[at + c]!;
        products[i * m + k] = even + odd;
      }
      await turn();
      abort?.throwIfAborted();
    }
    return products;
  }
}
