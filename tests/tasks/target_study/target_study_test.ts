/** `deno task target-study` as a user runs it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Verb } from "../../../tasks/cli/command.ts";
import { verb } from "../../../tasks/target_study.ts";
import { finish, inFolder, run, spawn } from "../commands.ts";
import { runHere } from "../in_process.ts";
import { checkResult } from "../result_fields.ts";

const study = verb as unknown as Verb;
const small = [
  ...["--processes", "ve", "--images", 60, "--held-out-images", 70, "--channels", "8"],
  ...["--batch-size", 2, "--samples", 12, "--sampler-steps", 2, "--backend", "wasm"],
];

Deno.test("target-study: a document of finished trainings, which goes on to more of them", async () => {
  await inFolder(async (folder) => {
    const out = join(folder, "study.md");
    const where = ["--runs", join(folder, "runs"), "--out", out];
    const flags = [...small, "--every", 2, ...where, "--steps", 4];
    const first = await runHere(study, ...flags, "--references", "1", "--seeds", 1);
    assertEquals(first.code, 0, first.err);
    assertStringIncludes(await Deno.readTextFile(out), "1 of 1 trainings");

    const more = await runHere(study, ...flags, "--references", "1,8", "--seeds", 1, "--json");
    assertEquals(more.code, 0, more.err);
    const { finished, cells } = await checkResult(more.out) as unknown as {
      finished: boolean;
      cells: { references: number; measures: { step: number; frechet: number }[] }[];
    };
    assertEquals([finished, cells.map(({ references }) => references)], [true, [1, 8]]);
    assertEquals(cells[1]!.measures.map(({ step }) => step), [2, 4]);
    assert(cells.every(({ measures }) => measures.every(({ frechet }) => frechet > 0)));
    // What was done is only read.
    assert(!/n1-seed1/.test(more.err), more.err);
    const text = await Deno.readTextFile(out);
    assertMatch(text, /\| VE \| 1 \| 1 \| \d.*\n\| VE \| 8 \| 1 \| \d/);
    assertMatch(text, /over all processes and seeds: \d\.\d\d for n = 8 \(1 pairs\)/);
    const csv = await Deno.readTextFile(join(folder, "study-frechet.csv"));
    assertEquals(csv.trimEnd().split("\n").length, 1 + 4);
    assertStringIncludes(await Deno.readTextFile(join(folder, "study-frechet.svg")), "n = 8");

    const wrong = await runHere(study, ...flags.slice(0, -1), 5);
    assertEquals(wrong.code, 1);
    assertMatch(wrong.err.trim(), /--steps is 5, expected a multiple of --every, 2/);
  });
});

const long = Deno.env.get("ELS_LONG_TESTS") === "1";
Deno.test({
  name: "target-study: stopped and resumed, it says the same",
  // Some ten seconds: two trainings, one of them in two parts.
  ignore: !long,
  fn: () =>
    inFolder(async (folder) => {
      const flags = (name: string) => [
        ...[...small, "--steps", 120, "--every", 40, "--references", "8", "--seeds", 1],
        ...["--runs", join(folder, name), "--out", join(folder, `${name}.md`)],
      ];
      const whole = await run("target-study", ...flags("whole"));
      assertEquals(whole.code, 0, whole.err);
      const child = spawn("target-study", flags("cut"));
      const log = join(folder, "cut", "00001-target_study-mnist-ve-n8-seed1", "measures.jsonl");
      while (!/"step":40/.test(await Deno.readTextFile(log).catch(() => ""))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill("SIGINT");
      const stopped = await finish(child);
      assertEquals(stopped.code, 130, stopped.err);
      const again = await run("target-study", ...flags("cut"));
      assertEquals(again.code, 0, again.err);
      const [a, b] = ["whole", "cut"].map((name) =>
        Deno.readTextFileSync(join(folder, `${name}-frechet.csv`))
      );
      assertEquals(b, a);
    }),
});
