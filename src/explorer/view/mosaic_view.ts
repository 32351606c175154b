/** The denoised image as a mosaic of training patches: pictures, seams, and what steps have in common. */
import type { ImageShape } from "../../core/image_batch.ts";
import { quantile } from "../../core/statistics.ts";
import { copiedRegions } from "../../evaluation/copied_regions.ts";
import { levelColor } from "../../figures/level_color.ts";
import {
  type MosaicSource,
  mosaicSources,
  type SourceColors,
  sourceColors,
} from "../../figures/mosaic_colors.ts";
import {
  entropyPicture,
  shiftPicture,
  sourcePicture,
  weightPicture,
} from "../../figures/mosaic_pictures.ts";
import { borderPath } from "../../figures/region_borders.ts";
import type { Explanation } from "../../machines/explanation.ts";
import type { MachineName } from "../../machines/machine_table.ts";
import type { ExplorerEngine, MosaicView } from "../contract.ts";
import { isCyclic, type Picture, pictureOf } from "./pixels.ts";

/** What of a whole reverse process the colors of its steps share, so that they do not change as one scrubs. */
export interface MosaicScale {
  readonly colors: SourceColors;
  /** Largest entropy of a pixel, in nats. */
  readonly entropy: number;
  /** Largest weight of a candidate. */
  readonly weight: number;
}

/** The scale of the steps that are known. */
export function mosaicScale(explanations: readonly Explanation[]): MosaicScale {
  const entropy = explanations.reduce(
    (largest, each) => each.entropy.reduce((a, b) => Math.max(a, b), largest),
    Math.log(2),
  );
  const colors = sourceColors(mosaicSources(explanations).map(({ image }) => image));
  return { colors, entropy, weight: Math.max(...explanations.map(largestWeight)) };
}

/** The largest weight of any candidate of a step. */
function largestWeight({ weight }: Explanation): number {
  return weight.reduce((a, b) => Math.max(a, b), 0);
}

/** The weight from which on a mosaic's colors are at their strongest: nine of ten pixels lie below it. */
export function strongWeight({ weight, shape: [, , top] }: Explanation): number {
  return quantile(weight.filter((_, i) => i % top === 0), 0.9);
}

/** An explanation with weights in parts of one of them: small ones are seen, too. */
function relativeTo(explanation: Explanation, most: number): Explanation {
  return { ...explanation, weight: explanation.weight.map((weight) => weight / most) };
}

/** The training images that are seen most at one step. */
export function mosaicSourcesOf(explanation: Explanation): MosaicSource[] {
  return mosaicSources([explanation]);
}

/** Options of {@linkcode mosaicPicture}. */
export interface MosaicOptions {
  readonly view: Exclude<MosaicView, "image">;
  readonly scale: MosaicScale;
  readonly machine: MachineName;
  readonly shape: ImageShape;
  readonly trainingImage: ExplorerEngine["trainingImage"];
}

/** Pictures that were made: of every step one for each view, so that scrubbing draws none anew. */
const made = new WeakMap<Explanation, { scale: MosaicScale; pictures: Map<MosaicView, Picture> }>();

/** One view of an explanation of all pixels. */
export function mosaicPicture(explanation: Explanation, options: MosaicOptions): Picture {
  const { view, scale } = options;
  let known = made.get(explanation);
  if (known?.scale !== scale) {
    known = { scale, pictures: new Map() };
    made.set(explanation, known);
  }
  const picture = known.pictures.get(view) ?? drawnPicture(explanation, options);
  known.pictures.set(view, picture);
  return picture;
}

function drawnPicture(explanation: Explanation, options: MosaicOptions): Picture {
  const { view, scale: { colors, entropy, weight }, machine, shape, trainingImage } = options;
  switch (view) {
    case "source":
      return sourcePicture(relativeTo(explanation, strongWeight(explanation)), { colors });
    case "copied":
      return pictureOf(copied(explanation, { shape, trainingImage }), { shape });
    case "shift":
      return shiftPicture(relativeTo(explanation, strongWeight(explanation)), {
        wrap: isCyclic(machine),
        reach: shiftReach(shape),
      });
    case "weight":
      return weightPicture(relativeTo(explanation, weight));
    case "entropy":
      return entropyPicture(explanation, { most: entropy });
  }
}

/** The image of which every pixel is that of its heaviest candidate, `[H, W, C]`. */
function copied(
  { shape: [, pixels, top], image, row, column }: Explanation,
  { shape: [height, width, channels], trainingImage }: Pick<
    MosaicOptions,
    "shape" | "trainingImage"
  >,
): Float32Array {
  const values = new Float32Array(height * width * channels);
  for (let p = 0; p < pixels; p++) {
    const at = p * top;
    if (image[at]! < 0) continue;
    const { data } = trainingImage(image[at]!);
    const from = (row[at]! * width + column[at]!) * channels;
    values.set(data.subarray(from, from + channels), p * channels);
  }
  return values;
}

/** Shifts from this length on have the strongest colors. */
export function shiftReach([height, width]: readonly [number, number, ...number[]]): number {
  return Math.max(height, width) / 2;
}

/** Colors from nothing to all, as maps have them. */
export const mapRamp: readonly string[] = [0, 0.25, 0.5, 0.75, 1].map((level) =>
  `rgb(${levelColor(level).map((value) => Math.round(value)).join()})`
);

/** Pixels from which on a piece is one: smaller ones would make a mesh of their seams. */
const smallestPiece = 4;

const seams = new WeakMap<Explanation, string>();

/** The seams between copied pieces, as a path in units of pixels; empty for views that do not show pieces. */
export function seamsOf(
  explanation: Explanation,
  { view, machine, shape: [height, width] }: {
    readonly view: MosaicView;
    readonly machine: MachineName;
    readonly shape: ImageShape;
  },
): string {
  if (view !== "source" && view !== "copied") return "";
  const known = seams.get(explanation);
  if (known !== undefined) return known;
  const { regionOf, regions } = copiedRegions(explanation, { wrap: isCyclic(machine) });
  const pieces = regionOf.map((region) =>
    region >= 0 && regions[region]!.pixels >= smallestPiece ? region : -1
  );
  const path = borderPath(pieces, { height, width });
  seams.set(explanation, path);
  return path;
}
