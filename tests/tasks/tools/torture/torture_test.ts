/** Runs of numbers that are stopped, cut off, damaged or out of room; those of pictures are in a file of their own. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { runHere } from "../../../../tasks/tools/torture/in_process.ts";
import { makeInputs, type Subject, subjects } from "../../../../tasks/tools/torture/subjects.ts";
import { judge, record } from "../../../../tasks/tools/torture/trials.ts";
import { testTorture, tortured } from "./torture_trials.ts";

testTorture(tortured.numbers);

Deno.test({
  name:
    "calibrate: a schedule that was edited in its run is refused, and kept when the run makes its own",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await makeInputs(folder);
      const [calibrate, evaluate] = ["calibrate", "evaluate"].map((name) =>
        subjects.find((subject) => subject.name === name)!
      ) as [Subject, Subject];
      const out = join(folder, "calibrations");
      const recording = await record(calibrate, { inputs: folder, out });
      const run = join(out, "00001-calibrate-synthetic-resnet-8x1-bbels");
      const path = join(run, "scale_schedule.json");
      const edited = (await Deno.readTextFile(path)).replace(
        /"patchSize": \d/,
        (found) => found.endsWith("3") ? '"patchSize": 5' : '"patchSize": 3',
      );
      await Deno.writeTextFile(path, edited);
      const words = evaluate.args(out, folder).map((word) =>
        word === "--scales" ? "--schedule" : word
      );
      const given = words.map((word) => word === "3,5" ? run : word === "ls,is" ? "bbels" : word);
      const refused = await runHere(await evaluate.verb(), given);
      assertEquals(refused.code, 1, refused.err);
      assertStringIncludes(
        refused.err,
        "scale_schedule.json: damaged: its content is not what its run",
      );
      const what = "edited";
      assertEquals((await judge(recording, { out, what })).verdict, "same");
      assertEquals(await Deno.readTextFile(join(run, "scale_schedule-before-1.json")), edited);
      const used = await runHere(await evaluate.verb(), given);
      assertEquals(used.code, 0, used.err);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
