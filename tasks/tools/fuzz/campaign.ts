/** Runs the inputs of a target in a process of their own, which is killed when one hangs. */
import { fromFileUrl } from "@std/path";
import { Inputs } from "./inputs.ts";
import type { Outcome, Verdict } from "./run_input.ts";
import { type FuzzMode, loadTarget } from "./target.ts";

const child = fromFileUrl(new URL("./child.ts", import.meta.url));
const root = fromFileUrl(new URL("../../..", import.meta.url));

/** Many times what counts as a hang: on a busy machine time passes without the child, which also makes the input. */
const patienceMs = 12_000;
const startMs = 60_000;
/** A process that once took much, and gave it back, does not show whether the next input takes as much. */
const mostSlackMegabytes = 200;

/** A failure with what repeats it. */
export interface Failure {
  readonly index: number;
  readonly outcome: Outcome;
  readonly says: string;
  readonly note: string;
  /** The input, smaller where that was simple; absent where the process did not live to tell it. */
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
}

/** What a child writes of an input. */
interface Line extends Verdict {
  readonly ready?: true;
  readonly index: number;
  /** How far the process is below its peak. */
  readonly slack: number;
  readonly note?: string;
  readonly bytes?: string;
}

/** Options of {@linkcode runCampaign}. */
export interface CampaignOptions {
  readonly target: string;
  /** `file`: `files` are the inputs. */
  readonly mode: FuzzMode | "file";
  readonly seed: number;
  /** Number of the first input, and of the one after the last. */
  readonly first: number;
  readonly last: number;
  /** Paths of further files to begin with. */
  readonly files: readonly string[];
  /** Ends it early; what was done counts. */
  readonly signal: AbortSignal;
  readonly onInput: (verdict: Pick<Verdict, "outcome" | "milliseconds" | "megabytes">) => void;
  readonly onFailure: (failure: Failure) => void;
}

/** `deno` by its path where that may be run, else by its name. */
async function denoCommand(): Promise<string> {
  const path = Deno.execPath();
  const { state } = await Deno.permissions.query({ name: "run", command: path });
  return state === "granted" ? path : "deno";
}

/**
 * Runs inputs until the last, or until it is stopped.
 *
 * @returns How many were run.
 */
export async function runCampaign(options: CampaignOptions): Promise<number> {
  const { first, last, signal, onInput, onFailure } = options;
  let next = first;
  let failedToStart = 0;
  while (next < last && !signal.aborted) {
    const { done, ended, started } = await runChild({ ...options, first: next });
    next += done;
    failedToStart = started ? 0 : failedToStart + 1;
    if (failedToStart === 3) throw new Error(`${options.target}: ${ended}`);
    if (ended === "renewed" || !started || next >= last || signal.aborted) continue;
    // The input under way was too slow, or ended the process: once more, alone, to be sure.
    const again = await runChild({ ...options, first: next, last: next + 1 });
    if (again.done === 0 && again.started && !signal.aborted) {
      const outcome = again.ended === "hang" ? "hang" : "memory";
      const says = outcome === "hang" ? `no answer within ${patienceMs / 1000} s` : again.ended;
      onFailure({ index: next, outcome, says, ...await remake(options, next) });
      onInput({ outcome, milliseconds: 0, megabytes: 0 });
    }
    next++;
  }
  return next - first;
}

/** An input that a process did not live to report; made here, and read by nobody. */
async function remake(
  { target: name, mode, seed, files }: CampaignOptions,
  index: number,
): Promise<Pick<Failure, "note" | "bytes">> {
  if (mode === "file") return { note: "a file" };
  const corpus = await Promise.all(files.map((path) => Deno.readFile(path)));
  const inputs = await Inputs.of(await loadTarget(name), { seed, corpus });
  return inputs.make(mode, index);
}

/** Runs one process, until it is through, ends, or is killed. */
async function runChild(
  { target, mode, seed, first, last, files, signal, onInput, onFailure }: CampaignOptions,
): Promise<{ readonly done: number; readonly ended: string; readonly started: boolean }> {
  const process = new Deno.Command(await denoCommand(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-lock", "--no-check", "-R"],
      "--v8-flags=--max-old-space-size=1024",
      child,
      ...[target, mode, seed, first, last].map(String),
      ...files,
    ],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaint = new Response(process.stderr).text();
  let ended = "";
  const stop = (reason: string) => {
    ended ||= reason;
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  const onAbort = () => stop("stopped");
  signal.addEventListener("abort", onAbort);
  let patience = setTimeout(() => stop("hang"), startMs);
  let [done, started] = [0, false];
  try {
    for await (const text of lines(process.stdout)) {
      clearTimeout(patience);
      if (ended !== "") break;
      const line = JSON.parse(text) as Line;
      patience = setTimeout(() => stop("hang"), patienceMs);
      if (line.ready) {
        started = true;
        continue;
      }
      done++;
      const { index, outcome, says, note = "", bytes } = line;
      onInput(line);
      if (bytes !== undefined) {
        onFailure({ index, outcome, says, note, bytes: Uint8Array.fromBase64(bytes) });
      }
      if (line.slack > mostSlackMegabytes) stop("renewed");
    }
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", onAbort);
    stop("");
  }
  await process.status;
  const said = (await complaint).trim().split("\n").find((line) => /error|fatal/i.test(line));
  return { done, ended: ended || said || "the process ended", started };
}

/** The lines of a stream. */
async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as never)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
