/**
 * Prints the JSR_URL under which the standard library can be imported.
 *
 * Where JSR answers (or its files are cached), that is JSR itself, written as an empty line: Deno takes
 * an empty JSR_URL for none. Where it does not, the few functions that we use are served by the
 * stand-ins in `.ci/jsr`, from where they lie. The verdict holds for a day, in a file beside this one
 * that git ignores. A JSR_URL that is set already, even to nothing, is kept: commands within commands
 * ask only once. Says what it found only under ELS_DEBUG=1.
 */

/** Whether JSR could be reached, and when that was tried. */
export interface Verdict {
  readonly reachable: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** What {@linkcode jsrUrl} needs of the world; tests pass their own. */
export interface JsrWorld {
  /** JSR_URL as it is set, if it is. */
  readonly preset: string | undefined;
  /** File URL of the folder of stand-ins. */
  readonly standIns: string;
  readonly read: () => Promise<Verdict | undefined>;
  readonly write: (verdict: Verdict) => Promise<void>;
  /** Whether the standard library can be had from JSR. */
  readonly probe: () => Promise<boolean>;
  readonly now: () => Date;
}

const dayMs = 24 * 60 * 60 * 1000;

/** A firewall that drops packets would otherwise hold every command for minutes. */
const patienceMs = 10_000;

/** The JSR_URL to set. */
export async function jsrUrl(world: JsrWorld): Promise<string> {
  if (world.preset !== undefined) return world.preset;
  const known = await world.read();
  const age = world.now().getTime() - Date.parse(known?.at ?? "");
  const fresh = known !== undefined && age >= 0 && age < dayMs;
  const reachable = fresh ? known.reachable : await world.probe();
  if (!fresh) await world.write({ reachable, at: world.now().toISOString() });
  return reachable ? "" : world.standIns;
}

/** Imports a part of each package that we use. */
async function probe(): Promise<boolean> {
  const parts = ["@std/path@1/join", "@std/cli@1/parse-args", "@std/assert@1/equals"];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), patienceMs);
  });
  try {
    await Promise.race([Promise.all(parts.map((part) => import(`jsr:${part}`))), patience]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

if (import.meta.main) {
  const file = new URL("./jsr_verdict.json", import.meta.url);
  const url = await jsrUrl({
    preset: Deno.env.get("JSR_URL"),
    standIns: new URL("./jsr/", import.meta.url).href,
    read: async () => {
      try {
        return JSON.parse(await Deno.readTextFile(file));
      } catch {
        return undefined; // none yet, or cut short: asked again
      }
    },
    // Where the clone cannot be written, every command asks.
    write: (verdict) => Deno.writeTextFile(file, `${JSON.stringify(verdict)}\n`).catch(() => {}),
    probe,
    now: () => new Date(),
  });
  if (url !== "" && Deno.env.get("ELS_DEBUG")) {
    console.error(`The standard library comes from ${url}`);
  }
  console.log(url);
  // A probe that was given up on would go on waiting.
  Deno.exit();
}
