/** Why there are no threads, and how that is told. @module */

/**
 * Why no threads can be had here; undefined where they can.
 *
 * @param given Whether the caller said how to start one.
 */
export function whyNoThreads(given = false): string | undefined {
  if (typeof SharedArrayBuffer !== "function") {
    return "this page is not cross-origin isolated; serve it with the headers " +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  if (typeof Worker !== "function" && !given) return "this runtime has no web workers";
  return undefined;
}

const warned = new Set<string>();

/** Warns on the console that some work runs on one thread: once, since all that asks meets the same. */
export function warnOfOneThread(what: string, why: string): void {
  const text = `${what} runs on one thread: ${why}`;
  if (!warned.has(text)) console.warn(text);
  warned.add(text);
}
