/**
 * Train small convolutional diffusion models and predict what they generate with the equivariant
 * local score machine.
 *
 * @module
 */
export {
  CheckpointMismatchError,
  DataFormatError,
  DeviceUnavailableError,
} from "./src/array/errors.ts";
export {
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  imageShapeOf,
  sliceBatch,
  valuesPerImage,
} from "./src/array/image_batch.ts";
export { Random, type RandomState } from "./src/array/random.ts";
export {
  type AgreementGroup,
  type AgreementPlotOptions,
  agreementPlotSvg,
} from "./src/figures/agreement_plot.ts";
export {
  type GridCaption,
  type GridRow,
  type ImageGrid,
  type ImageGridOptions,
  imageGridPng,
  imageGridSvg,
} from "./src/figures/image_grid.ts";
export { type LossCurve, type LossCurveOptions, lossCurveSvg } from "./src/figures/loss_curve.ts";
export type { PlotOptions } from "./src/figures/plot_svg.ts";
export {
  createRasterizer,
  type Rasterizer,
  type RasterizerAssets,
} from "./src/figures/rasterize.ts";
export {
  type KeyNumber,
  type Report,
  type ReportFigure,
  reportHtml,
  type ReportTable,
} from "./src/figures/report.ts";
export {
  type ScaleCurve,
  scaleCurveOf,
  type ScaleCurveOptions,
  scaleCurveSvg,
} from "./src/figures/scale_curve.ts";
export { tileImages, type TileOptions } from "./src/figures/tile_images.ts";
export type { Provenance } from "./src/formats/provenance.ts";
export type {
  MachineName,
  ScaleAggregate,
  ScaleSchedule,
  ScaleStep,
  SimilarityMetric,
} from "./src/formats/scale_schedule.ts";
