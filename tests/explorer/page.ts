/** A page of the view in one file, with an engine of its own. */
import { fromFileUrl, join } from "@std/path";
import { syntheticTextures } from "@els/toolkit/machines";
import { loadDataset } from "@els/toolkit/datasets";
import { base64 } from "../../src/figures/base64.ts";
import { themeScript } from "../../src/figures/report_script.ts";
import { explorerSkeleton } from "../../src/explorer/view/skeleton.ts";
import { explorerStyle } from "../../src/explorer/view/style.ts";
import type { EngineData } from "./thread_engine.ts";

/** Small images that are there at once. */
export function texturesData(): EngineData {
  const size = 16, images = 18;
  const bytes = (seed: number) => base64(syntheticTextures({ images, size, seed }).pixels);
  return {
    name: "textures",
    images: bytes(1),
    others: bytes(2),
    shape: [size, size, 1],
    labels: Array.from({ length: images }, (_, i) => i % 3),
    classes: ["A", "B", "C"],
    conditional: true,
    steps: 6,
    patchSizes: [15, 11, 7, 5, 3, 3],
    candidates: [3, 5, 7, 9, 11, 15, 31],
    machines: ["IS", "ES", "LS", "ELS", "bbELS"],
  };
}

/** Digits, for looking at the page. */
export async function digitsData(count = 200): Promise<EngineData> {
  const { images, labels } = await loadDataset("mnist", { images: 2 * count });
  const [, height, width, channels] = images.shape;
  const bytes = Uint8Array.from(images.data, (value) => Math.round(127.5 * (value + 1)));
  const half = count * height * width * channels;
  return {
    name: "MNIST",
    images: base64(bytes.subarray(0, half)),
    others: base64(bytes.subarray(half)),
    shape: [height, width, channels],
    labels: Array.from(labels!).slice(0, count),
    classes: [..."0123456789"],
    conditional: false,
    steps: 8,
    patchSizes: [27, 21, 15, 11, 9, 7, 5, 3],
    candidates: [3, 5, 7, 9, 11, 13, 15, 17, 21, 25, 31, 41, 63],
    machines: ["IS", "LS", "ELS", "bbELS"],
  };
}

/** Bundles the page's program. */
export async function bundledProgram(): Promise<string> {
  const to = await Deno.makeTempDir();
  try {
    const root = fromFileUrl(new URL("../..", import.meta.url));
    const program = join(root, "tests/explorer/page_program.ts");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "-q", "--platform", "browser", "--format", "iife", "--outdir", to, program],
      cwd: root,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readTextFile(join(to, "page_program.js"));
  } finally {
    await Deno.remove(to, { recursive: true });
  }
}

/** The page as HTML. */
export function pageHtml(data: EngineData, program: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Explore ${data.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>${explorerStyle}</style><script>${themeScript}</script></head>
<body>${explorerSkeleton({ title: data.name })}
<script type="application/json" id="data">${
    JSON.stringify(data).replaceAll("<", "\\u003c")
  }</script>
<script>${program.replaceAll("</script", "<\\/script")}</script></body></html>`;
}
