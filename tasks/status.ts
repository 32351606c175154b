/** `deno task status`: how far a job of `submit` has come. @module */
import { relative, resolve } from "@std/path";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { commandLine } from "./cli/invocation.ts";
import { planFile, readPlan } from "./cluster/job_plan.ts";
import { jobPace, jobState, shardStates, type ShardStory } from "./cluster/job_state.ts";
import { shellLine, shellWord } from "./cluster/shell_word.ts";
import { statusText } from "./cluster/status_text.ts";

/** A path as it is shown and as it lies in a clone, where it does. */
function shown(path: string): string {
  const near = relative(Deno.cwd(), path);
  return near === "" || near.startsWith("..") ? path : near;
}

/** Shards of a state with what their logs say. */
function stories(shards: readonly ShardStory[], state: "running" | "failed") {
  return shards.filter((each) => each.state === state).map(({ shard, log, damage }) => ({
    shard,
    log: log?.path ?? null,
    line: damage ?? log?.lastLine ?? null,
    code: log?.code ?? null,
  }));
}

/** This command. */
export const verb = defineVerb({
  name: "status",
  description:
    "How far a job of submit has come: shards that are done, running, pending, failed or missing, the last " +
    "line of what failed, pace and time left. It asks squeue where there is one, else the files alone.",
  positionals: [{ name: "FOLDER", help: "Folder of the job, as submit named it", path: "read" }],
  flags: {},
  examples: ["status runs/jobs/calibrate-3f2a9c1b"],
  result: {
    "job": "folder of the job",
    "engine": "what runs the shards",
    "command": "verb and words of the command",
    "shards": "how many there are",
    "states": "numbers of the shards by state: done, running, pending, failed, missing",
    "running": "shards that run: shard, log, line, code (null)",
    "failed":
      "shards that failed: shard, log, line (the last of the log, or what is wrong with the file), code",
    "secondsPerShard": "mean time of those that are done; null: not known",
    "shardsPerHour": "at the number that run now; null: none is done or runs",
    "secondsLeft": "null: not known",
    "merge": "state and job of the merge, and the last line of its log",
    "source": "squeue, or files: then what is running may have been killed",
  },
}, async ({ positionals, print }) => {
  const folder = resolve(positionals[0]!);
  const plan = await readPlan(folder);
  if (plan === undefined) {
    throw new CommandError(
      `Cannot tell how far ${
        positionals[0]
      } is: found no ${planFile} in it, expected the folder of a ` +
        `job, as ${commandLine("submit")} names it`,
    );
  }
  const state = await jobState(plan, folder);
  const pace = jobPace(state.shards, Date.now());
  print(`${shellLine(plan.command)}: ${plan.shards} shards, ${plan.engine}\n`);
  print(statusText(plan, { state, pace, shown }));
  const open = state.shards.some(({ state }) => state === "failed" || state === "missing");
  if (open && plan.submissions.length > 0) {
    print(
      `To submit what failed or is missing: run the same ${commandLine("submit")} again ` +
        `(${shellWord(shown(folder))})`,
    );
  }
  const { merge } = state;
  return {
    ...{ job: folder, engine: plan.engine, command: plan.command, shards: plan.shards },
    states: Object.fromEntries(
      shardStates.map((name) => [
        name,
        state.shards.filter((each) => each.state === name).map(({ shard }) => shard),
      ]),
    ),
    running: stories(state.shards, "running"),
    failed: stories(state.shards, "failed"),
    secondsPerShard: pace.secondsPerShard ?? null,
    shardsPerHour: pace.shardsPerHour ?? null,
    secondsLeft: pace.secondsLeft ?? null,
    merge: { state: merge.state, job: merge.job ?? null, line: merge.log?.lastLine ?? null },
    source: state.queue === undefined ? "files" : "squeue",
  };
});

if (import.meta.main) await runVerb(verb);
