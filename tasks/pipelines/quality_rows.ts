/** The measures of quality as rows of one table. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { blockError } from "../../src/evaluation/quality/block_error.ts";
import { featureMoments } from "../../src/evaluation/quality/feature_moments.ts";
import type { Features } from "../../src/evaluation/quality/features.ts";
import { frechetAtInfinity } from "../../src/evaluation/quality/frechet_at_infinity.ts";
import { frechetDistance } from "../../src/evaluation/quality/frechet_distance.ts";
import { patchFeatures } from "../../src/evaluation/quality/image_features.ts";
import { inceptionScore } from "../../src/evaluation/quality/inception_score.ts";
import { kernelDistance } from "../../src/evaluation/quality/kernel_distance.ts";
import type { Memorization } from "../../src/evaluation/quality/memorization.ts";
import { precisionRecall } from "../../src/evaluation/quality/precision_recall.ts";
import { slicedWasserstein } from "../../src/evaluation/quality/sliced_wasserstein.ts";
import { CommandError } from "../cli/command.ts";
import type { FeatureKind, ImageFeatures } from "./quality_features.ts";

/** One number about one set of images. */
export interface QualityRow {
  /** The set: network, a machine, or other training images. */
  readonly set: string;
  /** Features; the images themselves for memorization. */
  readonly features: string;
  readonly measure: string;
  readonly value: number | null;
  /** Its deviation or standard error, where there is one. */
  readonly error: number | null;
  /** Rows of features of the set, and of held-out images. */
  readonly rows: number;
  readonly heldOutRows: number;
  /** Values of a row. */
  readonly width: number;
  /** What to beware of. */
  readonly warning: string | null;
}

/** Names of groups of measures. */
export const measureNames = [
  ...["frechet", "kernel", "score", "neighbors", "wasserstein", "memorization", "local"],
] as const;

/**
 * The measures that a flag names; all without it.
 *
 * @throws CommandError if a name is none.
 */
export function chosenMeasures(words: string | undefined): ReadonlySet<string> {
  const wanted = words?.split(",").map((word) => word.trim()) ?? measureNames;
  const odd = wanted.find((word) => !measureNames.some((name) => name === word));
  if (odd !== undefined) {
    throw new CommandError(
      `--metrics names ${JSON.stringify(odd)}, expected some of ${measureNames.join(", ")}`,
    );
  }
  return new Set(wanted);
}

/** What decides the measures. */
export interface MeasureOptions {
  readonly measures: ReadonlySet<string>;
  readonly neighbors: number;
  readonly extrapolate: boolean;
  readonly seed: number;
  readonly abort: AbortSignal;
}

/** What a Frechet distance is called by any features; those that have earned it say "FID". */
const frechetName = "Frechet distance";
/** Names of Frechet distances. */
export const frechetNames: readonly string[] = [frechetName, "FID"];
const neighborNames = ["precision", "recall", "density", "coverage"] as const;
/** Values of a row up to which errors are estimated: beyond, each takes as long as ten distances. */
const widestError = 512;
/** Images from which on. */
const leastUnits = 20;
/** Rows that an extrapolation takes: fifteen sizes from a tenth on. */
const leastToExtrapolate = 30;

/** Sizes of patches for sliced Wasserstein distances. */
const patchSizes = [3, 7, 15];
/** Patches of an image, for them. */
const patchesPerImage = 32;

