import type { Filter, FilterContext, Theory } from "../filters.ts";
import { covarianceBytes } from "../filtered/source_statistics.ts";
import { type SecondMoments, secondMoments, wienerMatrix } from "../filtered/wiener_matrix.ts";

/** Second moments of the sets of images that are in use, which all times share. */
const known = new WeakMap<Float32Array, Map<string, Promise<SecondMoments>>>();

/** The second moments of a machine's candidates; those of the last class asked for are kept. */
function momentsOf({ source, parameters, abort }: FilterContext): Promise<SecondMoments> {
  const { images: { data }, select } = source;
  const { covariance = "sample" } = parameters;
  const key = `${covariance} ${select === undefined ? "all" : select.join()}`;
  const found = known.get(data)?.get(key) ?? secondMoments(source, { parameters, abort });
  known.set(data, new Map([[key, found]]));
  found.catch(() => known.delete(data));
  return found;
}

/**
 * Coordinates that each looks at: where `M_qj = |W_qj / W_qq|` is at least tau times its largest value, W the
 * matrix of the Wiener filter.
 *
 * @param matrix Lower triangle of `[n, n]`.
 * @param options.column Relative to the diagonal of the compared coordinate j instead.
 */
export function localitySets(
  matrix: Float64Array,
  { coordinates: n, tau, column }: {
    readonly coordinates: number;
    readonly tau: number;
    readonly column: boolean;
  },
): Extract<Filter, { kind: "sets" }> {
  const scales = Float64Array.from({ length: n }, (_, q) => {
    const diagonal = matrix[q * n + q]!;
    return Math.abs(diagonal) < 1e-6 ? 1 : 1 / Math.abs(diagonal);
  });
  let largest = 0;
  for (let q = 0; q < n; q++) {
    for (let j = 0; j <= q; j++) {
      const value = Math.abs(matrix[q * n + j]!);
      largest = Math.max(largest, value * scales[q]!, value * scales[j]!);
    }
  }
  const least = tau * largest;
  const start = new Uint32Array(n + 1);
  let bounds = new Uint32Array(4 * n), length = 0;
  for (let q = 0; q < n; q++) {
    if (length + 2 * n > bounds.length) {
      const larger = new Uint32Array(2 * bounds.length + 2 * n);
      larger.set(bounds);
      bounds = larger;
    }
    let open = false;
    for (let j = 0; j <= n; j++) {
      const inside = j < n &&
        Math.abs(j <= q ? matrix[q * n + j]! : matrix[j * n + q]!) * scales[column ? j : q]! >=
          least;
      if (inside !== open) bounds[length++] = j;
      open = inside;
    }
    start[q + 1] = length / 2;
  }
  return { kind: "sets", of: "coordinates", start, bounds: bounds.slice(0, length) };
}

async function precision(context: FilterContext): Promise<Filter> {
  const { imageShape: [height, width, channels], parameters } = context;
  const { tau = channels === 1 ? 0.005 : 0.05, maskOrientation = "row" } = parameters;
  const coordinates = height * width * channels;
  const matrix = await wienerMatrix(await momentsOf(context), context);
  return localitySets(matrix, { coordinates, tau, column: maskOrientation === "column" });
}

/**
 * Locality from the data's own covariance (Lukoianov et al., arXiv 2509.09672): each coordinate has a softmax
 * of its own over whole images, of what the Wiener filter looks at for it.
 */
export const pcaLocality: Theory<"PCA_locality"> = {
  name: "PCA_locality",
  description: "locality of the images' covariance: coordinates that the Wiener filter looks at",
  precision,
  response: { kind: "coordinates" },
  source: "images",
  bytes: ({ count, imageShape: [height, width, channels] }) => {
    const coordinates = height * width * channels;
    // The matrix, its factor, the factor's inverse, and the filter.
    return 2 * covarianceBytes({ count, coordinates }) + 8 * coordinates ** 2;
  },
  parameters: ["tau", "maskOrientation", "batchMeans", "covariance"],
};
