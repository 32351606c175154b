/**
 * Figures of results: plain data in, SVG, PNG or HTML out.
 *
 * @example A loss curve
 * ```ts
 * import { lossCurveSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const curve = { label: "resnet", step: [1, 2, 3], loss: [0.9, 0.4, 0.3] };
 * const svg = await lossCurveSvg([curve], { title: "Training" });
 * assertStringIncludes(svg, "resnet");
 * ```
 *
 * @module
 */
export type { ImageBatch } from "./core/image_batch.ts";
export {
  type AgreementGroup,
  type AgreementPlotOptions,
  agreementPlotSvg,
} from "./figures/agreement_plot.ts";
export {
  type GridCaption,
  type GridRow,
  type ImageGrid,
  type ImageGridOptions,
  imageGridPng,
  imageGridSvg,
} from "./figures/image_grid.ts";
export { type LossCurve, type LossCurveOptions, lossCurveSvg } from "./figures/loss_curve.ts";
export type { PlotOptions } from "./figures/plot_svg.ts";
export { createRasterizer, type Rasterizer, type RasterizerAssets } from "./figures/rasterize.ts";
export {
  receptiveFieldMapsExplained,
  receptiveFieldMapsSvg,
} from "./figures/receptive_field_maps.ts";
export {
  receptiveFieldPlotExplained,
  type ReceptiveFieldPlotOptions,
  receptiveFieldPlotSvg,
} from "./figures/receptive_field_plot.ts";
export {
  type KeyNumber,
  type Report,
  type ReportFigure,
  reportHtml,
  type ReportTable,
} from "./figures/report.ts";
export {
  type ScaleCurve,
  scaleCurveOf,
  type ScaleCurveOptions,
  scaleCurveSvg,
} from "./figures/scale_curve.ts";
export { type TargetCurveOptions, targetCurveSvg } from "./figures/target_curve.ts";
export type { TargetPoint } from "./figures/target_point.ts";
export { tileImages, type TileOptions } from "./figures/tile_images.ts";
export type { ScaleSchedule } from "./machines/scale_schedule.ts";
export type {
  FieldAtTime,
  FieldProfile,
  ReceptiveField,
} from "./networks/analysis/field_profile.ts";
