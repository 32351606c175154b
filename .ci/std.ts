/**
 * `deno task std COMMAND`: runs a command with the standard library from JSR or, where JSR cannot be
 * reached, from the stand-ins in `.ci/jsr`, from where they lie. The verdict holds for a day, in a file
 * beside this one that git ignores. A JSR_URL that is set already is kept. Says what it found only
 * under ELS_DEBUG=1. The lock file that Deno works on is made new before.
 *
 * With `--task NAME` before the command, which then knows nothing of our tasks (such as `deno test`), a
 * `--help` is answered here, with the task's description in deno.json.
 */

import { fileURLToPath as fromFileUrl } from "node:url";
import { committedLock, copyLock, verbsLock, withoutTools, workingLock } from "./lock.ts";

/** Whether JSR could be reached, and when that was tried. */
export interface Verdict {
  readonly reachable: boolean;
  /** ISO 8601. */
  readonly at: string;
}

/** What {@linkcode standIns} needs of the world; tests pass their own. */
export interface JsrWorld {
  /** File URL of the folder of stand-ins. */
  readonly folder: string;
  readonly read: () => Promise<Verdict | undefined>;
  readonly write: (verdict: Verdict) => Promise<void>;
  /** Whether the standard library can be had from JSR. */
  readonly probe: () => Promise<boolean>;
  readonly now: () => Date;
}

/** What a command line of `std` asks for. */
export interface StdCommand {
  /** A task that does not answer `--help` itself. */
  readonly task: string | undefined;
  /** The command and its arguments. */
  readonly words: readonly string[];
  readonly help: boolean;
}

const dayMs = 24 * 60 * 60 * 1000;

/** A firewall that drops packets would otherwise hold every command for minutes. */
const patienceMs = 10_000;

/** The URL of the stand-ins where they are needed; undefined where JSR answers. */
export async function standIns({ folder, read, write, probe, now }: JsrWorld) {
  const known = await read();
  const age = now().getTime() - Date.parse(known?.at ?? "");
  const fresh = known !== undefined && age >= 0 && age < dayMs;
  const reachable = fresh ? known.reachable : await probe();
  if (!fresh) await write({ reachable, at: now().toISOString() });
  return reachable ? undefined : folder;
}

/** Reads `[--task NAME] COMMAND ARGUMENTS`. */
export function readStdCommand(args: readonly string[]): StdCommand {
  const [task, words] = args[0] === "--task" ? [args[1], args.slice(2)] : [undefined, args];
  const own = words.length === 0 || ["--help", "-h"].includes(words[0]!);
  const asked = words.some((word) => word === "--help" || word === "-h");
  return { task, words, help: own || (task !== undefined && asked) };
}

/** The help page of a task that is a plain command. */
export function helpOf(
  { task, words }: StdCommand,
  tasks: Readonly<Record<string, { readonly description?: string }>>,
): string {
  const name = task ?? "std";
  const plain = words.filter((word) => word !== "--help" && word !== "-h");
  const runs = task === undefined ? [] : [`\nRuns: ${plain.join(" ")}`];
  const rest = task === undefined ? "COMMAND [arguments]" : "[arguments]";
  return [
    `Usage: deno task ${name} ${rest}\n`,
    `${tasks[name]?.description ?? "A command"}.`,
    ...runs,
    ...task === undefined ? [] : [`Arguments are passed on to ${plain.slice(0, 2).join(" ")}.`],
  ].join("\n");
}

/** Whether a command is `deno run` of a verb for users: `tasks/NAME.ts`. */
export function isVerb([command, first, ...rest]: readonly string[]): boolean {
  const program = rest.find((word) => !word.startsWith("-"));
  return command === "deno" && first === "run" && /^tasks\/\w+\.ts$/.test(program ?? "");
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

/** The stand-ins' URL for the command to come, or nothing. */
async function findStandIns(): Promise<string | undefined> {
  const file = new URL("./jsr_verdict.json", import.meta.url);
  return await standIns({
    folder: new URL("./jsr/", import.meta.url).href,
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
}

/** Runs the command to its end, whatever is pressed meanwhile, and returns its exit code. */
async function runToEnd([command, ...args]: readonly string[]): Promise<number> {
  const url = Deno.env.get("JSR_URL") === undefined ? await findStandIns() : undefined;
  if (url !== undefined && Deno.env.get("ELS_DEBUG")) {
    console.error(`The standard library comes from ${url}`);
  }
  // Where the clone cannot be written, Deno works with the lock that is there.
  await copyLock(committedLock, workingLock).catch(() => {});
  if (isVerb([command!, ...args])) {
    const { default: config } = await import("../deno.json", { with: { type: "json" } });
    const change = (text: string) => withoutTools(text, config);
    const written = copyLock(committedLock, verbsLock, change).then(() => true);
    if (await written.catch(() => false)) args.splice(1, 0, `--lock=${fromFileUrl(verbsLock)}`);
  }
  const child = new Deno.Command(command === "deno" ? Deno.execPath() : command!, {
    args,
    ...url !== undefined && { env: { JSR_URL: url } },
  }).spawn();
  // The terminal sends Ctrl-C to the command too, which saves before it stops.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  return (await child.status).code;
}

if (import.meta.main) {
  const command = readStdCommand(Deno.args);
  if (command.help) {
    const config = await Deno.readTextFile(new URL("../deno.json", import.meta.url));
    console.log(helpOf(command, JSON.parse(config).tasks));
    Deno.exit();
  }
  Deno.exit(await runToEnd(command.words));
}
