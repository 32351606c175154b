/** Steps of a GPU box, with programs that take no GPU. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Steps, type StepsOptions } from "../../../../tasks/tools/gpu/steps.ts";
import { inFolder } from "../../commands.ts";

/** A program in TypeScript. */
const program = (code: string) => [Deno.execPath(), "eval", "-q", code];

function stepsIn(folder: string, changes: Partial<StepsOptions> = {}) {
  const printed: string[] = [];
  const steps = new Steps({
    folder,
    env: { GREETING: "hello" },
    cwd: folder,
    inputs: "sources",
    abort: new AbortController().signal,
    onChange: () => Promise.resolve(),
    print: (line) => printed.push(line),
    ...changes,
  });
  const run = (name: string, code: string, more: { seconds?: number; inputs?: unknown } = {}) =>
    steps.run({ stage: "demo", name, words: program(code), seconds: 60, ...more });
  const outcomes = async () => (await Steps.read(folder)).map((each) => [each.name, each.outcome]);
  return { steps, run, outcomes, printed };
}

Deno.test("steps: output, environment and outcome are kept; a failure stops no other", async () => {
  await inFolder(async (folder) => {
    const shown: string[] = [];
    const { steps, run, outcomes } = stepsIn(folder, {
      show: (bytes) => shown.push(new TextDecoder().decode(bytes)),
    });
    assertEquals(await run("bad", "console.error('oh'); Deno.exit(7)"), false);
    assertEquals(await run("good", "console.log(Deno.env.get('GREETING'), Deno.cwd())"), true);
    assertEquals(await outcomes(), [["bad", "failed, code 7"], ["good", "ok"]]);
    assertEquals([steps.failed, steps.stopped], [true, false]);
    assertEquals(await Deno.readTextFile(join(folder, "bad.txt")), "oh\n");
    const cwd = await Deno.realPath(folder);
    assertEquals(await Deno.readTextFile(join(folder, "good.txt")), `hello ${cwd}\n`);
    assertEquals(shown.join(""), `oh\nhello ${cwd}\n`);
  });
});

Deno.test("steps: what an earlier call did is not done again, unless what it depends on changed", async () => {
  await inFolder(async (folder) => {
    const code = "Deno.writeTextFileSync('count', 'x', { append: true })";
    const count = () => Deno.readTextFile(join(folder, "count"));
    await stepsIn(folder).run("a", code, { inputs: "weights" });
    const again = stepsIn(folder);
    assertEquals(await again.run("a", code, { inputs: "weights" }), true);
    assertEquals([await count(), again.printed], ["x", ["-- a: an earlier call did it"]]);
    await again.run("a", code, { inputs: "other weights" });
    await stepsIn(folder, { inputs: "other sources" }).run("a", code, { inputs: "other weights" });
    await stepsIn(folder, { inputs: "other sources" }).run("a", `${code};`, {
      inputs: "other weights",
    });
    assertEquals(await count(), "xxxx");
  });
});

Deno.test({
  name: "steps: told to end when time is up, a program saves; one that does not is killed",
  ignore: Deno.build.os === "windows", // no SIGTERM to send there
  async fn() {
    await inFolder(async (folder) => {
      const { steps, run, outcomes } = stepsIn(folder, { grace: 0.5 });
      const listen = (then: string) =>
        `Deno.addSignalListener('SIGTERM', () => { ${then} }); setTimeout(() => {}, 60e3);`;
      // A second for Deno to start and listen, even on a busy machine.
      const seconds = 2;
      const saves = listen("Deno.writeTextFileSync('saved', ''); Deno.exit(130)");
      assertEquals(await run("saves", saves, { seconds }), false);
      assert((await Deno.stat(join(folder, "saved"))).isFile);
      await run("stubborn", listen(""), { seconds });
      await run("late", "", { seconds: 0 });
      assertEquals(await outcomes(), [
        ["saves", "time ran out"],
        ["stubborn", "time ran out"],
        ["late", "not begun"],
      ]);
      assertEquals([steps.failed, steps.stopped], [false, true]);
    });
  },
});

Deno.test({
  name: "steps: an interruption ends the step at work and begins no other",
  ignore: Deno.build.os === "windows", // no SIGTERM to send there
  async fn() {
    await inFolder(async (folder) => {
      const stop = new AbortController();
      const { steps, run, outcomes } = stepsIn(folder, { abort: stop.signal });
      setTimeout(() => stop.abort(), 500);
      assertEquals(await run("long", "setTimeout(() => {}, 60e3)"), false);
      assertEquals(await run("next", ""), false);
      assertEquals(await outcomes(), [["long", "interrupted"]]);
      assertEquals(steps.failed, false);
    });
  },
});

Deno.test("steps: what was at work when the call was killed is called so, and done again", async () => {
  await inFolder(async (folder) => {
    const record = { stage: "demo", name: "a", outcome: "running", seconds: 0, key: "" };
    await Deno.writeTextFile(join(folder, "step-a.json"), JSON.stringify(record));
    const { steps, run, outcomes } = stepsIn(folder);
    await steps.markKilled();
    assertEquals(await outcomes(), [["a", "killed"]]);
    await run("a", "");
    assertEquals(await outcomes(), [["a", "ok"]]);
  });
});

Deno.test("steps: while one is at work its record says so", async () => {
  await inFolder(async (folder) => {
    const seen: string[] = [];
    const { run } = stepsIn(folder, {
      onChange: async () => void seen.push((await Steps.read(folder))[0]!.outcome),
    });
    await run("a", "");
    assertEquals(seen, ["running", "ok"]);
  });
});
