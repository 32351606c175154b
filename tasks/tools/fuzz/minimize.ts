/** Makes a failing input smaller, as long as it fails in the same way. */

/** Most attempts: the smaller input is for people, and need not be the smallest. */
const mostAttempts = 400;

/**
 * Removes pieces of an input, from halves down to single bytes.
 *
 * @param fails Whether an input still fails in the same way.
 */
export async function minimize(
  bytes: Uint8Array<ArrayBuffer>,
  fails: (bytes: Uint8Array<ArrayBuffer>) => Promise<boolean>,
): Promise<Uint8Array<ArrayBuffer>> {
  let best = bytes;
  let attempts = 0;
  for (let length = Math.ceil(best.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let at = 0; at + length <= best.length && attempts < mostAttempts;) {
      const shorter = new Uint8Array(best.length - length);
      shorter.set(best.subarray(0, at));
      shorter.set(best.subarray(at + length), at);
      attempts++;
      if (await fails(shorter)) best = shorter;
      else at += length;
    }
  }
  return best;
}
