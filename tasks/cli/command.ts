/** Runs a command: flags in, one-line errors, Ctrl-C that saves, exit codes. @module */
import { runtimeName } from "../../src/core/runtime.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { toolkit } from "../../src/runs/provenance.ts";
import { isToolkitError, messageOf } from "../../src/core/errors.ts";
import {
  type CommandSpec,
  type commonFlags,
  type FlagSpecs,
  type FlagValues,
  UsageError,
  withCommonFlags,
} from "./flags.ts";
import { flagsBesideHelp, parseCommandLine } from "./parse_command_line.ts";
import { helpPage } from "./help.ts";
import { type Interrupt, onInterrupt } from "./interrupts.ts";
import { missingPermission } from "./missing_permission.ts";
import { type ProgressOutput, ProgressReporter, stderrOutput } from "./progress.ts";
import { ifAnybodyReads } from "./terminal.ts";
import { flagWording } from "./wording.ts";
import type { MergedShards } from "../pipelines/merged_shards.ts";

/** A command failed for a reason that its one line tells in full. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** What a command gets. */
export interface CommandContext<S extends FlagSpecs> {
  readonly flags: FlagValues<S>;
  /** Words without dashes, checked against the declared ones. */
  readonly positionals: readonly string[];
  /** Words behind `--`, where the command takes such. */
  readonly rest: readonly string[];
  /** Aborted by Ctrl-C; long work then saves and returns, or throws the signal's reason. */
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
  /** Writes text for people on stdout; nothing under `--json`. */
  readonly print: (text: string) => void;
  /** What the work is taken from in place of doing it: shards of all of it. */
  readonly merging?: MergedShards | undefined;
}

/**
 * What a command comes to, as plain data for programs: what `--json` writes, beside the verb and the
 * toolkit's version. The command's specification says what its fields are.
 */
export type VerbResult = Readonly<Record<string, unknown>>;

type MainResult = Promise<VerbResult | void> | VerbResult | void;

/** A command: what its help page says, and what it does. */
export interface Verb<S extends FlagSpecs = FlagSpecs> {
  readonly spec: CommandSpec<S>;
  // A method, so that any verb fits where one of any flags is expected.
  main(context: CommandContext<S & typeof commonFlags>): MainResult;
}

/** What {@linkcode executeCommand} needs of the process; tests pass their own. */
export interface CommandHost {
  readonly args: readonly string[];
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly output: ProgressOutput;
  /** Whether stack traces are wanted. */
  readonly debug: boolean;
  /** Calls back at each Ctrl-C or other request to stop; returns what ends that. */
  readonly onInterrupt: (callback: (why: Interrupt) => void) => () => void;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
}

/** Exit code of a command that Ctrl-C stopped. */
export const interruptedExitCode = 130;

// One Ctrl-C may arrive more than once: from the terminal and from each `deno task` above us.
const sameKeyPressMs = 700;

/** What Deno appends to messages of the operating system. */
const systemError = /^(.*?) \(os error (\d+)\)/;

/** Whether an error was thrown on purpose, here or by the library, or is one of the system's. */
function isExpected(error: Error): boolean {
  if (isToolkitError(error) || systemError.test(error.message)) return true;
  return [
    UsageError,
    CommandError,
    Deno.errors.NotFound,
    Deno.errors.PermissionDenied,
    Deno.errors.NotCapable,
    Deno.errors.AlreadyExists,
    Deno.errors.Busy,
    Deno.errors.IsADirectory,
    Deno.errors.NotADirectory,
  ].some((kind) => error instanceof kind);
}

const fileProblems: readonly (readonly [new (message: string) => Error, string])[] = [
  [Deno.errors.NotFound, "there is no such file or folder"],
  [Deno.errors.PermissionDenied, "the system permits no access to it"],
  [Deno.errors.AlreadyExists, "it exists already"],
  [Deno.errors.IsADirectory, "it is a folder, expected a file"],
  [Deno.errors.NotADirectory, "part of the path is a file, expected a folder"],
];

/** Errors of Linux and macOS that have no class of their own in Deno, by number. */
const systemProblems: ReadonlyMap<string, string> = new Map([
  ["28", "the disk is full; make room and run the same command again"],
  ["30", "the file system is read-only"],
]);

/** Versions of the toolkit and of the runtime. */
export function versionLine(): string {
  return `${toolkit} (${runtimeName()})`;
}

/** One line about an error: what was asked, what was found, what to do. */
export function errorLine(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).replaceAll(/\s*\n\s*/g, " ");
  const message = messageOf(thrown, flagWording).replaceAll(/\s*\n\s*/g, " ");
  const problem = fileProblems.find(([kind]) => thrown instanceof kind)?.[1];
  // Only Deno's own messages need translating; ours name the path and what to do.
  const [, said, code] = systemError.exec(message) ?? [];
  const path = message.match(/'([^']*)'/)?.[1];
  if (code !== undefined && path !== undefined) {
    return `Cannot use ${path}: ${problem ?? systemProblems.get(code) ?? said}`;
  }
  if (thrown instanceof Deno.errors.NotCapable) {
    const [, kind, what] = message.match(/^Requires (\w+) access to "([^"]*)"/) ?? [];
    return missingPermission(kind ?? "all", what);
  }
  const name = isExpected(thrown) || thrown.name === "Error" ? "" : `${thrown.name}: `;
  return name + (message === "" ? thrown.name : message);
}

