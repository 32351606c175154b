import { createRasterizer, type Rasterizer } from "../../src/figures/rasterize.ts";
import { latoBold, latoRegular } from "./lato.ts";

/** A rasterizer with its WebAssembly and the font Lato, both from the npm cache. */
export async function loadRasterizer(): Promise<Rasterizer> {
  const [wasm, ...fonts] = await Promise.all([
    // By its full name, as deno.json's is not known where this package comes from JSR.
    Deno.readFile(new URL(import.meta.resolve("npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm"))),
    latoRegular(),
    latoBold(),
  ]);
  return await createRasterizer({ wasm, fonts, family: "Lato" });
}
