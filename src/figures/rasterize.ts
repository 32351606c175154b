import { ArgumentError } from "../core/errors.ts";
import type { RgbaPixels } from "../formats/rgba_pixels.ts";
import { initWasm, Resvg, type ResvgRenderOptions } from "@resvg/resvg-wasm";

/**
 * Bytes that {@linkcode createRasterizer} needs; reading them is the caller's part.
 *
 * @category Figures
 */
export interface RasterizerAssets {
  /** `index_bg.wasm` of npm:@resvg/resvg-wasm. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** TrueType fonts of one family, regular and bold. */
  readonly fonts: readonly Uint8Array[];
  /** Name of that family. */
  readonly family: string;
}

/**
 * Options of a {@linkcode Rasterizer}.
 *
 * @category Figures
 */
export interface RasterizerOptions {
  /** Number of pixels per unit of the SVG, 2 by default. */
  readonly zoom?: number;
}

/**
 * Draws SVG: as PNG bytes where it is called, as pixels by {@linkcode Rasterizer.pixels}.
 *
 * @category Figures
 */
export interface Rasterizer {
  (svg: string, options?: RasterizerOptions): Uint8Array;
  /** The picture's pixels, for what is made of many pictures. */
  readonly pixels: (svg: string, options?: RasterizerOptions) => RgbaPixels;
}

function parse(svg: string, options: ResvgRenderOptions): InstanceType<typeof Resvg> {
  try {
    return new Resvg(svg, options);
  } catch (error) {
    // The renderer throws plain text.
    throw new ArgumentError(`Cannot draw the SVG as PNG: ${error}`);
  }
}

let started: Promise<void> | undefined;

/**
 * Makes a function that draws SVG as PNG, with the given fonts only, so that the same picture comes
 * out on every machine.
 *
 * @example
 * ```ts
 * import { createRasterizer } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const url = import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm");
 * const wasm = await Deno.readFile(new URL(url));
 * // Without a font, text is left out.
 * const draw = await createRasterizer({ wasm, fonts: [], family: "Lato" });
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="4" height="4"/></svg>';
 * assertEquals([...draw(svg, { zoom: 2 }).subarray(1, 4)], [80, 78, 71]);
 * ```
 *
 * @category Figures
 */
export async function createRasterizer(
  assets: RasterizerAssets,
): Promise<Rasterizer> {
  const { wasm, fonts, family } = assets;
  // The module may be started once per process.
  started ??= WebAssembly.compile(wasm).then(initWasm);
  await started;
  const font = {
    fontBuffers: [...fonts],
    defaultFontFamily: family,
    sansSerifFamily: family,
  };
  const draw = <T>(
    svg: string,
    { zoom = 2 }: RasterizerOptions,
    take: (image: ReturnType<InstanceType<typeof Resvg>["render"]>) => T,
  ): T => {
    const resvg = parse(svg, { background: "white", fitTo: { mode: "zoom", value: zoom }, font });
    const image = resvg.render();
    try {
      return take(image);
    } finally {
      image.free();
      resvg.free();
    }
  };
  const pixels: Rasterizer["pixels"] = (svg, options = {}) =>
    draw(svg, options, ({ width, height, pixels }) => ({ width, height, data: pixels }));
  return Object.assign(
    (svg: string, options: RasterizerOptions = {}) => draw(svg, options, (image) => image.asPng()),
    { pixels },
  );
}
