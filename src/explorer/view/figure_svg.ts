/** What the page shows as a figure: images of the step, the pinned pixels' windows and patches. */
import { fontFamily, tones } from "../../figures/theme.ts";
import { escapeXml } from "../../figures/xml.ts";
import { explainedPatches } from "../../machines/explanation.ts";
import { pinTones } from "./colors.ts";
import type { Frame } from "./frame.ts";
import { pinShapes } from "./icons.ts";
import { imageName } from "./patches_panel.ts";
import { percent, plain } from "./numbers.ts";
import { mosaicPicture, seamsOf } from "./mosaic_view.ts";
import {
  noisyRange,
  patchPicture,
  type Picture,
  pictureOf,
  type Place,
  windowAt,
} from "./pixels.ts";

/** Side of an image, of a patch, gaps, in units of the figure. */
const [side, patchSide, margin, gap] = [240, 40, 16, 16];
const patchesShown = 6;

/** What a figure is drawn from. */
export type FigureSource = Pick<
  Frame,
  "info" | "state" | "now" | "networkNow" | "machineName" | "engine" | "mosaic"
>;

/**
 * The figure as SVG, on white paper, with pictures embedded.
 *
 * @param dataUrl Encodes a picture as the data URL of a PNG.
 * @returns null while the step is not known.
 */
