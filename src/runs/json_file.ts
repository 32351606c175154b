import { DataFormatError } from "../core/errors.ts";
import { requireDeno } from "./require_deno.ts";

/**
 * Reads a file of JSON.
 *
 * @returns Undefined if there is no such file.
 * @throws DataFormatError if it is not JSON.
 * @category Runs
 */
export async function readJsonFile(path: string): Promise<unknown> {
  requireDeno(`read ${path}`);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataFormatError(path, `not JSON: ${(error as Error).message}`);
  }
}
