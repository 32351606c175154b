/** What is done of the studies: one file for each part, and one for the errors of each network. */
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import type { DenoisingError } from "../../src/evaluation/denoising_error.ts";
import { RecordFolder } from "./record_folder.ts";
import type { ExperimentRecord } from "./run_experiment.ts";

/** Which network of which study. */
export interface StudyNetwork {
  readonly study: string;
  readonly experiment: string;
  /** Value of the study's factor. */
  readonly value: string;
}

/** A finished part, as plain data. */
export interface StudyRecord extends StudyNetwork {
  /** Everything that was asked for: another wish makes the part anew. */
  readonly plan: unknown;
  readonly result: ExperimentRecord;
}

/** A network's errors on images that it has not seen, as plain data. */
export interface StudyErrorsRecord extends StudyNetwork {
  readonly plan: unknown;
  readonly dataset: {
    readonly name: string;
    readonly split: string;
    readonly images: number;
    readonly sha256: string;
  };
  readonly seed: number;
  readonly errors: readonly DenoisingError[];
}

/** Everything that is done. */
export interface StudyRecords {
  readonly parts: readonly StudyRecord[];
  readonly errors: readonly StudyErrorsRecord[];
}

const PART = "study part";
const ERRORS = "errors";

const networkName = ({ study, experiment, value }: StudyNetwork) =>
  `${study}-${experiment}-${value}`;

/** Whether two plans ask for the same. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The results of studies, in a folder beside the runs. */
export class StudyLedger {
  readonly #records: RecordFolder;

  /** @param options.runs Folder of the runs. */
  constructor({ runs }: { readonly runs: string }) {
    this.#records = new RecordFolder(join(runs, "results-studies"), {
      remedy: "do its study again, which reads the finished runs",
    });
  }

  /** A finished part; undefined if it is not there, or was asked for differently. */
  part(
    network: StudyNetwork,
    { protocol, plan }: { readonly protocol: string; readonly plan: unknown },
  ): Promise<StudyRecord | undefined> {
    return this.#asPlanned<StudyRecord>(`${networkName(network)}-${protocol}`, PART, plan);
  }

  /** Keeps a finished part. */
  async keepPart(record: StudyRecord): Promise<void> {
    const name = `${networkName(record)}-${record.result.protocol.name}`;
    await this.#records.write(name, { kind: PART, record });
  }

  /** A network's errors; undefined if they are not there, or were asked for differently. */
  errors(
    network: StudyNetwork,
    { plan }: { readonly plan: unknown },
  ): Promise<StudyErrorsRecord | undefined> {
    return this.#asPlanned<StudyErrorsRecord>(`errors-${networkName(network)}`, ERRORS, plan);
  }

  /** Keeps a network's errors. */
  async keepErrors(record: StudyErrorsRecord): Promise<void> {
    await this.#records.write(`errors-${networkName(record)}`, { kind: ERRORS, record });
  }

  /**
   * Everything that is done, whatever was asked for.
   *
   * @param options.onDamage Told about records that are damaged, which are left out.
   */
  async all({ onDamage }: { readonly onDamage: (error: DataFormatError) => void }): Promise<
    StudyRecords
  > {
    const parts: StudyRecord[] = [];
    const errors: StudyErrorsRecord[] = [];
    for (const name of await this.#records.names()) {
      try {
        if (name.startsWith("errors-")) {
          errors.push((await this.#records.read<StudyErrorsRecord>(name, { kind: ERRORS }))!);
        } else parts.push((await this.#records.read<StudyRecord>(name, { kind: PART }))!);
      } catch (error) {
        if (!(error instanceof DataFormatError)) throw error;
        onDamage(error);
      }
    }
    return { parts, errors };
  }

  async #asPlanned<T extends { readonly plan: unknown }>(
    name: string,
    kind: string,
    plan: unknown,
  ): Promise<T | undefined> {
    const record = await this.#records.read<T>(name, { kind });
    return record !== undefined && same(record.plan, plan) ? record : undefined;
  }
}
