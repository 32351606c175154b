/** `deno task lock`: the committed lock file, made by Deno and compared with what Deno would make. */
import { committedLock, withoutJsr } from "../../.ci/lock.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { fromCache, parseLockId, registries } from "./npm_cache.ts";
import { textIfThere } from "../cli/text_file.ts";

/** What Deno makes of a lock file and deno.json: versions that are still in range stay. */
async function resolved(lock: string | undefined, signal: AbortSignal): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".lock" });
  try {
    if (lock === undefined) await Deno.remove(file);
    else await Deno.writeTextFile(file, lock);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "-q", "--lockfile-only", `--lock=${file}`],
      cwd: new URL(".", committedLock),
      env: { NO_COLOR: "1" },
      signal,
    }).output();
    if (!success) {
      const [said] = new TextDecoder().decode(stderr).split("\n\n");
      throw new CommandError(`Cannot resolve the packages of deno.json: ${said}`);
    }
    return withoutJsr(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(file).catch(() => {});
  }
}

/**
 * Packages whose checksum in a lock file is not the one that their registry told when they were fetched.
 * Deno compares with what it fetches, and never again with what it has.
 */
async function changedChecksums(lock: string): Promise<string[]> {
  const { npm } = JSON.parse(lock) as {
    readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const folders = await registries();
  const changed: string[] = [];
  for (const [id, { integrity }] of Object.entries(npm)) {
    const { name, version } = parseLockId(id);
    const known = await fromCache(`${name}/registry.json`, folders) as {
      readonly versions?: Readonly<
        Record<string, { readonly dist?: { readonly integrity?: string } }>
      >;
    } | undefined;
    const told = known?.versions?.[version]?.dist?.integrity;
    // One that is not in the cache is compared by Deno when it is fetched.
    if (told !== undefined && told !== integrity) changed.push(id);
  }
  return changed;
}

/** This command. */
export const verb = defineVerb({
  name: "lock",
  description: "Writes deno.lock: version and checksum of every npm package that deno.json asks " +
    "for and of those that these ask for. Versions that are locked already stay.",
  flags: {
    check: { type: "boolean", help: "Write nothing, fail if the committed file is not current" },
    update: { type: "boolean", help: "Take the newest version in range of every package" },
  },
  examples: ["lock", "lock --update"],
}, async ({ flags, abort }) => {
  const committed = await textIfThere(committedLock);
  const current = await resolved(flags.update ? undefined : committed, abort);
  if (current.includes("://")) {
    throw new CommandError(
      "Cannot lock these packages: Deno's lock file names a registry, expected checksums alone; " +
        "unset the registry of your npm configuration and run it again",
    );
  }
  const changed = await changedChecksums(current);
  if (changed.length > 0) {
    throw new CommandError(
      `Checksums in deno.lock are not those of the registry: ${changed.join(", ")}; restore the ` +
        "committed file, or find out who changed these packages",
    );
  }
  if (current === committed) {
    console.log("deno.lock is current");
    return;
  }
  if (flags.check) {
    throw new CommandError(
      "deno.lock is not what deno.json asks for; run deno task lock and commit it",
    );
  }
  await Deno.writeTextFile(committedLock, current);
  console.log("Wrote deno.lock");
});

if (import.meta.main) await runVerb(verb);
