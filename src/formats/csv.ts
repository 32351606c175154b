/** Comma-separated values (RFC 4180, with line feeds). */

/** One field; null is an empty one. */
export type CsvValue = string | number | null;

const field = (value: CsvValue): string => {
  const text = value === null ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows as text, the header being the first of them. */
export function csvText(rows: readonly (readonly CsvValue[])[]): string {
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}
