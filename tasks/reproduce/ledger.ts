/** What is done already: one file for each row and protocol, and for each study. */
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import type { RowRecord } from "./row_work.ts";
import type { StudyRecord } from "./scale_study.ts";

const FORMAT = "els-evidence";

/** The results of a budget, in a folder beside the runs. */
export class Ledger {
  readonly #folder: string;

  /**
   * @param options.runs Folder of the runs.
   * @param options.budget Name of the budget.
   */
  constructor({ runs, budget }: { readonly runs: string; readonly budget: string }) {
    this.#folder = join(runs, `results-${budget}`);
  }

  /** A finished row; undefined if it is not there. */
  row(name: string, protocol: string): Promise<RowRecord | undefined> {
    return this.#read<RowRecord>("row", `${name}-${protocol}.json`);
  }

  /** A finished study; undefined if it is not there. */
  study(name: string, protocol: string): Promise<StudyRecord | undefined> {
    return this.#read<StudyRecord>("study", `study-${name}-${protocol}.json`);
  }

  /** Keeps a finished row. */
  async keepRow(record: RowRecord): Promise<void> {
    await this.#write("row", `${record.row}-${record.protocol.name}.json`, record);
  }

  /** Keeps a finished study. */
  async keepStudy(record: StudyRecord): Promise<void> {
    await this.#write("study", `study-${record.row}-${record.protocol.name}.json`, record);
  }

  async #write(kind: string, name: string, record: unknown): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true });
    const text = writeJsonText({ format: FORMAT, version: 1, kind, record });
    await writeFileAtomic(join(this.#folder, name), text);
  }

  async #read<T>(kind: string, name: string): Promise<T | undefined> {
    const path = join(this.#folder, name);
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    let value: { format?: unknown; version?: unknown; kind?: unknown; record?: unknown } | null;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new DataFormatError(path, `not JSON: ${(error as Error).message}; delete it`);
    }
    if (value?.format !== FORMAT || value.version !== 1 || value.kind !== kind) {
      throw new DataFormatError(
        path,
        `not a ${kind} of the evidence in a version known here; delete it to compute it again`,
      );
    }
    return value.record as T;
  }
}