/** Measures of a set by features of any kind. */
export function featureRows(
  set: string,
  { kind, own, heldOut }: {
    readonly kind: Pick<FeatureKind, "name" | "names" | "rowsPerImage">;
    readonly own: ImageFeatures;
    readonly heldOut: ImageFeatures;
  },
  { measures, neighbors, extrapolate, seed, abort }: MeasureOptions,
): QualityRow[] {
  const rows: QualityRow[] = [];
  const [rowCount, width] = own.features.shape;
  const [heldOutRows] = heldOut.features.shape;
  // Rows of one image are no independent ones.
  const blocks = { seed, abort, units: rowCount / kind.rowsPerImage };
  const hasError = width <= widestError && blocks.units >= leastUnits;
  const add = (measure: string, value: number | null, more: Partial<QualityRow> = {}) =>
    rows.push({
      ...{ set, features: kind.name, measure, value, error: null, rows: rowCount, heldOutRows },
      width,
      ...{ warning: null, ...more },
    });
  abort.throwIfAborted();
  if (measures.has("frechet")) {
    const reference = featureMoments(heldOut.features);
    const name = kind.names?.frechet ?? frechetName;
    const { distance, few } = frechetDistance(own.features, reference);
    add(name, distance, {
      error: hasError
        ? blockError(own.features, (some) => frechetDistance(some, reference).distance, blocks)
        : null,
      warning: few ? `fewer rows than twice the width of ${width}: far too large` : null,
    });
    if (extrapolate) {
      if (rowCount < leastToExtrapolate) {
        add(`${name}, infinite n`, null, { warning: `needs ${leastToExtrapolate} rows` });
      } else {
        const infinite = frechetAtInfinity(own.features, reference, { seed, abort });
        add(`${name}, infinite n`, infinite.distance, {
          error: infinite.error,
          warning: infinite.few
            ? `fewer rows than twice the width of ${width}: the line in 1/n is not to be trusted`
            : null,
        });
      }
    }
  }
  abort.throwIfAborted();
  if (measures.has("kernel")) {
    const { distance, deviation } = kernelDistance(own.features, heldOut.features, { seed, abort });
    add(kind.names?.kernel ?? "kernel distance", distance, { error: deviation });
  }
  abort.throwIfAborted();
  // Patches of one image are no neighbors of each other in the sense of these measures.
  if (measures.has("neighbors") && kind.name !== "patches") {
    if (Math.min(rowCount, heldOutRows) <= neighbors) {
      for (const name of neighborNames) {
        add(name, null, { warning: `needs more than ${neighbors} images of each set` });
      }
    } else {
      const of = (some: Features) => {
        const found = precisionRecall(heldOut.features, some, { neighbors });
        return neighborNames.map((name) => found[name]);
      };
      const found = of(own.features);
      const errors = hasError ? blockError(own.features, of, blocks) : undefined;
      neighborNames.forEach((name, i) => add(name, found[i]!, { error: errors?.[i] ?? null }));
    }
  }
  if (measures.has("score") && own.probabilities !== undefined) {
    const splits = Math.min(10, rowCount);
    const { score, deviation } = inceptionScore(own.probabilities, { seed, splits });
    add("inception score", score, {
      error: deviation,
      warning: rowCount < 1000 ? "few images: parts of fewer than 100 score lower" : null,
    });
  }
  return rows;
}

/** Sliced Wasserstein distances of patches of three sizes. */
export function patchRows(
  set: string,
  { own, heldOut }: { readonly own: ImageBatch; readonly heldOut: ImageBatch },
  { seed, abort }: MeasureOptions,
): QualityRow[] {
  const [, height, width] = own.shape;
  return patchSizes.filter((k) => k <= Math.min(height, width)).map((patchSize): QualityRow => {
    const of = (images: ImageBatch): Features =>
      patchFeatures(images, { patchSize, patches: patchesPerImage * images.shape[0], seed });
    const [mine, held] = [of(own), of(heldOut)];
    const { distance, error } = slicedWasserstein(mine, held, { seed, abort });
    return {
      ...{ set, features: `patches ${patchSize} x ${patchSize}`, measure: "sliced Wasserstein" },
      ...{ value: distance, error, rows: mine.shape[0], heldOutRows: held.shape[0] },
      ...{ width: mine.shape[1], warning: null },
    };
  });
}

/** Memorization as rows. */
export function memorizationRows(
  set: string,
  found: Memorization,
  { width }: { readonly width: number },
): QualityRow[] {
  const { distance, heldOutDistance, nearer, nearest, alone, heldOutAlone, copying } = found;
  const numbers: readonly (readonly [measure: string, value: number | null])[] = [
    ["distance to training images, median", distance],
    ["the same of held-out images", heldOutDistance],
    ["nearer than the median held-out image", nearer],
    ["nearer than every held-out image", nearest],
    ["first neighbor below 1/3 of the second", alone],
    ["the same of held-out images, ratio", heldOutAlone],
    ["C_T", copying],
  ];
  return numbers.map(([measure, value]) => ({
    ...{ set, features: "images", measure, value, error: null, width, warning: null },
    ...{ rows: found.count, heldOutRows: found.heldOutCount },
  }));
}
