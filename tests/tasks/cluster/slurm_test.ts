/**
 * Jobs on a real Slurm: what is submitted first and again, and a calibration with a killed shard. Both are
 * in one file, as which Slurm is spoken to is set for the process.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { writeShard } from "../../../src/runs/shard_file.ts";
import type { JobPlan } from "../../../tasks/cluster/job_plan.ts";
import { jobPace, jobState } from "../../../tasks/cluster/job_state.ts";
import { readPlan } from "../../../tasks/cluster/job_plan.ts";
import { scancel } from "../../../tasks/cluster/slurm.ts";
import { statusText } from "../../../tasks/cluster/status_text.ts";
import { submitToSlurm } from "../../../tasks/cluster/submit_slurm.ts";
import { makeJobFolders, writeJob } from "../../../tasks/cluster/write_job.ts";
import { verb as calibrate } from "../../../tasks/calibrate.ts";
import { verb as status } from "../../../tasks/status.ts";
import { verb as submit } from "../../../tasks/submit.ts";
import { runHere } from "../in_process.ts";
import { planOf } from "./plans.ts";
import { killAll, until, whyNoSlurm, withSlurm } from "./real_slurm.ts";

const why = whyNoSlurm();
if (why !== undefined) console.log(`skipped: tests with a real Slurm: ${why}`);

/**
 * The toolkit of the tests: a shard waits for a file `go-I` in the working directory, fails if there is
 * `fail-I`, and else puts a prepared shard into its place.
 */
const toolkit = `#!/bin/sh
for word do last=$word; done
if [ "$1" = merge ]; then
  ls "$2" | wc -l
  exit
fi
while [ "$1" != --shard ]; do shift; done
shard=\${2%/*}
echo "working on $shard"
while [ ! -e "go-$shard" ]; do sleep 0.05; done
if [ -e "fail-$shard" ]; then echo "no luck with $shard"; exit 1; fi
cp "shard-0000$shard-of-00004.safetensors" "$last"
`;

/** A job in a folder, ready to be submitted. */
async function prepare(work: string): Promise<{ plan: JobPlan; folder: string }> {
  const folder = join(work, "the job");
  const program = join(work, "toolkit");
  await Deno.writeTextFile(program, toolkit, { mode: 0o755 });
  for (const index of [1, 2, 3, 4]) {
    await writeShard(join(work, `shard-0000${index}-of-00004.safetensors`), {
      header: {
        ...{
          kind: "sample",
          over: "samples",
          index,
          count: 4,
          from: index - 1,
          to: index,
          total: 4,
        },
        ...{ identity: {}, toolkit: "@els/toolkit 0.1.0" },
      },
      tensors: new Map([["x", { dtype: "F32", shape: [1], data: Float32Array.of(index) }]]),
    });
  }
  const plan = planOf({ directory: work, launcher: [program], logs: join(folder, "logs") });
  await makeJobFolders(folder, plan.logs);
  return { plan, folder };
}

/** Submits as the verb does: what failed or is missing. */
async function handOver(plan: JobPlan, folder: string) {
  const known = await readPlan(folder) ?? plan;
  const state = await jobState(known, folder);
  const missing = state.shards.filter(({ state }) => ["failed", "missing"].includes(state))
    .map(({ shard }) => shard);
  await writeJob(known, { folder, jsr: undefined, missing, jobs: 1, kubernetes: undefined });
  return { missing, ...await submitToSlurm(known, { folder, state, missing }) };
}

