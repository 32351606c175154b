import { base64 } from "./base64.ts";
import { insertStyle } from "./dark_variant.ts";

/**
 * One weight of a font, cut down to what a document needs.
 *
 * @category Figures
 */
export interface FontFace {
  /** CSS weight. */
  readonly weight: 400 | 700;
  /** WOFF2. */
  readonly bytes: Uint8Array;
}

/**
 * What a document needs of a font.
 *
 * @category Figures
 */
export interface FontNeeds {
  /** Every character in its text, once. */
  readonly characters: string;
  /** Whether any of it is bold. */
  readonly bold: boolean;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

/**
 * The characters that an SVG or a page shows, as a font is to be cut down to them.
 *
 * @example
 * ```ts
 * import { fontNeeds } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const { characters, bold } = fontNeeds("<p>a <strong>cab</strong></p>");
 * assertEquals([characters.includes("c"), bold], [true, true]);
 * ```
 *
 * @category Figures
 */
export function fontNeeds(document: string): FontNeeds {
  const text = document
    .replace(/<style>[^<]*<\/style>/g, "")
    .replace(/<[^>]*>/g, "")
    .replace(/&(\w+);/g, (entity, name) => entities[name] ?? entity);
  return {
    characters: [...new Set(text)].filter((c) => c >= " ").sort().join(""),
    bold: /font-weight="bold"|<(h1|th|strong)\b/.test(document),
  };
}

/**
 * Options of {@linkcode embedFont}.
 *
 * @category Figures
 */
export interface EmbedFontOptions {
  /** Name by which the document's styles ask for the font. */
  readonly family: string;
  /** Its weights. */
  readonly faces: readonly FontFace[];
  /** Copyright and license of the font, as its license asks. */
  readonly notice: string;
}

/**
 * Puts the font into an SVG or a page, so that it looks the same wherever it is shown, without asking
 * anyone for the font.
 *
 * @example
 * ```ts
 * import { embedFont } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * // Bytes of a font in the format WOFF2.
 * const faces = [{ weight: 400, bytes: Uint8Array.of(119, 79, 70, 50) }] as const;
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg"><text font-family="Lato">k</text></svg>';
 * const whole = embedFont(svg, { family: "Lato", faces, notice: "SIL Open Font License" });
 * assertStringIncludes(whole, "data:font/woff2;base64,d09GMg==");
 * ```
 *
 * @param document One `<svg>`, or HTML with its style sheet in a `<style>`.
 *
 * @category Figures
 */
export function embedFont(
  document: string,
  options: EmbedFontOptions,
): string {
  const { family, faces, notice } = options;
  const rules = faces.map(({ weight, bytes }) =>
    `@font-face{font-family:"${family}";font-weight:${weight};` +
    `src:url(data:font/woff2;base64,${base64(bytes)}) format("woff2")}`
  );
  const css = `/*! ${notice} */${rules.join("")}`;
  return document.includes("<style>")
    ? document.replace("<style>", () => `<style>${css}`)
    : insertStyle(document, css);
}
