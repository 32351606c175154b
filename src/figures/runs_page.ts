import { framedPage } from "./page_frame.ts";
import { reportStyle } from "./report_style.ts";
import { escapeXml } from "./xml.ts";

/** A link of a run: a report, a picture, a table. */
export interface RunLink {
  readonly label: string;
  /** Address relative to the page. */
  readonly href: string;
}

/** A run as the page shows it. */
export interface RunCard {
  readonly number: number;
  /** The verb, such as "calibrate". */
  readonly command: string;
  readonly label: string;
  /** How far it is, such as "finished". */
  readonly state: string;
  /** When it began, as the reader is to see it. */
  readonly started: string;
  /** The main numbers, as text. */
  readonly numbers: readonly (readonly [name: string, value: string])[];
  readonly links: readonly RunLink[];
  /** Address of a picture to show small. */
  readonly picture?: string | undefined;
}

const style = `
main { max-width: 72rem; }
.runs td { vertical-align: middle; }
.runs .picture { width: 13rem; }
.runs img { display: block; max-width: 12rem; max-height: 8rem; background: var(--paper);
  border: 1px solid var(--grid); border-radius: 4px; }
.runs .name { font-weight: 700; }
.runs dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 0 .6rem; }
.runs dt { color: var(--soft); }
.runs dd { margin: 0; overflow-wrap: anywhere; }
td a { margin-right: .7rem; }
`.trim();

function row({ number, command, label, state, started, numbers, links, picture }: RunCard): string {
  const first = links[0]?.href ?? picture;
  const image = picture === undefined
    ? ""
    : `<a href="${escapeXml(first!)}"><img loading="lazy" alt="" src="${escapeXml(picture)}"></a>`;
  const values = numbers.map(([name, value]) =>
    `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`
  );
  return [
    `<tr id="run-${number}"><td class="number">${number}</td><td class="picture">${image}</td>`,
    `<td><span class="name">${escapeXml(label || command)}</span><br>`,
    `<span class="soft">${escapeXml(command)}, ${escapeXml(state)}, ${
      escapeXml(started)
    }</span></td>`,
    `<td><dl>${values.join("")}</dl></td>`,
    `<td>${
      links.map(({ label, href }) => `<a href="${escapeXml(href)}">${escapeXml(label)}</a>`).join(
        "",
      )
    }</td></tr>`,
  ].join("\n");
}

/**
 * One page about a folder of runs, the newest first, with links to what they made. It loads nothing but
 * the pictures beside it.
 *
 * @param problems Lines about folders that could not be read.
 * @returns HTML, the same bytes for the same input.
 */
export function runsPageHtml(
  runs: readonly RunCard[],
  { title = "Runs", problems = [] }: {
    readonly title?: string;
    readonly problems?: readonly string[];
  } = {},
): string {
  const newest = [...runs].sort((a, b) => b.number - a.number);
  return framedPage({
    title,
    style: `${reportStyle([])}\n${style}`,
    neighbors: true,
    body: [
      `<h1>${escapeXml(title)}</h1>`,
      `<p>${runs.length} ${runs.length === 1 ? "run" : "runs"}, the newest first.</p>`,
      '<div class="scroll"><table class="runs"><thead><tr><th class="number">run</th><th></th>',
      "<th>what</th><th>numbers</th><th>files</th></tr></thead><tbody>",
      ...newest.map(row),
      "</tbody></table></div>",
      ...problems.length === 0 ? [] : [
        "<h2>Passed over</h2>",
        ...problems.map((problem) => `<p class="soft">${escapeXml(problem)}</p>`),
      ],
    ],
  });
}
