/** The numbers of a mosaic: as JSON, as tables, and as the curves of its figures. */
import { quantile } from "../../src/core/statistics.ts";
import { copiedRegions } from "../../src/evaluation/copied_regions.ts";
import { regionSizeQuantile, regionSizes } from "../../src/evaluation/region_sizes.ts";
import { tellingPixels } from "../../src/evaluation/telling_pixels.ts";
import type { ParticipationCurve, Spread } from "../../src/figures/participation_plot.ts";
import type { RegionCurve } from "../../src/figures/region_plot.ts";
import { csvText, type CsvValue } from "../../src/formats/csv.ts";
import { CommandError } from "../cli/command.ts";
import type { KeptSample, KeptStep } from "./mosaic_sample.ts";
import { heldOutLabel, nearestDistances, type Nearness } from "./mosaic_nearest.ts";

/** Pixels by row and column. */
export type Pixels = readonly (readonly [row: number, column: number])[];

/** What `--pixels` says: how many are chosen in each sample, or which. */
export type PixelChoice = number | Pixels;

/**
 * Reads `--pixels`: a number, or pixels such as 12:9,20:15.
 *
 * @throws CommandError if it is neither, or a pixel lies outside.
 */
export function parsePixels(
  text: string,
  { height, width }: { readonly height: number; readonly width: number },
): PixelChoice {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 20) return Number(text);
  const pixels = text.split(",").map((word) => {
    const match = /^(\d+):(\d+)$/.exec(word.trim());
    const pixel = [Number(match?.[1]), Number(match?.[2])] as const;
    if (match === null || pixel[0] >= height || pixel[1] >= width) {
      throw new CommandError(
        `Cannot use --pixels ${text}: found ${
          JSON.stringify(word)
        }, expected a number from 1 to 20, or ` +
          `rows and columns such as 12:9,20:15 in images of ${height} x ${width}`,
      );
    }
    return pixel;
  });
  return pixels;
}

/** The pixels of a sample whose patches are shown. */
export function pixelsOf({ machines }: KeptSample, choice: PixelChoice): Pixels {
  return typeof choice === "number" ? tellingPixels(machines[0]!.image, { count: choice }) : choice;
}

/** Median and quartiles. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const [low, median, high] = [0.25, 0.5, 0.75].map((q) => quantile(values, q));
  return { low: low!, median: median!, high: high! };
}

/** The same step of all samples of a machine. */
function stepsOf(samples: readonly KeptSample[], m: number, s: number): KeptStep[] {
  return samples.map(({ machines }) => machines[m]!.steps[s]!);
}

/** Calls for every machine and each of its steps. */
function everyStep<T>(
  samples: readonly KeptSample[],
  of: (steps: KeptStep[], m: number) => T,
): { readonly label: string; readonly points: T[] }[] {
  return samples[0]!.machines.map(({ machine, steps }, m) => ({
    label: machine,
    points: steps.map((_, s) => of(stepsOf(samples, m, s), m)),
  }));
}

/** All pixels of some steps together. */
function pooled(steps: readonly KeptStep[], key: "effectivePatches" | "effectiveImages"): Spread {
  return spreadOf(steps.flatMap((step) => Array.from(step[key])));
}

/** How many take part in the machines' predictions. */
export function participationCurves(samples: readonly KeptSample[]): ParticipationCurve[] {
  return everyStep(samples, (steps) => ({
    t: steps[0]!.t,
    patches: pooled(steps, "effectivePatches"),
    images: pooled(steps, "effectiveImages"),
    imagesOf90: spreadOf(steps.map(({ imagesOf90 }) => imagesOf90)),
  }));
}

/** Sizes of the pieces that the machines copied. */
export function regionCurves(samples: readonly KeptSample[]): RegionCurve[] {
  return everyStep(samples, (steps, m) => {
    const { wrap } = samples[0]!.machines[m]!;
    const sizes = regionSizes(steps.map((step) => copiedRegions(step, { wrap })));
    const [low, median, high] = [0.25, 0.5, 0.75].map((q) => regionSizeQuantile(sizes, q));
    const { t, patchSize } = steps[0]!;
    return { t, patchSize, sizes, spread: { low: low!, median: median!, high: high! } };
  });
}

/** Weight of the heaviest candidate of each pixel. */
function heaviestWeights({ shape: [, pixels, top], weight }: KeptStep): Float64Array {
  return Float64Array.from({ length: pixels }, (_, e) => weight[e * top]!);
}

/** One row for each sample, machine and step. */
export function participationCsv(samples: readonly KeptSample[]): string {
  const header = [
    ...["sample", "machine", "t", "patch_size"],
    ...[
      "effective_patches_lower_quartile",
      "effective_patches_median",
      "effective_patches_upper_quartile",
    ],
    ...[
      "effective_images_lower_quartile",
      "effective_images_median",
      "effective_images_upper_quartile",
    ],
    ...["mean_entropy", "heaviest_weight_median", "heaviest_weight_mean"],
    ...["images_of_90_percent", "effective_images_of_picture"],
  ];
  const rows = samples.flatMap(({ machines }, sample) =>
    machines.flatMap(({ machine, steps }) =>
      steps.map((step): CsvValue[] => {
        const weights = heaviestWeights(step);
        const patches = spreadOf(step.effectivePatches), images = spreadOf(step.effectiveImages);
        return [
          ...[sample, machine, step.t, step.patchSize],
          ...[patches.low, patches.median, patches.high, images.low, images.median, images.high],
          ...[average(step.entropy), quantile(weights, 0.5), average(weights)],
          ...[step.imagesOf90, step.effectiveSources],
        ];
      })
    )
  );
  return csvText([header, ...rows]);
}

