/** The Gaussian that has the mean and the covariance of the training images; its posterior mean is linear. */
import { sha256Hex } from "../../core/sha256.ts";
import type { Tridiagonal } from "../../core/tridiagonal.ts";
import { valuesPerImage } from "../../core/image_batch.ts";
import type { FilterLevel, FittedPosterior, FittedSource, SourceImages } from "../filters.ts";
import {
  centeredImages,
  covarianceDivisor,
  covarianceOf,
  gramOf,
  isGramSmaller,
  meanImage,
  sourceCount,
  sourceOffset,
  type StatisticsOptions,
} from "./source_statistics.ts";
import { type Eigenpair, topEigenpairs } from "./top_eigenpairs.ts";
import { type LinearProducts, linearProducts } from "./linear_products.ts";
import { solveTridiagonal, timesTridiagonal, tridiagonalize } from "./tridiagonal.ts";

/** One decomposition, which serves all times. */
interface Decomposition {
  readonly mean: Float64Array;
  /** T of the covariance, or of the products of images. */
  readonly matrix: Pick<Tridiagonal, "size" | "diagonal" | "offDiagonal">;
  /** Is it of their products? */
  readonly ofImages: boolean;
  /** To the basis of T, and back. */
  readonly products: LinearProducts;
  /** Largest components, where a rank is asked for; in the basis of T. */
  readonly components: readonly Eigenpair[] | undefined;
}

class GaussianPosterior implements FittedPosterior {
  readonly #parts: Decomposition;

  constructor(parts: Decomposition) {
    this.#parts = parts;
  }

  mean(x: Float64Array, level: FilterLevel): Float64Array {
    return this.means([x], level)[0]!;
  }

  /** `mu + f(Sigma) (x / a - mu)` with `f(l) = a^2 l / (a^2 l + s^2)`. */
  means(list: readonly Float64Array[], { signal, sigma }: FilterLevel): Float64Array[] {
    const { mean, products } = this.#parts;
    const away = list.map((x) => x.map((value, i) => value / signal - mean[i]!));
    // Of the products of images, Sigma = X^T X, f(Sigma) = X^T g(X X^T) X with g(l) = f(l) / l.
    const filtered = products.toBasis(away).map((vector) =>
      this.#filter(vector, { alpha: signal ** 2, beta: sigma ** 2 })
    );
    return products.fromBasis(filtered).map((change) => change.map((value, i) => value + mean[i]!));
  }

  #filter(
    vector: Float64Array,
    { alpha, beta }: { readonly alpha: number; readonly beta: number },
  ): Float64Array {
    const { matrix, ofImages, components } = this.#parts;
    if (components === undefined) {
      const solved = solveTridiagonal(matrix, { vector, alpha, beta });
      const out = ofImages ? solved : timesTridiagonal(matrix, solved);
      return out.map((value) => alpha * value);
    }
    const out = new Float64Array(vector.length);
    for (const { value, vector: direction } of components) {
      let dot = 0;
      for (let i = 0; i < out.length; i++) dot += direction[i]! * vector[i]!;
      const lambda = Math.max(0, value);
      const gain = dot * alpha * (ofImages ? 1 : lambda) / (alpha * lambda + beta);
      for (let i = 0; i < out.length; i++) out[i] = out[i]! + gain * direction[i]!;
    }
    return out;
  }
}

async function decompose(
  source: SourceImages,
  { parameters, abort }: StatisticsOptions,
): Promise<Decomposition> {
  const mean = meanImage(source);
  const count = sourceCount(source);
  const { rank } = parameters;
  const ofGram = isGramSmaller(count, mean.length);
  const centered = ofGram ? centeredImages(source, mean) : undefined;
  const symmetric = centered
    ? await gramOf(centered, { count, parameters, abort })
    : await covarianceOf(source, { mean, parameters, abort });
  const size = centered ? count : mean.length;
  const matrix = await tridiagonalize(symmetric, { size, abort });
  if (centered) {
    const root = Math.sqrt(covarianceDivisor(count, parameters));
    for (let i = 0; i < centered.length; i++) centered[i] = centered[i]! / root;
  }
  const components = rank === undefined || rank >= size ? undefined : topEigenpairs(matrix, rank);
  const { diagonal, offDiagonal } = matrix;
  return {
    mean,
    matrix: { size, diagonal, offDiagonal },
    ofImages: centered !== undefined,
    products: await linearProducts({ matrix, centered }),
    components,
  };
}

/** Decompositions of this process, the last used last. */
const known = new Map<string, { readonly found: Promise<Decomposition>; readonly bytes: number }>();

/** Bytes of decompositions that are kept. */
const keptBytes = 2 ** 29;

/** By what a decomposition is known: the SHA-256 of the images, and the parameters. */
async function keyOf(source: SourceImages, parameters: StatisticsOptions["parameters"]) {
  const { images, select } = source;
  const digest = select === undefined
    ? await sha256Hex(images.data)
    : await sha256Hex(Float32Array.from({ length: select.length * valuesPerImage(images) }, (
      _,
      i,
    ) => {
      const n = valuesPerImage(images);
      return images.data[sourceOffset(source, Math.floor(i / n)) + i % n]!;
    }));
  const { covariance = "sample", rank = null } = parameters;
  return JSON.stringify([digest, images.shape.slice(1), covariance, rank]);
}

/**
 * The Gaussian of the training images. `xHat0 = mu + f(Sigma) (x / signal - mu)`, `f(l) = signal^2 l /
 * (signal^2 l + sigma^2)`: the Wiener filter. Sigma is reduced to a tridiagonal matrix once, which serves
 * all times; for fewer images than coordinates the matrix of their products is, instead.
 */
export const gaussianSource: FittedSource = {
  name: "the Gaussian with the images' mean and covariance",
  fit: async (source, options) => {
    const key = await keyOf(source, options.parameters);
    const entry = known.get(key) ?? { found: decompose(source, options), bytes: bytesOf(source) };
    known.delete(key);
    known.set(key, entry);
    let bytes = 0;
    for (const [each, { bytes: more }] of [...known].reverse()) {
      bytes += more;
      if (bytes > keptBytes && each !== key) known.delete(each);
    }
    try {
      return new GaussianPosterior(await entry.found);
    } catch (error) {
      known.delete(key);
      throw error;
    }
  },
};

function bytesOf(source: SourceImages): number {
  const n = valuesPerImage(source.images), count = sourceCount(source);
  return 8 * (isGramSmaller(count, n) ? count * (count + n) : n * n);
}
