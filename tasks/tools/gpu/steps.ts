/** Steps: commands with a time limit, whose outcome is kept so that a later call goes on. */
import { join } from "@std/path";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import { readJsonFile } from "../../../src/runs/json_file.ts";
import { sha256Json } from "../../../src/runs/provenance.ts";

/** What is kept of a step. */
export interface StepRecord {
  readonly stage: string;
  readonly name: string;
  /** `ok`, `time ran out`, `not begun`, `interrupted`, `killed`, `running` or `failed, code N`. */
  readonly outcome: string;
  readonly seconds: number;
  /** What it was done with: steps of another key are done again. */
  readonly key: string;
}

/** A command to run as a step. */
export interface StepCommand {
  readonly stage: string;
  readonly name: string;
  /** Program and arguments. */
  readonly words: readonly string[];
  /** Seconds that it may take; it is not begun if there are none. */
  readonly seconds: number;
  /** What the result depends on besides the words. */
  readonly inputs?: unknown;
}

/** What {@linkcode Steps} needs. */
export interface StepsOptions {
  /** Folder of the records (`step-NAME.json`) and outputs (`NAME.txt`). */
  readonly folder: string;
  /** Environment of the commands. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What all results depend on, such as the sources and the adapter. */
  readonly inputs: unknown;
  /** Ends the step at work and all after it. */
  readonly abort: AbortSignal;
  /** Told when a step begins, after its record says so, and when it has ended. */
  readonly onChange: () => Promise<void>;
  readonly print: (text: string) => void;
  /** Shows what a command writes, as it comes. */
  readonly show?: (bytes: Uint8Array) => void;
  /** Seconds to save in, once a command was told to end. Default 30. */
  readonly grace?: number;
}

/** Runs steps and remembers what became of them. */
export class Steps {
  readonly #options: StepsOptions;
  /** Whether a step of this call failed. */
  failed = false;
  /** Whether time ran out for a step of this call. */
  stopped = false;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** All records, by time of their last change. */
  static async read(folder: string): Promise<StepRecord[]> {
    const found: { record: StepRecord; when: number }[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (!/^step-.*\.json$/.test(name)) continue;
      const path = join(folder, name);
      const record = await readJsonFile(path) as StepRecord | undefined;
      if (record !== undefined) {
        found.push({ record, when: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
      }
    }
    return found.sort((a, b) => a.when - b.when).map(({ record }) => record);
  }

  /** What an earlier call began and did not end was killed with it. */
  async markKilled(): Promise<void> {
    for (const record of await Steps.read(this.#options.folder)) {
      if (record.outcome === "running") await this.#keep({ ...record, outcome: "killed" });
    }
  }

  /**
   * Runs a command, unless an earlier call did just that. When its time is up, or the signal aborts, it
   * is told to end, upon which it saves.
   *
   * @returns Whether it is done.
   */
  async run({ stage, name, words, seconds, inputs }: StepCommand): Promise<boolean> {
    const { folder, abort, print, onChange } = this.#options;
    const key = await sha256Json([this.#options.inputs, words, inputs ?? null]);
    const known = (await Steps.read(folder)).find((record) => record.name === name);
    if (known?.outcome === "ok" && known.key === key) {
      print(`-- ${name}: an earlier call did it`);
      return true;
    }
    if (abort.aborted) return false;
    const record = { stage, name, key };
    if (!(seconds > 0)) {
      this.stopped = true;
      await this.#keep({ ...record, outcome: "not begun", seconds: 0 });
      return false;
    }
    print(`-- ${name}`);
    await this.#keep({ ...record, outcome: "running", seconds: 0 });
    await onChange();
    const began = performance.now();
    const outcome = await this.#execute(words, { name, seconds });
    const took = Math.round((performance.now() - began) / 1000);
    await this.#keep({ ...record, outcome, seconds: took });
    if (outcome === "time ran out") this.stopped = true;
    if (/^(failed|killed)/.test(outcome)) this.failed = true;
    if (outcome !== "ok") print(`-- ${name}: ${outcome}`);
    await onChange();
    return outcome === "ok";
  }

  async #execute(
    [program, ...args]: readonly string[],
    { name, seconds }: { readonly name: string; readonly seconds: number },
  ): Promise<string> {
    const { folder, env, cwd, abort, show, grace = 30 } = this.#options;
    const child = new Deno.Command(program!, {
      ...{ args, cwd, env, stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
    using log = await Deno.open(join(folder, `${name}.txt`), {
      ...{ write: true, create: true, truncate: true },
    });
    const copy = async (stream: ReadableStream<Uint8Array>) => {
      for await (const bytes of stream) {
        show?.(bytes);
        writeWhole(log, bytes);
      }
    };
    const timers: ReturnType<typeof setTimeout>[] = [];
    let late = false;
    let told = false;
    const tell = () => {
      if (told) return;
      told = true;
      signal(child, "SIGTERM");
      timers.push(setTimeout(() => signal(child, "SIGKILL"), grace * 1000));
    };
    const onLate = () => {
      late = true;
      tell();
    };
    timers.push(setTimeout(onLate, seconds * 1000));
    abort.addEventListener("abort", tell, { once: true });
    try {
      const [{ code, signal: ended }] = await Promise.all([
        child.status,
        copy(child.stdout),
        copy(child.stderr),
      ]);
      if (code === 0) return "ok";
      if (abort.aborted) return "interrupted";
      if (late) return "time ran out";
      return ended === "SIGKILL" ? "killed" : code === 130 ? "interrupted" : `failed, code ${code}`;
    } finally {
      for (const timer of timers) clearTimeout(timer);
      abort.removeEventListener("abort", tell);
    }
  }

  async #keep(record: StepRecord): Promise<void> {
    const text = JSON.stringify(record, null, 2) + "\n";
    await writeFileAtomic(join(this.#options.folder, `step-${record.name}.json`), text);
  }
}

/** Writes all bytes, however many calls that takes. */
export function writeWhole(
  file: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}

function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
