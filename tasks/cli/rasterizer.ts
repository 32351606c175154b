import fontPackage from "@expo-google-fonts/lato/package.json" with { type: "json" };
import { createRasterizer, type Rasterizer } from "../../src/figures/rasterize.ts";

/** A rasterizer with its WebAssembly and the font Lato, both from the npm cache. */
export async function loadRasterizer(): Promise<Rasterizer> {
  // Importing the package's manifest is what brings its files into the cache.
  const font = (file: string) => import.meta.resolve(`${fontPackage.name}/${file}`);
  const [wasm, ...fonts] = await Promise.all(
    [
      import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"),
      font("400Regular/Lato_400Regular.ttf"),
      font("700Bold/Lato_700Bold.ttf"),
    ].map((url) => Deno.readFile(new URL(url))),
  );
  return await createRasterizer({ wasm: wasm!, fonts, family: "Lato" });
}
