/**
 * Gives way to whatever waits for the thread: signals, timers, messages. Loops that only wait for promises
 * that are settled already never do, and could not be stopped.
 *
 * @param everyMs Milliseconds of work between two turns.
 * @returns What a loop awaits each time round; it costs nothing until the time is up.
 */
export function eventLoopTurns(everyMs = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
}
