/** Pictures of a reproduction, from the files that the runs left. */
import { join } from "@std/path";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import type { ScaleCurve } from "../../src/figures/scale_panel.ts";
import {
  scaleCurveExplained,
  scaleCurveSvg,
  scalePanelsSvg,
} from "../../src/figures/scale_curve.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { embedLato } from "../cli/lato.ts";
import { loadRasterizer } from "../cli/rasterizer.ts";
import { evaluationFiles } from "../pipelines/evaluation_export.ts";
import { publishedScales } from "./published.ts";
import { datasetTitles, type Experiment, experimentDatasets, networkTitle } from "./experiments.ts";
import type { ExperimentRecord, ScalesRecord } from "./run_experiment.ts";
import type { AblationRecord } from "./scale_ablation.ts";
import { type SamplePair, zooSamples } from "./zoo_results.ts";

const COLUMNS = 10;

/** A network of a data set, with what was found. */
export interface SamplesEntry {
  readonly experiment: Experiment;
  readonly record: ExperimentRecord;
}

/**
 * The first samples of networks of one data set: what each made, and what its machine predicts.
 *
 * @returns PNG; undefined if neither runs nor zoo have images.
 */
export async function samplesPicture(
  entries: readonly SamplesEntry[],
): Promise<Uint8Array | undefined> {
  const found = await Promise.all(
    entries.map(async ({ experiment, record }) =>
      await imagesOf(record) ?? await zooSamples(experiment.name)
    ),
  );
  const pairs = found.flatMap((images, i) =>
    images === undefined ? [] : [{
      ...images,
      name: networkTitle(entries[i]!.experiment),
      machine: entries[i]!.record.scales[0]!.machine,
    }]
  );
  if (pairs.length === 0) return undefined;
  const columns = Math.min(COLUMNS, ...pairs.map(({ network }) => network.shape[0]));
  const svg = imageGridSvg({
    rows: pairs.flatMap(({ name, machine, network, theory }) => [
      { label: name, images: sliceBatch(network, 0, columns) },
      { label: machine, images: sliceBatch(theory, 0, columns) },
    ]),
  }, { zoom: 1, gutter: 2 });
  return (await loadRasterizer())(svg);
}

/** The images that an evaluation left; undefined where it is not here. */
export async function imagesOf(
  { run, scales }: Pick<ExperimentRecord, "run" | "scales">,
): Promise<SamplePair | undefined> {
  const path = join(run, evaluationFiles.images);
  const bytes = await Deno.readFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const { tensors } = parseSafetensors(bytes, path);
  const batch = (name: string) => {
    const { data, shape } = tensors.get(name)!;
    return imageBatch(data as Float32Array, shape as [number, number, number, number]);
  };
  return { network: batch("network"), theory: batch(scales[0]!.machine) };
}

/** Scales of the theory's machine for every network against time, a panel for each data set, as SVG. */
export async function scalesPicture(entries: readonly ScalesEntry[]): Promise<string> {
  const panels = experimentDatasets.flatMap((dataset) => {
    const curves = entries.filter(({ experiment }) => experiment.dataset === dataset)
      .map(({ experiment, scales }): ScaleCurve => ({
        label: networkTitle(experiment),
        t: scales.t,
        patchSize: scales.patchSize,
      }));
    return curves.length === 0 ? [] : [{ title: datasetTitles[dataset], curves }];
  });
  const note = scaleCurveExplained(panels.flatMap(({ curves }) => curves), { spread: "none" });
  return await embedLato(await scalePanelsSvg(panels, { note }));
}

/** A network's scales. */
export interface ScalesEntry {
  readonly experiment: Experiment;
  readonly scales: ScalesRecord;
}

/** The scales of an ablation against time, beside the published ones at their own times, as SVG. */
export async function ablationPicture(
  { experiment, t, variants }: AblationRecord,
): Promise<string> {
  const published = publishedScales[experiment];
  const curves = [
    ...variants.filter(({ name }) => name === "cosine" || name === "refined").map((
      { name, scales },
    ) => ({
      label: name === "cosine" ? "per step, by cosine" : "refined by final images",
      t,
      patchSize: scales,
    })),
    ...published
      ? [{
        label: "published",
        t: published.map((_, i) => (i + 1) / published.length),
        patchSize: published,
      }]
      : [],
  ];
  const spread = "none";
  const note = scaleCurveExplained(curves, { spread });
  return await embedLato(
    await scaleCurveSvg(curves, { title: `Scales of ${experiment}`, spread, note }),
  );
}
