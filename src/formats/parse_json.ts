/** JSON from elsewhere: no deeper and no longer than asked for, and no name twice in an object. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { checkLimit, defaultMaxDepth, defaultMaxText, type ReadLimits } from "./read_limits.ts";

/** Lists, objects and names: plain numbers take little memory, whatever their number. */
const usualItems = 400_000;

/** Options of {@linkcode parseJson}. */
export interface ParseJsonOptions extends Pick<ReadLimits, "maxDepth" | "maxText" | "maxItems"> {
  /** Path, or a name for the text, for error messages. */
  readonly source: string;
  /** What the text is, as the subject of a sentence. Default "the text". */
  readonly what?: string;
  /** Offset of the text's first byte in its file, for error messages. Default 0. */
  readonly startsAt?: number | undefined;
  /** Hears of every name in an object. */
  readonly onKey?: (key: JsonKey) => void;
}

/** A name in an object. */
export interface JsonKey {
  readonly name: string;
  /** 1 in the outermost object or list. */
  readonly depth: number;
  /** Where its first quotation mark is in the text. */
  readonly index: number;
}

/**
 * Reads JSON text.
 *
 * @throws ReadLimitError if it is longer than `maxText` (16 MiB), nested deeper than `maxDepth` (100), or
 * has more than `maxItems` lists, objects and names (400,000).
 * @throws DataFormatError if it is not JSON, or an object has the same name twice, of which
 * `JSON.parse` would take the last in silence.
 */
export function parseJson(text: string, options: ParseJsonOptions): unknown {
  const { source, what = "the text", maxText = defaultMaxText, startsAt } = options;
  checkLimit("maxText", text.length, { source, what, allowed: maxText });
  checkExtent(text, options);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataFormatError(source, `${what} is not JSON: ${(error as Error).message}`, {
      cause: error,
      byteOffset: startsAt,
    });
  }
  visitKeys(text, options);
  return value;
}

const [quote, backslash, colon, openList, closeList, openObject, closeObject] = [
  ...'"\\:[]{}',
].map((letter) => letter.charCodeAt(0)) as [number, number, number, number, number, number, number];

/** Depth and parts of what may be JSON, before any of it takes memory. */
function checkExtent(
  text: string,
  { source, what = "the text", maxDepth = defaultMaxDepth, maxItems = usualItems }:
    ParseJsonOptions,
): void {
  let [depth, items] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === quote) at = endOfString(text, at) - 1;
    else if (letter === closeObject || letter === closeList) depth--;
    else if (letter === colon) items++;
    else if (letter === openObject || letter === openList) {
      items++;
      depth++;
      if (depth > maxDepth) {
        checkLimit("maxDepth", depth, { source, what, allowed: maxDepth });
      }
    }
  }
  checkLimit("maxItems", items, { source, what, allowed: maxItems });
}

/** Walks through valid JSON once, without recursion. */
function visitKeys(text: string, options: ParseJsonOptions): void {
  const { source, what = "the text", startsAt = 0, onKey } = options;
  /** Names seen in each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === openObject || letter === openList) {
      open.push(letter === openObject ? new Set() : undefined);
    } else if (letter === closeObject || letter === closeList) open.pop();
    else if (letter === quote) {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names !== undefined && nextLetter(text, end) === colon) {
        const raw = text.slice(at, end);
        const name = raw.includes("\\") ? JSON.parse(raw) as string : raw.slice(1, -1);
        if (names.has(name)) {
          const offset = startsAt + new TextEncoder().encode(text.slice(0, at)).length;
          throw new DataFormatError(source, `${what} names ${quoted(name)} twice`, offset);
        }
        names.add(name);
        onKey?.({ name, depth: open.length, index: at });
      }
      at = end - 1;
    }
  }
}

/** Index after the string that begins at a quotation mark; that of the end, if it has no end. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1;; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** The next letter that is no space. */
function nextLetter(text: string, at: number): number {
  while (text.charCodeAt(at) <= 32) at++;
  return text.charCodeAt(at);
}
