/** Whether a cell shows what is stored of it, on whatever machine it runs. */
import { decodePng } from "../../../src/formats/png.ts";
import { type CellOutput, isBase64, joined } from "./notebook.ts";

/** Roundings of sums may differ between machines: numbers by a hundredth, pixels by two of 255. */
const [numberTolerance, pixelTolerance] = [0.01, 2.5 * 2 / 255];

/**
 * Compares outputs.
 *
 * @returns What is different, in a few words; undefined if nothing that counts is.
 */
export function outputDifference(
  stored: readonly CellOutput[],
  found: readonly CellOutput[],
): string | undefined {
  const error = found.find(({ output_type }) => output_type === "error");
  if (error?.output_type === "error") return `it throws ${error.ename}: ${error.evalue}`;
  if (stored.length !== found.length) {
    return `it shows ${found.length} results, and ${stored.length} are stored`;
  }
  for (const [i, output] of found.entries()) {
    const [before, after] = [formsOf(stored[i]!), formsOf(output)];
    const names = (forms: ReadonlyMap<string, string>) => [...forms.keys()].sort().join(", ");
    if (names(before) !== names(after)) {
      return `result ${i + 1} is ${names(after)}, and stored is ${names(before)}`;
    }
    for (const [media, form] of after) {
      if (!sameForm(media, before.get(media)!, form)) {
        return `the ${media} of result ${i + 1} is not what is stored`;
      }
    }
  }
}

/** The forms of an output, by media type. */
export function formsOf(output: CellOutput): Map<string, string> {
  if (output.output_type === "error") return new Map([["error", output.evalue]]);
  return new Map(Object.entries(output.data).map(([media, lines]) => [media, joined(lines)]));
}

function sameForm(media: string, before: string, after: string): boolean {
  if (before === after) return true;
  if (media === "image/png") return samePicture(before, after);
  return !isBase64(media) && sameText(before, after);
}

function samePicture(before: string, after: string): boolean {
  const [a, b] = [before, after].map((text) => decodePng(Uint8Array.fromBase64(text.trim())));
  return a!.shape.join() === b!.shape.join() &&
    a!.data.every((value, i) => Math.abs(value - b!.data[i]!) <= pixelTolerance);
}

function sameText(before: string, after: string): boolean {
  const parts = (text: string) => text.split(/(-?\d+(?:\.\d+)?)/);
  const [a, b] = [parts(before), parts(after)];
  return a.length === b.length && a.every((part, i) => {
    if (part === b[i] || i % 2 === 0) return part === b[i];
    const [x, y] = [Number(part), Number(b[i])];
    return Math.abs(x - y) <= numberTolerance * Math.max(1, Math.abs(x));
  });
}
