/** Pictures of a reproduction, from the files that the runs left. */
import { join } from "@std/path";
import { type ImageBatch, imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { scaleCurveExplained, scaleCurveSvg } from "../../src/figures/scale_curve.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { embedLato } from "../cli/lato.ts";
import { loadRasterizer } from "../cli/rasterizer.ts";
import { evaluationFiles } from "../pipelines/evaluation_export.ts";
import { publishedScales } from "./published.ts";
import type { ExperimentRecord } from "./run_experiment.ts";
import type { AblationRecord } from "./scale_ablation.ts";

const COLUMNS = 8;

/**
 * The first samples of every experiment: what the network made, and what its machine predicts.
 *
 * @returns PNG; undefined if no run has its images any more.
 */
export async function samplesPicture(
  records: readonly ExperimentRecord[],
): Promise<Uint8Array | undefined> {
  const found = await Promise.all(records.map(imagesOf));
  const pairs = found.flatMap((images, i) =>
    images === undefined ? [] : [{
      ...images,
      name: records[i]!.experiment.replaceAll("-", " "),
      machine: records[i]!.scales[0]!.machine,
    }]
  );
  if (pairs.length === 0) return undefined;
  const columns = Math.min(COLUMNS, ...pairs.map(({ network }) => network.shape[0]));
  const svg = imageGridSvg({
    rows: pairs.flatMap(({ name, machine, network, theory }) => [
      { label: `${name}: network`, images: sliceBatch(network, 0, columns) },
      { label: machine, images: sliceBatch(theory, 0, columns) },
    ]),
  }, { zoom: 1, gutter: 2 });
  return (await loadRasterizer())(svg);
}

async function imagesOf(
  { run, scales }: ExperimentRecord,
): Promise<{ network: ImageBatch; theory: ImageBatch } | undefined> {
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
