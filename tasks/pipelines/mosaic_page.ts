/** Figures and page of a mosaic: what they show, and in which words. */
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { machinesExplained } from "../../src/figures/machines_explained.ts";
import { mosaicExplained, mosaicSvg } from "../../src/figures/mosaic_figure.ts";
import { mosaicStepsExplained, mosaicStepsSvg } from "../../src/figures/mosaic_steps.ts";
import { nearestExplained, nearestSvg } from "../../src/figures/nearest_figure.ts";
import {
  type ParticipationCurve,
  participationExplained,
  participationSvg,
} from "../../src/figures/participation_plot.ts";
import { patchStripExplained, patchStripSvg } from "../../src/figures/patch_strip.ts";
import {
  type RegionCurve,
  regionPlotExplained,
  regionPlotSvg,
} from "../../src/figures/region_plot.ts";
import type { Report } from "../../src/figures/report.ts";
import type { ReportFigure, ReportFile } from "../../src/figures/report_parts.ts";
import { machineTable } from "../../src/machines/machine_table.ts";
import type { MosaicPlan } from "./mosaic.ts";
import type { KeptSample } from "./mosaic_sample.ts";
import { firstImages, heldOutLabel, nearestDistances, type Nearness } from "./mosaic_nearest.ts";
import { type PixelChoice, pixelsOf, spreadOf } from "./mosaic_numbers.ts";
import type { LoadedNetwork } from "./sources.ts";

/** Files of a mosaic; pictures without their ending, those of samples with a number behind it. */
export const mosaicFiles = {
  report: "mosaic.html",
  json: "mosaic.json",
  mosaic: "mosaic",
  machines: "mosaic_machines",
  steps: "mosaic_steps",
  patches: "patches",
  participation: "participation",
  regions: "regions",
  nearest: "nearest",
  distances: "distances",
} as const;

/** Samples in the picture of all, and samples with figures of their own on the page. */
const [shownRows, shownSamples] = [6, 3];

/** What the figures are about. */
export interface MosaicContent {
  readonly samples: readonly KeptSample[];
  readonly plan: MosaicPlan;
  readonly network: LoadedNetwork;
  readonly data: ImageDataset;
  readonly nearness: Nearness;
  readonly choice: PixelChoice;
  readonly participation: readonly ParticipationCurve[];
  readonly regions: readonly RegionCurve[];
}

/** A figure that is a file and may stand on the page. */
export interface MosaicFigure {
  readonly name: string;
  readonly title: string;
  readonly explained: readonly string[];
  readonly draw: (note?: string) => string | Promise<string>;
  /** Files with the data in it. */
  readonly data: readonly ReportFile[];
  /** Whether it stands on the page. */
  readonly onPage: boolean;
}

/** Number of a sample in file names. */
const numbered = (name: string, sample: number) => `${name}_${sample}`;

