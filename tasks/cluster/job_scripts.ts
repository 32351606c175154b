/** The scripts of a job: one that does a shard, one that merges; every engine of a machine's own starts these. */
import { join } from "@std/path";
import type { JobPlan } from "./job_plan.ts";
import { shellLine, shellWord } from "./shell_word.ts";
import { mergeWords, shardWords } from "./shard_words.ts";

/** Names of the files in the folder of a job. */
export const scriptFiles = { shard: "shard.sh", merge: "merge.sh" } as const;

/** What begins the lines by which a log says when a shard began and how it ended. */
export const logMark = "els-job";

/** What every script of a job begins with. */
function opening(about: string): string[] {
  return [
    "#!/bin/sh",
    `# ${about} Written by submit, which writes it anew when it is run again.`,
    // Words are quoted so that nothing in them is expanded.
    "# shellcheck disable=SC2016",
  ];
}

/** Where the command runs, and what it needs of the environment. */
function surroundings({ directory, resources }: JobPlan, jsr: string | undefined): string[] {
  return [
    `cd ${shellWord(directory)} || exit`,
    "# Nothing is asked of the network, nor is color wanted in a log.",
    "export DENO_NO_UPDATE_CHECK=1 NO_COLOR=1",
    ...jsr === undefined ? [] : [`export JSR_URL=${shellWord(jsr)}`],
    ...resources.setup === undefined ? [] : ["{", resources.setup, "} || exit"],
  ];
}

/** Runs a command so that it can save when a batch system asks it to stop, and says how it ended. */
function waitingFor(command: string): string[] {
  return [
    `${command} &`,
    "child=$!",
    "# Asked to stop, it saves what it has: the same script goes on there.",
    `trap 'kill -TERM "$child" 2>/dev/null || :' TERM INT HUP`,
    "code=0",
    'wait "$child" || code=$?',
    "# A signal ends the waiting alone.",
    'while kill -0 "$child" 2>/dev/null; do',
    "  code=0",
    '  wait "$child" || code=$?',
    "done",
    'exit "$code"',
  ];
}

/** Lines that tell in the log when something began, and at its end how it ended. */
function told(what: string): string[] {
  const at = "$(date -u +%Y-%m-%dT%H:%M:%SZ)";
  return [
    `echo "${logMark} ${what} begins ${at} on $(uname -n)"`,
    `trap 'code=$?; echo "${logMark} ${what} ends ${at} with code $code"' EXIT`,
  ];
}

/** What the scripts of a job depend on. */
export interface ScriptOptions {
  /** Folder of the job. */
  readonly folder: string;
  /** Address of the standard library's stand-ins, where the clone has them. */
  readonly jsr: string | undefined;
}

/** The script that does one shard: `sh shard.sh NUMBER [LOG]`. */
export function shardScript(plan: JobPlan, { folder, jsr }: ScriptOptions): string {
  const { shards, launcher, command } = plan;
  const words = shellLine([...launcher, ...command]);
  return [
    ...opening(`Does one shard: sh ${scriptFiles.shard} NUMBER [LOG], NUMBER from 1 to ${shards}.`),
    "shard=${1:?expected the number of a shard}",
    '[ $# -lt 2 ] || exec >"$2" 2>&1',
    ...told(`shard $shard/${shards}`),
    ...surroundings(plan, jsr),
    ...waitingFor(`${words} ${shardWords(plan, folder)}`),
  ].join("\n") + "\n";
}

/** The script that merges all shards: `sh merge.sh [LOG]`. */
export function mergeScript(plan: JobPlan, { folder, jsr }: ScriptOptions): string {
  return [
    ...opening(`Merges the ${plan.shards} shards: sh ${scriptFiles.merge} [LOG].`),
    '[ $# -lt 1 ] || exec >"$1" 2>&1',
    ...told("merge"),
    ...surroundings(plan, jsr),
    ...waitingFor(shellLine([...plan.launcher, ...mergeWords(plan, folder)])),
  ].join("\n") + "\n";
}

/** Path of the log of a shard that a program of this machine runs. */
export function localLog(logs: string, shard: number | string): string {
  return join(logs, `local_${shard}.log`);
}
