/** Outputs that a command line names: whole or not at all, whatever lies beside them. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { temporaryBeside, writeOutput } from "../../../tasks/pipelines/write_output.ts";
import { inFolder } from "../commands.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("outputs: what a killed process left is replaced, and nothing is left", () =>
  inFolder(async (folder) => {
    const path = join(folder, "weights.pt");
    await Deno.writeTextFile(path, "old");
    await Deno.writeTextFile(temporaryBeside(path), "ha");
    await writeOutput(path, "new");
    assertEquals([await Deno.readTextFile(path), names(folder)], ["new", ["weights.pt"]]);
  }));

Deno.test("outputs: another process that writes the same one is waited for by the user, and undisturbed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "weights.pt");
    using other = await Deno.open(temporaryBeside(path), { write: true, create: true });
    await other.lock(true);
    await assertRejects(() => writeOutput(path, "new"), Deno.errors.Busy, `Cannot write ${path}: `);
    assertEquals(names(folder), [".weights.pt.tmp"]);
  }));

Deno.test({
  name: "outputs: a link in the way is removed and never followed",
  ignore: Deno.build.os === "windows", // makes links of files for administrators only
  fn: () =>
    inFolder(async (folder) => {
      const [path, target] = [join(folder, "weights.pt"), join(folder, "elsewhere")];
      await Deno.writeTextFile(target, "kept");
      await Deno.symlink(target, temporaryBeside(path));
      await writeOutput(path, "new");
      assertEquals(await Deno.readTextFile(target), "kept");
      assertEquals(names(folder), ["elsewhere", "weights.pt"]);
    }),
});

Deno.test("outputs: where the folder is missing, the error names the output", () =>
  inFolder(async (folder) => {
    const path = join(folder, "missing", "weights.pt");
    const error = await assertRejects(() => writeOutput(path, "new"), Deno.errors.NotFound);
    assertEquals(error.message.includes(".tmp"), false, error.message);
  }));
