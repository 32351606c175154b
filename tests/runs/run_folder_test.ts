import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { listRuns } from "../../src/runs/run_record.ts";
import { checkArtifact } from "../../src/runs/artifacts.ts";
import { sha256File } from "../../src/runs/provenance.ts";
import { openRun } from "../../src/runs/run_folder.ts";

async function withRoot(test: (root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/runs`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const config = { images: 5000, network: { width: 48, layers: 6 }, label: undefined };

Deno.test("run folder: runs are numbered, named and listed with their configuration", () =>
  withRoot(async (root) => {
    assertEquals(await listRuns(root), { runs: [], problems: [] });
    using first = await openRun({ root, command: "train", label: "MNIST/ResNet", config });
    using second = await openRun({ root, command: "calibrate", config });
    assertEquals(first.name, "00001-train-mnist-resnet");
    assertEquals(second.name, "00002-calibrate");
    assertStringIncludes(first.status, "New run ");
    const { runs } = await listRuns(root);
    assertEquals(runs.map(({ name }) => name), [first.name, second.name]);
    assertEquals(runs[0]!.config, { images: 5000, network: { width: 48, layers: 6 } });
    const written = JSON.parse(await Deno.readTextFile(first.file("config.json")));
    assertEquals(written.command, "train");
    assertStringIncludes(written.toolkit, "@els/toolkit");
  }));

Deno.test("run folder: the same command and configuration resumes, another begins anew", () =>
  withRoot(async (root) => {
    const open = async (options: { command?: string; config?: object; fresh?: boolean }) => {
      using run = await openRun({
        root,
        command: "train",
        ...options,
        config: { ...config, ...options.config },
      });
      return [run.number, run.resumed];
    };
    assertEquals(await open({}), [1, false]);
    assertEquals(await open({}), [1, true]);
    // The order of fields says nothing.
    assertEquals(await open({ config: { network: { layers: 6, width: 48 } } }), [1, true]);
    assertEquals(await open({ config: { images: 1000 } }), [2, false]);
    assertEquals(await open({ command: "sample" }), [3, false]);
    assertEquals(await open({ fresh: true }), [4, false]);
    assertEquals(await open({}), [4, true]);
  }));

Deno.test("run folder: a finished run says so when its command is run again", () =>
  withRoot(async (root) => {
    {
      using run = await openRun({ root, command: "train", config });
      assertEquals(run.finished, undefined);
      await run.finish({ loss: 0.03 });
      assertEquals(run.finished, { loss: 0.03 });
    }
    using again = await openRun({ root, command: "train", config });
    assertEquals([again.finished, again.resumed], [{ loss: 0.03 }, true]);
    assertStringIncludes(again.status, "is finished: nothing left to do");
  }));

Deno.test("run folder: only one process at a time works on a run", () =>
  withRoot(async (root) => {
    const open = () => openRun({ root, command: "train", config });
    const first = await open();
    await assertRejects(open, Deno.errors.Busy, "another process works on it");
    first[Symbol.dispose]();
    using again = await open();
    assertStringIncludes(again.status, "Resuming ");
  }));

Deno.test("run folder: runs opened at the same moment get numbers of their own", () =>
  withRoot(async (root) => {
    const runs = await Promise.all(
      Array.from(
        { length: 12 },
        (_, i) => openRun({ root, command: "train", label: `l${i % 3}`, config: { i } }),
      ),
    );
    const numbers = runs.map(({ number }) => number).sort((a, b) => a - b);
    assertEquals(numbers, Array.from({ length: 12 }, (_, i) => i + 1));
    for (const run of runs) {
      assertEquals(JSON.parse(await Deno.readTextFile(run.file("config.json"))).config, run.config);
      run[Symbol.dispose]();
    }
  }));

Deno.test("run folder: what interruptions left behind is passed over or cleared", () =>
  withRoot(async (root) => {
    // Killed before the folder had its name: its number stays taken.
    await Deno.mkdir(`${root}/00004`, { recursive: true });
    await Deno.mkdir(`${root}/notes`);
    // Named by a person, who put something into it.
    await Deno.mkdir(`${root}/00003`);
    await Deno.writeTextFile(`${root}/00003/mine.txt`, "");
    const run = await openRun({ root, command: "train", config });
    assertEquals(run.number, 5);
    await assertRejects(() => Deno.stat(`${root}/00004`), Deno.errors.NotFound);
    await Deno.stat(`${root}/00003/mine.txt`);
    run[Symbol.dispose]();
    // Killed while a checkpoint was being written.
    await Deno.mkdir(run.file("checkpoints"));
    const stale = run.file(`checkpoints/.${crypto.randomUUID()}.tmp`);
    await Deno.writeTextFile(stale, "half a checkpo");
    // Another process is writing this one.
    const fresh = run.file(`.${crypto.randomUUID()}.tmp`);
    using held = await Deno.open(fresh, { createNew: true, write: true });
    await held.lock(true);
    await Deno.writeTextFile(run.file("mine.tmp"), "kept");
    using again = await openRun({ root, command: "train", config });
    assert(again.resumed);
    await assertRejects(() => Deno.stat(stale), Deno.errors.NotFound);
    assertEquals(await Deno.readTextFile(again.file("mine.tmp")), "kept");
    assertEquals(await Deno.readTextFile(fresh), "");
  }));

Deno.test("run folder: a damaged configuration is a problem of that run alone, at any truncation", () =>
  withRoot(async (root) => {
    const damaged = await openRun({ root, command: "train", config });
    damaged[Symbol.dispose]();
    (await openRun({ root, command: "sample", config }))[Symbol.dispose]();
    const path = damaged.file("config.json");
    // As folders of earlier releases: without a copy.
    await Deno.remove(damaged.file(".config.json.previous"));
    const text = (await Deno.readTextFile(path)).trimEnd();
    for (let length = 0; length < text.length; length += 7) {
      await Deno.writeTextFile(path, text.slice(0, length));
      const { runs, problems } = await listRuns(root);
      assertEquals(runs.map(({ command }) => command), ["sample"]);
      assertEquals(problems.map((p) => [p instanceof DataFormatError, p.source]), [[true, path]]);
    }
    await Deno.writeTextFile(path, '{"format": "els-run", "version": 2}');
    assertEquals((await listRuns(root)).problems.length, 1);
    using anew = await openRun({ root, command: "train", config });
    assertEquals([anew.number, anew.resumed], [3, false]);
  }));

Deno.test("run folder: a bad command or a configuration with NaN is a RangeError that leaves nothing", () =>
  withRoot(async (root) => {
    await assertRejects(() => openRun({ root, command: "../x", config }), RangeError, '"../x"');
    const rate = () => openRun({ root, command: "train", config: { rate: NaN } });
    await assertRejects(rate, RangeError, "rate is NaN");
    await assertRejects(
      () => openRun({ root, command: "train", config: { rate: NaN }, fresh: true }),
      RangeError,
      "config.rate",
    );
    assertEquals([...Deno.readDirSync(root)], []);
  }));

Deno.test("run folder: a damaged run is named, and left as it is, when a new one takes its place", () =>
  withRoot(async (root) => {
    const first = await openRun({ root, command: "train", config });
    first[Symbol.dispose]();
    await Deno.writeTextFile(first.file("config.json"), '{ "format": ');
    await Deno.remove(first.file(".config.json.previous"));
    using second = await openRun({ root, command: "train", config });
    assertEquals([second.number, second.passedOver.length], [2, 1]);
    assertStringIncludes(second.status, `passed over ${first.file("config.json")}: not JSON`);
    assertEquals(await Deno.readTextFile(first.file("config.json")), '{ "format": ');
  }));

Deno.test("run folder: a file where the runs should be is refused by name", () =>
  withRoot(async (root) => {
    await Deno.mkdir(root, { recursive: true });
    await Deno.writeTextFile(`${root}/notes`, "");
    await assertRejects(
      () => openRun({ root: `${root}/notes`, command: "train", config }),
      Deno.errors.NotADirectory,
      "notes: it is a file, expected a folder",
    );
  }));

Deno.test("run folder: of two copies of the configuration one is enough, and both are whole again", () =>
  withRoot(async (root) => {
    const first = await openRun({ root, command: "train", config });
    first[Symbol.dispose]();
    const path = first.file("config.json");
    const copy = first.file(".config.json.previous");
    const text = await Deno.readTextFile(path);
    assertEquals(await Deno.readTextFile(copy), text);
    for (const damaged of [path, copy]) {
      for (const content of ["", text.slice(0, 40), text.replace("5000", "5001"), "null"]) {
        await Deno.writeTextFile(damaged, content);
        using again = await openRun({ root, command: "train", config });
        assertEquals([again.number, again.resumed], [1, true]);
        assertStringIncludes(again.status, ".json");
        assertEquals(await Deno.readTextFile(path), text);
        assertEquals(await Deno.readTextFile(copy), text);
      }
    }
  }));

Deno.test("run folder: a finished run lists its files, and is not finished where one is not as it was", () =>
  withRoot(async (root) => {
    const open = () => openRun({ root, command: "train", config });
    const finish = async () => {
      using run = await open();
      await Deno.writeTextFile(run.file("weights"), "12345");
      await run.write("a.csv", "1,2\n");
      await run.finish({ files: { weights: "weights" }, numbers: { loss: 1 } });
      return run;
    };
    const { artifacts } = await finish();
    assertEquals(artifacts!.map(({ path, bytes }) => [path, bytes]), [["a.csv", 4], [
      "weights",
      5,
    ]]);
    (await open())[Symbol.dispose]();
    for (const content of ["1234", "12346", ""]) {
      const run = await finish();
      await Deno.writeTextFile(run.file("weights"), content);
      {
        using again = await open();
        assertEquals([again.finished, again.whole], [undefined, false]);
        assertStringIncludes(again.status, "Resuming");
        assertStringIncludes(again.status, "; weights: damaged: it");
      }
      await assertRejects(
        async () => await checkArtifact(run.file("weights"), await sha256File(run.file("weights"))),
        DataFormatError,
        "run the command that made it again",
      );
    }
    const run = await finish();
    await Deno.remove(run.file("a.csv"));
    using again = await open();
    assertStringIncludes(again.status, "a.csv: it is missing");
  }));

Deno.test("run folder: a damaged list of results makes the run an unfinished one, and is told", () =>
  withRoot(async (root) => {
    const run = await openRun({ root, command: "train", config });
    await run.finish({ loss: 1 });
    run[Symbol.dispose]();
    const path = run.file("finished.json");
    const text = await Deno.readTextFile(path);
    // Without a checksum it is damaged, too: that of this run has one.
    for (const content of ["", "{}", "null", text.slice(0, -9), text.replace("1", "2")]) {
      await Deno.writeTextFile(path, content);
      const { runs, problems } = await listRuns(root);
      assertEquals(runs.map(({ finished }) => finished), [undefined]);
      assertEquals(problems.map(({ source }) => source), [path]);
      using again = await openRun({ root, command: "train", config });
      assertStringIncludes(again.status, "counts as not finished until its command is run again");
    }
  }));

Deno.test("run folder: what cannot be read is named and passed over", () =>
  withRoot(async (root) => {
    (await openRun({ root, command: "train", config }))[Symbol.dispose]();
    await Deno.writeTextFile(`${root}/00002-file`, "");
    await Deno.mkdir(`${root}/00003-folder/config.json`, { recursive: true });
    await Deno.mkdir(`${root}/00004-empty`);
    const links = Deno.build.os !== "windows";
    if (links) {
      await Deno.symlink(`${root}/00005-loop`, `${root}/00006-loop`);
      await Deno.symlink(`${root}/00006-loop`, `${root}/00005-loop`);
    }
    const { runs, problems } = await listRuns(root);
    assertEquals(runs.map(({ number }) => number), [1]);
    const words = ["00002-file", "00003-folder", "00004-empty"]
      .concat(links ? ["00005-loop", "00006-loop"] : []);
    assertEquals(problems.length, words.length);
    for (const [i, word] of words.entries()) assertStringIncludes(problems[i]!.message, word);
    using run = await openRun({ root, command: "train", config });
    assertEquals([run.number, run.passedOver.length], [1, words.length]);
  }));
