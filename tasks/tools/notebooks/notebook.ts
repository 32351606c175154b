/** Jupyter's notebooks, nbformat 4.5: read, written, and taken apart. */
import { CommandError } from "../../cli/command.ts";

/** Text as notebooks keep it: whole, or as lines that keep their ends. */
type Lines = string | readonly string[];

/** Something that a cell showed. */
export type CellOutput =
  | {
    readonly output_type: "display_data";
    readonly data: Readonly<Record<string, Lines>>;
    readonly metadata: Readonly<Record<string, unknown>>;
  }
  | {
    readonly output_type: "execute_result";
    readonly execution_count: number;
    readonly data: Readonly<Record<string, Lines>>;
    readonly metadata: Readonly<Record<string, unknown>>;
  }
  | {
    readonly output_type: "error";
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: readonly string[];
  };

/** A cell of prose. */
export interface TextCell {
  readonly cell_type: "markdown";
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly source: Lines;
}

/** A cell of code, with what it showed when it ran. */
export interface CodeCell {
  readonly cell_type: "code";
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly source: Lines;
  readonly execution_count: number | null;
  readonly outputs: readonly CellOutput[];
}

/** A notebook. */
export interface Notebook {
  readonly cells: readonly (TextCell | CodeCell)[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/** Lines as one text. */
export function joined(lines: Lines): string {
  return typeof lines === "string" ? lines : lines.join("");
}

/** A text as lines that keep their ends: differences show line by line. */
export function lined(text: string): string[] {
  return text.match(/.*\n|.+$/g) ?? [];
}

/**
 * Reads a notebook.
 *
 * @throws CommandError if it is none of version 4.
 */
export function readNotebook(text: string, path: string): Notebook {
  const notebook = JSON.parse(text) as Partial<Notebook>;
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new CommandError(`Cannot read ${path}: it is no notebook of version 4`);
  }
  return notebook as Notebook;
}

/** A notebook as Jupyter would write it. */
export function writeNotebook(notebook: Notebook): string {
  return `${JSON.stringify(notebook, null, 1)}\n`;
}

/** The cells of code. */
export function codeCells({ cells }: Notebook): CodeCell[] {
  return cells.filter((cell) => cell.cell_type === "code");
}

/** All code as one module, as the cells see each other. */
export function programOf(notebook: Notebook): string {
  return codeCells(notebook).map(({ source }) => `${joined(source).trimEnd()}\n`).join("\n");
}

/** An output with its text in lines, except pictures in base64. */
export function storedOutput(output: CellOutput): CellOutput {
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data).map(([media, lines]) => [
    media,
    isBase64(media) ? joined(lines) : lined(joined(lines)),
  ]);
  return { ...output, data: Object.fromEntries(data) };
}

/** Whether a form of a result is base64. */
export function isBase64(media: string): boolean {
  return /^(image|video|audio)\/(?!svg)/.test(media);
}
