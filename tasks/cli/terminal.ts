/** Writing to a terminal or pipe that may be gone before the work is done. @module */

/** Whether nobody reads any more: a closed pipe, or a terminal that was hung up. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    // EIO of a terminal; Deno has no class for it.
    (error instanceof Error && /\(os error 5\)/.test(error.message));
}

/**
 * Says something, if anybody is there: what is computed and saved does not depend on it.
 *
 * @param say Writes to the terminal or pipe.
 */
export function ifAnybodyReads(say: () => void): void {
  try {
    say();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
