/** Files of JSON, with a checksum of what they hold in them. */
import { DataFormatError } from "../core/errors.ts";
import { writeJsonText } from "../formats/json_text.ts";
import { seal, sealKey, sealState } from "../formats/seal.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { readIfThere } from "./kept_file.ts";

/**
 * Reads a file of JSON. If it has a checksum, that is verified and left out.
 *
 * @returns Undefined if there is no such file.
 * @throws DataFormatError if it is not JSON, or does not fit its checksum.
 * @category Runs
 */
export async function readJsonFile(
  path: string,
  options: ReadJsonOptions = {},
): Promise<unknown> {
  const bytes = await readIfThere(path);
  return bytes && parseSealedJson(bytes, path, options);
}

/** Options of {@linkcode readJsonFile}. */
export interface ReadJsonOptions {
  /** The file must have a checksum. Default false: those of earlier releases have none. */
  readonly sealed?: boolean;
}

/**
 * Reads JSON, with the checksum that {@linkcode sealedJsonText} gives it or without one.
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws DataFormatError if it is not JSON, or does not fit its checksum.
 */
export function parseSealedJson(
  bytes: Uint8Array,
  source: string,
  { sealed = false }: ReadJsonOptions = {},
): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new DataFormatError(source, `not JSON: ${(error as Error).message}`);
  }
  const state = isObject(value) ? sealState(value) : "none";
  if (state === "broken" || (sealed && state === "none")) {
    throw new DataFormatError(source, "damaged: what it holds does not fit its checksum");
  }
  if (!isObject(value)) return value;
  const { [sealKey]: _, ...rest } = value;
  return rest;
}

/** Whether JSON that can be read has a checksum. */
export function hasChecksum(bytes: Uint8Array): boolean {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isObject(value) && sealState(value) !== "none";
}

/** JSON text for people, with a checksum as its last field. */
export function sealedJsonText(value: object): string {
  return writeJsonText(seal(value));
}

/** Writes a file of JSON with a checksum. */
export async function writeJsonFile(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, sealedJsonText(value));
}

/** Whether a value is a JSON object: neither a list nor plain. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
