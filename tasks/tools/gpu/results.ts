/** What a call leaves: parts in a folder of the state, and results that fit into a pocket. */
import { join } from "@std/path";
import { readJsonFile } from "../../../src/runs/json_file.ts";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import { toolkit } from "../../../src/runs/provenance.ts";
import { experiments } from "../../reproduce/experiments.ts";
import type { ExperimentRecord } from "../../reproduce/run_experiment.ts";
import { assemble, type Parts, type PosteriorPart, type TrainingPart } from "./gpu_report.ts";
import { reportText } from "./gpu_report_text.ts";
import { answerOf } from "./program.ts";
import { Steps } from "./steps.ts";

/** Something that is not done, and not for a fault or for time. */
export interface Note {
  readonly stage: string;
  readonly what: string;
  readonly why: string;
}

/** Largest file to carry. */
const CARRIED_BYTES = 16_000_000;
/** Training, and two protocols. */
const STEPS_OF_ROW = 3;
/** How many rows' weights to carry, for no more than eight files. */
const CARRIED_WEIGHTS = 4;

/** Contents of the JSON files of a folder whose names begin alike; a damaged one is left out aloud. */
async function jsonParts<T>(folder: string, prefix: string): Promise<T[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(prefix) && name.endsWith(".json")) names.push(name);
  }
  const found: T[] = [];
  for (const name of names.sort()) {
    try {
      found.push(await readJsonFile(join(folder, name)) as T);
    } catch (error) {
      console.error(`${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  }
  return found;
}

/** The parts of a report: files that steps wrote, records of steps and experiments. */
export class Results {
  /** Folder of the parts. */
  readonly parts: string;
  readonly #state: string;
  readonly #out: string;
  readonly #notes: Note[] = [];
  /** What the report says of this call and its box. */
  readonly context: Record<string, string> = {};

  /**
   * @param options.state Folder of runs and parts, which stay on the box.
   * @param options.out Folder of what is carried away.
   */
  constructor({ state, out }: { readonly state: string; readonly out: string }) {
    this.#state = state;
    this.#out = out;
    this.parts = join(state, "parts");
  }

  /** Says what is not done and why. */
  note(note: Note): void {
    this.#notes.push(note);
  }

  /** Keeps an evaluated experiment for the report. */
  async keepRow(record: ExperimentRecord, training: string): Promise<void> {
    const { experiment, protocol: { name, grid, steps }, medians } = record;
    const part = { row: experiment, training, grid, steps, medians };
    await writeFileAtomic(
      join(this.parts, `row-${experiment}-${name}.json`),
      JSON.stringify(part, null, 2) + "\n",
    );
  }

  /** All parts so far. */
  async read(): Promise<Parts> {
    const [adapter] = await jsonParts<NonNullable<Parts["adapter"]>>(this.parts, "adapter");
    return {
      ...adapter && { adapter },
      context: { toolkit, ...this.context },
      steps: (await Steps.read(this.parts))
        .map(({ stage, name, outcome, seconds }) => ({ stage, name, outcome, seconds })),
      notes: this.#notes,
      posterior: await jsonParts<PosteriorPart>(this.parts, "posterior-"),
      training: await jsonParts<TrainingPart>(this.parts, "training-"),
      rows: await jsonParts(this.parts, "row-"),
    };
  }

  /** Writes report.txt and gpu.json; returns the report. */
  async summarize(): Promise<string> {
    const report = assemble(await this.read());
    const text = reportText(report);
    await writeFileAtomic(join(this.#out, "report.txt"), text);
    await writeFileAtomic(join(this.#out, "gpu.json"), JSON.stringify(report, null, 2) + "\n");
    return text;
  }

  /** Writes a row's weights to carry; false if those of enough others are there. */
  async deliverWeights(name: string, half: Uint8Array): Promise<boolean> {
    const names = Array.from(Deno.readDirSync(this.#out), (entry) => entry.name)
      .filter((each) => each.endsWith(".safetensors"));
    const file = `${name}.safetensors`;
    if (!names.includes(file) && names.length >= CARRIED_WEIGHTS) return false;
    await writeFileAtomic(join(this.#out, file), half);
    return true;
  }

  /** All so far, small enough to carry: pictures go first if that is needed. */
  async collect(): Promise<void> {
    await this.summarize();
    const archive = join(this.#state, "results.tar.gz");
    // Weights, images and states are large; the rest is of this box.
    const without = ["*.safetensors", ".lock"];
    const box = ["results.tar.gz", "tmp", "shaders", "bin", "lib", "lock"].map((n) => `./${n}`);
    for (const more of [[], ["*.png"], ["*.html"], ["*.svg"]]) {
      without.push(...more);
      await answerOf([
        ...["tar", "-czf", archive],
        ...[...without, ...box].map((name) => `--exclude=${name}`),
        ...["-C", this.#state, "."],
      ], { seconds: 60 });
      const size = (await Deno.stat(archive)).size;
      if (size <= CARRIED_BYTES) break;
    }
    await writeFileAtomic(join(this.#out, "results.tar.gz"), await Deno.readFile(archive));
  }
}

/**
 * Takes over what another machine finished. A row whose weights stayed there has to be whole; else it
 * is begun again.
 *
 * @param options.previous The folder of its results.
 * @returns Whether they could be read.
 */
export async function takeOver(
  { previous, state, out, parts }: {
    readonly previous: string;
    readonly state: string;
    readonly out: string;
    readonly parts: string;
  },
): Promise<boolean> {
  const archive = join(previous, "results.tar.gz");
  const answer = await answerOf(["tar", "-xzf", archive, "-C", state], { seconds: 60 });
  if (answer?.code !== 0) return false;
  for await (const { name } of Deno.readDir(previous)) {
    if (name.endsWith(".safetensors")) await Deno.copyFile(join(previous, name), join(out, name));
  }
  const steps = await Steps.read(parts);
  for await (const { name, isDirectory } of Deno.readDir(state)) {
    if (!isDirectory || !experiments.some((experiment) => experiment.name === name)) continue;
    const its = steps.filter((step) => step.name.startsWith(`${name}-`));
    if (its.filter(({ outcome }) => outcome === "ok").length >= STEPS_OF_ROW) continue;
    await Deno.remove(join(state, name), { recursive: true });
    for (const step of its) await Deno.remove(join(parts, `step-${step.name}.json`));
    for (const { name: file } of [...Deno.readDirSync(parts)]) {
      if (file.startsWith(`row-${name}-`)) await Deno.remove(join(parts, file));
    }
  }
  return true;
}
