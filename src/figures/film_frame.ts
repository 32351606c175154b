/** One picture of a film. */
import type { ImageBatch } from "../core/image_batch.ts";
import type { Area } from "../formats/changed_area.ts";
import { encodePng } from "../formats/png.ts";
import { base64 } from "./base64.ts";
import {
  checkFilm,
  type Film,
  type FilmMoment,
  type FilmPatch,
  type FilmPoint,
  type FilmStep,
} from "./film.ts";
import {
  patchOf,
  type PatchWindow,
  pixelSvg,
  type Place,
  windowColor,
  windowSvg,
} from "./film_patch.ts";
import {
  axisBelow,
  rounded,
  stripHeight,
  timelineHeight,
  timelineStripSvg,
  timelineSvg,
} from "./film_timeline.ts";
import { fontFamily, ink, tones } from "./theme.ts";
import { escapeXml } from "./xml.ts";

/** Side of the place that an image has. */
const cell = 160;
const margin = 20;
/** Place of the rows' names. */
const names = 76;
const nameEnd = margin + names - 12;
const columns = [margin + names, margin + names + cell + 16, margin + names + 2 * cell + 16 + 48];
const rows = [92, 92 + cell + 30];
const width = columns[2]! + cell + margin;
const timelineTop = rows[1]! + cell + 40;
const height = timelineTop + timelineHeight + 4;

/**
 * Draws a moment of a film as SVG: above the noisy images, below the clean ones that network and machine
 * expect of them, beside them the training patch that has most of the pixel, at the bottom the time.
 *
 * The noisy images are those of the moment; all else is as the step found it at its beginning.
 *
 * @example
 * ```ts
 * import { type Film, filmFrameSvg, filmMoments } from "@els/toolkit/figures";
 * import { imageBatch, Random } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const noise = imageBatch(new Random(1).normals(64), [1, 8, 8, 1]);
 * const point = { t: 1, sigma: 1, x: { network: noise, machine: noise } };
 * const patch = { trainingImage: noise, image: 7, row: 4, column: 4, weight: 0.5, effectivePatches: 2 };
 * const film: Film = {
 *   title: "One step",
 *   machine: "ELS",
 *   pixel: [4, 4],
 *   steps: [{ ...point, xHat0: point.x, agreement: 0.9, patchSize: 3, patch, path: [point] }],
 *   final: { ...point, t: 0, agreement: 0.9 },
 * };
 * const [first] = filmMoments(film);
 * assertStringIncludes(filmFrameSvg(film, first!), "One step");
 * ```
 *
 * @returns SVG, the same bytes for the same input, on white.
 * @throws RangeError if the film cannot be drawn.
 * @category Figures
 */
export function filmFrameSvg(film: Film, moment: FilmMoment): string {
  checkFilm(film);
  const parts = [stillSvg(film, moment), ...movingParts(film, moment).map(({ svg }) => svg)];
  const label = `${escapeXml(film.title)}, t = ${rounded(pointAt(film, moment).t)}`;
  return documentOf(parts.join("\n"), { left: 0, top: 0, width, height }, label);
}

/** A part of the picture that changes while the rest stands still. */
export interface MovingPart {
  /** The rectangle that it is in, in units of the SVG. */
  readonly area: Area;
  /** A whole SVG of this rectangle alone. */
  readonly document: string;
}

/** The parts that change on a step's way: noisy images, and the mark of the time. */
export function movingFrameParts(film: Film, moment: FilmMoment): MovingPart[] {
  return movingParts(film, moment).map(({ area, svg }) => ({
    area,
    document: documentOf(svg, area, ""),
  }));
}

