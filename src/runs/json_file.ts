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
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readIfThere(path);
  return bytes && parseSealedJson(bytes, path);
}

/**
 * Reads JSON, with the checksum that {@linkcode sealedJsonText} gives it or without one.
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws DataFormatError if it is not JSON, or does not fit its checksum.
 */
export function parseSealedJson(bytes: Uint8Array, source: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new DataFormatError(source, `not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) return value;
  if (sealState(value) === "broken") {
    throw new DataFormatError(source, "damaged: what it holds does not fit its checksum");
  }
  const { [sealKey]: _, ...rest } = value;
  return rest;
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
