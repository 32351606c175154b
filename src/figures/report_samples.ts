import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { encodePng } from "../formats/png.ts";
import { base64 } from "./base64.ts";
import { escapeXml } from "./xml.ts";

/**
 * A number that each sample has.
 *
 * @category Figures
 */
export interface SampleMeasure {
  /** Name, such as "r²". */
  readonly label: string;
  /** One value per sample; null where it is not defined. */
  readonly values: readonly (number | null)[];
}

/**
 * Images of one kind, one per sample, with what was measured on them.
 *
 * @category Figures
 */
export interface SampleKind {
  /** Name, such as "network" or "bbELS". */
  readonly label: string;
  /** `[B, H, W, C]`, values in [-1, 1]. */
  readonly images: ImageBatch;
  /** Written under each image. */
  readonly measures?: readonly SampleMeasure[];
}

/**
 * All samples of a run, to be looked through one by one.
 *
 * @category Figures
 */
export interface ReportSamples {
  /** From left to right in each sample. */
  readonly kinds: readonly SampleKind[];
  /** Class of each sample, by number or name. */
  readonly classes?: readonly (number | string | null)[];
  /** Name of the measure by which samples can be sorted; default: the first. */
  readonly sortBy?: string;
}

/** Largest side of an image on the page in CSS pixels, unless it is larger itself. */
const side = 80;

/** @throws ArgumentError if a kind, a measure or the classes have another number of entries. */
export function checkSamples({ kinds, classes }: ReportSamples): number {
  const count = kinds[0]?.images.shape[0] ?? 0;
  const counts = kinds.flatMap(({ label, images, measures = [] }) => [
    [label, images.shape[0]] as const,
    ...measures.map((each) => [`${each.label} of ${label}`, each.values.length] as const),
  ]);
  for (const [what, found] of [...counts, ["the classes", classes?.length ?? count] as const]) {
    if (found !== count || count === 0) {
      throw new ArgumentError(
        `Cannot show samples: found ${found} entries of ${what}, expected ${count || "some"}`,
      );
    }
  }
  return count;
}

/** One sample as an item of a list: its images side by side, measures under them. */
export function sampleHtml(samples: ReportSamples, sample: number): string {
  const { kinds, classes } = samples;
  const label = classes?.[sample];
  const items = kinds.map(({ label, images, measures = [] }) => {
    const [, h, w] = images.shape;
    const zoom = Math.max(1, Math.floor(side / Math.max(h, w)));
    const png = base64(encodePng(sliceBatch(images, sample, sample + 1)));
    const lines = measures.map(({ label, values }) =>
      `<br>${escapeXml(label)}\u00a0${numberText(values[sample]!)}`
    );
    return `<li><img width="${w * zoom}" height="${h * zoom}" ` +
      `alt="${escapeXml(label)}, sample ${sample}" src="data:image/png;base64,${png}">` +
      `<strong>${escapeXml(label)}</strong>${lines.join("")}</li>`;
  });
  const values = sortable(samples).map(({ values }) => values[sample] ?? "-").join(" ");
  return `<li class="sample" id="sample-${sample}" data-values="${values}"><h3>Sample ${sample}` +
    `${label === undefined || label === null ? "" : `, class ${escapeXml(String(label))}`}</h3>` +
    `<ul>${items.join("")}</ul></li>`;
}

const numberText = (value: number | null) =>
  value === null ? "undefined" : value.toFixed(3).replace("-", "\u2212");

/** The measures by which samples can be sorted: one of each kind that has it. */
function sortable({ kinds, sortBy }: ReportSamples) {
  return kinds.flatMap(({ label, measures = [] }) => {
    const measure = measures.find((each) => each.label === sortBy) ?? measures[0];
    return measure === undefined ? [] : [{ name: `${measure.label} of ${label}`, ...measure }];
  });
}

/** The choice of an order; without scripts it stays hidden. */
export function orderHtml(samples: ReportSamples): string {
  const choices = sortable(samples).flatMap(({ name }, i) => [
    `<option value="${i} 1">lowest ${escapeXml(name)} first</option>`,
    `<option value="${i} -1">highest ${escapeXml(name)} first</option>`,
  ]);
  if (choices.length === 0) return "";
  return '<p class="order" hidden><label for="order">Order of the samples on this page:</label> ' +
    `<select id="order"><option value="number">by number</option>${choices.join("")}</select></p>`;
}
