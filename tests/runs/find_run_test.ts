import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  anyRuns,
  calibrationRuns,
  findRun,
  locateRun,
  type RunKind,
  trainingRuns,
} from "../../src/runs/find_run.ts";
import { openRun } from "../../src/runs/run_folder.ts";

/** Runs 1 to 6 of several verbs. */
const made = [
  ["quickstart", "mnist-small"],
  ["train", "mnist-resnet-16x4"],
  ["train", "mnist-resnet-48x6"],
  ["calibrate", "mnist-resnet-16x4-bbels"],
  ["train", "circles-resnet-16x4"],
  ["train", "circles-resnet-16x4"],
] as const;

async function withRuns(test: (root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const root = join(folder, "runs");
    for (const [i, [command, label]] of made.entries()) {
      (await openRun({ root, command, label, config: { i } }))[Symbol.dispose]();
    }
    await test(root);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("find run: latest is the newest of the kind that is wanted", () =>
  withRuns(async (root) => {
    const latest = async (kind?: RunKind) => (await findRun("latest", { root, kind })).number;
    assertEquals(await latest(trainingRuns), 6);
    assertEquals(await latest(calibrationRuns), 4);
    assertEquals(await latest(), 6);
    const odd = { noun: "oddity", commands: ["odd"] };
    await assertRejects(() => latest(odd), RangeError, `"latest": ${root} holds no oddity`);
  }));

Deno.test("find run: a number with or without zeros, a name, a label, and how they begin", () =>
  withRuns(async (root) => {
    const found = async (word: string, kind: RunKind = trainingRuns) =>
      (await findRun(word, { root, kind })).number;
    for (const word of ["2", "02", "00002", "00002-train-mnist-resnet-16x4", "00002", "0000002"]) {
      assertEquals(await found(word), 2, word);
    }
    assertEquals(await found("mnist-resnet-16x4"), 2);
    assertEquals(await found("mnist-resnet-4"), 3);
    assertEquals(await found("00003-tr"), 3);
    assertEquals(await found("mnist", calibrationRuns).catch(() => 0), 0); // quickstart fits too
    assertEquals(await found("mnist-r", calibrationRuns), 4);
    // A whole label goes before one that it only begins.
    assertEquals(await found("mnist-resnet-16x4", anyRuns), 2);
  }));

Deno.test("find run: more than one that fits is an error that names them", () =>
  withRuns(async (root) => {
    const look = (word: string, kind = trainingRuns) => () => findRun(word, { root, kind });
    await assertRejects(
      look("circles"),
      RangeError,
      'Cannot find the training run "circles": 00005-train-circles-resnet-16x4, ' +
        "00006-train-circles-resnet-16x4 fit; name one by its number",
    );
    await assertRejects(look("", anyRuns), RangeError, "and 1 older fit");
  }));

Deno.test("find run: what fits no run, or one of another kind, says what there is", () =>
  withRuns(async (root) => {
    const look = (word: string, kind = trainingRuns) => () => findRun(word, { root, kind });
    await assertRejects(look("9"), RangeError, '"9": expected "latest", a number, or how a name');
    await assertRejects(
      look("4"),
      RangeError,
      "00004-calibrate-mnist-resnet-16x4-bbels is no training run; expected",
    );
    await assertRejects(look("celeba"), RangeError, "00006-train-circles-resnet-16x4");
  }));

Deno.test("find run: a damaged folder is no candidate, and is named where nothing else is there", () =>
  withRuns(async (root) => {
    const { path } = await findRun("4", { root });
    await Deno.writeTextFile(join(path, "config.json"), "{");
    await Deno.remove(join(path, ".config.json.previous"));
    await assertRejects(() => findRun("4", { root }), RangeError, '"4": expected');
    assertEquals((await findRun("latest", { root, kind: calibrationRuns })).number, 1);
    await assertRejects(
      () => findRun("latest", { root, kind: { noun: "scale run", commands: ["calibrate"] } }),
      RangeError,
      "holds no scale run; passed over",
    );
  }));

Deno.test("locate run: a path that exists is taken as it is, another is missing by its name", () =>
  withRuns(async (root) => {
    assertEquals(await locateRun(root, { root }), root);
    assertStringIncludes(await locateRun("latest", { root, kind: trainingRuns }), "00006-train");
    for (const word of ["runs/00001-x", "weights.safetensors", "a\\b"]) {
      await assertRejects(() => locateRun(word, { root }), Deno.errors.NotFound, "no such file");
    }
    await assertRejects(() => locateRun("nothing", { root }), RangeError, "expected");
  }));
