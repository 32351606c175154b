/** A folder of one's own pictures through all commands, and what they tell programs. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { encodePng } from "../../src/formats/png.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { finish, inFolder, spawn } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";
import { checkResult } from "./result_fields.ts";

const size = 36;

/** Gray discs, in a folder for each of two classes. */
async function drawDiscs(folder: string, each: number): Promise<void> {
  for (const [name, radius] of [["large", 12], ["small", 6]] as const) {
    await Deno.mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) {
      const [cx, cy] = [14 + i % 4, 14 + i % 5];
      const data = Float32Array.from(
        { length: size * size },
        (_, p) => Math.hypot(p % size - cx, Math.floor(p / size) - cy) < radius ? 1 : -1,
      );
      const png = encodePng({ data, shape: [1, size, size, 1] });
      await Deno.writeFile(join(folder, name, `${i}.png`), png);
    }
  }
}

/** A network of a minute's preset, in seconds. */
const tiny = [
  ...["--preset", "mnist-tiny", "--dataset", "folder", "--width", 8, "--layers", 1, "--shards", 1],
  ...["--batch-size", 4, "--warmup", 0, "--backend", "wasm", "--conditional"],
];

test("own images: later commands need neither path nor run numbers, and names are the folder's", async () => {
  await inFolder(async (folder) => {
    const discs = join(folder, "Red Discs");
    await drawDiscs(discs, 6);
    const out = ["--out", join(folder, "runs")];
    const trained = await run("train", ...tiny, "--steps", 40, "--from", discs, ...out, "--json");
    assertEquals(trained.code, 0, trained.err);
    assertStringIncludes(
      trained.err,
      "red-discs has 12 images, the preset takes up to 1,000: all are taken",
    );
    const training = await checkResult(trained.out, { absent: ["config"] });
    assertEquals(training.run, join(folder, "runs/00001-train-red-discs-resnet-8x1"));
    assertEquals([training.numbers.steps, training.numbers.images], [40, 12]);
    const weights = parseSafetensors(await Deno.readFile(training.files.weights));
    const told = JSON.parse(weights.metadata["training"]!);
    assertEquals(
      [told.name, told.from, told.classNames, told.images],
      ["red-discs-resnet-8x1", discs, ["large", "small"], 12],
    );
    const strip = await Deno.readTextFile(join(training.run, "samples.svg"));
    for (const text of ["red-discs-resnet-8x1: 10 steps", ">large<", ">small<", ">data<"]) {
      assert(strip.includes(text), `${text} is not in the strip`);
    }
    const trainingPage = await Deno.readTextFile(training.files.report);
    assert(trainingPage.includes("Training of red-discs-resnet-8x1"), "the page has no title");
    // Run again, a finished training tells the same.
    const again = await run("train", ...tiny, "--steps", 40, "--from", discs, ...out, "--json");
    assertEquals(JSON.parse(again.out).files, training.files);

    const quick = ["--backend", "wasm", "--samples", 2, ...out];
    const calibrated = await run(
      ...["calibrate", "--run", "latest", "--steps", 2, "--scales", "3,5", ...quick] as const,
      "--json",
    );
    assertEquals(calibrated.code, 0, calibrated.err);
    const calibration = await checkResult(calibrated.out);
    assertEquals(
      calibration.run,
      join(folder, "runs/00002-calibrate-red-discs-resnet-8x1-bbels"),
    );
    assertEquals([calibration.numbers.machine, calibration.numbers.samples], ["bbELS", 2]);

    // Without --schedule it is the newest of the network.
    const evaluated = await run("evaluate", "--run", "1", ...quick, "--json");
    assertEquals(evaluated.code, 0, evaluated.err);
    assertMatch(evaluated.err, /Scales: bbELS of .*00002-calibrate-red-discs/);
    const evaluation = await checkResult(evaluated.out);
    assertEquals(evaluation.medians.length, 9);
    const page = await Deno.readTextFile(evaluation.files.report);
    for (const text of ["predicts red-discs-resnet-8x1", "images of red-discs", "class small"]) {
      assert(page.includes(text), `${text} is not on the page`);
    }

    const machine = ["--machine", "bbels", "--schedule", "00002", "--run", "red-discs"];
    const sampled = await run("sample", ...machine, ...quick, "--json");
    assertEquals(sampled.code, 0, sampled.err);
    const sample = await checkResult(sampled.out);
    const drawing = await Deno.readTextFile(sample.files.drawing);
    for (const text of ["bbELS of red-discs-resnet-8x1", ">large<", ">small<"]) {
      assert(drawing.includes(text), `${text} is not in the picture`);
    }
    const field = ["--run", "latest", "--schedule", "latest", "--steps", 2, "--pixels", 2];
    const looked = await run("receptive-field", ...field, ...quick, "--json");
    assertEquals(looked.code, 0, looked.err);
    assertEquals((await checkResult(looked.out)).times.length, 2);

    const listed = await run("runs", ...out, "--json");
    const runs =
      (await checkResult(listed.out, { absent: ["a", "b", "settings", "results"] })).runs;
    assertEquals(runs.map(({ command }: { command: string }) => command), [
      ...["train", "calibrate", "evaluate", "sample", "field"],
    ]);
    const compared = await run("runs", "compare", "1", "2", ...out, "--json");
    await checkResult(compared.out, { absent: ["runs", "problems", "files.page"] });

    const converted = await run("convert", training.run, join(folder, "a.pt"), "--json");
    assertEquals((await checkResult(converted.out, { absent: ["scales"] })).holds, "network");
    const scales = await run("convert", calibration.run, join(folder, "a.csv"), "--json");
    assertEquals(
      (await checkResult(scales.out, { absent: ["network"] })).scales,
      calibration.numbers.scales,
    );

    // Where the pictures have moved, one line says so, and the new place helps.
    const moved = join(folder, "moved");
    await Deno.rename(discs, moved);
    const lost = await run("calibrate", "--run", "latest", "--steps", 3, ...quick, "--quiet");
    assertEquals(lost.code, 1);
    assertEquals(
      lost.err,
      `calibrate: The images that ${training.files.weights} was trained on are not at ${discs} any ` +
        "more; say with --from where they are now\n",
    );
    const found = await run(
      ...[
        "calibrate",
        "--run",
        "latest",
        "--steps",
        3,
        "--scales",
        "3",
        "--from",
        moved,
      ] as const,
      ...quick,
    );
    assertEquals(found.code, 0, found.err);
  });
});