/** The figures in the order of the page. */
export function mosaicFigures(content: MosaicContent): MosaicFigure[] {
  const { samples, plan, network, data, nearness, choice, participation, regions } = content;
  const { machines: names, protocol: { labels } } = plan;
  const { images, labels: classes } = data;
  const { classNames } = network;
  const machine = names[0]!;
  const nameOf = (sample: number) => {
    const label = labels?.[sample];
    return `sample ${sample}${
      label === undefined ? "" : `, ${classNames[label] ?? `class ${label}`}`
    }`;
  };
  const common = { images, labels: classNames.length > 0 ? classes : undefined, classNames };
  const explained = machinesExplained(
    names.flatMap((name) => machineTable.filter((row) => row.name === name)),
  );
  const csv = (name: string, label = "numbers (CSV)") => ({ href: `${name}.csv`, label });
  const { groups, heldOut } = nearness;
  const shown = groups.filter(({ label }) =>
    label === "network" || label === machine || label === heldOutLabel
  );
  return [
    {
      name: mosaicFiles.mosaic,
      title: "Which training image made each pixel",
      explained: [mosaicExplained],
      draw: (note) =>
        mosaicSvg(
          samples.slice(0, shownRows).map(({ network, machines }, i) => ({
            label: nameOf(i),
            network: network.image,
            trace: machines[0]!,
          })),
          {
            ...common,
            title: `Which training image made each pixel: ${machine} of ${network.label}`,
            note,
          },
        ),
      data: [],
      onPage: true,
    },
    ...names.length === 1 ? [] : [{
      name: mosaicFiles.machines,
      title: "The same noise, other machines",
      explained: [
        `What each machine makes of ${nameOf(0)}, drawn as above. ${explained}`,
      ],
      draw: (note?: string) =>
        mosaicSvg(
          samples[0]!.machines.map((trace) => ({
            label: trace.machine,
            network: samples[0]!.network.image,
            trace,
          })),
          { ...common, title: `The same noise, other machines: ${nameOf(0)}`, note },
        ),
      data: [],
      onPage: true,
    }],
    ...samples.flatMap(({ network: { xHat0 }, machines }, i) => [
      {
        name: numbered(mosaicFiles.steps, i),
        title: `Step by step: ${nameOf(i)}`,
        explained: [mosaicStepsExplained],
        draw: (note?: string) =>
          mosaicStepsSvg(machines[0]!, {
            images,
            network: xHat0,
            title: `The mosaic of ${machine}, step by step: ${nameOf(i)}`,
            note,
          }),
        data: [],
        onPage: i < shownSamples,
      },
      {
        name: numbered(mosaicFiles.patches, i),
        title: `Patches of single pixels: ${nameOf(i)}`,
        explained: [patchStripExplained],
        draw: (note?: string) =>
          patchStripSvg(machines[0]!, {
            images,
            pixels: pixelsOf(samples[i]!, choice),
            top: 4,
            title: `Patches that made single pixels of ${nameOf(i)} (${machine})`,
            note,
          }),
        data: [csv("patches", "all patches (CSV)")],
        onPage: i < shownSamples,
      },
    ]),
    {
      name: mosaicFiles.participation,
      title: "How many patches and images take part",
      explained: [participationExplained, explained],
      draw: (note) => participationSvg(participation, { title: "How many take part", note }),
      data: [csv("participation")],
      onPage: true,
    },
    {
      name: mosaicFiles.regions,
      title: "Sizes of copied regions",
      explained: [regionPlotExplained],
      draw: (note) => regionPlotSvg(regions, { title: "Sizes of copied regions", note }),
      data: [csv("regions")],
      onPage: true,
    },
    {
      name: mosaicFiles.nearest,
      title: "Nearest training images",
      explained: [nearestExplained],
      draw: (note) =>
        nearestSvg(
          shown.map(({ label, images, nearest }) => ({
            label,
            images: firstImages(images, shownRows),
            nearest,
          })),
          {
            images,
            rows: Math.min(shownRows, samples.length),
            title: "Nearest training images",
            note,
          },
        ),
      data: [csv("nearest")],
      onPage: true,
    },
    {
      name: mosaicFiles.distances,
      title: "Distances to the nearest training image",
      explained: [
        "Each dot is an image: its Euclidean distance (L2) to the nearest training image, over all values, which " +
        "lie from -1 to 1. The box holds the middle half, the thick line is the median." +
        (heldOut === undefined
          ? ""
          : ` Held out: ${
            heldOut.images.shape[0]
          } ${heldOut.what}, as control. A machine or network that ` +
            "memorizes lies below them, near 0."),
      ],
      draw: (note) =>
        agreementPlotSvg(
          groups.map((group) => ({ label: group.label, values: nearestDistances(group) })),
          {
            title: "Distance to the nearest training image",
            valueTitle: "L2 distance to the nearest training image",
            note,
          },
        ),
      data: [csv("nearest")],
      onPage: true,
    },
  ];
}

/** The page about a mosaic. */
export function mosaicReport(
  content: MosaicContent,
  { links, figures, files, configuration, provenance }: {
    readonly links: readonly ReportFile[];
    readonly figures: readonly ReportFigure[];
    readonly files: readonly ReportFile[];
    readonly configuration: Readonly<Record<string, unknown>>;
    readonly provenance: Readonly<Record<string, unknown>>;
  },
): Report {
  const { samples, plan, network, data, nearness, participation, regions } = content;
  const machine = plan.machines[0]!;
  const last = participation[0]!.points.at(-1)!;
  const median = (value: number) =>
    value >= 1000 ? Math.round(value).toLocaleString("en") : String(
      Number(value.toPrecision(3)),
    );
  const distance = (label: string) => {
    const group = nearness.groups.find((each) => each.label === label);
    return group && spreadOf(nearestDistances(group)).median.toFixed(2);
  };
  const control = distance(heldOutLabel);
  return {
    title: `Where the pixels of ${network.label} come from`,
    summary:
      `${samples.length} samples: network and machines start from the same noise. Theory says that a generated ` +
      `image is a mosaic of patches of training images; here is which patches. The machines use ${
        data.images.shape[0].toLocaleString("en")
      } images of ${data.label ?? data.name}.`,
    links,
    keyNumbers: [
      {
        label: `images with 90 % of the weight of a picture, last step of ${machine}`,
        value: median(last.imagesOf90.median),
        note: `of ${data.images.shape[0].toLocaleString("en")}; median over samples`,
      },
      {
        label: `pixels of the region that a pixel was copied with, ${machine}`,
        value: median(regions[0]!.points.at(-1)!.spread.median),
        note: "last step; median by weight",
      },
      {
        label: "network to the nearest training image",
        value: distance("network")!,
        note: "L2 distance; median over samples",
      },
      ...control === undefined ? [] : [{
        label: "held-out image to the nearest training image",
        value: control,
        note: "L2 distance; median",
      }],
    ],
    figures,
    files,
    configuration,
    provenance,
  };
}
