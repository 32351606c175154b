/** What a call leaves, is carried away, and is taken over on another machine. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { ExperimentRecord } from "../../../../tasks/reproduce/run_experiment.ts";
import { Results, takeOver } from "../../../../tasks/tools/gpu/results.ts";
import { commitOf, sourcesSum } from "../../../../tasks/tools/gpu/sources.ts";
import { dataOf } from "../../../../tasks/tools/gpu/stages.ts";
import { inFolder } from "../../commands.ts";

const windows = Deno.build.os === "windows"; // no tar to call there

async function box(folder: string, name: string) {
  const [state, out] = [join(folder, name, "state"), join(folder, name, "out")];
  const results = new Results({ state, out });
  for (const path of [out, results.parts]) await Deno.mkdir(path, { recursive: true });
  const step = (stage: string, step: string, outcome = "ok") =>
    Deno.writeTextFile(
      join(results.parts, `step-${step}.json`),
      JSON.stringify({ stage, name: step, outcome, seconds: 2, key: "k" }),
    );
  return { state, out, results, step };
}

const record = {
  experiment: "mnist-resnet-zeros",
  protocol: { name: "cubic-8", grid: "cubic", steps: 8, networkSteps: 8 },
  medians: [{ machine: "bbELS", measure: "r^2", median: 0.9, low: 0.8, high: 0.95, samples: 4 }],
} as unknown as ExperimentRecord;

Deno.test("gpu results: report and numbers are there after every part, damaged parts are left out", async () => {
  await inFolder(async (folder) => {
    const { out, results, step } = await box(folder, "a");
    Object.assign(results.context, { options: "--tiny", stages: "rows" });
    await step("rows", "mnist-resnet-zeros-train", "time ran out");
    await step("rows", "mnist-resnet-zeros-cubic-8");
    await results.keepRow(record, "step 250 of 4000");
    results.note({ stage: "rows", what: "celeba-resnet-zeros", why: "its data are not at hand" });
    await Deno.writeTextFile(join(results.parts, "posterior-rates-1.json"), '{"float32PerSec');
    const text = await results.summarize();
    assertEquals(text, await Deno.readTextFile(join(out, "report.txt")));
    assertStringIncludes(text, "mnist-resnet-zeros-train  time ran out");
    assertStringIncludes(text, "celeba-resnet-zeros       its data are not at hand");
    assertStringIncludes(text, "mnist-resnet-zeros  step 250 of 4000  cubic 8");
    const report = JSON.parse(await Deno.readTextFile(join(out, "gpu.json")));
    assertEquals([report.rows.length, report.steps.length], [1, 2]);
  });
});

Deno.test({
  name: "gpu results: what is carried away leaves out weights and what is of the box",
  ignore: windows,
  async fn() {
    await inFolder(async (folder) => {
      const { state, out, results, step } = await box(folder, "a");
      await step("rows", "mnist-resnet-zeros-train");
      const run = join(state, "mnist-resnet-zeros/00001-train");
      for (const path of [run, join(state, "tmp"), join(state, "shaders")]) {
        await Deno.mkdir(path, { recursive: true });
        for (const name of ["weights.safetensors", "log.jsonl"]) {
          await Deno.writeTextFile(join(path, name), "x");
        }
      }
      for (const name of ["a", "b", "c", "d", "e", "a"]) {
        assertEquals(await results.deliverWeights(name, new Uint8Array(3)), name !== "e");
      }
      await results.collect();
      const names = Array.from(Deno.readDirSync(out), ({ name }) => name).sort();
      assertEquals(names, [
        ...["a", "b", "c", "d"].map((name) => `${name}.safetensors`),
        ...["gpu.json", "report.txt", "results.tar.gz"],
      ]);
      const listed = await new Deno.Command("tar", {
        args: ["-tzf", join(out, "results.tar.gz")],
      }).output();
      const files = new TextDecoder().decode(listed.stdout).split("\n")
        .filter((name) => name !== "" && !name.endsWith("/")).sort();
      assertEquals(files, [
        "./mnist-resnet-zeros/00001-train/log.jsonl",
        "./parts/step-mnist-resnet-zeros-train.json",
      ]);
    });
  },
});

Deno.test({
  name: "gpu results: another machine takes over whole rows and begins the others anew",
  ignore: windows,
  async fn() {
    await inFolder(async (folder) => {
      const first = await box(folder, "a");
      const parts = ["train", "cubic-8", "uniform-20"];
      for (const part of parts) {
        await first.step("rows", `mnist-resnet-zeros-${part}`);
        await first.step("rows", `celeba-resnet-zeros-${part}`, part === "train" ? "ok" : "killed");
      }
      await first.step("posterior", "posterior-rates-1");
      await first.results.keepRow(record, "finished");
      await first.results.keepRow({ ...record, experiment: "celeba-resnet-zeros" }, "finished");
      for (const row of ["mnist", "celeba"]) {
        await Deno.mkdir(join(first.state, `${row}-resnet-zeros/00001-train`), { recursive: true });
      }
      await first.results.deliverWeights("mnist-resnet-zeros", new Uint8Array(3));
      await first.results.collect();

      const second = await box(folder, "b");
      const { state, out, results } = second;
      const previous = first.out;
      assertEquals(await takeOver({ previous, state, out, parts: results.parts }), true);
      const { steps, rows } = await results.read();
      assertEquals(steps.map(({ name }) => name).sort(), [
        ...parts.map((part) => `mnist-resnet-zeros-${part}`).sort(),
        "posterior-rates-1",
      ]);
      assertEquals(rows.map(({ row }) => row), ["mnist-resnet-zeros"]);
      const kept = Array.from(Deno.readDirSync(state), ({ name }) => name);
      assertEquals([kept.includes("mnist-resnet-zeros"), kept.includes("celeba-resnet-zeros")], [
        true,
        false,
      ]);
      assert((await Deno.stat(join(out, "mnist-resnet-zeros.safetensors"))).isFile);
      const nothing = { previous: folder, state, out, parts: results.parts };
      assertEquals(await takeOver(nothing), false);
    });
  },
});

Deno.test("gpu sources: any changed byte or name changes the sum; a box without git knows its commit by it", async () => {
  await inFolder(async (folder) => {
    for (const part of ["src", "tasks", "tests", "benchmarks"]) {
      await Deno.mkdir(join(folder, part));
      await Deno.writeTextFile(join(folder, part, "a.ts"), part);
    }
    for (const file of ["mod.ts", "deno.json"]) await Deno.writeTextFile(join(folder, file), "{}");
    const sum = await sourcesSum(folder);
    assertEquals(await sourcesSum(folder), sum);
    const pack = `sources ${sum}\ncommit abc with changes\n`;
    assertEquals(await commitOf(folder, { sum, pack }), "abc with changes");
    assertEquals(await commitOf(folder, { sum: "other", pack }), "unknown");
    assertEquals(await commitOf(folder, { sum, pack: undefined }), "unknown");
    await Deno.rename(join(folder, "src/a.ts"), join(folder, "src/b.ts"));
    const renamed = await sourcesSum(folder);
    await Deno.writeTextFile(join(folder, "src/b.ts"), "srd");
    assertEquals(new Set([sum, renamed, await sourcesSum(folder)]).size, 3);
  });
});

Deno.test("gpu data: records before folders, by the name of the set", async () => {
  await inFolder(async (folder) => {
    for (const set of ["cifar10", "celeba", "fashion-mnist"]) await Deno.mkdir(join(folder, set));
    const file = async (path: string) => {
      await Deno.writeTextFile(join(folder, path), "");
      return join(folder, path);
    };
    assertEquals(await dataOf("cifar10", folder), join(folder, "cifar10"));
    const batches = await file("cifar10/train-some.bin");
    await file("cifar10/test-some.bin");
    assertEquals(await dataOf("cifar10", folder), batches);
    assertEquals(await dataOf("celeba", folder), join(folder, "celeba"));
    assertEquals(await dataOf("celeba", folder), join(folder, "celeba"));
    const records = await file("celeba/celeba_32.bin");
    assertEquals(await dataOf("celeba", folder), records);
    assertEquals(await dataOf("mnist", folder), undefined);
    assertEquals(await dataOf("cifar10", undefined), undefined);
  });
});
