/** The scripts for a GPU box: what can be told without starting anything on a GPU. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { root } from "../../commands.ts";

const folder = join(root, "tasks/tools/gpu");
const windows = Deno.build.os === "windows";

async function sh(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("sh", { args }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

for (const name of ["pack.sh", "run.sh", "box.sh"]) {
  Deno.test({
    name: `gpu box: ${name} parses`,
    ignore: windows,
    async fn() {
      assertEquals(await sh("-n", join(folder, name)), { code: 0, out: "", err: "" });
    },
  });
}

Deno.test("gpu box: script and page name the same stages and options", async () => {
  const script = await Deno.readTextFile(join(folder, "run.sh"));
  const page = await Deno.readTextFile(join(folder, "README.md"));
  const stages = /^stages=(.*)$/m.exec(script)![1]!.split(",");
  assert(stages.length > 1);
  const rows = [...page.matchAll(/^\| `([a-z]+)` /gm)].map((found) => found[1]!);
  assertEquals(rows, stages);
  for (const stage of stages) assertStringIncludes(script, `\n${stage}() {\n`);
  const options = [...script.matchAll(/^ {2}(--[a-z]+) /gm)].map((found) => found[1]!);
  assert(options.length > 5);
  for (const option of options) assertStringIncludes(page, option);
});

Deno.test({
  name: "gpu box: run.sh refuses what it does not know in one line, before it starts anything",
  ignore: windows,
  async fn() {
    const script = join(folder, "run.sh");
    for (
      const [args, message] of [
        [["--stages", "rows,tea"], "there is no stage tea"],
        [["--minutes", "soon"], "soon is no positive number"],
        [["--out"], "--out needs a value"],
        [["--fast"], "unknown option --fast"],
        [["--runtime", "nowhere.tar.xz"], "nowhere.tar.xz does not exist"],
        [["--previous", "nowhere"], "nowhere does not exist"],
        [["--total", "0"], "0 is no positive number"],
        [["--rows", "mnist-resnet-zeros,tea-resnet"], "there is no row tea-resnet"],
      ] as const
    ) {
      const { code, out, err } = await sh(script, ...args);
      assertEquals([code, out], [2, ""]);
      assertStringIncludes(err, message);
      assertEquals(err.trim().split("\n").length, 1, err);
    }
  },
});

Deno.test("gpu box: the tasks that run.sh starts are one command of Deno each", async () => {
  const script = await Deno.readTextFile(join(folder, "run.sh"));
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const names = [...script.matchAll(/command_of ([a-z:]+)\)/g)].map((found) => found[1]!);
  assertEquals([...new Set(names)].sort(), [
    "bench:train",
    "bench:webgpu",
    "calibrate",
    "convert",
    "evaluate",
    "train",
  ]);
  // Split at spaces and run as it is: no quotes, variables or second command.
  for (const name of names) {
    assert(/^deno task -q std deno run [\w\s=,./:-]+$/.test(tasks[name].command), name);
  }
});
