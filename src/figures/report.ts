import { withoutStyle } from "./dark_variant.ts";
import { framedPage } from "./page_frame.ts";
import {
  figureHtml,
  filesHtml,
  type KeyNumber,
  keyNumbersHtml,
  linksHtml,
  type ReportFigure,
  type ReportFile,
  type ReportTable,
  settingsHtml,
  tableHtml,
} from "./report_parts.ts";
import { checkSamples, orderHtml, type ReportSamples, sampleHtml } from "./report_samples.ts";
import { reportStyle } from "./report_style.ts";
import { escapeXml } from "./xml.ts";

/**
 * What a report says.
 *
 * @category Figures
 */
export interface Report {
  /** Heading of the page. */
  readonly title: string;
  /** One or two sentences under the title. */
  readonly summary?: string;
  /** Other pages about the same run, beside this one: shown under the summary. */
  readonly links?: readonly ReportFile[];
  /** Shown large, side by side. */
  readonly keyNumbers?: readonly KeyNumber[];
  /** One below the other. */
  readonly figures?: readonly ReportFigure[];
  /** Every sample, folded away after the figures. */
  readonly samples?: ReportSamples;
  /** After the figures. */
  readonly tables?: readonly ReportTable[];
  /** The data behind the page. */
  readonly files?: readonly ReportFile[];
  /** The resolved configuration; nested objects are written as JSON. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Where the results come from: versions, seeds, hashes. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

/**
 * Options of {@linkcode reportPages}.
 *
 * @category Figures
 */
export interface ReportPagesOptions {
  /** Name of the first page; default "report.html". */
  readonly file?: string;
  /** Characters that samples may take on one page; default 1,500,000. */
  readonly sampleCharacters?: number;
}

/**
 * A page as a file.
 *
 * @category Figures
 */
export interface ReportPage {
  /** Name of the file. */
  readonly file: string;
  /** What is in it. */
  readonly html: string;
}

/** A page with figures. */
function pageHtml(
  { title, figures, body }: {
    readonly title: string;
    readonly figures: readonly ReportFigure[];
    readonly body: readonly string[];
  },
): string {
  return framedPage({
    title,
    body,
    style: reportStyle(figures.map(({ svg }) => withoutStyle(svg))),
  });
}

/** A page of samples: its file, and which samples it has. */
interface Stretch {
  readonly file: string;
  readonly from: number;
  readonly items: readonly string[];
}

/** Cuts samples into stretches that each take no more characters than a page may. */
function stretches(
  samples: ReportSamples,
  { file, sampleCharacters }: Required<ReportPagesOptions>,
): Stretch[] {
  const count = checkSamples(samples);
  const items = Array.from({ length: count }, (_, i) => sampleHtml(samples, i));
  const cuts: number[] = [0];
  let used = 0;
  items.forEach(({ length }, i) => {
    if (used > 0 && used + length > sampleCharacters) {
      cuts.push(i);
      used = 0;
    }
    used += length;
  });
  return cuts.map((from, i) => ({
    file: i === 0 ? file : file.replace(/(\.html)?$/, `_samples_${from}.html`),
    from,
    items: items.slice(from, cuts[i + 1]),
  }));
}

function stretchName({ from, items }: Stretch): string {
  return items.length === 1 ? `${from}` : `${from} to ${from + items.length - 1}`;
}

/** Links to the pages of samples, on which this one is named. */
function pagesHtml(all: readonly Stretch[], here: Stretch): string[] {
  if (all.length === 1) return [];
  const links = all.map((stretch) =>
    `<li>${
      stretch === here
        ? `<strong>${stretchName(stretch)}</strong>`
        : `<a href="${escapeXml(stretch.file)}#samples">${stretchName(stretch)}</a>`
    }</li>`
  );
  return [
    `<nav aria-label="Pages of samples"><ul class="pages"><li>Samples</li>${
      links.join("")
    }</ul></nav>`,
  ];
}

/** What unfolds the samples. */
function summaryText(
  { kinds }: ReportSamples,
  { here, count }: { readonly here: Stretch; readonly count: number },
): string {
  const which = here.items.length === count
    ? count === 1 ? "the sample" : `all ${count} samples`
    : `samples ${stretchName(here)} of ${count}`;
  const measures = [
    ...new Set(kinds.flatMap(({ measures = [] }) => measures.map(({ label }) => label))),
  ];
  return `Show ${which}${measures.length === 0 ? "" : `, with ${escapeXml(measures.join(", "))}`}`;
}

function samplesHtml(samples: ReportSamples, here: Stretch): string[] {
  return [
    ...(here.items.length > 1 ? [orderHtml(samples)] : []),
    `<ol class="samples">\n${here.items.join("\n")}\n</ol>`,
  ];
}

/**
 * A page about a run, and as many more pages as its samples need: each is self-contained, loads
 * nothing, follows the reader's light or dark setting or the choice made on it, and prints.
 *
 * @example
 * ```ts
 * import { reportPages } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const pages = reportPages({ title: "A run" }, { file: "report.html" });
 * assertEquals(pages.map(({ file }) => file), ["report.html"]);
 * ```
 *
 * @returns The pages, the first about the run; the same bytes for the same input.
 * @throws RangeError if the numbers of images, measures and classes of samples differ.
 *
 * @category Figures
 */
export function reportPages(report: Report, options: ReportPagesOptions = {}): ReportPage[] {
  const { file = "report.html", sampleCharacters = 1_500_000 } = options;
  const {
    title,
    summary,
    links = [],
    keyNumbers = [],
    figures = [],
    samples,
    tables = [],
    files = [],
  } = report;
  const cut = samples === undefined ? [] : stretches(samples, { file, sampleCharacters });
  const count = cut.reduce((sum, { items }) => sum + items.length, 0);
  const first = cut[0];
  const body = [
    `<h1>${escapeXml(title)}</h1>`,
    ...(summary === undefined ? [] : [`<p>${escapeXml(summary)}</p>`]),
    ...(links.length === 0 ? [] : [linksHtml(links)]),
    ...(keyNumbers.length === 0 ? [] : [keyNumbersHtml(keyNumbers)]),
    ...(figures.length === 0
      ? []
      : ["<h2>Figures</h2>", ...figures.map((figure, i) => figureHtml(figure, i + 1))]),
    ...(samples === undefined || first === undefined ? [] : [
      '<h2 id="samples">Samples</h2>',
      ...pagesHtml(cut, first),
      `<details><summary>${summaryText(samples, { here: first, count })}</summary>`,
      ...samplesHtml(samples, first),
      "</details>",
    ]),
    ...tables.map(tableHtml),
    ...(files.length === 0 ? [] : [filesHtml(files)]),
    ...(report.configuration ? [settingsHtml("Configuration", report.configuration)] : []),
    ...(report.provenance ? [settingsHtml("Provenance", report.provenance)] : []),
  ];
  return [
    { file, html: pageHtml({ title, figures, body }) },
    ...cut.slice(1).map((stretch) => ({
      file: stretch.file,
      html: pageHtml({
        title: `${title}: samples ${stretchName(stretch)}`,
        figures: [],
        body: [
          `<h1 id="samples">Samples ${stretchName(stretch)} of ${count}</h1>`,
          `<p><a href="${escapeXml(file)}">${escapeXml(title)}</a></p>`,
          ...pagesHtml(cut, stretch),
          ...samplesHtml(samples!, stretch),
        ],
      }),
    })),
  ];
}

/**
 * One page about a run, with all its samples: see {@linkcode reportPages}.
 *
 * @example
 * ```ts
 * import { reportHtml } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const html = reportHtml({
 *   title: "A run",
 *   tables: [{ title: "Agreement", header: ["machine", "r"], rows: [["bbELS", "0.968"]] }],
 * });
 * assertStringIncludes(html, "bbELS");
 * ```
 *
 * @returns HTML, the same bytes for the same input.
 *
 * @category Figures
 */
export function reportHtml(report: Report): string {
  return reportPages(report, { sampleCharacters: Infinity })[0]!.html;
}
