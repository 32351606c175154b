/** The scripts of a job: what they run, for any words and folders, and that they are clean. */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { mergeScript, shardScript } from "../../../tasks/cluster/job_scripts.ts";
import { parallelScript, xargsLine } from "../../../tasks/cluster/parallel.ts";
import { shellWord } from "../../../tasks/cluster/shell_word.ts";
import { arrayScript, mergeJobScript } from "../../../tasks/cluster/slurm.ts";
import { planOf } from "./plans.ts";

const ignore = Deno.build.os === "windows";

/** Runs a program; undefined where there is none. */
async function start(program: string, args: string[], input = "") {
  try {
    const child = new Deno.Command(program, {
      ...{ args, stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A job folder of a name that shells would take apart, with a program in it that tells its arguments. */
async function withJob(use: (folder: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const folder = join(root, "a b's $HOME & 100%");
    await Deno.mkdir(join(folder, "logs"), { recursive: true });
    await Deno.writeTextFile(
      join(folder, "toolkit"),
      `#!/bin/sh\nprintf '<%s>' "$@"\necho\nexit "\${CODE:-0}"\n`,
      { mode: 0o755 },
    );
    await use(folder);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const hostile = ["sample", "--run", "my runs/it's $5", '--labels="x"', "", "*"];

function planIn(folder: string) {
  return planOf({
    command: hostile,
    directory: folder,
    launcher: [join(folder, "toolkit")],
    logs: join(folder, "logs"),
    resources: { setup: "export CODE=3" },
  });
}

Deno.test("scripts: a shard runs the command with its number, and tells its end and exit code", {
  ignore,
}, async () => {
  await withJob(async (folder) => {
    const script = join(folder, "shard.sh");
    await Deno.writeTextFile(script, shardScript(planIn(folder), { folder, jsr: undefined }));
    const log = join(folder, "logs", "2 of 4.log");
    const outcome = await start("sh", [script, "2", log]);
    assertEquals([outcome?.code, outcome?.out, outcome?.err], [3, "", ""]);
    const [begin, words, end] = (await Deno.readTextFile(log)).split("\n");
    assertMatch(begin!, /^els-job shard 2\/4 begins \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ on \S+$/);
    assertStringIncludes(words!, hostile.map((word) => `<${word}>`).join(""));
    assertStringIncludes(words!, `<--shard><2/4>`);
    assertMatch(end!, /^els-job shard 2\/4 ends \S+ with code 3$/);
    assertEquals((await start("sh", [script]))?.code !== 0, true, "a shard needs its number");
  });
});

Deno.test("scripts: a shard that is asked to stop passes that on and waits for the end", {
  ignore,
}, async () => {
  await withJob(async (folder) => {
    // It saves for a moment, as the toolkit does.
    await Deno.writeTextFile(
      join(folder, "toolkit"),
      "#!/bin/sh\ntrap 'sleep 0.1; echo saved; exit 130' TERM\necho works\n" +
        "while :; do sleep 0.02; done\n",
    );
    const script = join(folder, "shard.sh");
    const plan = { ...planIn(folder), resources: {} };
    await Deno.writeTextFile(script, shardScript(plan, { folder, jsr: undefined }));
    const log = join(folder, "logs", "1.log");
    const child = new Deno.Command("sh", { args: [script, "1", log] }).spawn();
    const text = () => Deno.readTextFile(log).catch(() => "");
    for (let i = 0; i < 500 && !(await text()).includes("works"); i++) {
      await new Promise((done) => setTimeout(done, 10));
    }
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 130);
    assertMatch(await text(), /works\nsaved\nels-job shard 1\/4 ends \S+ with code 130\n$/);
  });
});

Deno.test("scripts: what fails before the command ends a shard, and its log says so", {
  ignore,
}, async () => {
  await withJob(async (folder) => {
    const plan = { ...planIn(folder), resources: { setup: "echo no such module\nfalse" } };
    const script = join(folder, "merge.sh");
    await Deno.writeTextFile(script, mergeScript(plan, { folder, jsr: undefined }));
    const outcome = await start("sh", [script]);
    assertEquals(outcome?.code, 1);
    assertMatch(outcome!.out, /no such module\nels-job merge ends \S+ with code 1\n$/);
  });
});

Deno.test("scripts: Slurm's name resources, the array and its limit, and logs by number", () => {
  const plan = planOf({
    shards: 40,
    logs: "/scratch/50% of it/logs",
    resources: {
      ...{ limit: 10, cpus: 4, memory: "4G", time: "2:00:00", gpus: 1, partition: "long" },
      ...{ account: "lab", sbatch: "--qos=high --constraint=avx2" },
    },
  });
  const script = arrayScript(plan, { folder: "/scratch/job 1" });
  assertEquals(script.split("\n").filter((line) => line.startsWith("#SBATCH")), [
    "#SBATCH --job-name=els-sample",
    '#SBATCH --output="/scratch/50%% of it/logs/%A_%a.log"',
    "#SBATCH --array=1-40%10",
    "#SBATCH --open-mode=append",
    "#SBATCH --partition=long",
    "#SBATCH --account=lab",
    "#SBATCH --time=2:00:00",
    "#SBATCH --mem=4G",
    "#SBATCH --cpus-per-task=4",
    "#SBATCH --gres=gpu:1",
    "#SBATCH --qos=high --constraint=avx2",
  ]);
  assert(script.endsWith(`exec sh '/scratch/job 1/shard.sh' "$SLURM_ARRAY_TASK_ID"\n`), script);
  const quoted = planOf({ logs: 'a"b' });
  assertThrows(() => mergeJobScript(quoted, { folder: "/job" }), Error, "choose another folder");
});

Deno.test("scripts: shellcheck finds nothing in any of them", async (t) => {
  const plan = { ...planOf(), command: hostile, resources: { setup: "umask 027", limit: 2 } };
  const options = { folder: "/scratch/it's", jsr: "file:///clone/.ci/jsr/" };
  const scripts = {
    shard: shardScript(plan, options),
    merge: mergeScript(plan, options),
    array: arrayScript(plan, options),
    "merge job": mergeJobScript(plan, options),
    parallel: parallelScript(plan, { ...options, jobs: 2, missing: [1, 3] }),
  };
  for (const [name, script] of Object.entries(scripts)) {
    const outcome = await start("shellcheck", ["--severity=style", "-"], script);
    if (outcome === undefined) {
      console.log("skipped: shellcheck is not installed");
      return;
    }
    await t.step(name, () => assertEquals([outcome.code, outcome.out], [0, ""]));
  }
});

/** A toolkit that fails for the shard in the file `fails`, and notes what it did. */
const counting = `#!/bin/sh
for word do
  case $word in */4) shard=\${word%/*} ;; esac
done
echo "\${shard:-merge}" >> did
[ "\${shard:-merge}" != "$(cat fails)" ]
`;

/** Runs the job's script for one machine, or the same through xargs, and says what was done. */
async function runsLocally(folder: string, line: (folder: string) => string): Promise<string[]> {
  await Deno.writeTextFile(join(folder, "did"), "");
  await start("sh", ["-c", line(folder)]);
  return (await Deno.readTextFile(join(folder, "did"))).trim().split("\n").sort();
}

for (const program of ["parallel", "xargs"]) {
  Deno.test(`scripts: with ${program} all shards are done, and again those that failed`, {
    ignore,
  }, async () => {
    const there = await start("sh", ["-c", `command -v ${program}`]);
    if (there?.code !== 0) return console.log(`skipped: ${program} is not installed`);
    await withJob(async (folder) => {
      await Deno.writeTextFile(join(folder, "toolkit"), counting);
      await Deno.writeTextFile(join(folder, "fails"), "3");
      const plan = { ...planIn(folder), engine: "parallel", resources: {} } as const;
      const options = { folder, jsr: undefined, jobs: 2 };
      const write = async (missing: number[]) => {
        await Deno.writeTextFile(join(folder, "shard.sh"), shardScript(plan, options));
        await Deno.writeTextFile(join(folder, "merge.sh"), mergeScript(plan, options));
        await Deno.writeTextFile(
          join(folder, "parallel.sh"),
          parallelScript(plan, { ...options, missing }),
        );
      };
      await write([1, 2, 3, 4]);
      const line = program === "parallel"
        ? () => `sh ${shellWord(join(folder, "parallel.sh"))}`
        : () => xargsLine(plan, { ...options, missing: [1, 2, 3, 4] });
      assertEquals(await runsLocally(folder, line), ["1", "2", "3", "4"]);
      const log = await Deno.readTextFile(join(folder, "logs", "local_3.log"));
      assertMatch(log, /ends \S+ with code 1\n$/);
      if (program === "xargs") return;
      // The same script again: GNU parallel knows what failed.
      await Deno.writeTextFile(join(folder, "fails"), "none");
      assertEquals(await runsLocally(folder, line), ["3", "merge"]);
      // Submitted again, it names the shards itself.
      await Deno.remove(join(folder, "parallel.tsv"));
      await write([2, 4]);
      assertEquals(await runsLocally(folder, line), ["2", "4", "merge"]);
    });
  });
}
