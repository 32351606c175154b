/** `deno task sample` as a user runs it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { decode } from "fast-png";
import { parseSafetensors, tensorOffsets } from "../../src/formats/safetensors.ts";
import { inFolder } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";

const few = ["--samples", 3, "--steps", 2, "--grid", "cubic", "--backend", "wasm"];

test("sample: images do not depend on the batch, and an interrupted run ends where a whole one does", async () => {
  await inFolder(async (folder) => {
    const whole = await run("sample", ...few, "--out", join(folder, "a"));
    assertEquals(whole.code, 0, whole.err);
    const a = join(folder, "a/00001-sample-mnist-resnet-48x6");
    assertStringIncludes(whole.out, join(a, "samples.png"));
    const { tensors, metadata } = parseSafetensors(
      await Deno.readFile(join(a, "samples.safetensors")),
    );
    const x0 = tensors.get("x0")!;
    assertEquals(x0.shape, [3, 32, 32, 1]);
    assert(Array.from(x0.data, Number).some((value) => value > 0.5), "nothing was drawn");
    assertEquals(JSON.parse(metadata.provenance!).config.grid, "cubic");
    const { height, width } = decode(await Deno.readFile(join(a, "samples.png")));
    // A row of three images of 32 pixels, each three units wide, in the rasterizer's double size.
    assert(width > 3 * 32 * 3 * 2 && height > 32 * 3 * 2, `${width} x ${height}`);
    const drawing = await Deno.readTextFile(join(a, "samples.svg"));
    assertStringIncludes(drawing, "mnist-resnet-48x6: 2 steps of ddim, cubic times, seed 1");
    assertStringIncludes(drawing, "network 0 to 2");

    const b = join(folder, "b/00001-sample-mnist-resnet-48x6");
    const single = [...few, "--batch", 1, "--out", join(folder, "b")];
    assertEquals((await run("sample", ...single)).code, 0);
    const values = (of: string) => Deno.readFile(join(of, "samples.safetensors"));
    assertEquals(await values(b), await values(a));

    // As an interruption after the first image leaves it.
    const torn = await values(b);
    const offsets = tensorOffsets(torn);
    const [x0At, checksumsAt] = [offsets.get("x0")!, offsets.get("crc32")!];
    torn.fill(0, x0At + 4 * 1024, x0At + 4 * 3 * 1024);
    torn.fill(0, checksumsAt + 4, checksumsAt + 4 * 3);
    await Deno.writeFile(join(b, "samples.safetensors"), torn);
    for (const file of ["finished.json", "samples.png", "samples.svg"]) {
      await Deno.remove(join(b, file));
    }
    const resumed = await run("sample", ...single);
    assertEquals(resumed.code, 0, resumed.err);
    assertMatch(resumed.err, /sample +2\/6 +33%/);
    assertEquals(await values(b), await values(a));
  });
});

test("sample: a machine samples with a bare list, and what cannot be is said in one line", async () => {
  await inFolder(async (folder) => {
    const machine = ["--machine", "bbels", "--scales", "3,5", "--images", 20, "--samples", 1];
    const made = await run("sample", ...machine, "--backend", "wasm", "--out", folder);
    assertEquals(made.code, 0, made.err);
    const folderOfRun = join(folder, "00001-sample-mnist-resnet-48x6-bbels");
    assertStringIncludes(made.out, folderOfRun);
    const drawing = await Deno.readTextFile(join(folderOfRun, "samples.svg"));
    for (const text of ["bbELS of mnist-resnet-48x6: 2 steps", "bbELS 0<", "high: 3,5."]) {
      assertStringIncludes(drawing, text);
    }
    for (
      const [args, message] of [
        [["--machine", "is", "--scales", "3,5"], "IS has no scale"],
        [["--scales", "3,5"], "The network has no scale"],
        [["--machine", "els"], "holds no calibration of mnist-resnet-48x6: make one with"],
        [["--labels", "3"], "the network is not conditional"],
      ] as const
    ) {
      const { code, err } = await run("sample", ...args, "--out", folder);
      assertEquals(code, 1, message);
      assertStringIncludes(err, message);
      assert(!err.includes("    at "), err);
    }
  });
});
