/** The scripts for a GPU box: what can be told without starting anything on a GPU. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { dashed } from "../../../../tasks/cli/flags.ts";
import { stageNames } from "../../../../tasks/tools/gpu/gpu_report.ts";
import { gpuSpec } from "../../../../tasks/tools/gpu/options.ts";
import { taskWords } from "../../../../tasks/tools/gpu/run.ts";
import { root } from "../../commands.ts";

const folder = join(root, "tasks/tools/gpu");
const windows = Deno.build.os === "windows";

async function sh(...args: string[]) {
  const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
  const options = { args, env: { PATH } };
  const { code, stdout, stderr } = await new Deno.Command("sh", options).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

for (const name of ["pack.sh", "run.sh"]) {
  Deno.test({
    name: `gpu box: ${name} parses, and is short`,
    ignore: windows,
    async fn() {
      assertEquals(await sh("-n", join(folder, name)), { code: 0, out: "", err: "" });
      const lines = (await Deno.readTextFile(join(folder, name))).split("\n").length;
      assert(lines < 100, `${lines} lines: what is more than finding Deno belongs into run.ts`);
    },
  });
}

Deno.test("gpu box: the page names every stage and option", async () => {
  const page = await Deno.readTextFile(join(folder, "README.md"));
  const rows = [...page.matchAll(/^\| `([a-z]+)` /gm)].map((found) => found[1]!);
  assertEquals(rows, [...stageNames]);
  for (const option of Object.keys(gpuSpec.flags)) {
    assertStringIncludes(page, `--${dashed(option)}`);
  }
});

Deno.test({
  name: "gpu box: run.sh finds Deno and hands on options and exit code",
  ignore: windows,
  async fn() {
    const script = join(folder, "run.sh");
    for (
      const [args, message] of [
        [["--runtime", "nowhere.tar.xz"], "run.sh: nowhere.tar.xz does not exist"],
        [["--tiny", "--stages", "rows,tea"], "run.sh: there is no stage tea"],
      ] as const
    ) {
      const { code, out, err } = await sh(script, ...args);
      assertEquals([code, out], [2, ""]);
      assertStringIncludes(err, message);
      assertEquals(err.trim().split("\n").length, 1, err);
    }
    const { code, out, err } = await sh(script, "--help");
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Usage: run.sh [flags]");
  },
});

Deno.test("gpu box: the tasks that it starts are one command of Deno each", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  for (const name of ["bench:webgpu", "bench:train"]) {
    const [deno, verb, ...words] = taskWords(name, tasks);
    assertEquals([deno, verb], [Deno.execPath(), "run"]);
    // Split at spaces and run as they are: no quotes, variables or second command.
    for (const word of words) assert(/^[\w=,./:-]+$/.test(word), `${name}: ${word}`);
  }
});
