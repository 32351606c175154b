/**
 * Runs of every kind that are stopped, cut off, damaged or out of room: the same command ends with the same
 * bytes, or with one line. A draw of what `deno task torture` does; ELS_LONG_TESTS=1 does more of it.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { damageFile } from "../../../../tasks/tools/torture/damaged_files.ts";
import { fillDisk } from "../../../../tasks/tools/torture/full_disks.ts";
import { cutPower } from "../../../../tasks/tools/torture/power_cuts.ts";
import { runHere } from "../../../../tasks/tools/torture/in_process.ts";
import { makeInputs, type Subject, subjects } from "../../../../tasks/tools/torture/subjects.ts";
import {
  filesOf,
  judge,
  record,
  type Recording,
  type Trial,
} from "../../../../tasks/tools/torture/trials.ts";

const long = Deno.env.get("ELS_LONG_TESTS") === "1";

/** What people look at is all checked by one list: of these a draw is damaged, of everything else each. */
const looked = /\.(png|svg|html|csv)$/;

/** Lends a recorded run of every kind. */
async function withRecordings(
  use: (recordings: readonly Recording[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await makeInputs(folder);
    const recordings: Recording[] = [];
    for (const subject of subjects) {
      // Calibrations, an evaluation and a mosaic; kept as quality and evaluate keep theirs: the files of others.
      if (["quickstart", "compare"].includes(subject.name) && !long) continue;
      const out = join(folder, `whole-${subject.name}`);
      recordings.push(await record(subject, { inputs: folder, out }));
    }
    await use(recordings, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "torture: whatever file is damaged, power cut or disk full, runs end with the same bytes",
  // Workers of the posterior end a moment after the command that started them.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: () =>
    withRecordings(async (recordings, folder) => {
      let number = 0;
      const verdicts: Record<string, number> = {};
      const look = (trial: Trial | undefined) => {
        if (trial === undefined) return;
        // A line in place of a result is right, too, but nothing here needs one.
        assertEquals(trial.verdict, "same", trial.detail);
        verdicts[trial.verdict] = (verdicts[trial.verdict] ?? 0) + 1;
      };
      const into = () => join(folder, `trial-${++number}`);
      for (const recording of recordings) {
        const files = (await filesOf(recording.out)).filter((name) => !name.endsWith(".lock"));
        assert(files.length > 5, `${files}`);
        const seldom = files.filter((name) => looked.test(name));
        // Their figures take seconds each time: of their many files those that are no figures.
        const drawing = ["mosaic", "film", "stable-target"].includes(recording.subject.name) &&
          !long;
        const drawn = drawing
          ? files.filter((name) =>
            /(finished\.json|_0001\.safetensors|film\.json|losses_\w+\.json)$/.test(name)
          )
          : long
          ? files
          : files.filter((name) => !seldom.slice(1).includes(name));
        for (const [i, name] of drawn.entries()) {
          const file = (files: readonly string[]) => files.find((each) => each.endsWith(name));
          look(await damageFile(recording, { seed: i, into: into(), stopped: false, file }));
        }
        for (let seed = 0; seed < (long ? 60 : 1); seed++) {
          look(await damageFile(recording, { seed, into: into(), stopped: true }));
          look(await cutPower(recording, { seed, into: into() }));
        }
        for (let seed = 0; seed < (long ? 20 : 1); seed++) {
          look(await fillDisk(recording, { seed, into: into(), mounted: false }));
        }
      }
      assert(verdicts["same"]! > 60, JSON.stringify(verdicts));
    }),
});

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