const average = (values: Float64Array) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** One row for each machine, step and size of regions, over all samples. */
export function regionsCsv(curves: readonly RegionCurve[]): string {
  return csvText([
    ["machine", "t", "patch_size", "size", "regions", "weight"],
    ...curves.flatMap(({ label, points }) =>
      points.flatMap(({ t, patchSize, sizes }) =>
        sizes.map((each) => [
          ...[label, t, patchSize, each.size],
          ...[each.regions ?? null, each.weight],
        ])
      )
    ),
  ]);
}

/** One row for each image and each of its nearest. */
export function nearestCsv(
  { groups, amongHeldOut }: Nearness,
  labels: ArrayLike<number>,
): string {
  const rowsOf = (
    label: string,
    set: string,
    { shape: [count, found], image, distance }: Nearness["groups"][number]["nearest"],
  ): CsvValue[][] =>
    Array.from({ length: count * found }, (_, at) => [
      ...[label, Math.floor(at / found), set, at % found + 1, image[at]!],
      ...[set === "training" ? labels[image[at]!] ?? null : null, distance[at]!],
    ]);
  return csvText([
    ["kind", "number", "nearest_of", "rank", "image", "class", "distance"],
    ...groups.flatMap(({ label, nearest }) => rowsOf(label, "training", nearest)),
    ...amongHeldOut ? rowsOf(heldOutLabel, heldOutLabel, amongHeldOut) : [],
  ]);
}

/** One row for each patch of the pixels that are shown, of all machines and steps. */
export function patchesCsv(
  samples: readonly KeptSample[],
  { choice, labels }: { readonly choice: PixelChoice; readonly labels: ArrayLike<number> },
): string {
  const rows = samples.flatMap((sample, number) =>
    pixelsOf(sample, choice).flatMap(([row, column]) =>
      sample.machines.flatMap(({ machine, steps }) =>
        steps.flatMap((step) => {
          const [, , top] = step.shape, width = step.xHat0.shape[2];
          const first = (row * width + column) * top;
          return Array.from({ length: top }, (_, i) => first + i)
            .filter((at) => step.image[at]! >= 0)
            .map((at): CsvValue[] => [
              ...[number, machine, row, column, step.t, step.patchSize, at - first + 1],
              ...[
                step.image[at]!,
                labels[step.image[at]!] ?? null,
                step.row[at]!,
                step.column[at]!,
              ],
              step.weight[at]!,
            ]);
        })
      )
    )
  );
  return csvText([
    [
      ...["sample", "machine", "row", "column", "t", "patch_size", "rank"],
      ...["image", "class", "image_row", "image_column", "weight"],
    ],
    ...rows,
  ]);
}

/** Everything as plain data, for JSON. */
export function mosaicNumbers(
  samples: readonly KeptSample[],
  { nearness, regions, choice, labels }: {
    readonly nearness: Nearness;
    readonly regions: readonly RegionCurve[];
    readonly choice: PixelChoice;
    /** Classes of the samples. */
    readonly labels: readonly number[] | undefined;
  },
) {
  const { groups, amongHeldOut, heldOut } = nearness;
  return {
    samples: samples.map((sample, number) => ({
      sample: number,
      label: labels?.[number] ?? null,
      pixels: pixelsOf(sample, choice),
      machines: Object.fromEntries(sample.machines.map(({ machine, steps }) => [
        machine,
        steps.map((step) => ({
          t: step.t,
          patchSize: step.patchSize,
          effectivePatches: spreadOf(step.effectivePatches),
          effectiveImages: spreadOf(step.effectiveImages),
          heaviestWeight: spreadOf(heaviestWeights(step)),
          imagesOf90: step.imagesOf90,
          effectiveImagesOfPicture: step.effectiveSources,
          sources: step.sources,
        })),
      ])),
    })),
    regions: regions.map(({ label, points }) => ({
      machine: label,
      steps: points.map(({ t, patchSize, spread }) => ({ t, patchSize, size: spread })),
    })),
    nearest: Object.fromEntries(groups.map((group) => [
      group.label,
      {
        distance: spreadOf(nearestDistances(group)),
        ratio: ratioOf(group),
      },
    ])),
    heldOut: heldOut === undefined ? null : {
      images: heldOut.images.shape[0],
      what: heldOut.what,
      distanceAmongThem: amongHeldOut === undefined ? null : spreadOf(amongHeldOut.distance),
    },
  };
}

/** Distance to the nearest over that to the second; null where there is one training image only. */
function ratioOf({ nearest: { shape: [count, found], distance } }: Nearness["groups"][number]) {
  if (found < 2) return null;
  return spreadOf(Array.from({ length: count }, (_, i) => {
    const second = distance[i * found + 1]!;
    return second > 0 ? distance[i * found]! / second : 1;
  }));
}
