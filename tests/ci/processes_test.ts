/** Real runs whose terminal, launcher or npx goes, or stays away: saved, or left alone. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { inFolder, root, spawn } from "../tasks/commands.ts";

/** Signals and /proc as here; macOS has other means, Windows none of the signals. */
const ignore = Deno.build.os !== "linux";

/** A training that would go on for long. */
const longTraining = (folder: string) =>
  [
    ...["--dataset", "synthetic", "--images", 40, "--width", 8, "--layers", 1, "--batch-size", 4],
    ...["--steps", 1_000_000, "--shards", 1, "--backend", "wasm", "--out", folder],
  ].map(String);

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until<T>(what: string, found: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const result = await found().catch(() => undefined);
    if (result !== undefined) return result;
    await wait(100);
  }
  throw new Error(`waited in vain for ${what}`);
}

async function sh(script: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Folder of the one run, once it takes steps. */
const runFolder = (folder: string) =>
  until("the run's first steps", async () => {
    for await (const { name } of Deno.readDir(folder)) {
      if (!/^\d{5}-train/.test(name)) continue;
      const path = join(folder, name);
      if ((await Deno.readTextFile(join(path, "log.jsonl"))).length > 0) return path;
    }
    return undefined;
  });

const saved = (run: string) =>
  Deno.stat(join(run, "state.safetensors")).then(() => true, () => false);

/** Number of the process that trains into a folder. */
async function verbOf(folder: string): Promise<number | undefined> {
  const found = await sh(
    `for p in /proc/[0-9]*; do
       tr '\\000' ' ' < $p/cmdline 2>/dev/null | grep -q "tasks/train.ts.*${folder}" &&
         echo "\${p#/proc/} $(tr '\\000' ' ' < $p/cmdline)"
     done | grep -v -e "std.ts" -e " task " | grep " run " | head -n 1`,
  );
  return found === "" ? undefined : Number(found.split(" ")[0]);
}

const alive = async (pid: number) =>
  (await sh(`grep -c "State:.[^ZX]" /proc/${pid}/status`)) === "1";

/** Starts a training by a shell's script that has \`$TRAIN\` in it, and lends its processes. */
async function withTraining(
  script: string,
  use: (
    found: { verb: number; run: string; shell: Deno.ChildProcess; log: () => Promise<string> },
  ) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const log = join(folder, "log");
    const train = ["deno", "task", "-q", "train", ...longTraining(folder)].join(" ");
    const shell = new Deno.Command("bash", {
      args: ["-c", script.replaceAll("$TRAIN", train), "started by a test"],
      cwd: root,
      env: { LOG: log },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const run = await runFolder(folder);
    const verb = await until("the process", () => verbOf(folder));
    try {
      await use({ verb, run, shell, log: () => Deno.readTextFile(log) });
    } finally {
      await sh(`kill -9 ${verb} 2>/dev/null`);
      await shell.status;
    }
  });
}

for (const signal of ["SIGHUP", "SIGQUIT", "SIGTERM"] as const) {
  Deno.test({
    name: `processes: ${signal} saves and stops`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inFolder(async (folder) => {
        const child = spawn("train", longTraining(folder));
        const run = await runFolder(folder);
        child.kill(signal);
        const { code, stderr } = await child.output();
        const err = new TextDecoder().decode(stderr);
        assertEquals(code, 130, err);
        assertStringIncludes(
          err,
          `saving and stopping at ${signal}; a second signal stops at once`,
        );
        assert(await saved(run));
      }),
  });
}

Deno.test({
  name: "processes: where the launcher is killed, the run saves and stops",
  ignore,
  fn: () =>
    withTraining("$TRAIN > $LOG 2>&1", async ({ verb, run, log }) => {
      const launcher = await sh(`sed -n 's/^PPid:.//p' /proc/${verb}/status`);
      await sh(`kill -9 ${launcher}`);
      await until("the end", async () => await alive(verb) ? undefined : true);
      assertMatch(await log(), /saving and stopping, as the process that started this is gone/);
      assert(await saved(run));
    }),
});

Deno.test({
  name: "processes: where npx is killed, the run saves and stops",
  ignore,
  fn: () =>
    // By the name that npm gives itself.
    withTraining(
      `exec -a "npm exec deno@2 task" bash -c "$TRAIN > $LOG 2>&1; true"`,
      async ({ verb, run, shell, log }) => {
        shell.kill("SIGKILL");
        await until("the end", async () => await alive(verb) ? undefined : true);
        assertMatch(await log(), /saving and stopping at SIGTERM/);
        assert(await saved(run));
      },
    ),
});

Deno.test({
  name: "processes: a run in the background outlives the shell, and under nohup the terminal",
  ignore,
  fn: () =>
    withTraining(`nohup $TRAIN > $LOG 2>&1 & sleep 1`, async ({ verb, run, shell, log }) => {
      await shell.status;
      const group = await sh(`cut -d " " -f 5 /proc/${verb}/stat`);
      await sh(`kill -HUP -- -${group}`);
      // Longer than it takes to notice that a launcher is gone.
      await wait(5000);
      assert(await alive(verb), await log());
      assert(!(await log()).includes("stopping"), await log());
      await sh(`kill -TERM ${verb}`);
      await until("the end", async () => await alive(verb) ? undefined : true);
      assert(await saved(run));
    }),
});
