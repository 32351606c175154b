/** Results as files of one folder: each with its kind, a version and a checksum. */
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { isObject, readJsonFile, writeJsonFile } from "../../src/runs/json_file.ts";

const FORMAT = "els-reproduction";

/** A folder of results. */
export class RecordFolder {
  readonly #folder: string;
  readonly #remedy: string;

  /** @param options.remedy How a damaged record comes back, as the end of a sentence. */
  constructor(folder: string, { remedy }: { readonly remedy: string }) {
    this.#folder = folder;
    this.#remedy = remedy;
  }

  /** Keeps a record, in place of an earlier one of the name. */
  async write(name: string, { kind, record }: { readonly kind: string; readonly record: unknown }) {
    await Deno.mkdir(this.#folder, { recursive: true });
    const content = { format: FORMAT, version: 1, kind, record };
    await writeJsonFile(join(this.#folder, `${name}.json`), content);
  }

  /**
   * Reads a record.
   *
   * @returns undefined if it is not there.
   * @throws DataFormatError if it is damaged, or of another kind.
   */
  async read<T>(name: string, { kind: wanted }: { readonly kind: string }): Promise<T | undefined> {
    const path = join(this.#folder, `${name}.json`);
    const value = await readJsonFile(path).catch((error) => {
      if (!(error instanceof DataFormatError)) throw error;
      const what = error.message.replace(`${path}: `, "");
      throw new DataFormatError(path, `${what}; ${this.#remedy}`);
    });
    if (value === undefined) return undefined;
    const { format, version, kind, record } = isObject(value) ? value : {};
    if (format !== FORMAT || version !== 1 || kind !== wanted || !isObject(record)) {
      throw new DataFormatError(
        path,
        `not an ${wanted} of a reproduction in a version known here; ${this.#remedy}`,
      );
    }
    return record as T;
  }

  /** Names of all records, in alphabetical order; none where the folder is missing. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name, isFile } of Deno.readDir(this.#folder)) {
        if (isFile && name.endsWith(".json")) names.push(name.slice(0, -".json".length));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return names.sort();
  }
}
