/** A draw of what `deno task torture` does; ELS_LONG_TESTS=1 does more of it. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { damageFile } from "../../../../tasks/tools/torture/damaged_files.ts";
import { fillDisk } from "../../../../tasks/tools/torture/full_disks.ts";
import { cutPower } from "../../../../tasks/tools/torture/power_cuts.ts";
import { makeInputs, subjects } from "../../../../tasks/tools/torture/subjects.ts";
import {
  filesOf,
  record,
  type Recording,
  type Trial,
} from "../../../../tasks/tools/torture/trials.ts";

const long = Deno.env.get("ELS_LONG_TESTS") === "1";

/** What people look at is all checked by one list: of these a draw is damaged, of everything else each. */
const looked = /\.(png|svg|html|csv)$/;

/** Kinds of runs, by the file whose test does them to death: two files run side by side. */
export const tortured = {
  numbers: ["train", "calibrate", "calibrate auto", "evaluate"],
  pictures: ["sample", "film", "mosaic", "receptive-field", "stable-target"],
  /** Calibrations, evaluations and pictures, kept as the others keep theirs: among the long tests. */
  combined: ["compare", "quickstart"],
};

/** Lends a recorded run of some kinds. */
async function withRecordings(
  names: readonly string[],
  use: (recordings: readonly Recording[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await makeInputs(folder);
    const recordings: Recording[] = [];
    for (const name of names) {
      const subject = subjects.find((each) => each.name === name)!;
      const out = join(folder, `whole-${subject.name}`);
      recordings.push(await record(subject, { inputs: folder, out }));
    }
    await use(recordings, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Damages every file of runs, cuts the power and fills the disk: the same command ends with the same
 * bytes, or with one line.
 *
 * @param names Kinds of runs.
 */
export function testTorture(names: readonly string[]): void {
  Deno.test({
    name: `torture: ${names.join(", ")} end with the same bytes, damaged, cut off or out of room`,
    // Workers of the posterior end a moment after the command that started them.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () => withRecordings(names, damageAll),
  });
}

async function damageAll(recordings: readonly Recording[], folder: string): Promise<void> {
  let number = 0;
  let same = 0;
  const look = (trial: Trial | undefined) => {
    if (trial === undefined) return;
    // A line in place of a result is right, too, but nothing here needs one.
    assertEquals(trial.verdict, "same", trial.detail);
    same++;
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
  assert(same > 5 * recordings.length, `${same} trials`);
}
