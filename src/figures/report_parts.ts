/** What a report is made of, and its HTML. */
import { withoutStyle } from "./dark_variant.ts";
import { escapeXml } from "./xml.ts";

/**
 * A number worth seeing first.
 *
 * @category Figures
 */
export interface KeyNumber {
  /** What it is, such as "median r² of bbELS". */
  readonly label: string;
  /** The number as text, with its unit. */
  readonly value: string;
  /** Small print, such as an interval or what it was measured on. */
  readonly note?: string;
}

/**
 * A table of the report.
 *
 * @category Figures
 */
export interface ReportTable {
  /** Heading. */
  readonly title: string;
  /** Column titles. */
  readonly header: readonly string[];
  /** Rows of as many cells; columns of numbers are aligned right, null is an empty cell. */
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Small print under the table. */
  readonly note?: string;
}

/**
 * A file beside the page.
 *
 * @category Figures
 */
export interface ReportFile {
  /** Its name, or its path relative to the page: the folder can be moved. */
  readonly href: string;
  /** What the link says; default: the name. */
  readonly label?: string;
  /** What is in it. */
  readonly note?: string;
}

/**
 * A figure of the report.
 *
 * @category Figures
 */
export interface ReportFigure {
  /** Heading. */
  readonly title?: string;
  /** SVG as the functions of this folder make it. */
  readonly svg: string;
  /** What it shows and how to read it; several paragraphs as a list. */
  readonly caption: string | readonly string[];
  /** The figure and its data as files. */
  readonly files?: readonly ReportFile[];
}

/** The numbers worth seeing first, side by side. */
export function keyNumbersHtml(keyNumbers: readonly KeyNumber[]): string {
  const numbers = keyNumbers.map(({ label, value, note }) =>
    `<div><dt>${escapeXml(label)}</dt><dd class="value">${escapeXml(value)}</dd>` +
    `${note === undefined ? "" : `<dd class="soft">${escapeXml(note)}</dd>`}</div>`
  );
  return `<dl class="numbers">\n${numbers.join("\n")}\n</dl>`;
}

const isNumeric = (cell: string | number | null) =>
  cell === null || typeof cell === "number" || /^[-−+]?\.?\d/.test(cell);

/** A box that scrolls where the page is narrow, by the keyboard too. */
const scrolling = (label: string, content: string) =>
  `<div class="scroll" role="region" aria-label="${
    escapeXml(label)
  }" tabindex="0">${content}</div>`;

export function tableHtml({ title, header, rows, note }: ReportTable): string {
  const numeric = header.map((_, j) =>
    rows.length > 0 && rows.every((row) => isNumeric(row[j] ?? null))
  );
  const cell = (tag: string, text: string, j: number) =>
    `<${tag}${numeric[j] ? ' class="number"' : ""}>${escapeXml(text)}</${tag.split(" ")[0]}>`;
  const head = header.map((text, j) => cell('th scope="col"', text, j)).join("");
  const body = rows.map((row) =>
    `<tr>${
      row.map((value, j) =>
        cell(j === 0 && !numeric[0] ? 'th scope="row"' : "td", String(value ?? ""), j)
      ).join("")
    }</tr>`
  );
  return [
    `<h2>${escapeXml(title)}</h2>`,
    scrolling(
      title,
      `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody></table>`,
    ),
    ...(note === undefined ? [] : [`<p class="soft">${escapeXml(note)}</p>`]),
  ].join("\n");
}

/** Nested objects as dotted names, so that each setting has a row of its own. */
function* flatten(
  values: Readonly<Record<string, unknown>>,
  prefix = "",
): Generator<[name: string, value: string]> {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      yield* flatten(value as Record<string, unknown>, `${prefix}${name}.`);
    } else yield [prefix + name, typeof value === "string" ? value : JSON.stringify(value)];
  }
}

export function settingsHtml(title: string, values: Readonly<Record<string, unknown>>): string {
  const rows = [...flatten(values)].map(([name, value]) =>
    `<tr><th scope="row">${escapeXml(name)}</th><td><code>${escapeXml(value)}</code></td></tr>`
  );
  return `<h2>${title}</h2>\n${
    scrolling(title, `<table><tbody>\n${rows.join("\n")}\n</tbody></table>`)
  }`;
}

const linkHtml = ({ href, label = href }: ReportFile) =>
  `<a href="${escapeXml(href)}">${escapeXml(label)}</a>`;

/** Links to other pages, each with what is there. */
export function linksHtml(links: readonly ReportFile[]): string {
  const items = links.map((link) =>
    `<li>${linkHtml(link)}${link.note === undefined ? "" : `: ${escapeXml(link.note)}`}</li>`
  );
  return `<ul class="links">${items.join("")}</ul>`;
}

export function figureHtml(
  { title, svg, caption, files = [] }: ReportFigure,
  place: number,
): string {
  // Gradients and clips of two figures must not be taken for each other.
  const drawing = withoutStyle(svg.replace(/^\s*<\?xml.*?\?>/s, "")).trim()
    .replaceAll(/ id="([^"]+)"/g, ` id="figure${place}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#figure${place}-$1)`);
  const width = /^<svg[^>]* width="([\d.]+)"/.exec(drawing)?.[1] ?? "600";
  const paragraphs = typeof caption === "string" ? [caption] : caption;
  const name = title ?? `Figure ${place}`;
  return [
    "<figure>",
    ...(title === undefined ? [] : [`<h3>${escapeXml(title)}</h3>`]),
    `<div class="sheet" role="region" aria-label="${escapeXml(name)}" tabindex="0" ` +
    `style="--width:${width}px">${drawing}</div>`,
    `<figcaption>${paragraphs.map((text) => `<p>${escapeXml(text)}</p>`).join("\n")}`,
    ...(files.length === 0
      ? []
      : [`<ul class="files">${files.map((file) => `<li>${linkHtml(file)}</li>`).join("")}</ul>`]),
    "</figcaption></figure>",
  ].join("\n");
}

export function filesHtml(files: readonly ReportFile[]): string {
  const rows = files.map((file) =>
    `<tr><th scope="row">${linkHtml(file)}</th><td>${escapeXml(file.note ?? "")}</td></tr>`
  );
  return `<h2>Files</h2>\n${
    scrolling("Files", `<table><tbody>\n${rows.join("\n")}\n</tbody></table>`)
  }`;
}
