/** `deno task runs` as a user runs it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { openRun } from "../../src/runs/run_folder.ts";
import { inFolder, run } from "./commands.ts";

/** A finished training, a calibration that was stopped, and a folder that cannot be read. */
async function makeRuns(root: string): Promise<void> {
  const train = { command: "train", label: "digits-resnet-8x1" };
  {
    using one = await openRun({ root, ...train, config: { steps: 30, noise: { sigmaMax: 50 } } });
    await Deno.writeTextFile(one.file("samples.png"), "");
    await one.finish({
      files: { weights: "weights.safetensors", samples: "samples.png" },
      numbers: { steps: 30, "mean loss": 0.123456 },
    });
  }
  (await openRun({ root, command: "calibrate", label: "digits", config: {} }))[Symbol.dispose]();
  const config = { steps: 60, noise: { sigmaMax: 80 } };
  using three = await openRun({ root, ...train, config });
  await three.finish({ numbers: { steps: 60, "mean loss": 0.1 } });
  await Deno.mkdir(join(root, "00004-train-broken"));
  await Deno.writeTextFile(join(root, "00004-train-broken/config.json"), "{");
}

Deno.test("runs: lists what is there, passes over what cannot be read, and makes a page", async () => {
  await inFolder(async (folder) => {
    const root = join(folder, "runs");
    const none = await run("runs", "--out", root);
    assertEquals([none.code, none.out], [
      0,
      `No runs in ${root} yet; deno task quickstart makes one\n`,
    ]);
    await makeRuns(root);
    const { code, out, err } = await run("runs", "--out", root);
    assertEquals(code, 0, err);
    const lines = out.split("\n");
    assertMatch(lines[0]!, /^run +command +label +state +began +numbers$/);
    assertMatch(
      lines[2]!,
      /^ +1 +train +digits-resnet-8x1 +finished .* steps 30, mean loss 0.1235$/,
    );
    assertMatch(lines[3]!, /^ +2 +calibrate +digits +stopped/);
    assertMatch(err, /^Passed over .*00004-train-broken.config.json: not JSON/);
    const page = await Deno.readTextFile(join(root, "index.html"));
    for (
      const text of [
        'src="00001-train-digits-resnet-8x1/samples.png"',
        'href="00001-train-digits-resnet-8x1/weights.safetensors"',
        "<dd>0.1235</dd>",
        "00004-train-broken",
      ]
    ) assertStringIncludes(page, text);
    assert(page.indexOf('id="run-3"') < page.indexOf('id="run-1"'), "the newest is first");
    // The tests' commands may start no programs, as where there is no browser.
    const opened = await run("runs", "--out", root, "--open");
    assertEquals(opened.code, 0, opened.err);
    assertStringIncludes(opened.err, `No browser can be opened from here: open ${root}`);
  });
});

Deno.test("runs: --json gives every run as data, and nothing else on stdout", async () => {
  await inFolder(async (root) => {
    await makeRuns(root);
    const { out } = await run("runs", "--out", root, "--json", "--quiet");
    const { verb, runs, problems, files } = JSON.parse(out);
    assertEquals([verb, runs.length, problems.length], ["runs", 3, 1]);
    assertEquals(files, { page: join(root, "index.html") });
    const { started, path: _, ...first } = runs[0];
    assert(!Number.isNaN(Date.parse(started)));
    assertEquals(first, {
      number: 1,
      name: "00001-train-digits-resnet-8x1",
      command: "train",
      label: "digits-resnet-8x1",
      state: "finished",
      files: { weights: "weights.safetensors", samples: "samples.png" },
      numbers: { steps: 30, "mean loss": 0.123456 },
    });
  });
});

Deno.test("runs: compare shows what differs and the numbers side by side", async () => {
  await inFolder(async (root) => {
    await makeRuns(root);
    const { code, out, err } = await run("runs", "compare", 1, "latest", "--out", root);
    assertEquals(code, 0, err);
    assertMatch(out, /setting +00001-train-digits-resnet-8x1 +00003-train-digits-resnet-8x1\n/);
    assertMatch(out, /\nnoise.sigmaMax +50 +80\n/);
    assertMatch(out, /\nmean loss +0.1235 +0.1\n/);
    const json = await run("runs", "compare", 1, 2, "--out", root, "--json");
    const { settings, results } = JSON.parse(json.out);
    assertEquals(settings, [
      { name: "steps", a: 30 },
      { name: "noise.sigmaMax", a: 50 },
    ]);
    assertEquals(results[0], { name: "steps", a: 30 });
    const same = await run("runs", "compare", 1, 1, "--out", root);
    assertStringIncludes(same.out, "Their settings are the same.");
    for (
      const [args, message] of [
        [["compare", "1"], /compare needs two runs/],
        [["compare", "digits-", "1"], /Cannot find the run "digits-": .* fit; name one/],
        [["compare", "7", "1"], /Cannot find the run "7": expected "latest", a number/],
        [["list"], /compare is "list", expected one of compare/],
      ] as const
    ) {
      const { code, err } = await run("runs", ...args, "--out", root);
      assertEquals(code, 1);
      assertMatch(err, message);
      assertEquals(err.trim().split("\n").length, 1, err);
    }
  });
});
