/**
 * The PyTorch side of a benchmark, where a Python has torch.
 *
 * @module
 */

/** What the other side found, or in one line why it found nothing. */
export type PeerOutcome<T> = { readonly found: T } | { readonly reason: string };

/**
 * Runs a script of PyTorch that prints one JSON object, by the first Python that can.
 *
 * @param args The script and its arguments.
 * @param options.minutes How long it may take; default: 5.
 * @param options.pythons Pythons to try, in order; each needs `--allow-run`.
 */
export async function runPeer<T>(
  args: readonly string[],
  { abort, minutes = 5, pythons = ["python3", "/usr/bin/python3"] }: {
    readonly abort?: AbortSignal;
    readonly minutes?: number;
    readonly pythons?: readonly string[];
  } = {},
): Promise<PeerOutcome<T>> {
  const reasons: string[] = [];
  for (const python of pythons) {
    abort?.throwIfAborted();
    const late = AbortSignal.timeout(minutes * 60e3);
    try {
      const { success, code, stdout, stderr } = await new Deno.Command(python, {
        args: [...args],
        // Without LD_LIBRARY_PATH and the like, with which Deno starts nothing unless all is allowed.
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "/" },
        signal: abort ? AbortSignal.any([abort, late]) : late,
      }).output();
      abort?.throwIfAborted();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
      if (success) return { found: JSON.parse(text(stdout)) };
      const last = text(stderr).split("\n").at(-1);
      reasons.push(
        `${python}: ` +
          (late.aborted ? `no answer in ${minutes} minutes` : last || `it ended with code ${code}`),
      );
    } catch (error) {
      if (error instanceof SyntaxError) reasons.push(`${python}: its answer is no JSON`);
      else if (error instanceof Deno.errors.NotFound) reasons.push(`${python}: not installed`);
      else throw error;
    }
  }
  return { reason: reasons.join("; ") };
}
