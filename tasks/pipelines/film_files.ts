/** The files of a film: GIF, animated PNG, WebM, and single pictures. */
import { join } from "@std/path";
import { type Film, filmMoments, type FilmMomentsOptions } from "../../src/figures/film.ts";
import { filmPictures } from "../../src/figures/film_pictures.ts";
import { ApngEncoder } from "../../src/formats/apng.ts";
import { GifEncoder } from "../../src/formats/gif.ts";
import { encodePicture } from "../../src/formats/png.ts";
import type { RgbaPixels } from "../../src/formats/rgba_pixels.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { makeStoredFolder } from "../../src/runs/store_file.ts";
import { UsageError } from "../cli/flags.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import { loadRasterizer } from "../cli/rasterizer.ts";
import { WebmWriter } from "./webm.ts";

/** The formats, in their order, with the file of each; of frames the first. */
export const filmFiles = {
  gif: "film.gif",
  apng: "film.png",
  webm: "film.webm",
  frames: "frames/0001.png",
} as const;

/** Name of a format. */
export type FilmFormat = keyof typeof filmFiles;

/** Names of the formats. */
export const filmFormats = Object.keys(filmFiles) as readonly FilmFormat[];

/** Reads `gif,frames`. */
export function parseFormats(words: string): FilmFormat[] {
  const given = words.split(",").map((word) => word.trim());
  const unknown = given.find((word) => !filmFormats.some((format) => format === word));
  if (unknown !== undefined) {
    throw new UsageError(
      `--format has ${JSON.stringify(unknown)}: expected some of ${
        filmFormats.join(", ")
      }, with commas`,
    );
  }
  return filmFormats.filter((format) => given.includes(format));
}

/** How a film is written. */
export interface WriteFilmOptions extends FilmMomentsOptions {
  readonly formats: readonly FilmFormat[];
  readonly zoom: number;
  /** Pictures a second of what has a constant rate. */
  readonly fps: number;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
}

/** Takes the pictures of a film. */
interface Writer {
  add(picture: RgbaPixels, options: { readonly milliseconds: number }): Promise<void> | void;
  finish(): Promise<void>;
  /** Gives up what was begun. */
  [Symbol.dispose](): void;
}

/** Writes a film into a run's folder, in all formats at once. */
export async function writeFilm(run: Run, film: Film, options: WriteFilmOptions): Promise<void> {
  const { formats, zoom, fps, abort, progress, ...timing } = options;
  const rasterizer = await loadRasterizer();
  const kept = (format: FilmFormat, encoder: GifEncoder | ApngEncoder): Writer => ({
    add: (picture, options) => encoder.add(picture, options),
    finish: () => run.write(filmFiles[format], encoder.finish()),
    [Symbol.dispose]() {},
  });
  const makers: Readonly<Record<FilmFormat, () => Writer>> = {
    gif: () => kept("gif", new GifEncoder()),
    apng: () => kept("apng", new ApngEncoder()),
    webm: () => constantRate(fps, new WebmWriter(run, { file: filmFiles.webm, fps })),
    frames: () => constantRate(fps, frameWriter(run)),
  };
  using stack = new DisposableStack();
  const writers = formats.map((format) => stack.use(makers[format]()));
  const total = filmMoments(film, timing).length;
  const bar = progress.start({ label: "pictures", total });
  let done = 0;
  for (const { picture, milliseconds } of filmPictures(film, { rasterizer, zoom, ...timing })) {
    // Nothing here waits by itself: let Ctrl-C be heard.
    await new Promise((resolve) => setTimeout(resolve, 0));
    abort.throwIfAborted();
    for (const writer of writers) await writer.add(picture, { milliseconds });
    bar.update(++done);
  }
  for (const writer of writers) await writer.finish();
  bar.finish();
}

/** What is shown at a constant rate. */
interface RateWriter {
  add(picture: RgbaPixels): Promise<void>;
  finish(): Promise<void>;
  [Symbol.dispose](): void;
}

/** Repeats pictures as long as they are shown. */
function constantRate(fps: number, writer: RateWriter): Writer {
  let [milliseconds, written] = [0, 0];
  return {
    async add(picture, options) {
      milliseconds += options.milliseconds;
      // Each is there at least once.
      const until = Math.max(written + 1, Math.round(milliseconds * fps / 1000));
      for (; written < until; written++) await writer.add(picture);
    },
    finish: () => writer.finish(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

/** Pictures as numbered files in a folder. */
function frameWriter(run: Run): RateWriter {
  let count = 0;
  let last: { readonly picture: RgbaPixels; readonly bytes: Uint8Array } | undefined;
  return {
    async add(picture) {
      if (count === 0) {
        await makeStoredFolder(run.file("frames")).catch((error) => {
          // A film that was stopped has the folder.
          if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        });
      }
      const bytes = last?.picture === picture ? last.bytes : encodePicture(picture);
      last = { picture, bytes };
      await run.write(join("frames", `${String(++count).padStart(4, "0")}.png`), bytes);
    },
    finish: () => Promise.resolve(),
    [Symbol.dispose]() {},
  };
}
