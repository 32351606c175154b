/** Text made safe for XML and HTML, in elements and in quoted attributes. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Letters by their width in em in a common sans-serif font; all others take 0.56. */
const widths: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;'|!]/, 0.26],
  [/[frt() \-/]/, 0.34],
  [/[mwMW@%]/, 0.84],
  [/[A-Z]/, 0.65],
];

/** About how wide a text is, in the unit of the font size. */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const letter of text) em += widths.find(([letters]) => letters.test(letter))?.[1] ?? 0.56;
  return em * fontSize;
}
