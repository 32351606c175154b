/** Reverse processes that were computed, the latest ones, bounded by memory. */
import type { ExplorerStep } from "../contract.ts";

/** What is known of a reverse process. */
export interface KnownProcess {
  /** Steps in their order, as far as they are known. */
  readonly steps: (ExplorerStep | undefined)[];
  /** Logarithm of each pixel's sum of weights, of the steps that were computed here. */
  readonly logSums: (Float64Array<ArrayBuffer> | undefined)[];
  /** The final image `[H, W, C]`, once it is known. */
  final: Float32Array | undefined;
}

function bytesOf({ steps, logSums, final }: KnownProcess): number {
  const arrays = steps.flatMap((step) => {
    const why = step?.explanation;
    return [
      ...[step?.x, step?.xHat0, why?.image, why?.row, why?.column, why?.weight, why?.rest],
      ...[why?.entropy, why?.imageEntropy, why?.effectiveImages, why?.effectivePatches],
      ...why?.imageWeights ?? [],
    ];
  });
  return [...arrays, ...logSums, final].reduce((sum, each) => sum + (each?.byteLength ?? 0), 0);
}

/** Processes by name; what was not asked for the longest is forgotten first. */
export class ProcessCache {
  readonly #known = new Map<string, KnownProcess>();
  readonly #most: number;

  /** @param most Bytes of all processes together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is known of a process, to be added to. */
  of(key: string, steps: number): KnownProcess {
    const known = this.#known.get(key) ?? {
      steps: new Array<ExplorerStep | undefined>(steps).fill(undefined),
      logSums: new Array<Float64Array<ArrayBuffer> | undefined>(steps).fill(undefined),
      final: undefined,
    };
    this.#known.delete(key);
    this.#known.set(key, known);
    let sum = 0;
    for (const [other, process] of [...this.#known].reverse()) {
      sum += bytesOf(process);
      if (sum > this.#most && other !== key) this.#known.delete(other);
    }
    return known;
  }
}
