/** The page as one file that loads nothing: markup, style, program, and data as base64. */
import { base64 } from "../../figures/base64.ts";
import { themeScript } from "../../figures/report_script.ts";
import { escapeXml } from "../../figures/xml.ts";
import type { Blocks } from "../data/blocks.ts";

/** What a page is put together of. */
export interface PageParts {
  /** Its title. */
  readonly title: string;
  /** CSS. */
  readonly style: string;
  /** HTML that is there before the program runs. */
  readonly skeleton: string;
  /** The bundled program of `page_program.ts`. */
  readonly program: string;
  /** Data and further programs, what is shown first before the rest. */
  readonly blocks: Blocks;
  /** What the page says of itself to whoever reads its source. */
  readonly notice: string;
}

/** Id of the element that the view is mounted in. */
export const rootId = "explorer";
/** Id of the program's own script, whose text the threads of the machines run, too. */
export const programId = "program";
/** Id of a block's element. */
export const blockId = (name: string): string => `block-${name}`;

/** A script's text within HTML: what would end the element is written otherwise. */
function scriptText(program: string): string {
  return program.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

/** A script's checksum as policies name it. */
async function checksum(script: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
  return `'sha256-${base64(new Uint8Array(hash))}'`;
}

/**
 * Puts a page together. Its policy allows its own programs by checksum, threads that the program makes, and
 * nothing that would have to be loaded.
 */
export async function pageHtml(parts: PageParts): Promise<string> {
  const { title, style, skeleton, blocks, notice } = parts;
  const program = `\n${scriptText(parts.program)}\n`;
  const own = await Promise.all([themeScript, program].map(checksum));
  const policy = [
    "default-src 'none'",
    `script-src ${own.join(" ")} 'wasm-unsafe-eval'`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const data = [...blocks].map(([name, bytes]) =>
    `<script type="application/octet-stream" id="${blockId(name)}">${base64(bytes)}</script>`
  );
  return `<!DOCTYPE html>
<!-- ${notice.replaceAll("--", "- -")} -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeXml(title)}</title>
<link rel="icon" href="data:,">
<style>
${style}
</style>
<script>${themeScript}</script>
</head>
<body>
<div id="${rootId}">${skeleton}</div>
<script type="module" id="${programId}">${program}</script>
${data.join("\n")}
</body>
</html>
`;
}