/** A whole SVG of a rectangle of the picture. */
function documentOf(content: string, area: Area, label: string): string {
  const { left, top, width, height } = area;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="${left} ${top} ${width} ${height}" role="img" aria-label="${label}">`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${tones.paper.light}"/>`,
    `<g font-family="${fontFamily}" font-size="12" fill="${ink}">`,
    content,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

const timeline = { left: columns[0]!, width: width - margin - 12 - columns[0]!, top: timelineTop };

/** The noisy images at a moment, with their time. */
function pointAt({ steps, final }: Film, { step, point }: FilmMoment): FilmPoint {
  return steps[step]?.path[point] ?? steps[step] ?? final;
}

/** The step of a moment: after the last one still the last. */
function stepAt({ steps }: Film, { step }: FilmMoment): FilmStep {
  return steps[Math.min(step, steps.length - 1)]!;
}

/** Where the image of a column and a row is. */
function placeOf([, h, w]: ImageBatch["shape"], column: number, row: number): Place {
  const zoom = Math.max(1, Math.floor(cell / Math.max(h, w)));
  return {
    x: columns[column]! + Math.floor((cell - w * zoom) / 2),
    y: rows[row]! + Math.floor((cell - h * zoom) / 2),
    zoom,
  };
}

function windowOf(film: Film, { patchSize }: FilmStep): PatchWindow {
  const [row, column] = film.pixel;
  return { row, column, patchSize, wraps: film.wraps ?? false };
}

function movingParts(film: Film, moment: FilmMoment) {
  const { x: { network, machine } } = pointAt(film, moment);
  const place = (column: number) => placeOf(machine.shape, column, 0);
  return [
    {
      area: {
        left: columns[0]! - 4,
        top: rows[0]! - 4,
        width: columns[1]! + cell - columns[0]! + 8,
        height: cell + 8,
      },
      svg: imageSvg(network, place(0)) + imageSvg(machine, place(1)) +
        windowSvg(machine.shape, place(1), windowOf(film, stepAt(film, moment))),
    },
    {
      area: {
        left: timeline.left - 8,
        top: timeline.top + axisBelow,
        width: timeline.width + 16,
        height: stripHeight,
      },
      svg: timelineStripSvg(film, moment, timeline),
    },
  ];
}

/** All that stands still on a step's way. */
function stillSvg(film: Film, moment: FilmMoment): string {
  const { steps, final, title, subtitle } = film;
  const step = stepAt(film, moment);
  const { patch, x: { machine } } = step;
  const { shape } = machine;
  const ended = moment.step >= steps.length;
  const window = windowOf(film, step);
  const { row, column } = patch;
  const source: PatchWindow = { ...window, row, column, wraps: film.trainingWraps ?? false };
  const soft = ` fill="${tones.soft.light}"`;
  const middle = ' text-anchor="middle"', end = ' text-anchor="end"';
  const heading = `${middle} font-size="13" font-weight="bold"`;
  const center = (i: number) => columns[i]! + cell / 2;
  const agreement = ended ? final.agreement : step.agreement;
  const number = agreement === null ? "not defined" : agreement.toFixed(2).replace("-", "−");
  const floor = timeline.top + axisBelow;
  const names = ["network", `theory: ${escapeXml(film.machine)}`, "strongest training patch"];
  const kinds = [["noisy", "image"], ["clean image", "expected"]];
  const axes = [["window k", floor - 8, ""], ["time t", floor + 19, ""], [
    "noise",
    floor + 35,
    soft,
  ]];
  return [
    text(margin, 34, escapeXml(title), ' font-size="18" font-weight="bold"'),
    ...subtitle === undefined ? [] : [text(margin, 55, escapeXml(subtitle), soft)],
    ...names.map((name, i) => text(center(i), rows[0]! - 9, name, heading)),
    ...kinds.flatMap((lines, j) =>
      lines.map((name, l) => text(nameEnd, rows[j]! + cell / 2 - 4 + 16 * l, name, end))
    ),
    imageSvg(step.xHat0.network, placeOf(shape, 0, 1)),
    imageSvg(step.xHat0.machine, placeOf(shape, 1, 1)),
    pixelSvg(placeOf(shape, 1, 1), window),
    imageSvg(patch.trainingImage, placeOf(shape, 2, 0)),
    windowSvg(shape, placeOf(shape, 2, 0), source),
    arrowSvg(columns[1]! + cell + 8, rows[0]! + cell / 2, columns[2]! - 8),
    text(center(2), rows[0]! + cell + 17, imageName(patch), `${middle}${soft}`),
    patchesSvg(patchOf(machine, window), patchOf(patch.trainingImage, source), patch),
    text(
      (columns[0]! + columns[1]! + cell) / 2,
      rows[1]! + cell + 20,
      ended ? `network and theory agree: r² = ${number}` : `r² = ${number}`,
      `${middle}${ended ? ' font-size="15" font-weight="bold"' : soft}`,
    ),
    ...axes.map(([name, y, style]) => text(nameEnd - 12, Number(y), `${name}`, `${end}${style}`)),
    timelineSvg(film, moment.step, timeline),
  ].join("\n");
}

const text = (x: number, y: number, content: string, style: string) =>
  `<text x="${x}" y="${y}"${style}>${content}</text>`;

/** An image, each pixel a square. */
function imageSvg(image: ImageBatch, { x, y, zoom }: Place): string {
  const [, h, w] = image.shape;
  // By this word, and no other, the rasterizer and browsers leave pixels square.
  return `<image x="${x}" y="${y}" width="${w * zoom}" height="${h * zoom}" ` +
    `image-rendering="optimizeSpeed" ` +
    `href="data:image/png;base64,${base64(encodePng(image))}"/>`;
}

/** From the window to the training patch. */
function arrowSvg(from: number, y: number, to: number): string {
  return `<path d="M${from},${y}H${to - 6}" stroke="${windowColor}" stroke-width="2"/>` +
    `<path d="M${to},${y}l-9,-6v12z" fill="${windowColor}"/>`;
}

function imageName({ image, label }: FilmPatch): string {
  const number = `training image ${image.toLocaleString("en-US")}`;
  if (label === undefined) return number;
  // Of a digit it would read like another number.
  return `${number} (${/^\d+$/.test(label) ? "class " : ""}${escapeXml(label)})`;
}

/** The two patches beside each other, large, and what the second has of the pixel. */
function patchesSvg(
  noisy: ImageBatch,
  training: ImageBatch,
  { weight, effectivePatches }: FilmPatch,
): string {
  const side = 74;
  const [, h, w] = noisy.shape;
  const largest = Math.max(h, w);
  const zoom = largest > side ? side / largest : Math.floor(side / largest);
  const top = rows[1]!;
  const at = [columns[2]!, columns[2]! + cell - side].map((x) => ({
    x: x + Math.floor((side - w * zoom) / 2),
    y: top + Math.floor((side - h * zoom) / 2),
    zoom,
  }));
  const center = columns[2]! + cell / 2;
  const soft = ` fill="${tones.soft.light}"`;
  const many = Math.round(effectivePatches);
  const middle = ' text-anchor="middle"';
  return [
    ...[noisy, training].map((patch, i) => imageSvg(patch, at[i]!)),
    ...at.map((place) =>
      `<rect x="${place.x - 1}" y="${place.y - 1}" width="${w * zoom + 2}" height="${
        h * zoom + 2
      }" fill="none" stroke="${windowColor}" stroke-width="2"/>`
    ),
    text(columns[2]! + side / 2, top + side + 18, "noisy", middle + soft),
    text(columns[2]! + cell - side / 2, top + side + 18, "training", middle + soft),
    text(
      center,
      top + side + 48,
      `${percent(weight)} of this pixel`,
      `${middle} font-size="13" font-weight="bold"`,
    ),
    text(
      center,
      top + side + 66,
      many <= 1 ? "one patch makes it" : `${many.toLocaleString("en-US")} patches share it`,
      middle + soft,
    ),
  ].join("");
}

function percent(weight: number): string {
  if (weight >= 0.995) return "all";
  if (weight >= 0.1) return `${(100 * weight).toFixed(0)} %`;
  if (weight >= 0.001) return `${(100 * weight).toFixed(1)} %`;
  return "under 0.1 %";
}
