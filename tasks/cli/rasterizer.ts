import { createRasterizer, type Rasterizer } from "../../src/figures/rasterize.ts";
import { latoBold, latoRegular } from "./lato.ts";

/** A rasterizer with its WebAssembly and the font Lato, both from the npm cache. */
export async function loadRasterizer(): Promise<Rasterizer> {
  const [wasm, ...fonts] = await Promise.all([
    Deno.readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))),
    latoRegular(),
    latoBold(),
  ]);
  return await createRasterizer({ wasm, fonts, family: "Lato" });
}
