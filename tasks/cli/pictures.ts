import type { Run } from "../../src/runs/run_folder.ts";
import { embedLato } from "./lato.ts";
import { loadRasterizer } from "./rasterizer.ts";

/** Writes figures and pages into a run's folder. */
export interface PictureWriter {
  /** Writes `NAME.svg`, with its font in it, and `NAME.png`. */
  figure(name: string, svg: string): Promise<void>;
  /** Writes a page with its font in it. */
  page(file: string, html: string): Promise<void>;
}

/** A writer for one run. */
export async function pictureWriter(run: Pick<Run, "write">): Promise<PictureWriter> {
  const rasterize = await loadRasterizer();
  return {
    async figure(name, svg) {
      await run.write(`${name}.svg`, await embedLato(svg));
      await run.write(`${name}.png`, rasterize(svg));
    },
    async page(file, html) {
      await run.write(file, await embedLato(html));
    },
  };
}
