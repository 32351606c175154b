/**
 * What a file or a caller gave, as a message shows it: on one line, without characters that a terminal
 * would obey, and short, whatever it is.
 */

/** Most characters of a message: errors fit a few lines of a terminal, whatever a file holds. */
export const longestMessage = 300;

/**
 * Control characters, line separators, and those that turn the direction of text. Half a surrogate pair
 * is no character at all.
 */
// deno-lint-ignore no-control-regex
const unprintable = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Cuts text in its middle, where it is longer than `most`: both ends of a path or message say much. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 3) * 0.6);
  return `${text.slice(0, head)} … ${text.slice(text.length - (most - 3 - head))}`.toWellFormed();
}

/**
 * Text on one line: line feeds with the spaces around them become one space, other characters that a
 * terminal would obey their escapes, and what is longer than `most` characters is cut in its middle.
 */
export function oneLine(text: string, most: number = longestMessage): string {
  // A message of megabytes is cut before it is searched.
  const near = shortened(text, 4 * most);
  const line = near.toWellFormed().split(/[\r\n]+/).map((part) => part.trim()).join(" ");
  return shortened(line.replaceAll(unprintable, escaped), most);
}

/**
 * A value as a message quotes it: text in quotes, lists and objects in brackets with their first
 * elements, never more than `most` characters (60).
 */
export function quoted(value: unknown, most = 60): string {
  return shortened(shown(value, { depth: 0, most }), most);
}

function shown(value: unknown, { depth, most }: { depth: number; most: number }): string {
  if (typeof value === "string") {
    const cut = value.length > most ? `${value.slice(0, most)}…` : value;
    return JSON.stringify(cut.toWellFormed()).replaceAll(unprintable, escaped);
  }
  if (typeof value === "bigint") {
    // Writing out a long number takes time that grows with its square.
    const fits = BigInt.asIntN(256, value) === value;
    return fits ? `${value}` : "a whole number of more than 256 bits";
  }
  if (typeof value !== "object" || value === null) return String(value);
  const inner = { depth: depth + 1, most };
  if (Array.isArray(value)) {
    if (depth > 1) return "[…]";
    const few = value.slice(0, 8).map((item) => shown(item, inner));
    return `[${few.join(", ")}${value.length > few.length ? `, … ${value.length} in all` : ""}]`;
  }
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return value instanceof Map ? `a dictionary of ${value.size}` : "{…}";
}
