import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../../../tasks/cli/flags.ts";
import { parseGpuOptions } from "../../../../tasks/tools/gpu/options.ts";
import { inFolder } from "../../commands.ts";

Deno.test("gpu options: defaults are for a real GPU, --tiny's for seeing it work", async () => {
  const usual = await parseGpuOptions([]);
  assert(typeof usual === "object");
  const { stages, minutes, total, rows, steps, images, samples, out } = usual;
  assertEquals(stages, ["conformance", "posterior", "training", "rows"]);
  assertEquals([minutes, total, rows, steps, images, samples], [
    8,
    undefined,
    undefined,
    4000,
    10_000,
    100,
  ]);
  assertEquals(out, join(Deno.cwd(), "gpu-results"));
  const tiny = await parseGpuOptions(["--tiny", "--total", "9"]);
  assert(typeof tiny === "object");
  assertEquals([tiny.steps, tiny.samples, tiny.total], [20, 2, 9]);
  assertEquals(tiny.given, "--tiny --total 9");
  assertEquals(await parseGpuOptions(["--help"]), "help");
});

Deno.test("gpu options: lists keep the order of the stages and of the table", async () => {
  const options = await parseGpuOptions([
    ...["--stages", "rows, training", "--steps", "published"],
    ...["--rows", "cifar10-unet-circular,mnist-resnet-zeros"],
  ]);
  assert(typeof options === "object");
  assertEquals(options.stages, ["training", "rows"]);
  assertEquals(options.rows!.map(({ name }) => name), [
    "mnist-resnet-zeros",
    "cifar10-unet-circular",
  ]);
  assertEquals(options.steps, "published");
});

Deno.test("gpu options: what is unknown or not there is refused in one line", async () => {
  await inFolder(async (folder) => {
    for (
      const [args, message] of [
        [["--stages", "rows,tea"], "there is no stage tea"],
        [["--rows", "mnist-resnet-zeros,tea-resnet"], "there is no row tea-resnet"],
        [["--minutes", "soon"], '--minutes is "soon"'],
        [["--minutes", "0"], "expected an integer of at least 1"],
        [["--total", "0"], '--total is "0"'],
        [["--steps", "0"], '--steps is "0", expected a positive integer or "published"'],
        [["--out"], "--out has no value"],
        [["--fast"], "Unknown flag --fast"],
        [["--data", join(folder, "none")], "none does not exist"],
        [["--previous", join(folder, "none")], "none does not exist"],
        [["--runtime", join(folder, "none.tar.xz")], "none.tar.xz does not exist"],
      ] as const
    ) {
      const error = await assertRejects(() => parseGpuOptions(args), UsageError, message);
      assertEquals(error.message.includes("\n"), false);
    }
  });
});
