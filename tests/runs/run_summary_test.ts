import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { listRuns, runState } from "../../src/runs/run_record.ts";
import { openRun } from "../../src/runs/run_folder.ts";
import { configDifferences, numbersBeside, summarizeRun } from "../../src/runs/run_summary.ts";

async function withRoot(test: (root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(join(folder, "runs"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("run summary: a run is running while it is open, then stopped or finished", () =>
  withRoot(async (root) => {
    const run = await openRun({ root, command: "train", label: "a b", config: {} });
    const state = async () => await runState((await listRuns(root)).runs[0]!);
    assertEquals(await state(), "running");
    run[Symbol.dispose]();
    assertEquals(await state(), "stopped");
    // Looking takes no lock that stays.
    using again = await openRun({ root, command: "train", label: "a b", config: {} });
    await again.finish();
    assertEquals(await state(), "finished");
  }));

Deno.test("run summary: files and numbers are those that the run handed over", () =>
  withRoot(async (root) => {
    const before = Date.now();
    using run = await openRun({ root, command: "evaluate", label: "mnist", config: { n: 1 } });
    await run.finish({
      files: { report: "report.html", odd: 3 },
      numbers: { "r^2 of bbELS": 0.93, scales: [3, 5], nested: { a: 1 } },
    });
    const { started, path, ...summary } = await summarizeRun((await listRuns(root)).runs[0]!);
    assertEquals(path, join(root, "00001-evaluate-mnist"));
    assertEquals(summary, {
      number: 1,
      name: "00001-evaluate-mnist",
      command: "evaluate",
      label: "mnist",
      state: "finished",
      files: { report: "report.html" },
      numbers: { "r^2 of bbELS": 0.93, scales: [3, 5] },
    });
    const age = Date.parse(started) - before;
    assertEquals(age >= 0 && age < 60_000, true, started);
  }));

Deno.test("run summary: folders of earlier releases, without a time and with flat results", () =>
  withRoot(async (root) => {
    const path = join(root, "00003-train");
    await Deno.mkdir(path, { recursive: true });
    const config = { format: "els-run", version: 1, command: "train", config: {} };
    await Deno.writeTextFile(join(path, "config.json"), JSON.stringify(config));
    await Deno.utime(join(path, "config.json"), new Date(5e11), new Date(1e12));
    await Deno.writeTextFile(join(path, "finished.json"), '{"step": 600}');
    const { started, numbers, label } = await summarizeRun((await listRuns(root)).runs[0]!);
    assertEquals([started, numbers, label], ["2001-09-09T01:46:40.000Z", { step: 600 }, ""]);
  }));

Deno.test("run summary: configurations differ field by field, in nested ones too", () => {
  const a = { steps: 600, channels: [32, 64], noise: { name: "ve", sigmaMax: 50 }, same: null };
  const b = { steps: 600, channels: [32, 64, 128], noise: { name: "edm", rho: 7 }, same: null };
  assertEquals(configDifferences(a, b), [
    { name: "channels", a: [32, 64], b: [32, 64, 128] },
    { name: "noise.name", a: "ve", b: "edm" },
    { name: "noise.sigmaMax", a: 50, b: undefined },
    { name: "noise.rho", a: undefined, b: 7 },
  ]);
  assertEquals(configDifferences({ scales: [["LS", [3]]] }, { scales: [["LS", [5]]] }), [
    { name: "scales", a: '[["LS",[3]]]', b: '[["LS",[5]]]' },
  ]);
  assertEquals(configDifferences(a, structuredClone(a)), []);
  assertEquals(configDifferences({ labels: null }, {}), []);
});

Deno.test("run summary: numbers stand side by side, also where only one run has them", () => {
  const run = (numbers: Record<string, number>) => ({
    ...{ number: 1, name: "", path: "", command: "", label: "", started: "", files: {} },
    state: "finished" as const,
    numbers,
  });
  assertEquals(numbersBeside(run({ loss: 0.1, steps: 3 }), run({ steps: 3, r: 1 })), [
    { name: "loss", a: 0.1, b: undefined },
    { name: "steps", a: 3, b: 3 },
    { name: "r", a: undefined, b: 1 },
  ]);
});
