import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { inFolder } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";

test("calibrate: --refine moves the scales by final images, and keeps start and trials", async () => {
  await inFolder(async (folder) => {
    const flags = [
      ...["--refine", "r^2", "--refine-samples", 2, "--grid", "cubic", "--steps", 3],
      ...[
        "--images",
        10,
        "--samples",
        1,
        "--scales",
        "3..7",
        "--backend",
        "wasm",
        "--out",
        folder,
      ],
    ];
    const refined = await run("calibrate", ...flags);
    assertEquals(refined.code, 0, refined.err);
    const calibration = join(folder, "00001-calibrate-mnist-resnet-48x6-bbels");
    const path = join(calibration, "scale_schedule.json");
    const schedule = parseScaleSchedule(await Deno.readTextFile(path), path);
    const { start, startScore, score, samples, trials } = schedule.refinement!;
    assertEquals([start.length, samples], [3, 2]);
    assert(score >= startScore && trials.length >= 3);
    const scales = schedule.steps.map(({ patchSize }) => patchSize);
    assertStringIncludes(refined.out, `: ${scales.join(",")}\n`);
    assertEquals(score > startScore, scales.join() !== start.join());
    const csv = await Deno.readTextFile(join(calibration, "refinement.csv"));
    assertEquals(csv.trim().split("\n").length, trials.length + 2);

    const plain = await run("calibrate", ...flags.slice(4));
    assertEquals(plain.code, 0, plain.err);
    const other = join(folder, "00002-calibrate-mnist-resnet-48x6-bbels", "scale_schedule.json");
    const unrefined = parseScaleSchedule(await Deno.readTextFile(other), other);
    assertEquals(unrefined.steps.map(({ patchSize }) => patchSize), start);
    assertEquals(unrefined.refinement, undefined);
  });
});
