/** A cell of a table: numbers are written as they are, so round them first. */
export type Cell = string | number | null;

/** Options of {@linkcode textTable}. */
export interface TableOptions {
  /** Column titles. */
  readonly header: readonly string[];
  /** Rows of as many cells as the header has; null prints as an empty cell. */
  readonly rows: readonly (readonly Cell[])[];
  /** Side to which each column is aligned; absent: right if all its cells are numbers. */
  readonly align?: readonly ("left" | "right")[];
}

// Combining marks take no column of their own, as in "x̂".
const width = (text: string) => [...text.replace(/\p{M}/gu, "")].length;

const looksNumeric = (cell: Cell) =>
  cell === null || typeof cell === "number" || /^[<>~+-]?\.?\d[\d.,]*( ?\S{1,3})?$/.test(cell);

/**
 * Lines up rows for the terminal: a header, a rule, the rows.
 *
 * @throws RangeError if a row has another number of cells than the header.
 */
export function textTable({ header, rows, align }: TableOptions): string {
  for (const [i, row] of rows.entries()) {
    if (row.length !== header.length) {
      throw new RangeError(
        `Cannot draw the table: row ${i} has ${row.length} cells, the header ${header.length}`,
      );
    }
  }
  const texts = rows.map((row) => row.map((cell) => cell === null ? "" : String(cell)));
  const widths = header.map((title, j) =>
    Math.max(width(title), ...texts.map((row) => width(row[j]!)))
  );
  const sides = header.map((_, j) =>
    align?.[j] ?? (rows.length > 0 && rows.every((row) => looksNumeric(row[j]!)) ? "right" : "left")
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, j) => {
      const gap = " ".repeat(widths[j]! - width(cell));
      return sides[j] === "right" ? gap + cell : cell + gap;
    }).join("  ").trimEnd();
  return [line(header), widths.map((w) => "-".repeat(w)).join("  "), ...texts.map(line)].join("\n");
}
