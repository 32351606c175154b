import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataFormatError } from "../../../src/core/errors.ts";
import { windowsDocument, windowsTable } from "../../../tasks/reproduce/window_picture.ts";
import {
  parseWindowRows,
  type WindowRow,
  windowRowsCsv,
} from "../../../tasks/reproduce/window_rows.ts";

const row = (window: string, sample: number, rSquared: number, error: number): WindowRow => ({
  ...{ network: "net", window, images: 7, sample, rSquared: Number(rSquared.toFixed(3)) },
  ...{ times: [0.5, 1], scales: [3, 5.5], errors: [error, 2 * error] },
});
const rows = [0, 1, 2].flatMap((sample) => [
  row("k x k", sample, 0.9 + sample / 100, 0.01),
  row("super", sample, 0.92 + sample / 100, 0.007),
]);

Deno.test("windows: the table of samples is read as it was written, and nothing else is", () => {
  const key = ({ window, sample }: WindowRow) => `${window} ${sample}`;
  const sorted = (given: WindowRow[]) => given.sort((a, b) => key(a) < key(b) ? -1 : 1);
  assertEquals(sorted(parseWindowRows(windowRowsCsv(rows), "w.csv")), sorted([...rows]));
  assertThrows(() => parseWindowRows("a,b\n1,2", "w.csv"), DataFormatError, "w.csv: its columns");
  const damaged = windowRowsCsv(rows).replace("5.5", "x");
  assertThrows(() => parseWindowRows(damaged, "w.csv"), DataFormatError, "is no number");
});

Deno.test("windows: gains are of the same samples, errors relative to the box's", () => {
  const [, , box, soft] = windowsTable(rows).split("\n");
  assertEquals(box, "| net | 7 | k x k | 0.910 | 0.900 |  |  |  |");
  assertEquals(soft, "| net | 7 | super | 0.930 | 0.920 | 0.020 [0.020, 0.020] | 3 of 3 | 0.70 |");
});

Deno.test("windows: a document keeps what a person wrote around its table", () => {
  const first = windowsDocument(undefined, { rows, picture: "w.svg" });
  const edited = first.replace("# Soft windows", "# Soft windows\n\nMine.") + "\nAnd this.\n";
  const again = windowsDocument(edited, { rows: rows.slice(0, 2), picture: "w.svg" });
  assertStringIncludes(again, "Mine.");
  assertStringIncludes(again, "And this.");
  assertEquals(again.match(/\| net \|/g)!.length, 2);
});