/** What stderr says about an error: one line, and the stack trace if that is wanted. */
function complaint(command: string, error: unknown, debug: boolean): string {
  const line = `${command}: ${errorLine(error)}`;
  if (debug) return `${line}\n${error instanceof Error ? error.stack ?? "" : ""}`.trimEnd();
  const told = error instanceof Error && isExpected(error);
  return told ? line : `${line}; run with ELS_DEBUG=1 for the stack trace`;
}

/** What is said when a command is asked to stop. */
function stopping(why: Interrupt): string {
  if (why === "parent gone") return "saving and stopping, as the process that started this is gone";
  if (why === "SIGINT") return "saving and stopping; press Ctrl-C again to stop at once";
  return `saving and stopping at ${why}; a second signal stops at once`;
}

/**
 * Runs a command against a host.
 *
 * @returns The exit code: 0, 1 after an error, 130 after Ctrl-C.
 */
export async function executeCommand<S extends FlagSpecs>(
  { spec, main }: Verb<S>,
  host: CommandHost,
): Promise<number> {
  const full = withCommonFlags(spec);
  const stop = new AbortController();
  let progress: ProgressReporter | undefined;
  let pressedAt = -Infinity;
  const release = host.onInterrupt((why) => {
    const again = stop.signal.aborted && host.output.now() - pressedAt > sameKeyPressMs;
    if (again) host.exitNow(interruptedExitCode);
    if (stop.signal.aborted) return;
    pressedAt = host.output.now();
    stop.abort(new DOMException("Interrupted", "AbortError"));
    progress?.close();
    host.printError(`${spec.name}: ${stopping(why)}`);
  });
  try {
    const line = parseCommandLine(full, host.args);
    if (line === "help") {
      host.print(helpPage(full, flagsBesideHelp(full, host.args)));
      return 0;
    }
    if (line === "version") {
      host.print(versionLine());
      return 0;
    }
    const { quiet, json } = line.flags as { readonly quiet: boolean; readonly json: boolean };
    progress = new ProgressReporter(host.output, { quiet });
    const print = json ? () => {} : host.print;
    const result = await main({ ...line, abort: stop.signal, progress, print });
    progress.close();
    if (json) host.print(writeJsonText({ verb: spec.name, toolkit, ...result }).trimEnd());
    return stop.signal.aborted ? interruptedExitCode : 0;
  } catch (error) {
    progress?.close();
    const aborted = stop.signal.aborted &&
      (error === stop.signal.reason || (error instanceof Error && error.name === "AbortError"));
    if (aborted) return interruptedExitCode;
    host.printError(complaint(spec.name, error, host.debug));
    return 1;
  } finally {
    release();
  }
}

/** Whether ELS_DEBUG=1 is set, where reading it is permitted; never asks for permission. */
function wantsStackTraces(): boolean {
  const query = Deno.permissions.querySync({ name: "env", variable: "ELS_DEBUG" });
  return query.state === "granted" && (Deno.env.get("ELS_DEBUG") ?? "") !== "";
}

/**
 * Declares a command, which {@linkcode runVerb} runs.
 *
 * @example
 * ```ts ignore
 * export const verb = defineVerb({
 *   name: "count",
 *   description: "Counts.",
 *   flags: { steps: { type: "integer", default: 10, min: 1, help: "How far" } },
 * }, ({ flags }) => console.log(flags.steps));
 *
 * if (import.meta.main) await runVerb(verb);
 * ```
 */
export function defineVerb<const S extends FlagSpecs>(
  // A flag of its own by the name of a common one would be lost.
  spec: CommandSpec<S> & { readonly flags: { readonly [K in keyof typeof commonFlags]?: never } },
  main: (context: CommandContext<S & typeof commonFlags>) => MainResult,
): Verb<S> {
  return { spec, main };
}

/** Runs a command as this process, and exits with its code when it is done. */
export async function runVerb<S extends FlagSpecs>(
  verb: Verb<S>,
  { args = Deno.args }: { readonly args?: readonly string[] } = {},
): Promise<never> {
  const debug = wantsStackTraces();
  const { name } = verb.spec;
  const printError = (text: string) => ifAnybodyReads(() => console.error(text));
  // Errors that no one awaits, such as a worker's, would otherwise print a stack trace.
  addEventListener("unhandledrejection", (event) => {
    printError(complaint(name, event.reason, debug));
    Deno.exit(1);
  });
  addEventListener("error", (event) => {
    printError(complaint(name, event.error ?? event.message, debug));
    Deno.exit(1);
  });
  const code = await executeCommand(verb, {
    args,
    print: (text) => ifAnybodyReads(() => console.log(text)),
    printError,
    output: stderrOutput(),
    debug,
    onInterrupt,
    exitNow: (code) => Deno.exit(code),
  });
  // Workers and GPU devices would keep the process alive.
  Deno.exit(code);
}
