import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { appendNote } from "./append_note.ts";
import { withDarkVariant } from "./dark_variant.ts";
import { plotConfig } from "./theme.ts";
import { escapeXml, textWidth } from "./xml.ts";

/** The part of Vega's text measuring that its types leave out. */
interface TextMetrics {
  width: (item: { readonly fontSize?: number }, text: unknown) => number;
}

// Without a canvas Vega takes 0.8 em for every letter and leaves gaps around long titles; with one,
// the picture would depend on the fonts installed. One estimate everywhere gives the same bytes.
(vega as unknown as { readonly textMetrics: TextMetrics }).textMetrics.width = (item, text) =>
  Math.ceil(textWidth(String(text ?? ""), item.fontSize ?? 11));

/**
 * Options that every plot takes.
 *
 * @category Figures
 */
export interface PlotOptions {
  /** Line above the plot. */
  readonly title?: string | undefined;
  /** Width of the plotting area in pixels. */
  readonly width?: number;
  /** Height of the plotting area in pixels. */
  readonly height?: number;
  /** Small text under the plot, such as what its marks mean; broken into lines. */
  readonly note?: string | undefined;
}

/**
 * Coordinates to two decimals, numbers in labels for those who cannot see the picture to four digits:
 * the last bits of a sine differ from machine to machine. Text stays as it is.
 */
export function roundCoordinates(svg: string): string {
  const number = /\d+\.\d{3,}(?:e-?\d+)?/g;
  return svg.replace(
    /<[^>]*>/g,
    (tag) =>
      tag.replace(
        /aria-label="[^"]*"|-?\d+\.\d{3,}(?:e-?\d+)?/g,
        (found) =>
          found.startsWith("aria")
            ? found.replace(number, (text) => String(Number(Number(text).toPrecision(4))))
            : String(Number(Number(found).toFixed(2)) || 0),
      ),
  );
}

/**
 * Draws a Vega-Lite specification as SVG with a dark variant, without a canvas: the same bytes for the
 * same input.
 *
 * @param options.description What the picture shows, for those who cannot see it.
 * @param options.note Small text under the plot.
 */
export async function plotSvg(
  spec: TopLevelSpec,
  { description, note }: {
    readonly description: string;
    readonly note?: string | undefined;
  },
): Promise<string> {
  // Vega-Lite warns about choices of its own making (such as a step on an ordered axis).
  const { spec: full } = compile({ config: plotConfig, ...spec }, { logger: silentLogger });
  const view = new vega.View(vega.parse(full), {
    renderer: "none",
    logLevel: vega.Error,
  });
  try {
    const svg = await view.toSVG();
    const label = `<svg role="img" aria-label="${escapeXml(description)}"`;
    const drawn = `${roundCoordinates(svg).replace(/^<svg/, () => label)}\n`;
    return withDarkVariant(note === undefined ? drawn : appendNote(drawn, note));
  } finally {
    view.finalize();
  }
}

const silentLogger = {
  level: () => silentLogger,
  error: (...args: readonly unknown[]) => {
    throw new Error(`Cannot draw the plot: ${args.join(" ")}`);
  },
  warn: () => silentLogger,
  info: () => silentLogger,
  debug: () => silentLogger,
};
