/** A table as HTML and as plain text. */
import { ArgumentError } from "../core/errors.ts";
import { escapeXml } from "./xml.ts";

/**
 * What a cell may hold.
 *
 * @category Figures
 */
export type TableCell = string | number | boolean | null | undefined;

type Row = Readonly<{ [field: string]: TableCell }>;

/** The forms of a table, by media type. */
export function displayedTable(
  rows: readonly Row[],
  { columns, digits = 3 }: {
    readonly columns?: readonly string[] | undefined;
    readonly digits?: number | undefined;
  },
): Readonly<Record<"text/html" | "text/plain", string>> {
  const first = rows[0];
  if (first === undefined) throw new ArgumentError("Cannot display a table without rows");
  if (!Number.isInteger(digits) || digits < 0 || digits > 20) {
    throw new ArgumentError(
      `Cannot display a table with ${digits} digits: expected a whole number from 0 to 20`,
    );
  }
  const fields = columns ?? Object.keys(first);
  const unknown = fields.find((field) => !rows.some((row) => Object.hasOwn(row, field)));
  if (unknown !== undefined || fields.length === 0) {
    throw new ArgumentError(
      `Cannot display a table with ${
        unknown === undefined ? "no column" : `the column ${JSON.stringify(unknown)}`
      }: expected some of ${Object.keys(first).join(", ")}`,
    );
  }
  const numeric = fields.map((field) => rows.some((row) => typeof row[field] === "number"));
  const cells = rows.map((row) => fields.map((field) => cellText(row[field], digits)));
  const align = (column: number) => numeric[column] ? ' style="text-align:right"' : "";
  const line = (tag: "th" | "td", texts: readonly string[]) =>
    `<tr>${texts.map((text, i) => `<${tag}${align(i)}>${escapeXml(text)}</${tag}>`).join("")}</tr>`;
  const lines = [[...fields], ...cells];
  const widths = fields.map((_, i) => Math.max(...lines.map((texts) => texts[i]!.length)));
  const plain = lines.map((texts) =>
    texts.map((text, i) => numeric[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!))
      .join("  ").trimEnd()
  );
  return {
    "text/html": `<table><thead>${line("th", fields)}</thead><tbody>${
      cells.map((texts) => line("td", texts)).join("")
    }</tbody></table>`,
    "text/plain": plain.join("\n"),
  };
}

function cellText(value: TableCell, digits: number): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return (Number.isInteger(value) ? String(value) : value.toFixed(digits)).replace("-", "−");
}
