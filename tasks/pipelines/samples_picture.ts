/** The picture of samples: what made them, how, and of which classes. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Most images in a row. */
const widest = 10;

/** Samples that are drawn at most: more make a picture that takes minutes, and that nobody opens. */
const most = 100;

/** How samples came about. */
export interface SamplesOrigin {
  readonly network: LoadedNetwork;
  readonly protocol: SamplingProtocol;
  /** The machine, if not the network itself made them. */
  readonly machine: MachineName | undefined;
  /** The machine's scales. */
  readonly scales: ScaleSchedule | undefined;
}

/** Images in a row: a cycle of classes where there are classes, else so many that a square comes out. */
function columnCount(samples: number, labels: readonly number[] | undefined): number {
  const cycle = labels === undefined ? 0 : labels.indexOf(labels[0]!, 1);
  if (cycle > 1 && cycle <= widest) return cycle;
  return Math.min(samples, widest, Math.max(4, Math.ceil(Math.sqrt(samples))));
}

/** Draws samples `[B, H, W, C]`, the first hundred where there are more, in rows, with a title and labels, as SVG. */
export function samplesSvg(
  images: ImageBatch,
  { network, protocol, machine, scales }: SamplesOrigin,
): string {
  const { sampler, steps, grid, seed, labels } = protocol;
  const [all] = images.shape;
  const samples = Math.min(all, most);
  const columns = columnCount(samples, labels);
  const starts = Array.from({ length: Math.ceil(samples / columns) }, (_, row) => row * columns);
  const className = (label: number) => network.classNames[label] ?? `class ${label}`;
  // Classes that come again in every row stand once, above their columns.
  const shown = labels?.slice(0, samples);
  const titles = shown?.slice(0, columns).map(className);
  const regular = shown?.every((label, i) => label === shown[i % columns]);
  const patchSizes = scales?.steps.map(({ patchSize }) => patchSize).join(",");
  return imageGridSvg({
    title: `${machine === undefined ? network.label : `${machine} of ${network.label}`}: ` +
      `${steps} steps of ${sampler}, ${grid} times, seed ${seed}`,
    ...titles && regular && { columns: titles },
    ragged: true,
    rows: starts.map((first) => {
      const end = Math.min(first + columns, samples);
      const numbers = end - first === 1 ? `${first}` : `${first} to ${end - 1}`;
      return {
        label: `${machine ?? "network"} ${numbers}`,
        images: sliceBatch(images, first, end),
      };
    }),
    ...(patchSizes !== undefined || (labels && !regular) || samples < all) && {
      note: [
        ...samples < all ? [`The first ${samples} of ${all}.`] : [],
        ...patchSizes === undefined ? [] : [`Scales from low noise to high: ${patchSizes}.`],
        ...labels && !regular ? [`Classes: ${shown!.map(className).join(", ")}.`] : [],
      ].join(" "),
    },
  }, { zoom: 3 });
}
