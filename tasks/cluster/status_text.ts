/** How far a job has come, as a person reads it. */
import { duration } from "../cli/progress.ts";
import { textTable } from "../cli/table.ts";
import { indexList } from "./index_list.ts";
import type { JobPlan } from "./job_plan.ts";
import { type JobPace, type JobState, shardStates, type ShardStory } from "./job_state.ts";

/** Shards of a state that are shown with their log. */
const mostShown = 10;

/** What is said of a shard that is not done: what its log said last, or why its file does not count. */
function lastLine({ log, damage }: ShardStory): string {
  if (damage !== undefined) return damage;
  if (log === undefined) return "no log";
  if (log.lastLine !== "") return log.lastLine;
  return log.code === undefined ? "nothing yet" : `ended with exit code ${log.code}`;
}

/** Table of the states that there are, with the numbers of their shards. */
function stateTable(shards: readonly ShardStory[]): string {
  const rows = shardStates.flatMap((state) => {
    const found = shards.filter((each) => each.state === state).map(({ shard }) => shard);
    return found.length === 0 ? [] : [[state, found.length, indexList(found)]];
  });
  return textTable({
    header: ["state", "shards", "which"],
    rows,
    align: ["left", "right", "left"],
  });
}

/** Tables of what runs and of what failed, with the last lines of their logs. */
function logTables(shards: readonly ShardStory[], shown: (path: string) => string): string[] {
  return (["running", "failed"] as const).flatMap((state) => {
    const found = shards.filter((each) => each.state === state);
    if (found.length === 0) return [];
    const table = textTable({
      header: [state, "last line", "log"],
      rows: found.slice(0, mostShown).map((story) => [
        story.shard,
        lastLine(story),
        story.log === undefined ? "" : shown(story.log.path),
      ]),
      align: ["right", "left", "left"],
    });
    const more = found.length > mostShown ? `\n.. and ${found.length - mostShown} more` : "";
    return [table + more];
  });
}

/** Pace and time left in one line. */
function paceLine(shards: readonly ShardStory[], pace: JobPace): string {
  const done = shards.filter(({ state }) => state === "done").length;
  const running = shards.filter(({ state }) => state === "running").length;
  const parts = [`${done} of ${shards.length} done`];
  if (pace.secondsPerShard !== undefined) {
    parts.push(`${duration(pace.secondsPerShard)} each on the mean`);
  }
  if (pace.shardsPerHour !== undefined) {
    parts.push(`${Number(pace.shardsPerHour.toPrecision(3))} an hour with ${running} at a time`);
  }
  if (done < shards.length) {
    parts.push(
      pace.secondsLeft !== undefined
        ? `about ${duration(pace.secondsLeft)} left`
        : running === 0
        ? "nothing runs"
        : "time left not known before one is done",
    );
  }
  return parts.join(", ");
}

/** What is said of the merge; nothing where it is not known to be anywhere. */
function mergeLine({ merge: { state, job, log } }: JobState): string[] {
  const id = job === undefined ? "" : ` (job ${job})`;
  switch (state) {
    case "missing":
      return [];
    case "pending":
      return [`Merge: waits for the shards${id}`];
    case "running":
      return [`Merge: runs${id}`];
    case "done":
      return [`Merge: done${log === undefined || log.lastLine === "" ? "" : `: ${log.lastLine}`}`];
    case "failed":
      return [`Merge: failed${id}: ${log?.lastLine || `exit code ${log?.code}`}`];
  }
}

/** The whole text. */
export function statusText(
  plan: JobPlan,
  { state, pace, shown }: {
    readonly state: JobState;
    readonly pace: JobPace;
    /** A path as it is shown. */
    readonly shown: (path: string) => string;
  },
): string {
  const { shards } = state;
  const blocks = [
    stateTable(shards),
    ...logTables(shards, shown),
    [paceLine(shards, pace), ...mergeLine(state), ...sourceLines(plan, state)].join("\n"),
  ];
  return blocks.join("\n\n");
}

/** What was not asked, and what that means. */
function sourceLines({ engine }: JobPlan, { queue, problem, shards }: JobState): string[] {
  const open = shards.some(({ state }) => state === "running" || state === "pending");
  const lines: string[] = [];
  if (queue === undefined && open) {
    lines.push(
      engine === "kubernetes"
        ? "From files only: what runs, Kubernetes says (kubectl get jobs,pods)"
        : engine === "slurm"
        ? "From files only, as there is no squeue here: what is running may have been killed"
        : "From files only: what is running may have been killed",
    );
  }
  if (problem !== undefined) lines.push(`Logs are not known: ${problem}`);
  return lines;
}
