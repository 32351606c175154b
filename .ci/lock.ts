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
/** The same for the verbs that users run. */
export const verbsLock: URL = new URL("./verbs.lock", import.meta.url);

interface LockedPackage {
  /** SHA-512 of its archive. */
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
  readonly optionalPeers?: readonly string[];
}

interface Lock {
  /** What is asked for, such as `npm:ajv@8.20.0`, and the version that is taken. */
  readonly specifiers?: Readonly<Record<string, string>>;
  /** Packages by name and version. */
  readonly npm?: Readonly<Record<string, LockedPackage>>;
  /** What deno.json asks for. */
  readonly workspace?: unknown;
  readonly [section: string]: unknown;
}

/** What is used of deno.json. */
export interface ImportMap {
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A lock file as Deno writes it, without what it says of JSR. */
export function withoutJsr(text: string): string {
  const { jsr: _, ...lock } = JSON.parse(text) as Lock;
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers ?? {}).filter(([specifier]) => !specifier.startsWith("jsr:")),
  );
  return `${JSON.stringify({ ...lock, specifiers }, null, 2)}\n`;
}

/** Whether a lock file that Deno has worked on pins the same packages by the same checksums. */
function pinsTheSame(worked: string, text: string): boolean {
  const pins = (lock: string) =>
    Object.entries((JSON.parse(lock) as Lock).npm ?? {})
      .map(([id, { integrity }]) => `${id} ${integrity}`).sort().join("\n");
  try {
    return pins(worked) === pins(text);
  } catch {
    return false; // cut short
  }
}

/** Name of what `npm:NAME@RANGE` asks for. */
const nameOf = (specifier: string) => specifier.replace(/^npm:/, "").replace(/(?<=.)@.*$/, "");

/**
 * A lock file with the packages that users' verbs import and what those need. Deno fetches all that a
 * lock file names, and a fourth of it only tests and our own tools import: a browser's driver, a
 * compiler. deno.json maps these in `scopes`.
 */
export function withoutTools(text: string, { scopes }: ImportMap): string {
  const { specifiers = {}, npm = {}, workspace: _, ...lock } = JSON.parse(text) as Lock;
  const tools = Object.values(scopes ?? {}).flatMap((each) => Object.values(each).map(nameOf));
  const asked = Object.entries(specifiers)
    .filter(([specifier]) => !tools.includes(nameOf(specifier)));
  const needed = new Set<string>();
  const waiting = asked.map(([specifier, version]) => `${nameOf(specifier)}@${version}`);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    // Dependencies of which there is one version are named without it.
    const found = id in npm ? [id] : Object.keys(npm).filter((each) => nameOf(each) === id);
    for (const each of found.filter((each) => !needed.has(each))) {
      needed.add(each);
      const { dependencies = [], optionalDependencies = [], optionalPeers = [] } = npm[each]!;
      waiting.push(...dependencies, ...optionalDependencies, ...optionalPeers);
    }
  }
  const packages = Object.entries(npm).filter(([id]) => needed.has(id));
  const kept = { specifiers: Object.fromEntries(asked), npm: Object.fromEntries(packages) };
  return `${JSON.stringify({ ...lock, ...kept }, null, 2)}\n`;
}

/** Makes the file `to` hold what `from` holds, or what `change` makes of that. */
export async function copyLock(
  from: URL,
  to: URL,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  const text = change(await Deno.readTextFile(from));
  const there = await Deno.readTextFile(to).catch(() => undefined);
  if (there === text) return;
  try {
    await writeBeside(to, text);
  } catch (error) {
    // In a clone that cannot be written, what an earlier command left there is right but for JSR's part.
    if (there === undefined || !pinsTheSame(there, text)) throw error;
  }
}

/**
 * Writes a file beside its place, then renames it: several commands may start at once, and what is in its
 * place may be a link, which is replaced and never followed.
 */
export async function writeBeside(to: URL, text: string): Promise<void> {
  const temporary = new URL(`${crypto.randomUUID()}.tmp`, to);
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true });
    await Deno.rename(temporary, to);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