Deno.test("slurm: what failed is submitted again, what is done, runs or waits is not", {
  ignore: why !== undefined,
}, async () => {
  await withSlurm(async (work) => {
    const { plan, folder } = await prepare(work);
    const states = async () => {
      const state = await jobState(await readPlan(folder) ?? plan, folder);
      return state.shards.map(({ state }) => state).join(" ");
    };
    const touch = (name: string) => Deno.writeTextFile(join(work, name), "");
    assertEquals(await states(), "missing missing missing missing");

    // Two cores: two shards run, two wait. One fails, one is killed.
    const first = await handOver(plan, folder);
    assertEquals(first.missing, [1, 2, 3, 4]);
    await until("two run", async () => await states() === "running running pending pending");
    await touch("fail-1");
    await touch("go-1");
    await until("one failed", async () => await states() === "failed running running pending");
    const second = await handOver(plan, folder);
    assertEquals(second.missing, [1]);
    assert(second.array !== undefined && second.array !== first.array);
    await scancel(`${first.array}_2`);
    await until("one is killed", async () => (await states()).startsWith("pending failed running"));
    const text = statusText((await readPlan(folder))!, {
      ...{ state: await jobState((await readPlan(folder))!, folder), shown: (path) => path },
      pace: jobPace([], 0),
    });
    assertStringIncludes(text, "CANCELLED");

    const third = await handOver(plan, folder);
    assertEquals(third.missing, [2]);
    await Deno.remove(join(work, "fail-1"));
    for (const shard of [2, 3, 4]) await touch(`go-${shard}`);
    await until("all is done", async () => await states() === "done done done done");
    const merged = async () => (await jobState((await readPlan(folder))!, folder)).merge;
    await until("it is merged", async () => (await merged()).state === "done");
    // The merges that waited for what failed are gone: there was one, after all shards.
    assertEquals((await merged()).job, third.merge);
    assertEquals((await merged()).log?.lastLine, "4");
    const logs = [...Deno.readDirSync(plan.logs)].map(({ name }) => name);
    assertEquals(logs.filter((name) => name.startsWith("merge")).length, 1);
    assertEquals(
      logs.filter((name) => !name.startsWith("merge")).sort(),
      [
        ...[1, 2, 3, 4].map((shard) => `${first.array}_${shard}.log`),
        ...[`${second.array}_1.log`, `${third.array}_2.log`],
      ].sort(),
    );
    const nothing = await handOver(plan, folder);
    assertEquals([nothing.missing, nothing.array, nothing.merge], [[], undefined, undefined]);
    // A shard whose file is damaged is done again.
    await Deno.writeTextFile(join(folder, "shards/shard-00003-of-00004.safetensors"), "cut");
    assertEquals(await states(), "done done failed done");

    const wrong = { ...plan, resources: { partition: "nowhere" } };
    await writeJob(wrong, { folder, jsr: undefined, missing: [3], jobs: 1, kubernetes: undefined });
    await assertRejects(
      async () => {
        const state = await jobState(wrong, folder);
        await submitToSlurm(wrong, { folder, state, missing: [3] });
      },
      Error,
      "sbatch says invalid partition specified: nowhere",
    );
  });
});

/** A calibration of a sample for each of two shards, which run at once on two cores. */
const calibration = [
  ...["calibrate", "--run", "zoo:mnist-resnet-zeros", "--machine", "ELS", "--images", "40"],
  ...["--samples", "2", "--steps", "2", "--backend", "wasm", "--posterior", "wasm"],
];

/** The only run in a folder. */
async function onlyRun(root: string): Promise<string> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(root)) if (/^\d{5}-/.test(name)) found.push(name);
  assertEquals(found.length, 1);
  return join(root, found[0]!);
}

Deno.test({
  name: "submit: a calibration with a killed shard, submitted again, equals the one of one process",
  ignore: why !== undefined,
  // Threads of the posterior end a moment after the command that started them.
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  await withSlurm(async (folder) => {
    const [job, out, alone] = ["job", "runs", "alone"].map((name) => join(folder, name));
    const command = [
      ...["--engine", "slurm", "--shards", "2", "--cpus", "1", "--job", job!, "--json"],
      ...["--", ...calibration, "--out", out!],
    ];
    const send = async () => {
      const { code, out: text, err } = await runHere(submit, ...command);
      assertEquals(code, 0, err);
      return JSON.parse(text);
    };
    const told = async () => JSON.parse((await runHere(status, job!, "--json")).out);

    const first = await send();
    assertEquals(first.submitted, [1, 2]);
    const log = join(job!, "logs", `${first.array}_2.log`);
    const begun = async () => /New run/.test(await Deno.readTextFile(log).catch(() => ""));
    await until("the second shard is at work", begun);
    // Nothing more is saved, and no end is told.
    assert(await killAll([job!, "2/2"]) > 0);
    await until("one is done, one failed", async () => {
      const { states } = await told();
      return states.done.includes(1) && states.failed.includes(2);
    });
    // Meanwhile the merge that waited has gone: it could never begin.
    const second = await send();
    assertEquals([second.submitted, second.left], [[2], [1]]);
    const single = await runHere(calibrate, ...calibration.slice(1), "--out", alone!);
    assertEquals(single.code, 0, single.err);
    await until("it is merged", async () => (await told()).merge.state === "done");

    const logs = [...Deno.readDirSync(join(job!, "logs"))].map(({ name }) => name).sort();
    assertEquals(logs, [
      `${first.array}_1.log`,
      `${first.array}_2.log`,
      `${second.array}_2.log`,
      `merge_${second.merge}.log`,
    ]);
    const { states, secondsPerShard, secondsLeft, source } = await told();
    assertEquals([states.done, secondsLeft, source], [[1, 2], 0, "squeue"]);
    assert(secondsPerShard > 0);
    const [merged, whole] = [await onlyRun(out!), await onlyRun(alone!)];
    for (const name of ["scale_schedule.json", "scales.csv"]) {
      assertEquals(
        await Deno.readTextFile(join(merged, name)),
        await Deno.readTextFile(join(whole, name)),
        name,
      );
    }
    assertMatch((await runHere(submit, ...command)).out, /"array": null/);
  });
});
