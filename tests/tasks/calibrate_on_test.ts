/** Calibrations on held-out images, with a network and without one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { verb as calibrateVerb } from "../../tasks/calibrate.ts";
import type { Verb } from "../../tasks/cli/command.ts";
import { makeInputs } from "../../tasks/tools/torture/subjects.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";

const calibrate = (...args: (string | number)[]) =>
  runHere(calibrateVerb as unknown as Verb, ...args);

async function scheduleOf(folder: string, run: string) {
  const path = join(folder, run, "scale_schedule.json");
  return parseScaleSchedule(await Deno.readTextFile(path), path);
}

Deno.test("calibrate --on: held-out images for a network, and clean ones for none; the schedule says so", async () => {
  await inFolder(async (folder) => {
    await makeInputs(folder);
    const out = join(folder, "out");
    const small = [
      ...["--scales", "3,5", "--steps", 3, "--workers", 1, "--backend", "wasm", "--out", out],
      ...["--samples", 4, "--machine", "ls"],
    ];
    const network = ["--run", join(folder, "weights.safetensors")];
    const noised = await calibrate("--on", "noised", ...network, ...small);
    assertEquals(noised.code, 0, noised.err);
    assertMatch(
      noised.out,
      /Scales of LS, on held-out images with noise, t = 0.333 to 1: \d,\d,\d/,
    );
    const found = await scheduleOf(out, "00001-calibrate-synthetic-resnet-8x1-ls");
    const { config, network: known } = found.provenance;
    assertEquals([config.on, (config.heldOut as { split: string }).split], ["noised", "test"]);
    assert(known?.sha256 !== undefined);

    const clean = ["--on", "clean", "--dataset", "synthetic", "--images", 20, ...small];
    const alone = await calibrate(...clean, "--noise-schedule", "cosine_legacy");
    assertEquals(alone.code, 0, alone.err);
    assertMatch(alone.out, /Scales of LS, against clean held-out images, t = /);
    const other = await scheduleOf(out, "00002-calibrate-synthetic-ls");
    assertEquals(other.provenance.network, undefined);
    assertEquals(other.provenance.config.on, "clean");
    assertEquals(other.steps.map(({ perSample }) => perSample.length), [4, 4, 4]);
    const again = await calibrate(...clean, "--noise-schedule", "cosine_legacy");
    assertMatch(again.err, /nothing left to do/);
    assertEquals(again.out, alone.out);

    // With a network it knows process and shape; its scales are taken by name.
    const ofBoth = await calibrate("--on", "clean", ...network, "--images", 20, ...small);
    assertEquals(ofBoth.code, 0, ofBoth.err);
    const refused = async (says: RegExp, ...args: (string | number)[]) => {
      const { code, err } = await calibrate(...args, ...small);
      assertEquals(code, 1, err);
      assertMatch(err.trim().split("\n").at(-1)!, says);
    };
    await refused(/--refine needs final images/, ...clean.slice(0, 6), "--refine", "r^2");
    await refused(
      /has 0 held-out images of the classes 9, and 4 are asked/,
      ...clean.slice(0, 6),
      "--labels",
      9,
    );
    await refused(/--noise-schedule is the network's/, ...network, "--noise-schedule", "edm");
  });
});
