import { DataFormatError, type Remedy } from "../core/errors.ts";
import { sha256Hex } from "../core/sha256.ts";

/**
 * Compares the SHA-256 of a file's content with the known one.
 *
 * @param source Path, for the error message.
 * @param options.expected Known SHA-256, in hexadecimal.
 * @param options.remedy What to do when they differ.
 * @throws DataFormatError if they differ.
 */
export async function verifySha256(
  bytes: Uint8Array,
  source: string,
  { expected, remedy }: { readonly expected: string | undefined; readonly remedy: Remedy },
): Promise<void> {
  const found = await sha256Hex(bytes);
  if (found !== expected) {
    throw new DataFormatError(source, `SHA-256 is ${found}, expected ${expected}`, { remedy });
  }
}
