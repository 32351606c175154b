/** What is done already: one file for each experiment and ablation by each protocol. */
import { join } from "@std/path";
import { RecordFolder } from "./record_folder.ts";
import type { ExperimentRecord } from "./run_experiment.ts";
import type { AblationRecord } from "./scale_ablation.ts";

const remedy = "do its row again, which reads the finished runs";
/** What the names of ablations begin with. */
const ablationPrefix = "ablation-";

/** The results of a profile, in a folder beside the runs. */
export class Ledger {
  readonly #records: RecordFolder;

  /**
   * @param options.runs Folder of the runs.
   * @param options.profile Name of the profile.
   */
  constructor({ runs, profile }: { readonly runs: string; readonly profile: string }) {
    this.#records = new RecordFolder(join(runs, `results-${profile}`), { remedy });
  }

  /** A finished experiment; undefined if it is not there. */
  experiment(name: string, protocol: string): Promise<ExperimentRecord | undefined> {
    return this.#records.read(`${name}-${protocol}`, { kind: "experiment" });
  }

  /** A finished ablation; undefined if it is not there. */
  ablation(name: string, protocol: string): Promise<AblationRecord | undefined> {
    return this.#records.read(`${ablationPrefix}${name}-${protocol}`, { kind: "ablation" });
  }

  /** Keeps a finished experiment. */
  async keepExperiment(record: ExperimentRecord): Promise<void> {
    const name = `${record.experiment}-${record.protocol.name}`;
    await this.#records.write(name, { kind: "experiment", record });
  }

  /** Keeps a finished ablation. */
  async keepAblation(record: AblationRecord): Promise<void> {
    const name = `${ablationPrefix}${record.experiment}-${record.protocol.name}`;
    await this.#records.write(name, { kind: "ablation", record });
  }
}

/**
 * The finished experiments in the folder of a ledger, by the names of their files.
 *
 * @throws DataFormatError if one is damaged.
 */
export async function readExperiments(folder: string): Promise<ExperimentRecord[]> {
  const records = new RecordFolder(folder, { remedy });
  const names = (await records.names()).filter((name) => !name.startsWith(ablationPrefix));
  const found = names.map((name) => records.read<ExperimentRecord>(name, { kind: "experiment" }));
  return (await Promise.all(found)).filter((record) => record !== undefined);
}
