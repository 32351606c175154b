import { pageScript, themeScript } from "./report_script.ts";
import { escapeXml } from "./xml.ts";

/** What a page is made of. */
export interface FramedPage {
  /** Heading of the window. */
  readonly title: string;
  /** The style sheet. */
  readonly style: string;
  /** HTML between header and end. */
  readonly body: readonly string[];
  /** Whether it shows pictures from files beside it, besides those within. Default false. */
  readonly neighbors?: boolean;
}

/** What every page has around its own content: it may load nothing, and lets the reader choose a theme. */
export function framedPage({ title, style, body, neighbors = false }: FramedPage): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
    `img-src ${neighbors ? "'self' file: " : ""}data:; font-src data:`;
  const themes = ["auto", "light", "dark"].map((value) =>
    `<label><input type="radio" name="theme" value="${value}">${value}</label>`
  );
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>\n${style}\n</style>`,
    `<script>${themeScript}</script></head>`,
    "<body>",
    `<header><fieldset class="theme" hidden><legend>Theme</legend>${themes.join("")}</fieldset>`,
    "</header>",
    "<main>",
    ...body,
    "</main>",
    `<script>${pageScript}</script>`,
    "</body></html>",
    "",
  ].join("\n");
}
