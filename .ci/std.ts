/**
 * `deno task std COMMAND`: runs a command with the standard library from JSR or, where JSR cannot be
 * reached, from the stand-ins in `.ci/jsr`, from where they lie. The verdict holds for a day, in a file
 * beside this one that git ignores. A JSR_URL that is set already is kept. Says what it found only
 * under ELS_DEBUG=1. The lock file that Deno works on is made new before.
 *
 * With `--task NAME` before the command, which then knows nothing of our tasks (such as `deno test`), a
 * `--help` is answered here, with the task's description in deno.json.
 */

import { join, resolve } from "node:path";
import { fileURLToPath as fromFileUrl } from "node:url";
import {
  launchersAmong,
  outlivesTerminal,
  type Surroundings,
  surroundings,
  watchLaunchers,
} from "./launchers.ts";
import {
  committedLock,
  copyLock,
  verbsLock,
  withoutTools,
  workingLock,
  writeBeside,
} from "./lock.ts";

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

/** The verb for users that a command is `deno run tasks/NAME.ts` of. */
export function verbOf([command, first, ...rest]: readonly string[]): string | undefined {
  if (command !== "deno" || first !== "run") return undefined;
  const program = rest.find((word) => !word.startsWith("-"));
  return /^tasks\/(\w+)\.ts$/.exec(program ?? "")?.[1]?.replaceAll("_", "-");
}

/**
 * Arguments that let a tool start the programs that it names: Deno by its own path, which need not be the
 * one on PATH. Where the linker is told of other libraries, Deno starts nothing unless it may start all.
 */
export function withPrograms(
  args: readonly string[],
  { execPath, linkerIsSet }: { readonly execPath: string; readonly linkerIsSet: boolean },
): string[] {
  const flag = "--allow-run";
  return args.map((arg) => {
    if (!arg.startsWith(`${flag}=`)) return arg;
    if (linkerIsSet) return flag;
    const names = arg.slice(flag.length + 1).split(",");
    return `${flag}=${names.map((name) => name === "deno" ? execPath : name).join(",")}`;
  });
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
    write: (verdict) => writeBeside(file, `${JSON.stringify(verdict)}\n`).catch(() => {}),
    probe,
    now: () => new Date(),
  });
}

const root = fromFileUrl(new URL("..", import.meta.url));

/** A variable of the environment that is set and may be read. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) || undefined : undefined;
}

/** Where Deno keeps npm's packages. */
function npmCache(): string | undefined {
  const home = variable("HOME");
  const own = Deno.build.os === "windows"
    ? variable("LOCALAPPDATA")
    : Deno.build.os === "darwin"
    ? home && join(home, "Library", "Caches")
    : variable("XDG_CACHE_HOME") ?? (home && join(home, ".cache"));
  const folder = variable("DENO_DIR") ?? (own && join(own, "deno"));
  return folder && join(resolve(folder), "npm");
}

/** The permissions of a verb, as flags of Deno; exits where the command line is refused. */
async function flagsOf(verb: string, args: readonly string[]): Promise<readonly string[]> {
  const [{ verbPermissions }, { grantsFor }, { grantWorld }] = await Promise.all([
    import("./permissions.ts"),
    import("./grants.ts"),
    import("./grant_world.ts"),
  ]);
  const permissions = verbPermissions[verb];
  if (permissions === undefined) return [];
  const program = args.findIndex((word, i) => i > 0 && !word.startsWith("-"));
  const world = grantWorld({ root: resolve(root), npmCache: npmCache() });
  const grants = await grantsFor(permissions, args.slice(program + 1), world);
  if ("flags" in grants) return grants.flags;
  console.error(`${verb}: ${grants.refusal}`);
  Deno.exit(1);
}

/** Makes the lock file of verbs new; false where that is not possible, and the whole lock has to do. */
async function copyVerbsLock(): Promise<boolean> {
  const { default: config } = await import("../deno.json", { with: { type: "json" } });
  const change = (text: string) => withoutTools(text, config);
  return await copyLock(committedLock, verbsLock, change).then(() => true, () => false);
}

/** Signals that end a command, which saves before, and whether they have to be passed on. */
const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** One press of a key comes from the terminal and from each task above: what follows so soon is the same. */
const samePressMs = 300;

/**
 * Lives on until the command has saved, and passes on what only this process may have been sent.
 *
 * @param outlives Whether the command is to outlive its terminal.
 */
function passSignals(child: Deno.ChildProcess, outlives: () => Promise<boolean>): void {
  const last = new Map<Deno.Signal, number>();
  for (const signal of signals) {
    Deno.addSignalListener(signal, async () => {
      const now = performance.now();
      const again = now - (last.get(signal) ?? -Infinity) < samePressMs;
      last.set(signal, now);
      // On Windows the console sends to all of its processes.
      if (again || Deno.build.os === "windows") return;
      if (signal !== "SIGHUP" || !await outlives()) send(child, signal);
    });
  }
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended in the meantime.
  }
}

/** Runs the command to its end, whatever is pressed meanwhile, and returns its exit code. */
async function runToEnd([command, ...args]: readonly string[]): Promise<number> {
  const around = surroundings(Deno.ppid);
  const verb = verbOf([command!, ...args]);
  const bare = !args.some((arg) => /^(-A|-[RWNE]|--allow-)/.test(arg));
  // All at once: a command is to begin soon.
  const [url, flags, hasVerbsLock] = await Promise.all([
    Deno.env.get("JSR_URL") === undefined ? findStandIns() : undefined,
    verb !== undefined && bare ? flagsOf(verb, args) : [],
    verb !== undefined && copyVerbsLock(),
    // Where the clone cannot be written, Deno works with the lock that is there.
    copyLock(committedLock, workingLock).catch(() => {}),
  ]);
  if (url !== undefined && Deno.env.get("ELS_DEBUG")) {
    console.error(`The standard library comes from ${url}`);
  }
  args.splice(1, 0, ...flags, ...hasVerbsLock ? [`--lock=${fromFileUrl(verbsLock)}`] : []);
  const told = verb === undefined ? {} : toldToVerb(await around);
  const execPath = Deno.execPath();
  const linkerIsSet = ["LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"]
    .some((name) => variable(name) !== undefined);
  const child = new Deno.Command(command === "deno" ? execPath : command!, {
    args: command === "deno" ? withPrograms(args, { execPath, linkerIsSet }) : args,
    env: { ...url !== undefined && { JSR_URL: url }, ...told },
  }).spawn();
  passSignals(child, async () => outlivesTerminal((await around).above, variable("_")));
  const unwatch = watchLaunchers(launchersAmong((await around).above), () => {
    send(child, Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
    try {
      console.error("What started this command has ended: the command saves and stops");
    } catch {
      // Nobody is there to read it.
    }
  });
  const { code } = await child.status;
  unwatch();
  return code;
}

/** What a verb cannot find out by itself, as variables of the environment. */
function toldToVerb({ above, memoryLimit }: Surroundings): Record<string, string> {
  return {
    ELS_LAUNCHER: String(Deno.pid),
    ...outlivesTerminal(above, variable("_")) && { ELS_HANGUP: "ignored" },
    ...memoryLimit !== undefined && { ELS_MEMORY_LIMIT: String(memoryLimit) },
  };
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
