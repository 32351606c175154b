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
 * A figure of the report.
 *
 * @category Figures
 */
export interface ReportFigure {
  /** SVG as the functions of this folder make it. */
  readonly svg: string;
  /** What it shows and how to read it. */
  readonly caption: string;
}

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
  /** Shown large, side by side. */
  readonly keyNumbers?: readonly KeyNumber[];
  /** One below the other. */
  readonly figures?: readonly ReportFigure[];
  /** After the figures. */
  readonly tables?: readonly ReportTable[];
  /** The resolved configuration; nested objects are written as JSON. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Where the results come from: versions, seeds, hashes. */
  readonly provenance?: Readonly<Record<string, unknown>>;
}

const style = `
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #62626a; --line: #dcdce0;
  --page: #fbfbfc; --card: #ffffff; --accent: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --soft: #a4a4ad; --line: #3a3a40;
  --page: #18181b; --card: #222226; --accent: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 Lato, "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p { margin: 0 0 1rem; max-width: 44rem; }
.soft, figcaption { color: var(--soft); font-size: .9rem; }
.numbers { display: grid; gap: .75rem; margin: 1.5rem 0 0; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.numbers div { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .8rem 1rem; }
.numbers dt { color: var(--soft); font-size: .85rem; }
.numbers dd { margin: 0; }
.numbers .value { font-size: 1.6rem; font-weight: 700; color: var(--accent);
  font-variant-numeric: tabular-nums; }
figure { margin: 0 0 1.75rem; }
figure .sheet { background: #ffffff; border: 1px solid var(--line); border-radius: 8px;
  padding: .75rem; overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { margin-top: .5rem; max-width: 44rem; }
.scroll { overflow-x: auto; }
.scroll + .soft { margin-top: .6rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 700; }
td.number, th.number { text-align: right; }
td code { font: .85rem ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media print { body { background: #ffffff; } figure, .numbers div { break-inside: avoid; } }
`.trim();

const isNumeric = (cell: string | number | null) =>
  cell === null || typeof cell === "number" || /^[-−+]?\.?\d/.test(cell);

function tableHtml({ title, header, rows, note }: ReportTable): string {
  const numeric = header.map((_, j) =>
    rows.length > 0 && rows.every((row) => isNumeric(row[j] ?? null))
  );
  const cell = (tag: "th" | "td", text: string, j: number) =>
    `<${tag}${numeric[j] ? ' class="number"' : ""}>${escapeXml(text)}</${tag}>`;
  return [
    `<h2>${escapeXml(title)}</h2>`,
    '<div class="scroll"><table>',
    `<thead><tr>${header.map((text, j) => cell("th", text, j)).join("")}</tr></thead>`,
    "<tbody>",
    ...rows.map((row) =>
      `<tr>${row.map((value, j) => cell("td", String(value ?? ""), j)).join("")}</tr>`
    ),
    "</tbody></table></div>",
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

function settingsHtml(title: string, values: Readonly<Record<string, unknown>>): string {
  const rows = [...flatten(values)].map(([name, value]) =>
    `<tr><td>${escapeXml(name)}</td><td><code>${escapeXml(value)}</code></td></tr>`
  );
  return `<h2>${title}</h2>\n<div class="scroll"><table><tbody>\n${
    rows.join("\n")
  }\n</tbody></table></div>`;
}

function figureHtml({ svg, caption }: ReportFigure): string {
  const drawing = svg.replace(/^\s*<\?xml.*?\?>/s, "").trim();
  return `<figure><div class="sheet">${drawing}</div>\n` +
    `<figcaption>${escapeXml(caption)}</figcaption></figure>`;
}

/**
 * One self-contained HTML page about a run: it loads nothing, follows the reader's light or dark
 * setting, and prints.
 *
 * @returns HTML, the same bytes for the same input.
 * @category Figures
 */
export function reportHtml(report: Report): string {
  const { title, summary, keyNumbers = [], figures = [], tables = [] } = report;
  const numbers = keyNumbers.map(({ label, value, note }) =>
    `<div><dt>${escapeXml(label)}</dt><dd class="value">${escapeXml(value)}</dd>` +
    `${note === undefined ? "" : `<dd class="soft">${escapeXml(note)}</dd>`}</div>`
  );
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(title)}</title>`,
    `<style>\n${style}\n</style></head>`,
    "<body><main>",
    `<h1>${escapeXml(title)}</h1>`,
    ...(summary === undefined ? [] : [`<p>${escapeXml(summary)}</p>`]),
    ...(numbers.length === 0 ? [] : [`<dl class="numbers">\n${numbers.join("\n")}\n</dl>`]),
    ...(figures.length === 0 ? [] : ["<h2>Figures</h2>", ...figures.map(figureHtml)]),
    ...tables.map(tableHtml),
    ...(report.configuration ? [settingsHtml("Configuration", report.configuration)] : []),
    ...(report.provenance ? [settingsHtml("Provenance", report.provenance)] : []),
    "</main></body></html>",
    "",
  ].join("\n");
}
