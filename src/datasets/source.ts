import type { LabelledBytes } from "./labelled_bytes.ts";

/** Which part of a data set. */
export type Split = "train" | "test";

/** A data set that can be loaded by name: one file makes one of these, the registry lists them. */
export interface DatasetSource {
  /** Name in the registry. */
  readonly name: string;
  /** Names of the classes; empty when the set has none. */
  readonly classNames: readonly string[];
  /**
   * Loads one split whole, as bytes.
   *
   * @throws DataFormatError if its files are missing or damaged.
   */
  load(options: {
    readonly split: Split;
    /** Height and width that will be asked for; only sets that are drawn, not read, make use of it. */
    readonly size: number;
    /** Folder of the set's files, when it is not found by itself. */
    readonly from?: string | undefined;
  }): Promise<LabelledBytes>;
}
