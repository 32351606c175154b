/** `deno task lock`: the committed lock file, made by Deno and compared with what Deno would make. */
import { committedLock, withoutJsr } from "../../.ci/lock.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";

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
  const committed = await Deno.readTextFile(committedLock).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  const current = await resolved(flags.update ? undefined : committed, abort);
  if (current.includes("://")) {
    throw new CommandError(
      "Cannot lock these packages: Deno's lock file names a registry, expected checksums alone; " +
        "unset the registry of your npm configuration and run it again",
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
