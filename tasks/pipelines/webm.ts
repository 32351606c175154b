/** WebM, which Deno leaves to the program ffmpeg, where that is installed. */
import type { RgbaPixels } from "../../src/formats/rgba_pixels.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { CommandError } from "../cli/command.ts";

const program = "ffmpeg";

const missing = () =>
  new CommandError(
    `Cannot write WebM: found no program ${program} that may be started, expected it installed; ` +
      "install it, or choose --format gif,apng",
  );

/** Whether an error says that the program is not there, or may not be started. */
function isMissing(error: unknown): boolean {
  const { NotFound, NotCapable, PermissionDenied } = Deno.errors;
  return [NotFound, NotCapable, PermissionDenied].some((kind) => error instanceof kind);
}

/** What ffmpeg says that it can encode. */
async function encodersOf(): Promise<Uint8Array> {
  const { stdout } = await new Deno.Command(program, {
    args: ["-hide_banner", "-encoders"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return stdout;
}

/** @throws CommandError if this platform cannot encode WebM: to be asked before long work. */
export async function requireWebm(): Promise<void> {
  const found = await encodersOf().catch((error) => {
    throw isMissing(error) ? missing() : error;
  });
  if (!new TextDecoder().decode(found).includes("libvpx-vp9")) {
    throw new CommandError(
      `Cannot write WebM: ${program} has no encoder libvpx-vp9; install one that has, or choose ` +
        "--format gif,apng",
    );
  }
}

/** Hands pictures of one size to ffmpeg, at a constant rate, and the film to the run. */
export class WebmWriter {
  readonly #run: Run;
  readonly #file: string;
  readonly #fps: number;
  #child: Deno.ChildProcess | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #output: Promise<Deno.CommandOutput> | undefined;

  constructor(run: Run, { file, fps }: { readonly file: string; readonly fps: number }) {
    this.#run = run;
    this.#file = file;
    this.#fps = fps;
  }

  /** Adds a picture. */
  async add({ width, height, data }: RgbaPixels): Promise<void> {
    this.#input ??= this.#start(width, height);
    await this.#input.write(Uint8Array.from(data)).catch(() => this.#fail());
  }

  /** Ends the film and writes it. */
  async finish(): Promise<void> {
    await this.#input?.close().catch(() => this.#fail());
    const { success, stdout } = await this.#output!;
    if (!success || stdout.length === 0) await this.#fail();
    await this.#run.write(this.#file, stdout);
  }

  /** Ends the program where the film is given up. */
  [Symbol.dispose](): void {
    try {
      this.#child?.kill();
    } catch {
      // It has ended.
    }
  }

  #start(width: number, height: number): WritableStreamDefaultWriter<Uint8Array> {
    const child = new Deno.Command(program, {
      args: [
        ...["-hide_banner", "-loglevel", "error"],
        ...["-f", "rawvideo", "-pixel_format", "rgba", "-video_size", `${width}x${height}`],
        ...["-framerate", String(this.#fps), "-i", "pipe:0"],
        // Every player knows 4:2:0; one thread and no version in the file: the same bytes again.
        ...["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-crf", "24", "-b:v", "0"],
        ...["-threads", "1", "-flags:v", "+bitexact", "-fflags", "+bitexact"],
        ...["-f", "webm", "pipe:1"],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#output = child.output();
    return child.stdin.getWriter();
  }

  async #fail(): Promise<never> {
    const { stderr } = await this.#output!;
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new CommandError(`Cannot write WebM: ${program} failed: ${said || "it said nothing"}`);
  }
}
