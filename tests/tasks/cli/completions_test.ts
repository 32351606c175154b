/** Completions, in the shells that are installed here. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { bashCompletion } from "../../../tasks/cli/completions/bash.ts";
import { fishCompletion } from "../../../tasks/cli/completions/fish.ts";
import { completedVerbs } from "../../../tasks/cli/completions/model.ts";
import { zshCompletion } from "../../../tasks/cli/completions/zsh.ts";
import { verbEntries } from "../../../tasks/cli/verbs.ts";
import { inFolder, root } from "../commands.ts";

async function shell(program: string, args: readonly string[], cwd = root) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { XDG_CONFIG_HOME: "/nonexistent" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, text(stderr)], [0, ""], `${program} ${args.join(" ")}`);
  return text(stdout).split(/\s+/).filter((word) => word !== "");
}

async function installed(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"] }).output()).success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`skipped: ${program} is not installed`);
    return false;
  }
}

/** A clone's deno.json, runs, and a script, in a folder that is gone afterwards. */
async function inClone(script: string, use: (folder: string, script: string) => Promise<void>) {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "deno.json"), '{ "name": "@els/toolkit" }');
    for (const name of ["00001-train-digits", "00002-calibrate-digits", "00003-train-broken"]) {
      await Deno.mkdir(join(folder, "runs", name), { recursive: true });
      if (!name.endsWith("broken")) {
        await Deno.writeTextFile(join(folder, "runs", name, "config.json"), "");
      }
    }
    await Deno.mkdir(join(folder, "below"));
    await Deno.writeTextFile(join(folder, "script"), script);
    await use(folder, join(folder, "script"));
  });
}

Deno.test("completions: bash completes verbs, flags, choices and runs, in a clone only", async () => {
  if (!await installed("bash")) return;
  await inClone(bashCompletion(await completedVerbs(verbEntries)), async (folder, script) => {
    const complete = (words: readonly string[], cwd = folder) =>
      shell("bash", [
        "--norc",
        "-c",
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _els_deno; echo "${COMPREPLY[@]}"',
        script,
        ...words,
      ], cwd);
    assertEquals(await complete(["deno", "task", "tra"]), ["train"]);
    assertEquals(await complete(["deno", "task", "-q", "tra"], join(folder, "below")), ["train"]);
    assertEquals(await complete(["deno", "task", "train", "--learn"]), ["--learning-rate"]);
    assertEquals(await complete(["deno", "task", "train", "--padding", ""]), ["zeros", "circular"]);
    // Bash takes "=" for a word of its own.
    assertEquals(await complete(["deno", "task", "train", "--padding", "="]), [
      "zeros",
      "circular",
    ]);
    assertEquals(await complete(["deno", "task", "train", "--padding", "=", "ci"]), ["circular"]);
    assertEquals(await complete(["deno", "task", "data", "cel"]), ["celeba"]);
    assertEquals(await complete(["deno", "task", "calibrate", "--run", "lat"]), ["latest"]);
    assertEquals(await complete(["deno", "task", "calibrate", "--run", "0"]), [
      "00001-train-digits",
    ]);
    assertEquals(
      await complete(["deno", "task", "evaluate", "--schedule", "0"]),
      ["00002-calibrate-digits"],
    );
    assertEquals(await complete(["deno", "task", "zoo", "mnist-resnet-z"]), ["mnist-resnet-zeros"]);
    // Whole, and as bash cuts it, which keeps what stands before the last of its words.
    const word = ["deno", "task", "evaluate", "--run"];
    assertEquals(await complete([...word, "zoo:mnist-resnet-z"]), ["zoo:mnist-resnet-zeros"]);
    const cut = ["zoo", ":", "mnist-resnet-z"];
    assertEquals(await complete([...word, ...cut]), ["mnist-resnet-zeros"]);
    assertEquals(await complete([...word, "=", ...cut]), ["mnist-resnet-zeros"]);
    assert((await complete([...word, "zoo", ":"])).includes("mnist-resnet-zeros"));
    // Words as bash cuts jsr:@els/toolkit/cli.
    const jsr = ["deno", "run", "-A", "jsr", ":@", "els/toolkit/cli"];
    assertEquals(await complete([...jsr, "quick"], "/"), ["quickstart"]);
    assertEquals(await complete(["deno", "run", "-A", "tasks/main.ts", "run"], "/"), ["runs"]);
    assertEquals(await complete(["deno", "task", "tra"], "/"), []);
    assertEquals(await complete(["deno", "te"]), []);
  });
});

Deno.test("completions: fish completes verbs, flags and choices", async () => {
  if (!await installed("fish")) return;
  // Its first line loads Deno's own, which would take its time.
  const script = fishCompletion(await completedVerbs(verbEntries)).replace(/^type -q deno.*$/m, "");
  await inClone(script, async (folder, script) => {
    const complete = async (line: string) => {
      const config = join(folder, "fish/completions");
      await Deno.mkdir(config, { recursive: true });
      await Deno.copyFile(script, join(config, "deno.fish"));
      const { stdout } = await new Deno.Command("fish", {
        args: ["--private", "-c", "complete -C $argv[1]", line],
        cwd: folder,
        env: { XDG_CONFIG_HOME: folder },
      }).output();
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      return lines.map((line) => line.split("\t")[0]);
    };
    assertEquals(await complete("deno task tra"), ["train"]);
    assertEquals(await complete("deno task train --learn"), ["--learning-rate"]);
    assertEquals(await complete("deno task train --padding ci"), ["circular"]);
    assert((await complete("deno task calibrate --run l")).includes("latest"));
    assertEquals(await complete("deno run -A jsr:@els/toolkit/cli quick"), ["quickstart"]);
  });
});

Deno.test("completions: zsh reads the script, which has every verb and flag", async () => {
  const verbs = await completedVerbs(verbEntries);
  const script = zshCompletion(verbs);
  for (const { name, flags } of verbs) {
    assertStringIncludes(script, `    ${name})\n      _arguments `);
    for (const flag of flags) assertStringIncludes(script, `'${flag.name}`);
  }
  if (!await installed("zsh")) return;
  await inClone(script, async (_, script) => {
    assertEquals(await shell("zsh", ["-f", "-n", script]), []);
  });
});
