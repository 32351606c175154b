import { CheckpointMismatchError, DataFormatError, ReadLimitError } from "../../core/errors.ts";
import { parseJson } from "../../formats/parse_json.ts";

/**
 * Reads JSON that stands in the metadata of weights.
 *
 * @param what What it is, as the subject of a sentence.
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if it is not JSON.
 * @throws ReadLimitError if it is longer or deeper than metadata are.
 */
export function parseMetadata(text: string, what: string, source: string): unknown {
  try {
    return parseJson(text, { source, what });
  } catch (error) {
    if (!(error instanceof DataFormatError) || error instanceof ReadLimitError) throw error;
    throw new CheckpointMismatchError(error.message, { cause: error });
  }
}