test("own images: a number that was given is meant, and --dry-run prints what a preset comes to", async () => {
  await inFolder(async (folder) => {
    const discs = join(folder, "discs");
    await drawDiscs(discs, 3);
    const asked = ["--from", discs, "--out", join(folder, "runs"), "--steps", 2];
    const { code, err } = await run("train", ...tiny, ...asked, "--images", 7, "--quiet");
    assertEquals(code, 1);
    assertEquals(
      err,
      "train: Cannot take 7 images of discs train: there are 6; ask for no more (--images 6)\n",
    );
    const dry = await run("train", ...tiny, ...asked, "--dry-run", "--json");
    const { config } = await checkResult(dry.out, {
      absent: ["run", ...resultsOfTraining],
    });
    assertEquals([config.preset, config.images, config.width], ["mnist-tiny", 1000, 8]);
  });
});

const resultsOfTraining = [
  ...["files.weights", "files.report", "files.samples", "files.losses", "files.log"],
  ...["numbers.steps", "numbers.images", "numbers.loss", "numbers.undertrained"],
];

test("train: a network whose loss still falls is called undertrained, a settled one is not", async () => {
  await inFolder(async (folder) => {
    const texture = [
      ...[
        "--dataset",
        "synthetic",
        "--images",
        40,
        "--width",
        8,
        "--layers",
        1,
        "--batch-size",
        4,
      ],
      ...["--shards", 1, "--backend", "wasm", "--out", folder, "--json"],
    ];
    const short = await run("train", ...texture, "--steps", 60);
    assertMatch(short.err, /Warning: synthetic-resnet-8x1 looks undertrained: .* about \d+ %/);
    assertEquals(JSON.parse(short.out).numbers.undertrained, true);
    // A rate of almost nothing learns nothing: the loss of the first weights stays.
    const still = await run("train", ...texture, "--steps", 60, "--learning-rate", 1e-9);
    assertEquals(still.code, 0, still.err);
    assert(!still.err.includes("undertrained"), still.err);
    assertEquals(JSON.parse(still.out).numbers.undertrained, false);
  });
});

