/**
 * WGSL as a template that reads as it is indented.
 *
 * A template is cut back to its own indentation and nests: what is put in keeps its lines, indented like
 * the line that it stands on. A list that stands alone on a line becomes as many lines; what is false,
 * undefined or an empty list takes its line away. Lists within a line are joined first.
 *
 * @module
 */

import { ArgumentTypeError } from "../core/errors.ts";

/** What can be put into a template. */
export type WgslPart = string | number | false | undefined | readonly WgslPart[];

// The brackets are no characters of WGSL.
const marker = (i: number) => `⟦${i}⟧`;
const markers = /⟦(\d+)⟧/g;

/**
 * WGSL text.
 *
 * @throws ArgumentTypeError if a list stands within a line.
 */
export function wgsl(strings: TemplateStringsArray, ...parts: readonly WgslPart[]): string {
  const text = strings.reduce((before, after, i) => before + marker(i - 1) + after);
  const lines = text.split("\n");
  if (lines.length > 1) {
    if (lines[0]!.trim() === "") lines.shift();
    if (lines.at(-1)!.trim() === "") lines.pop();
  }
  const indented = lines.filter((line) => line.trim() !== "");
  const margin = Math.min(...indented.map((line) => line.search(/\S/)));
  const filled = lines.flatMap((line) => fill(line.slice(margin).trimEnd(), parts));
  // A line that was taken away takes the space around it along.
  return filled.filter((line, i) => line !== "" || (i > 0 && filled[i - 1] !== "")).join("\n")
    .trimEnd();
}

/** A line with its parts in their places. */
function fill(line: string, parts: readonly WgslPart[]): string[] {
  const indent = " ".repeat(Math.max(0, line.search(/\S/)));
  const alone = /^⟦(\d+)⟧$/.exec(line.trim());
  if (alone) return linesOf(parts[Number(alone[1])]).map((each) => each && indent + each);
  const filled = line.replace(markers, (_, i) => {
    const part = parts[Number(i)];
    if (Array.isArray(part)) {
      throw new ArgumentTypeError(`Cannot put a list into the line ${line.trim()}`);
    }
    return linesOf(part).join(`\n${indent}`);
  });
  return [filled];
}

function linesOf(part: WgslPart): string[] {
  if (part === undefined || part === false || part === "") return [];
  return typeof part === "object" ? part.flatMap(linesOf) : String(part).split("\n");
}

/** One part for each number from 0 on: lines where the list stands alone, else to be joined. */
export function repeat<T extends WgslPart>(count: number, part: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => part(i));
}

/** A sum as a balanced tree: a longer chain has more rounding, and each addition would wait. */
export function treeSum(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return `(${treeSum(terms.slice(0, half))} + ${treeSum(terms.slice(half))})`;
}

/** The components of a vector of four, by name. */
export const components = ["x", "y", "z", "w"] as const;
