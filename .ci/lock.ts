/**
 * The lock file, where JSR may be out of reach.
 *
 * `deno.lock` pins every npm package, those that our dependencies depend on too, and holds nothing of
 * JSR: what Deno would add there are the checksums of JSR's files or, where JSR cannot be reached, of
 * the stand-ins in `.ci/jsr`, and either makes Deno refuse the other. So Deno works on a copy that git
 * ignores (`lock` in deno.json names it) and adds what it finds there; each task begins with a new one.
 */

/** What git keeps. */
export const committedLock: URL = new URL("../deno.lock", import.meta.url);
/** What Deno reads and writes. */
export const workingLock: URL = new URL("./working.lock", import.meta.url);

interface Lock {
  readonly specifiers?: Readonly<Record<string, string>>;
  readonly [section: string]: unknown;
}

/** A lock file as Deno writes it, without what it says of JSR. */
export function withoutJsr(text: string): string {
  const { jsr: _, ...lock } = JSON.parse(text) as Lock;
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers ?? {}).filter(([specifier]) => !specifier.startsWith("jsr:")),
  );
  return `${JSON.stringify({ ...lock, specifiers }, null, 2)}\n`;
}

/** Makes the file `to` hold what `from` holds. */
export async function copyLock(from: URL, to: URL): Promise<void> {
  const text = await Deno.readTextFile(from);
  if (await Deno.readTextFile(to).catch(() => undefined) === text) return;
  // Several commands may start at once: write beside the target, then rename.
  const temporary = new URL(`${crypto.randomUUID()}.tmp`, to);
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, to);
}
