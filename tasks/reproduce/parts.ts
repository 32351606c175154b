/** How `reproduce` and `study` go through their parts, which may lack data or have damaged records. */
import { DataFormatError } from "../../src/core/errors.ts";
import { errorLine, type VerbResult } from "../cli/command.ts";
import type { ProgressReporter } from "../cli/progress.ts";

/** Goes through parts by name; where a data set is missing, it says so and goes on. */
export class Parts {
  readonly #progress: ProgressReporter;
  readonly #missing = new Set<string>();
  readonly #told = new Set<string>();

  constructor(progress: ProgressReporter) {
    this.#progress = progress;
  }

  /** Names whose data set was looked for in vain. */
  get missing(): ReadonlySet<string> {
    return this.#missing;
  }

  /** Does a part. */
  async attempt<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DataFormatError)) throw error;
      this.#missing.add(name);
      this.#progress.note(`${name} is left out: ${errorLine(error)}`);
      return undefined;
    }
  }

  /** Tells about a damaged record, once: what it is about comes back when it is done again. */
  readonly onDamage = ({ message }: DataFormatError): void => {
    if (!this.#told.has(message)) this.#progress.note(`Left out: ${message}`);
    this.#told.add(message);
  };
}

/** Says where the document is, and whether all that it is to hold is done. */
export function documentResult(
  out: string,
  { aborted, print }: { readonly aborted: boolean; readonly print: (text: string) => void },
): VerbResult {
  print(
    aborted ? `Stopped; the same command goes on. Document so far: ${out}` : `Document: ${out}`,
  );
  return { finished: !aborted, files: { document: out } };
}
