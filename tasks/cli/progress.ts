import { ifAnybodyReads } from "./terminal.ts";

/** Where a {@linkcode ProgressReporter} writes, and its clock; tests pass their own. */
export interface ProgressOutput {
  /** Writes text as it is, without a line break. */
  readonly write: (text: string) => void;
  /** Whether lines can be redrawn in place. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns: () => number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Options of {@linkcode ProgressReporter.start}. */
export interface ProgressOptions {
  /** What is going on, such as `train`. */
  readonly label: string;
  /** Amount of work in all; absent: unknown. */
  readonly total?: number;
  /** Amount that an earlier run had done already; it does not count towards the rate. */
  readonly done?: number;
  /** What is counted, such as `images`: the rate reads `412 images/s`. */
  readonly unit?: string;
  /** Counted units per unit of work, such as the batch size when steps are the work. */
  readonly unitsPerStep?: number;
}

/** Further numbers to show, in order, such as `{ loss: 0.0812 }`. */
export type ProgressFields = Readonly<Record<string, number | string>>;

/** A piece of work that reports how far it has come. */
export interface Progress {
  /** Says that `done` units of work (of all, not since the last call) are finished. */
  readonly update: (done: number, fields?: ProgressFields) => void;
  /** Writes the last state with the time taken; further calls do nothing. */
  readonly finish: () => void;
}

const redrawMs = 100;
const plainMs = 10_000;
/** The rate forgets what is much older than this many seconds. */
const memorySeconds = 20;

/** Seconds as people say them: `8s`, `3m 05s`, `2h 10m`, `3d 04h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${two(s % 60)}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${two((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d ${two((s % 86_400) / 3600)}h`;
}

// Three digits always, so that a redrawn line does not jump.
const short = (value: number) => value >= 100 ? value.toFixed(0) : value.toPrecision(3);
const precise = (value: number) =>
  Number.isInteger(value) && Math.abs(value) < 1e6
    ? String(value)
    : value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(1)
    : value.toPrecision(3);

/** Writes the progress of long work on stderr: one line that is redrawn, or a line now and then. */
export class ProgressReporter {
  #output: ProgressOutput;
  #quiet: boolean;
  #drawn = "";

  /** @param options.quiet Writes nothing at all. */
  constructor(output: ProgressOutput, { quiet = false }: { readonly quiet?: boolean } = {}) {
    this.#output = output;
    this.#quiet = quiet;
  }

  /** Writes a line of its own, above the line that is being redrawn. */
  note(text: string): void {
    if (this.#quiet) return;
    const { isTerminal, write } = this.#output;
    write(isTerminal ? `\r\x1b[K${text}\n${this.#drawn}` : `${text}\n`);
  }

  /** Ends a line that is being redrawn, so that what follows starts on a line of its own. */
  close(): void {
    if (this.#drawn !== "") this.#output.write("\n");
    this.#drawn = "";
  }

  /** Begins a piece of work and writes its first line. */
  start(options: ProgressOptions): Progress {
    const { label, total, done: doneBefore = 0, unit, unitsPerStep = 1 } = options;
    const { write, isTerminal, columns, now } = this.#output;
    const began = now();
    let done = doneBefore;
    let fields: ProgressFields = {};
    let finished = false;
    let shownAt = -Infinity;
    // Work and seconds, both fading with age: their ratio is the rate without a start-up bias.
    let [recentWork, recentSeconds, sampledAt, sampledDone] = [0, 0, began, doneBefore];

    const sample = () => {
      const seconds = (now() - sampledAt) / 1000;
      if (seconds <= 0) return;
      const keep = Math.exp(-seconds / memorySeconds);
      recentWork = recentWork * keep + Math.max(0, done - sampledDone);
      recentSeconds = recentSeconds * keep + seconds;
      [sampledAt, sampledDone] = [now(), done];
    };
    const line = () => {
      const parts = [label];
      parts.push(total === undefined ? `${done}` : `${done}/${total}`);
      if (total !== undefined && total > 0) parts.push(`${Math.floor(100 * done / total)}%`);
      const elapsed = (now() - began) / 1000;
      const rate = finished && elapsed > 0
        ? (done - doneBefore) / elapsed
        : recentSeconds > 0
        ? recentWork / recentSeconds
        : 0;
      if (rate > 0) parts.push(`${short(rate * unitsPerStep)}${unit ? ` ${unit}` : ""}/s`);
      if (finished) parts.push(`in ${duration(elapsed)}`);
      else if (rate > 0 && total !== undefined) {
        parts.push(`${duration((total - done) / rate)} left`);
      }
      for (const [name, value] of Object.entries(fields)) {
        parts.push(`${name} ${typeof value === "number" ? precise(value) : value}`);
      }
      return parts.join("  ");
    };
    const show = () => {
      shownAt = now();
      if (this.#quiet) return;
      if (isTerminal) {
        this.#drawn = line().slice(0, Math.max(20, columns() - 1));
        write(`\r\x1b[K${this.#drawn}${finished ? "\n" : ""}`);
        if (finished) this.#drawn = "";
      } else write(`${line()}\n`);
    };
    show();
    return {
      update: (newDone, newFields = fields) => {
        if (finished) return;
        [done, fields] = [newDone, newFields];
        // Sampling every call would let timer noise of very short steps into the rate.
        if (now() - sampledAt >= redrawMs) sample();
        if (now() - shownAt >= (isTerminal ? redrawMs : plainMs)) show();
      },
      finish: () => {
        if (finished) return;
        finished = true;
        show();
      },
    };
  }
}

/** Output on this process's stderr. */
export function stderrOutput(): ProgressOutput {
  const encoder = new TextEncoder();
  return {
    write: (text) => {
      let bytes = encoder.encode(text);
      ifAnybodyReads(() => {
        while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
      });
    },
    isTerminal: Deno.stderr.isTerminal(),
    columns: () => {
      try {
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80;
      }
    },
    now: () => performance.now(),
  };
}
