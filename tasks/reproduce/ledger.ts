/** What is done already: one file for each experiment and ablation by each protocol. */
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { isObject, readJsonFile, writeJsonFile } from "../../src/runs/json_file.ts";
import type { ExperimentRecord } from "./run_experiment.ts";
import type { AblationRecord } from "./scale_ablation.ts";

const FORMAT = "els-reproduction";

/** The results of a profile, in a folder beside the runs. */
export class Ledger {
  readonly #folder: string;

  /**
   * @param options.runs Folder of the runs.
   * @param options.profile Name of the profile.
   */
  constructor({ runs, profile }: { readonly runs: string; readonly profile: string }) {
    this.#folder = join(runs, `results-${profile}`);
  }

  /** A finished experiment; undefined if it is not there. */
  experiment(name: string, protocol: string): Promise<ExperimentRecord | undefined> {
    return this.#read<ExperimentRecord>("experiment", `${name}-${protocol}.json`);
  }

  /** A finished ablation; undefined if it is not there. */
  ablation(name: string, protocol: string): Promise<AblationRecord | undefined> {
    return this.#read<AblationRecord>("ablation", `ablation-${name}-${protocol}.json`);
  }

  /** Keeps a finished experiment. */
  async keepExperiment(record: ExperimentRecord): Promise<void> {
    await this.#write("experiment", `${record.experiment}-${record.protocol.name}.json`, record);
  }

  /** Keeps a finished ablation. */
  async keepAblation(record: AblationRecord): Promise<void> {
    await this.#write(
      "ablation",
      `ablation-${record.experiment}-${record.protocol.name}.json`,
      record,
    );
  }

  async #write(kind: string, name: string, record: unknown): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true });
    await writeJsonFile(join(this.#folder, name), { format: FORMAT, version: 1, kind, record });
  }

  async #read<T>(kind: string, name: string): Promise<T | undefined> {
    const path = join(this.#folder, name);
    const value = await readJsonFile(path).catch((error) => {
      if (!(error instanceof DataFormatError)) throw error;
      const what = error.message.replace(`${path}: `, "");
      throw new DataFormatError(path, `${what}; do its row again, which reads the finished runs`);
    });
    if (value === undefined) return undefined;
    const { format, version, kind: found, record } = isObject(value) ? value : {};
    if (format !== FORMAT || version !== 1 || found !== kind || !isObject(record)) {
      throw new DataFormatError(
        path,
        `not an ${kind} of a reproduction in a version known here; do its row again, which reads the ` +
          "finished runs",
      );
    }
    return record as T;
  }
}
