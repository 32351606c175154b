/** Runs programs of a box whose answer is a few lines. */

/** What a program answered. */
export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Whether it gave no answer in time, and was ended. */
  readonly late: boolean;
}

/** Options of {@linkcode answerOf}. */
export interface AnswerOptions {
  /** Seconds to wait. */
  readonly seconds: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Shows what it writes as it comes, instead of keeping it. */
  readonly show?: boolean;
}

/** What a program answers; undefined if there is no such program. */
export async function answerOf(
  [program, ...args]: readonly string[],
  { seconds, env, cwd, show = false }: AnswerOptions,
): Promise<Answer | undefined> {
  const late = AbortSignal.timeout(seconds * 1000);
  try {
    const output = await new Deno.Command(program!, {
      ...{ args, stdin: "null", stdout: show ? "inherit" : "piped", stderr: "piped", signal: late },
      ...env && { env },
      ...cwd !== undefined && { cwd },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    // What is not piped must not be asked for.
    const out = show ? "" : text(output.stdout);
    return { code: output.code, out, err: text(output.stderr), late: late.aborted };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The last line of a text. */
export const lastLine = (text: string): string => text.split("\n").at(-1)!;
