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
  agreementPlotExplained,
  type AgreementPlotOptions,
  agreementPlotSvg,
} from "./figures/agreement_plot.ts";
export {
  displayFilm,
  displayImages,
  type DisplayImagesOptions,
  displaySvg,
  displayTable,
  type DisplayTableOptions,
  jupyterDisplay,
  type MediaBundle,
  type RichDisplay,
} from "./figures/display.ts";
export type { TableCell } from "./figures/display_table.ts";
export {
  embedFont,
  type EmbedFontOptions,
  type FontFace,
  type FontNeeds,
  fontNeeds,
} from "./figures/embed_font.ts";
export {
  type FactorPanel,
  factorPlotExplained,
  type FactorPlotOptions,
  factorPlotSvg,
  type FactorPoint,
} from "./figures/factor_plot.ts";
export {
  type Film,
  type FilmMoment,
  filmMoments,
  type FilmMomentsOptions,
  type FilmPair,
  type FilmPatch,
  type FilmPoint,
  type FilmStep,
} from "./figures/film.ts";
export { filmFrameSvg } from "./figures/film_frame.ts";
export {
  type FilmPicture,
  filmPictures,
  type FilmPicturesOptions,
} from "./figures/film_pictures.ts";
export type { RgbaPixels } from "./formats/rgba_pixels.ts";
export {
  type GridCaption,
  type GridRow,
  type ImageGrid,
  type ImageGridOptions,
  imageGridPng,
  imageGridSvg,
} from "./figures/image_grid.ts";
export {
  type IntervalMark,
  intervalPlotExplained,
  type IntervalPlotOptions,
  intervalPlotSvg,
} from "./figures/interval_plot.ts";
export {
  type LossCurve,
  lossCurveExplained,
  type LossCurveOptions,
  lossCurveSvg,
} from "./figures/loss_curve.ts";
export {
  type DescribedMachine,
  machinesExplained,
  sampleGridExplained,
} from "./figures/machines_explained.ts";
export {
  mosaicExplained,
  type MosaicOptions,
  type MosaicRow,
  mosaicSvg,
} from "./figures/mosaic_figure.ts";
export type { MosaicStep, MosaicTrace } from "./figures/mosaic_step.ts";
export {
  mosaicStepsExplained,
  type MosaicStepsOptions,
  mosaicStepsSvg,
} from "./figures/mosaic_steps.ts";
export {
  nearestExplained,
  type NearestGroup,
  type NearestOptions,
  nearestSvg,
} from "./figures/nearest_figure.ts";
export {
  type ParticipationCurve,
  participationExplained,
  type ParticipationPoint,
  participationSvg,
  type Spread,
} from "./figures/participation_plot.ts";
export {
  patchStripExplained,
  type PatchStripOptions,
  patchStripSvg,
} from "./figures/patch_strip.ts";
export {
  type RegionCurve,
  regionPlotExplained,
  regionPlotSvg,
  type RegionPoint,
} from "./figures/region_plot.ts";
export {
  type MosaicSource,
  mosaicSources,
  shiftColor,
  type SourceColors,
  sourceColors,
  sourcePalette,
} from "./figures/mosaic_colors.ts";
export {
  copiedImage,
  entropyPicture,
  mosaicOpacity,
  type PicturedExplanation,
  type RgbaPicture,
  shiftPicture,
  sourcePicture,
  weightPicture,
} from "./figures/mosaic_pictures.ts";
export type { PlotOptions } from "./figures/plot_svg.ts";
export {
  createRasterizer,
  type Rasterizer,
  type RasterizerAssets,
  type RasterizerOptions,
} from "./figures/rasterize.ts";
export {
  receptiveFieldMapsExplained,
  receptiveFieldMapsSvg,
} from "./figures/receptive_field_maps.ts";
export {
  receptiveFieldPlotExplained,
  type ReceptiveFieldPlotOptions,
  receptiveFieldPlotSvg,
} from "./figures/receptive_field_plot.ts";
export { borderPath } from "./figures/region_borders.ts";
export {
  type Report,
  reportHtml,
  type ReportPage,
  reportPages,
  type ReportPagesOptions,
} from "./figures/report.ts";
export type { KeyNumber, ReportFigure, ReportFile, ReportTable } from "./figures/report_parts.ts";
export type { ReportSamples, SampleKind, SampleMeasure } from "./figures/report_samples.ts";
export {
  scaleCurveExplained,
  scaleCurveOf,
  type ScaleCurveOptions,
  scaleCurveSvg,
  scalePanelsSvg,
} from "./figures/scale_curve.ts";
export type { ScaleCurve } from "./figures/scale_panel.ts";
export {
  targetCurveExplained,
  type TargetCurveOptions,
  targetCurveSvg,
} from "./figures/target_curve.ts";
export type { TargetPoint } from "./figures/target_point.ts";
export { tileImages, type TileOptions } from "./figures/tile_images.ts";
export type { Explanation } from "./machines/explanation.ts";
export type { ScaleSchedule } from "./machines/scale_schedule.ts";
export type {
  FieldAtTime,
  FieldProfile,
  ReceptiveField,
} from "./networks/analysis/field_profile.ts";