test("own images: parts, choice and what cannot be read are told, and remembered by later commands", async () => {
  await inFolder(async (folder) => {
    const discs = join(folder, "discs");
    await drawDiscs(join(discs, "Train"), 6);
    await drawDiscs(join(discs, "Test"), 2);
    await Deno.writeTextFile(join(discs, "Train/small/9.png"), "damaged");
    await Deno.writeTextFile(join(discs, "Train/small/9.gif"), "not read");
    const out = ["--out", join(folder, "runs")];
    const made = ["train", ...tiny, "--steps", 2, "--from", discs, ...out] as const;
    const refused = await run(...made);
    assertEquals(refused.code, 1);
    assertStringIncludes(
      refused.err,
      "no JPEG, PNG, WebP or BMP; leave out such files with --skip-unr",
    );
    const summary = [
      "discs: 2 parts",
      "  train (Train): 13 images, 2 classes: large 6, small 7",
      "  test (Test), not used: 4 images, 2 classes: large 2, small 2",
      "  left out: 1 picture of formats that are not read (.gif 1)",
    ];
    assertStringIncludes(refused.err, summary.join("\n"));
    const trained = await run(...made, "--skip-unreadable", "--images", 12, "--images-seed", 5);
    assertEquals(trained.code, 0, trained.err);
    const told = [
      ...summary,
      "  taken: 12 images, of each class its share, chosen at random by the seed 5",
      "  left out: 1 file that cannot be read:",
      `    ${discs}/Train/small/9.png: no JPEG, PNG, WebP or BMP`,
      "  read: 12 images of 36 x 36; gray; all resized to 32 x 32",
    ].join("\n");
    assertStringIncludes(trained.err, told);
    const quick = ["--backend", "wasm", "--samples", 1, "--steps", 2, "--scales", "3", ...out];
    const calibrated = await run("calibrate", "--run", "latest", ...quick);
    assertEquals(calibrated.code, 0, calibrated.err);
    assertStringIncludes(calibrated.err, told);
  });
});

test("results: those of the remaining verbs are as documented", async () => {
  await inFolder(async (folder) => {
    const out = ["--out", folder, "--backend", "wasm", "--json"];
    const quick = ["--images", 20, "--calibration-images", 10, "--calibration-samples", 1];
    const quickstart = await run("quickstart", ...quick, "--samples", 2, "--steps", 2, ...out);
    assertEquals(quickstart.code, 0, quickstart.err);
    const { run: path, numbers } = await checkResult(quickstart.out);
    assertEquals(path, join(folder, "00001-quickstart-mnist-resnet-48x6"));
    assertEquals(numbers["scales of LS"].length, 2);
    // A quickstart holds schedules of two machines.
    const evaluated = await run(
      ...["evaluate", "--schedule", "latest", "--images", 10, "--samples", 1, ...out] as const,
    );
    assertEquals(evaluated.code, 0, evaluated.err);
    assert("r^2 of LS" in JSON.parse(evaluated.out).numbers, evaluated.out);

    const stable = [
      ...["--dataset", "synthetic", "--images", 40, "--references", "8", "--times", 4],
      ...["--examples", 2, "--draws", 2, "--steps", 10, "--width", 8, "--layers", 1],
    ];
    const targets = await run("stable-target", ...stable, ...out);
    assertEquals(targets.code, 0, targets.err);
    await checkResult(targets.out);

    const listed = await finish(spawn("data", ["--json"]));
    const { datasets } = await checkResult(listed.out, {
      absent: ["dataset", "images", "folder", "parts", "unreadable"],
    });
    assert(datasets.some(({ name }: { name: string }) => name === "cifar10"));
    const mnist = await finish(spawn("data", ["mnist", "--json"]));
    assertEquals(
      (await checkResult(mnist.out, { absent: ["datasets", "parts", "unreadable"] })).folder,
      null,
    );

    const { script } = await checkResult((await run("completions", "bash", "--json")).out);
    assertStringIncludes(script, "complete -o default -F _els_deno deno");
    const written = ["--write-only", "--out", join(folder, "results.md"), "--runs", folder];
    const document = await run("reproduce", ...written, "--json");
    assertEquals(document.code, 0, document.err);
    await checkResult(document.out, { absent: ["plan"] });
    const studies = ["--write-only", "--out", join(folder, "studies.md"), "--runs", folder];
    const study = await run("study", ...studies, "--json");
    assertEquals(study.code, 0, study.err);
    await checkResult(study.out, { absent: ["plan"] });
  });
});
