/** How far a job has come: what its files say, and the queue where it can be asked. */
import { type LogStory, readJobLogs } from "./job_logs.ts";
import type { JobPlan } from "./job_plan.ts";
import { parseIndexList } from "./index_list.ts";
import { shardFiles } from "./shard_words.ts";
import { askQueue, type Queue } from "./slurm.ts";

/** What can become of a shard. */
export const shardStates = ["done", "running", "pending", "failed", "missing"] as const;

/** One of {@linkcode shardStates}. */
export type ShardState = (typeof shardStates)[number];

/** A shard's state, with what its log says. */
export interface ShardStory {
  readonly shard: number;
  readonly state: ShardState;
  readonly log: LogStory | undefined;
  /** Why a file that is there does not count. */
  readonly damage?: string;
}

/** How far a job has come. */
export interface JobState {
  readonly shards: readonly ShardStory[];
  /** The queue; undefined where only the files are known. */
  readonly queue: Queue | undefined;
  readonly merge: {
    readonly state: "done" | "running" | "pending" | "failed" | "missing";
    readonly job: string | undefined;
    readonly log: LogStory | undefined;
  };
  /** Why logs are not known. */
  readonly problem: string | undefined;
}

/** Jobs of Slurm that a job has ever had: submitted from here, or by hand. */
function jobNumbers(plan: JobPlan, logs: Iterable<LogStory>): string[] {
  const found = [...logs].flatMap(({ job }) => job ?? []);
  const submitted = plan.submissions.flatMap(({ array }) => array ?? []);
  return [...new Set([...submitted, ...plan.merge === undefined ? [] : [plan.merge], ...found])];
}

/** Looks at files, logs and the queue. */
export async function jobState(plan: JobPlan, folder: string): Promise<JobState> {
  const [files, logs] = await Promise.all([shardFiles(plan, folder), readJobLogs(plan.logs)]);
  const jobs = jobNumbers(plan, [...logs.shards.values(), ...logs.merge ? [logs.merge] : []]);
  const queue = jobs.length > 0 ? await askQueue(jobs) : undefined;
  // What a program of this machine is to do waits for nobody.
  const submitted = new Set(
    plan.submissions.filter(({ engine }) => engine !== "parallel")
      .flatMap(({ shards }) => parseIndexList(shards)),
  );
  const shards = Array.from({ length: plan.shards }, (_, i): ShardStory => {
    const shard = i + 1;
    const log = logs.shards.get(shard);
    const damage = files.damaged.get(shard);
    const state = files.done.has(shard)
      ? "done"
      : queue === undefined
      ? stateByFiles(log, submitted.has(shard))
      : queue.running.has(shard)
      ? "running"
      : queue.pending.has(shard)
      ? "pending"
      // What a program of this machine runs is in no queue.
      : log !== undefined && log.job === undefined
      ? stateByFiles(log, false)
      : log === undefined
      ? "missing"
      : "failed";
    return { shard, state, log, ...damage !== undefined && { damage } };
  });
  const job = plan.merge ?? logs.merge?.job;
  const waiting = job === undefined ? undefined : queue?.jobs.get(job);
  const log = logs.merge;
  // A log of an earlier merge says nothing of the one that waits.
  const merged = log === undefined
    ? "missing"
    : log.code === undefined
    ? "running"
    : log.code === 0
    ? "done"
    : "failed";
  return {
    ...{ shards, queue, problem: logs.problem },
    merge: {
      state: waiting ??
        (merged === "running" && queue !== undefined && log?.job !== undefined ? "failed" : merged),
      job,
      log,
    },
  };
}

/** The state of a shard whose file is not there, where no queue can be asked. */
function stateByFiles(log: LogStory | undefined, submitted: boolean): ShardState {
  if (log === undefined) return submitted ? "pending" : "missing";
  return log.code === undefined ? "running" : "failed";
}

/** How fast shards are done, and how long the rest takes. */
export interface JobPace {
  /** Mean seconds of the shards that are done; undefined if no log says. */
  readonly secondsPerShard: number | undefined;
  /** At the number that run now; undefined if none runs or is done. */
  readonly shardsPerHour: number | undefined;
  readonly secondsLeft: number | undefined;
}

/**
 * The pace of a job, from the shards that are done.
 *
 * @param now Milliseconds since 1970.
 */
export function jobPace(shards: readonly ShardStory[], now: number): JobPace {
  const times = shards.flatMap(({ state, log }) =>
    state === "done" && log?.began !== undefined && log.ended !== undefined && log.code === 0
      ? [(log.ended - log.began) / 1000]
      : []
  );
  const left = shards.filter(({ state }) => state !== "done");
  const running = shards.filter(({ state }) => state === "running");
  if (times.length === 0) {
    return {
      secondsPerShard: undefined,
      shardsPerHour: undefined,
      secondsLeft: left.length === 0 ? 0 : undefined,
    };
  }
  const secondsPerShard = times.reduce((a, b) => a + b) / times.length;
  if (left.length === 0) return { secondsPerShard, shardsPerHour: undefined, secondsLeft: 0 };
  if (running.length === 0 || secondsPerShard === 0) {
    return { secondsPerShard, shardsPerHour: undefined, secondsLeft: undefined };
  }
  // What runs has some of its time behind it.
  const spent = running.map(({ log }) =>
    Math.min(secondsPerShard, Math.max(0, log?.began === undefined ? 0 : (now - log.began) / 1000))
  );
  const work = left.length * secondsPerShard - spent.reduce((a, b) => a + b, 0);
  return {
    secondsPerShard,
    shardsPerHour: 3600 * running.length / secondsPerShard,
    secondsLeft: work / running.length,
  };
}
