/** Calibrations and evaluations that were interrupted, and those of runs that kept images as numbers. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseCalibrationState } from "../../src/calibration/calibration_state_file.ts";
import { parseSafetensors, tensorOffsets } from "../../src/formats/safetensors.ts";
import { finish, inFolder, spawn } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";

const size = 32 * 32;

test("evaluate: an interrupted run ends where a whole one does, also one that kept numbers", async () => {
  await inFolder(async (folder) => {
    const flags = [
      ...["--machines", "is,ls", "--scales", "3,5", "--images", 10, "--samples", 3],
      ...["--backend", "wasm", "--out", folder],
    ];
    const evaluated = await run("evaluate", ...flags);
    assertEquals(evaluated.code, 0, evaluated.err);
    const evaluation = join(folder, "00001-evaluate-mnist-resnet-48x6");
    const file = (name: string) => join(evaluation, name);
    const read = async () => [
      await Deno.readFile(file("images.safetensors")),
      await Deno.readFile(file("evaluation.json")),
      await Deno.readFile(file("samples.png")),
    ];
    const whole = await read();
    const images = whole[0]!;
    const { tensors } = parseSafetensors(images);
    assertEquals([...tensors.keys()].sort(), ["IS", "LS", "crc32", "network", "noise"]);

    const begin = async (what: Uint8Array | undefined) => {
      for (const name of ["finished.json", "evaluation.json", "images.safetensors"]) {
        await Deno.remove(file(name));
      }
      if (what) await Deno.writeFile(file("images.safetensors"), what);
    };
    // The second image is there but for its last value; the third was not begun.
    const torn = images.slice();
    const offsets = tensorOffsets(torn);
    for (const name of ["network", "IS", "LS"]) {
      torn.fill(0, offsets.get(name)! + 4 * (2 * size - 1), offsets.get(name)! + 4 * 3 * size);
    }
    torn.fill(0, offsets.get("crc32")! + 8, offsets.get("crc32")! + 12);
    await begin(torn);
    const resumed = await run("evaluate", ...flags);
    assertMatch(resumed.err, /evaluate +6\/18 +33%/);
    assertEquals(await read(), whole);

    const values = (name: string, sample: number) =>
      Array.from(tensors.get(name)!.data, Number).slice(sample * size, (sample + 1) * size);
    const lines = [0, 1, 2].map((sample) => ({
      ...{ sample, label: null, seed: 2, sampler: "ddim", grid: "uniform" },
      ...{ steps: 2, networkSteps: 2, network: values("network", sample) },
      machines: { IS: values("IS", sample), LS: values("LS", sample) },
    }));
    await begin(undefined);
    const log = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    await Deno.writeTextFile(file("samples.jsonl"), log);
    const numbers = await run("evaluate", ...flags);
    assertMatch(numbers.err, /evaluate +18\/18 +100%/);
    assertEquals(await read(), whole);
  });
});

Deno.test({
  name: "calibrate: killed on its way it goes on to the same bytes, also from a state in JSON",
  ignore: Deno.build.os === "windows", // no SIGKILL to send there
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await inFolder(async (folder) => {
      const [one, two] = [join(folder, "one"), join(folder, "two")];
      const flags = [
        ...["--steps", 20, "--samples", 2, "--scales", "3,5", "--images", 30],
        ...["--backend", "wasm", "--out"],
      ];
      const whole = await run("calibrate", ...flags, one);
      assertEquals(whole.code, 0, whole.err);
      const file = (out: string, name: string) =>
        join(out, "00001-calibrate-mnist-resnet-48x6-bbels", name);
      const read = (out: string) =>
        Promise.all(
          ["scale_schedule.json", "state.safetensors"].map((name) =>
            Deno.readFile(file(out, name))
          ),
        );

      const child = spawn("calibrate", [...flags, two]);
      const path = file(two, "state.safetensors");
      const saved = () => Deno.stat(path).then(() => true, () => false);
      let over = false;
      void child.status.then(() => over = true);
      while (!over && !await saved()) await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill("SIGKILL");
      await finish(child);
      const state = parseCalibrationState(await Deno.readFile(path), path);
      assert(state.inProgress !== null, "the calibration was over before it could be killed");
      const resumed = await run("calibrate", ...flags, two);
      assertEquals(resumed.code, 0, resumed.err);
      assertStringIncludes(resumed.err, "Resuming");
      assertEquals(await read(two), await read(one));

      for (const name of ["finished.json", "scale_schedule.json", "state.safetensors"]) {
        await Deno.remove(file(two, name));
      }
      await Deno.writeTextFile(file(two, "state.json"), JSON.stringify(state));
      const numbers = await run("calibrate", ...flags, two);
      assertEquals(numbers.code, 0, numbers.err);
      assertEquals(await read(two), await read(one));
    });
  },
});