export function figureSvg(
  source: FigureSource,
  { dataUrl }: { readonly dataUrl: (picture: Picture) => string },
): string | null {
  const { info, state, now, networkNow, machineName } = source;
  if (now === undefined) return null;
  const [rows, columns] = info.imageShape;
  const height = side * rows / columns;
  const parts: string[] = [];
  const panels = [
    { name: `noisy image, t = ${plain(now.t)}`, picture: noisy(source), window: true },
    { name: captionOf(source), picture: guess(source), window: true },
    ...networkNow === undefined ? [] : [{
      name: `network ${info.network.name}`,
      picture: pictureOf(networkNow.xHat0, { shape: info.imageShape }),
      window: false,
    }],
  ];
  const top = margin + 40;
  const zoom = side / columns;
  panels.forEach(({ name, picture, window }, i) => {
    const x = margin + i * (side + gap);
    parts.push(
      `<text x="${x}" y="${top - 8}">${escapeXml(name)}</text>`,
      image(picture, { x, y: top, width: side, height, dataUrl }),
      `<g transform="translate(${x} ${top}) scale(${zoom})">${i === 1 ? seams(source, zoom) : ""}${
        window ? windows(source, zoom) : ""
      }</g>`,
      ...pinMarks(source, { x, y: top, zoom }),
    );
  });
  const patchTop = top + height + 34;
  let y = patchTop;
  for (const [i, pixel] of now.explanation === undefined ? [] : state.pins.entries()) {
    parts.push(...patchRow(source, { pixel, i, y, dataUrl }));
    y += patchSide + 34;
  }
  const width = 2 * margin + panels.length * (side + gap) - gap;
  const total = y + (state.pins.length > 0 ? -4 : -18);
  const title = `${info.title}: ${machineName}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" role="img" aria-label="${
      escapeXml(title)
    }">`,
    `<rect width="${width}" height="${total}" fill="${tones.paper.light}"/>`,
    `<g font-family="${fontFamily}" font-size="12" fill="${tones.ink.light}">`,
    `<text x="${margin}" y="${margin + 6}" font-size="14" font-weight="bold">${
      escapeXml(title)
    }</text>`,
    ...parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function captionOf({ machineName, now, state }: FigureSource): string {
  const size = now!.patchSize === null ? "" : `, k = ${now!.patchSize}`;
  return `${machineName}${size}${state.view === "image" ? "" : `: ${state.view}`}`;
}

function noisy({ now, info }: FigureSource): Picture {
  return pictureOf(now!.x, { shape: info.imageShape, range: noisyRange(now!) });
}

function guess({ now, info, state, mosaic, machineName, engine }: FigureSource): Picture {
  const { imageShape: shape } = info, { view } = state;
  const explanation = now!.explanation;
  return view === "image" || mosaic === null || explanation === undefined
    ? pictureOf(now!.xHat0, { shape })
    : mosaicPicture(explanation, {
      view,
      scale: mosaic,
      machine: machineName,
      shape,
      trainingImage: engine.trainingImage.bind(engine),
    });
}

function seams({ now, info, state, machineName }: FigureSource, zoom: number): string {
  if (now!.explanation === undefined) return "";
  const { view } = state;
  const path = seamsOf(now!.explanation, { view, machine: machineName, shape: info.imageShape });
  return path === "" ? "" : outline(`<path d="${path}"`, { color: "#ffffff", width: 1 / zoom });
}

/** A shape with a rim, seen on black and on white. */
function outline(
  shape: string,
  { color, width }: { readonly color: string; readonly width: number },
): string {
  const drawn = (stroke: string, by: number) =>
    `${shape} fill="none" stroke="${stroke}" stroke-width="${Number((by * width).toFixed(4))}"/>`;
  return drawn("#000000", 2) + drawn(color, 1);
}

function windows({ state, now, info, machineName }: FigureSource, zoom: number): string {
  const { imageShape: shape } = info;
  return state.pins.flatMap((pixel, i) =>
    windowAt(placeOf(pixel, shape[1]), { machine: machineName, patchSize: now!.patchSize, shape })
      .map(({ row, column, rows, columns }) =>
        outline(`<rect x="${column}" y="${row}" width="${columns}" height="${rows}"`, {
          color: pinTones[i]!.dark,
          width: 2 / zoom,
        })
      )
  ).join("");
}

function pinMarks(
  { state, info }: FigureSource,
  { x, y, zoom }: { readonly x: number; readonly y: number; readonly zoom: number },
): string[] {
  return state.pins.map((pixel, i) => {
    const [row, column] = placeOf(pixel, info.imageShape[1]);
    return pin(i, { x: x + (column + 0.5) * zoom, y: y + (row + 0.5) * zoom });
  });
}

function pin(i: number, { x, y }: { readonly x: number; readonly y: number }): string {
  return `<path d="${pinShapes[i]}" transform="translate(${x} ${y})" fill="${
    pinTones[i]!.dark
  }" stroke="#000000" stroke-width="1.2"/>`;
}

/** The heaviest patches of a pinned pixel, side by side, with their weights, and the rest. */
function patchRow(
  { now, info, machineName, engine }: FigureSource,
  { pixel, i, y, dataUrl }: {
    readonly pixel: number;
    readonly i: number;
    readonly y: number;
    readonly dataUrl: (picture: Picture) => string;
  },
): string[] {
  const { imageShape: shape } = info;
  const explanation = now!.explanation!;
  const query = placeOf(pixel, shape[1]);
  const cell = 96, left = margin + 84;
  const parts = [
    pin(i, { x: margin + 8, y: y + patchSide / 2 - 4 }),
    `<text x="${margin + 20}" y="${y + patchSide / 2}">${query.join(", ")}</text>`,
  ];
  const patches = explainedPatches(explanation, { pixel }).slice(0, patchesShown);
  patches.forEach((patch, j) => {
    const { data, label } = engine.trainingImage(patch.image);
    const picture = patchPicture(data, {
      at: [patch.row, patch.column],
      query,
      machine: machineName,
      patchSize: now!.patchSize,
      shape,
    });
    const x = left + j * cell;
    parts.push(
      image(picture, { x, y: y - 8, width: patchSide, height: patchSide, dataUrl }),
      `<text x="${x + patchSide + 5}" y="${y + 10}">${percent(patch.weight)}</text>`,
      `<text x="${x}" y="${y + patchSide + 6}" font-size="10" fill="${tones.soft.light}">${
        escapeXml(imageName(patch.image, { label, classes: info.dataset.classes }))
      }</text>`,
    );
  });
  const named = patches.reduce((sum, { weight }) => sum + weight, 0);
  parts.push(
    `<text x="${left + patches.length * cell}" y="${y + 10}">rest</text>`,
    `<text x="${left + patches.length * cell}" y="${y + 26}">${
      percent(Math.max(0, 1 - named))
    }</text>`,
  );
  return parts;
}

function image(
  picture: Picture,
  { x, y, width, height, dataUrl }: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly dataUrl: (picture: Picture) => string;
  },
): string {
  return `<image x="${x}" y="${y}" width="${width}" height="${height}" image-rendering="optimizeSpeed" ` +
    `style="image-rendering:pixelated" preserveAspectRatio="none" href="${dataUrl(picture)}"/>`;
}

function placeOf(pixel: number, width: number): Place {
  return [Math.floor(pixel / width), pixel % width];
}
