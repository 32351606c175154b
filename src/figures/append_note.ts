import { ArgumentError } from "../core/errors.ts";
import { fontFamily, tones } from "./theme.ts";
import { escapeXml, textWidth } from "./xml.ts";

const fontSize = 11;
const lineHeight = 15;
const margin = 10;

/** Breaks a text at spaces into lines of at most so many pixels; a longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * Adds a small text under a figure, such as what its marks mean, broken into lines of its width.
 *
 * @param svg One `<svg>` with width, height and viewBox in pixels from 0, and a white rectangle of
 *   that size behind all.
 */
export function appendNote(svg: string, note: string): string {
  const size = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg);
  if (size === null) {
    throw new ArgumentError("Cannot add a note to a figure without width and height");
  }
  const [width, height] = [Number(size[1]), Number(size[2])];
  const lines = wrapText(note, width - 2 * margin);
  const taller = height + lines.length * lineHeight + margin - 2;
  const text = lines.map((line, i) =>
    `<text x="${margin}" y="${height + (i + 1) * lineHeight - 4}">${escapeXml(line)}</text>`
  );
  return svg
    .replaceAll(`width="${size[1]}" height="${size[2]}"`, `width="${size[1]}" height="${taller}"`)
    .replace(/viewBox="0 0 ([\d.]+) [\d.]+"/, `viewBox="0 0 $1 ${taller}"`)
    .replace(
      /<\/svg>\s*$/,
      () =>
        `<g font-family="${fontFamily}" font-size="${fontSize}" ` +
        `fill="${tones.soft.light}">${text.join("")}</g></svg>\n`,
    );
}
