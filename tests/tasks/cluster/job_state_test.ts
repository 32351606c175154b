/** What logs and files say of a job, and what is made of it. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { storyOf } from "../../../tasks/cluster/job_logs.ts";
import { readPlan, writePlan } from "../../../tasks/cluster/job_plan.ts";
import {
  jobPace,
  jobState,
  type ShardState,
  type ShardStory,
} from "../../../tasks/cluster/job_state.ts";
import { openJob } from "../../../tasks/cluster/open_job.ts";
import { statusText } from "../../../tasks/cluster/status_text.ts";
import { writeShard } from "../../../src/runs/shard_file.ts";
import { planOf } from "./plans.ts";

const begins = "els-job shard 3/4 begins 2026-11-28T16:00:00Z on n1\n";
const ends = (code: number) => `els-job shard 3/4 ends 2026-11-28T16:01:30Z with code ${code}\n`;
const began = Date.UTC(2026, 10, 28, 16);

Deno.test("logs: when a shard began, how it ended, and what was said last", () => {
  const story = (text: string) => storyOf(text, text);
  assertEquals(story(""), { lastLine: "" });
  assertEquals(story(begins), { began, lastLine: "" });
  assertEquals(story(`${begins}sample 1/4\rsample 2/4\n`), { began, lastLine: "sample 2/4" });
  assertEquals(story(`${begins}sample: Cannot read x\n${ends(1)}`), {
    ...{ began, ended: began + 90_000, code: 1, lastLine: "sample: Cannot read x" },
  });
  // What Slurm says of an end that it brought about is the reason, whatever came after.
  const killed = "slurmstepd-n1: error: *** JOB 7 ON n1 CANCELLED AT 2026 DUE TO TIME LIMIT ***";
  assertEquals(story(`${begins}${killed}\nTerminated\n`).lastLine, killed);
  // A log that was gone on with, as after a requeue: the first end is not the last.
  const again = begins.replace("16:00:00", "17:00:00");
  assertEquals(story(begins + ends(130) + again), { began: began + 3_600_000, lastLine: "" });
});

/** Shards in states, each done one having taken so many seconds. */
function shardsIn(states: readonly ShardState[], seconds: readonly number[] = []): ShardStory[] {
  return states.map((state, i) => ({
    shard: i + 1,
    state,
    log: state === "pending" || state === "missing" ? undefined : {
      ...{ path: `${i + 1}.log`, began, lastLine: "" },
      ...state === "done" && { ended: began + 1000 * (seconds[i] ?? 0), code: 0 },
    },
  }));
}

Deno.test("pace: from the shards that are done, at the number that run", () => {
  const none = { secondsPerShard: undefined, shardsPerHour: undefined, secondsLeft: undefined };
  assertEquals(jobPace(shardsIn(["running", "pending"]), began), none);
  // Two at a time of 100 s, one half done, the other just begun; 3 wait: (5 * 100 - 50) / 2 s.
  const shards = shardsIn(["done", "done", "running", "running", "pending", "pending", "missing"], [
    ...[90, 110],
  ]);
  const half: ShardStory = { ...shards[2]!, log: { ...shards[2]!.log!, began: began - 50_000 } };
  assertEquals(jobPace(shards.with(2, half), began), {
    ...{ secondsPerShard: 100, shardsPerHour: 72, secondsLeft: 225 },
  });
  assertEquals(jobPace(shardsIn(["done", "failed"], [60]), began), {
    ...none,
    secondsPerShard: 60,
  });
  assertEquals(jobPace(shardsIn(["done", "done"], [60, 60]), began).secondsLeft, 0);
});

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("status: without a queue, from files and logs alone, which it says", {
  // The table shows paths.
  ignore: Deno.build.os === "windows",
}, async () => {
  await withFolder(async (folder) => {
    const logs = join(folder, "logs");
    await Deno.mkdir(logs);
    await Deno.mkdir(join(folder, "shards"));
    await writeShard(join(folder, "shards/shard-00001-of-00004.safetensors"), {
      header: {
        ...{ kind: "sample", over: "samples", index: 1, count: 4, from: 0, to: 1, total: 4 },
        ...{ identity: {}, toolkit: "@els/toolkit 0.1.0" },
      },
      tensors: new Map(),
    });
    await Deno.writeTextFile(join(logs, "local_1.log"), begins + ends(0));
    await Deno.writeTextFile(join(logs, "local_2.log"), `${begins}sample 3/4  75%\n`);
    await Deno.writeTextFile(join(logs, "local_3.log"), `${begins}sample: no luck\n${ends(1)}`);
    const plan = planOf({ engine: "parallel", logs, resources: {} });
    const state = await jobState(plan, folder);
    assertEquals(state.shards.map(({ state }) => state), ["done", "running", "failed", "missing"]);
    const pace = jobPace(state.shards, began + 30_000);
    const text = statusText(plan, { state, pace, shown: (path) => path.slice(folder.length + 1) });
    assertEquals(text.split("\n"), [
      "state    shards  which",
      "-------  ------  -----",
      "done          1  1",
      "running       1  2",
      "failed        1  3",
      "missing       1  4",
      "",
      "running  last line        log",
      "-------  ---------------  ----------------",
      "      2  sample 3/4  75%  logs/local_2.log",
      "",
      "failed  last line        log",
      "------  ---------------  ----------------",
      "     3  sample: no luck  logs/local_3.log",
      "",
      "1 of 4 done, 1m 30s each on the mean, 40 an hour with 1 at a time, about 4m 00s left",
      "From files only: what is running may have been killed",
    ]);
    // Submitted, and no log yet: it waits.
    const submitted = { at: "2026-11-28T15:00:00Z", engine: "slurm", shards: "4" } as const;
    const waiting = await jobState({ ...plan, submissions: [submitted] }, folder);
    assertEquals(waiting.shards[3]!.state, "pending");
  });
});

Deno.test("plans: kept with a checksum, and a folder of another command is refused", async () => {
  await withFolder(async (folder) => {
    const plan = planOf({ merge: "7", resources: { memory: "4G" } });
    assertEquals(await readPlan(folder), undefined);
    assertEquals(await openJob(folder, plan), plan);
    await writePlan(folder, plan);
    assertEquals(await readPlan(folder), plan);
    // Other resources are what one resubmits with.
    const more = planOf({ resources: { memory: "8G" } });
    assertEquals(await openJob(folder, more), { ...more, merge: "7" });
    for (
      const [change, says] of [
        [{ command: ["sample", "--seed", "2"] }, "its command is sample --samples 8, expected"],
        [{ shards: 5 }, "the number of its shards is 4, expected 5"],
        [{ directory: "/other" }, "its working directory is /clone, expected /other"],
        [{ toolkit: "@els/toolkit 9.0.0" }, "the toolkit is @els/toolkit 0.1.0"],
      ] as const
    ) {
      const error = await assertRejects(() => openJob(folder, planOf(change)), Error);
      assertStringIncludes(error.message, says);
      assertStringIncludes(error.message, "--job");
    }
    const path = join(folder, "job.json");
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("4G", "9G"));
    await assertRejects(() => readPlan(folder), Error, "checksum");
  });
});
