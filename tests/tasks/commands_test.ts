/** The commands as a user runs them: whole processes, their messages, exit codes and files. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { writeZip } from "../../src/formats/zip.ts";
import { bytesOf } from "../formats/bytes.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { finish, inFolder, root, run, spawn } from "./commands.ts";
import { runNamed, test } from "./in_process.ts";

const weights = join(root, "data/zoo/mnist-resnet-zeros/weights.safetensors");

/** A few steps of a small network on textures. */
const quickTraining = (folder: string, steps: number) => [
  ...["--dataset", "synthetic", "--images", 40, "--width", 8, "--layers", 1, "--batch-size", 4],
  ...["--steps", steps, "--shards", 1, "--backend", "wasm", "--out", folder],
];

test("commands: train, calibrate and evaluate work on each other's folders, and know when they are done", async () => {
  await inFolder(async (folder) => {
    const trained = await run("train", ...quickTraining(folder, 30));
    assertEquals(trained.code, 0, trained.err);
    const training = join(folder, "00001-train-synthetic-resnet-8x1");
    assertStringIncludes(trained.out, join(training, "weights.safetensors"));
    assertMatch(trained.err, /train +30\/30 +100%.*images\/s.*loss/);

    const common = ["--run", training, "--images", 20, "--backend", "wasm", "--out", folder];
    const calibration = ["--steps", 4, "--samples", 2, "--scales", "3,5", ...common];
    const calibrated = await run("calibrate", ...calibration);
    assertEquals(calibrated.code, 0, calibrated.err);
    const scales = join(folder, "00002-calibrate-synthetic-resnet-8x1-bbels");
    const written = JSON.parse(
      await Deno.readTextFile(join(scales, "scale_schedule.json")),
    ) as ScaleSchedule;
    assertEquals(written.steps.length, 4);
    assertEquals(written.steps[0]!.similarity.length, 2);
    assertEquals(written.provenance.dataset?.name, "synthetic");
    // One layer between stem and head sees 7 pixels.
    const { receptiveField, warning } = written.provenance.config;
    assertEquals(receptiveField, 7);
    assertMatch(
      String(warning),
      /candidate scales end at 5, .* receptive field 7 by its architecture/,
    );
    assertStringIncludes(calibrated.err, `: ${warning}\n`);

    const evaluated = await run("evaluate", "--schedule", scales, "--samples", 3, ...common);
    assertEquals(evaluated.code, 0, evaluated.err);
    for (const word of ["bbELS", "LS", "IS", "r^2", "R^2"]) {
      assertStringIncludes(evaluated.out, word);
    }
    const files: string[] = [];
    for await (
      const { name } of Deno.readDir(join(folder, "00003-evaluate-synthetic-resnet-8x1"))
    ) {
      files.push(name);
    }
    for (
      const name of [
        "agreement.csv",
        "evaluation.json",
        "report.html",
        "samples.png",
        "samples.svg",
      ]
    ) assert(files.includes(name), `${name} is missing among ${files}`);
    assert(files.every((name) => !name.endsWith(".tmp")), `${files}`);
    const page = await Deno.readTextFile(
      join(folder, "00003-evaluate-synthetic-resnet-8x1/report.html"),
    );
    const links = [...page.matchAll(/<a href="([^"#]+)"/g)].map(([, href]) => href!);
    assertEquals(
      links.filter((href) => !files.includes(href)),
      [],
      "links lead to files beside it",
    );
    for (const name of ["agreement_samples.csv", "scales.svg", "bbels_scale_schedule.json"]) {
      assert(links.includes(name), `${name} is linked`);
    }
    assertEquals(page.match(/@font-face\{font-family:"Lato"/g)?.length, 2, "Lato is in it");
    assertMatch(page, /bbELS, boundary-broken equivariant local score/);
    assertMatch(page, /Show all 3 samples, with r, r², R²/);
    for (const name of ["samples.svg", "agreement.svg", "scales.svg"]) {
      const figure = await Deno.readTextFile(
        join(folder, "00003-evaluate-synthetic-resnet-8x1", name),
      );
      assertMatch(figure, /@font-face\{font-family:"Lato"/);
      assertMatch(figure, /prefers-color-scheme:dark/);
    }

    const field = ["--run", training, "--schedule", scales, "--steps", 2, "--samples", 1];
    const looked = await runNamed("receptive-field", ...field, "--out", folder);
    assertEquals(looked.code, 0, looked.err);
    assertMatch(looked.out, /the architecture allows 7, measured up to 9/);
    const measured = join(folder, "00004-field-synthetic-resnet-8x1");
    const { times, radius } = JSON.parse(
      await Deno.readTextFile(join(measured, "receptive_field.json")),
    );
    assertEquals([times.length, times[0].map.length, radius], [2, 81, 4]);
    assertEquals((await Deno.stat(join(measured, "receptive_field_maps.png"))).isFile, true);
    const twice = await runNamed("receptive-field", ...field, "--out", folder);
    assertEquals([twice.out, /nothing left to do/.test(twice.err)], [looked.out, true]);

    const again = await run("calibrate", ...calibration);
    assertStringIncludes(again.err, "is finished: nothing left to do");
    assertEquals(again.out, calibrated.out);

    // Without numbers: until the scales are settled.
    const settled = await runNamed(
      ...["calibrate", "--run", training, "--steps", 3, "--scales", "3,5", "--json"] as const,
      ...["--backend", "wasm", "--out", folder],
    );
    assertEquals(settled.code, 0, settled.err);
    assertMatch(
      settled.err,
      /calibrate bbELS, samples 1 to 5 +15\/15 +100%.*settled \d of 3 steps/,
    );
    const { numbers, ...result } = JSON.parse(settled.out);
    assert(numbers.samples >= 5 && numbers.samples <= 11);
    assertEquals([numbers.images.length, numbers.certainty.length], [3, 3]);
    assert(numbers.images.every((images: number) => images <= 40));
    const schedule = JSON.parse(await Deno.readTextFile(result.files.schedule)) as ScaleSchedule;
    assertEquals(schedule.steps.map(({ images }) => images), numbers.images);
  });
});

test("commands: an EDM network on a stable target is calibrated along Heun and evaluated with churn", async () => {
  await inFolder(async (folder) => {
    const formulation = ["--noise-schedule", "edm", "--objective", "x0", "--target", "stable"];
    const trained = await runNamed("train", ...quickTraining(folder, 5), ...formulation);
    assertEquals(trained.code, 0, trained.err);
    const training = join(folder, "00001-train-synthetic-resnet-8x1");
    const { metadata } = parseSafetensors(
      await Deno.readFile(join(training, "weights.safetensors")),
    );
    assertEquals(metadata.prediction, "x0");
    assertEquals(metadata.preconditioning, '{"kind":"edm","sigmaData":0.5}');
    const recipe = JSON.parse(metadata.training!);
    assertEquals([recipe.target, recipe.references], ["stable", 1024]);
    assertEquals(recipe.noiseParameters, { sigmaMin: 0.002, sigmaMax: 80, rho: 7 });

    const common = ["--run", training, "--images", 20, "--backend", "wasm", "--out", folder];
    const calibration = ["--steps", 3, "--samples", 1, "--scales", "3,5", "--sampler", "heun"];
    const calibrated = await runNamed("calibrate", ...calibration, ...common);
    assertEquals(calibrated.code, 0, calibrated.err);
    const scales = join(folder, "00002-calibrate-synthetic-resnet-8x1-bbels");
    const evaluation = ["--schedule", scales, "--samples", 2, "--sampler", "churn"];
    const evaluated = await runNamed("evaluate", ...evaluation, ...common);
    assertEquals(evaluated.code, 0, evaluated.err);
    assertStringIncludes(evaluated.err, "was calibrated with heun, not churn");
    const result = JSON.parse(
      await Deno.readTextFile(
        join(folder, "00003-evaluate-synthetic-resnet-8x1/evaluation.json"),
      ),
    );
    assertEquals(result.sampler, "churn");
  });
});

test("commands: stable-target draws its figures from few numbers, and knows when it is done", async () => {
  await inFolder(async (folder) => {
    const small = [
      ...[
        "--dataset",
        "synthetic",
        "--images",
        40,
        "--references",
        "8",
        "--times",
        4,
        "--examples",
        2,
      ],
      ...["--draws", 2, "--steps", 10, "--width", 8, "--layers", 1, "--backend", "wasm"],
      ...["--out", folder],
    ];
    const first = await runNamed("stable-target", ...small);
    assertEquals(first.code, 0, first.err);
    const made = join(folder, "00001-stable_target-synthetic");
    const names = [];
    for await (const { name } of Deno.readDir(made)) names.push(name);
    for (
      const name of ["targets.svg", "targets.png", "losses.png", "targets.csv", "losses.csv"]
    ) {
      assert(names.includes(name), `${name} is missing among ${names}`);
    }
    const { targets, losses } = JSON.parse(
      await Deno.readTextFile(join(made, "stable_target.json")),
    );
    assertEquals(targets.length, 8); // four times, n = 1 and 8
    assertEquals([losses.plain.loss.length, losses.stable.loss.length], [10, 10]);
    assert(losses.plain.loss[0] !== losses.stable.loss[0], "the targets differ");
    assertEquals(
      (await Deno.readTextFile(join(made, "losses.csv"))).trim().split("\n").length,
      11,
    );
    const again = await runNamed("stable-target", ...small);
    assertStringIncludes(again.err, "is finished");
    assertEquals(again.out, first.out);
    const wrong = await runNamed(
      "stable-target",
      ...small.map((word) => word === "8" ? "99" : word),
    );
    assertMatch(wrong.err, /--references has 99 as its largest, expected 2 to .* 40/);
  });
});

Deno.test({
  name: "commands: Ctrl-C saves and stops, and the resumed training writes the same bytes",
  ignore: Deno.build.os === "windows", // no SIGINT to send there
  async fn() {
    await inFolder(async (folder) => {
      const [one, two] = [join(folder, "one"), join(folder, "two")];
      const whole = await run("train", ...quickTraining(one, 600));
      assertEquals(whole.code, 0, whole.err);

      const child = spawn("train", quickTraining(two, 600));
      const log = join(two, "00001-train-synthetic-resnet-8x1/log.jsonl");
      const lines = async () =>
        (await Deno.readTextFile(log).catch(() => "")).split("\n").length - 1;
      while (await lines() < 20) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGINT");
      const stopped = await finish(child);
      assertEquals(stopped.code, 130, stopped.err);
      assertStringIncludes(stopped.err, "saving and stopping");
      const before = await lines();
      assert(before < 600, "the training was over before it could be stopped");

      const resumed = await run("train", ...quickTraining(two, 600));
      assertEquals(resumed.code, 0, resumed.err);
      assertStringIncludes(resumed.err, "Resuming");
      for (const name of ["weights.safetensors", "state.safetensors", "log.jsonl"]) {
        assertEquals(
          await Deno.readFile(join(two, "00001-train-synthetic-resnet-8x1", name)),
          await Deno.readFile(join(one, "00001-train-synthetic-resnet-8x1", name)),
          name,
        );
      }
    });
  },
});

/** A schedule that fits the shipped network, with some fields replaced. */
function schedule(changes: Record<string, unknown> = {}): string {
  const steps = [1, 2].map((step) => ({
    step,
    t: step / 2,
    signal: 0.5,
    sigma: 0.5,
    patchSize: 3,
    perSample: [],
    similarity: [],
  }));
  return JSON.stringify({
    format: "els-scale-schedule",
    version: 1,
    imageShape: [32, 32, 1],
    machine: "bbELS",
    padding: "zeros",
    noiseSchedule: { name: "cosine_legacy", parameters: {} },
    metric: "cosine",
    aggregate: "median",
    candidates: [3, 5],
    labels: null,
    steps,
    provenance: { toolkit: "test", runtime: "test", seed: 0, config: {} },
    ...changes,
  });
}

/** A file as torch.save makes it, around any pickle. */
const torchFile = (pickle: string) => writeZip(new Map([["x/data.pkl", bytesOf(pickle)]]));

/** An IDX file of two 28 x 28 images that ends too early. */
const shortIdx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3);

Deno.test("commands: bad input gets one line that names the thing, exit code 1, and nothing is lost", async () => {
  await inFolder(async (folder) => {
    const file = async (name: string, content: Uint8Array | string) => {
      const path = join(folder, name);
      await Deno.writeFile(
        path,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
      return path;
    };
    const good = await Deno.readFile(weights);
    const { tensors, metadata } = parseSafetensors(good);
    const wider = {
      ...metadata,
      architecture: JSON.stringify({ ...JSON.parse(metadata.architecture!), width: 64 }),
    };
    const nan = new Map(tensors);
    const bias = nan.get("up_projection.bias")!;
    const none = new Float32Array(bias.data.length).fill(NaN);
    nan.set("up_projection.bias", { dtype: "F32", shape: bias.shape, data: none });
    const truncated = await file("truncated.safetensors", good.slice(0, 5000));
    const other = await file("other.safetensors", writeSafetensors(tensors, { metadata: wider }));
    const notFinite = await file("nan.safetensors", writeSafetensors(nan, { metadata }));
    const foreign = await file("foreign.safetensors", writeSafetensors(tensors));
    const color = syntheticTextures({ images: 2, size: 8, channels: 3, classes: 2, seed: 1 });
    assertEquals(color.shape[3], 3);
    const idx = join(folder, "idx");
    await Deno.mkdir(idx);
    await file("idx/train-images-idx3-ubyte", shortIdx);
    await file("idx/train-labels-idx1-ubyte", Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 2));
    const schedules = {
      good: await file("good.json", schedule()),
      circular: await file("circular.json", schedule({ padding: "circular" })),
      version: await file("version.json", schedule({ version: 9 })),
      cut: await file("cut.json", schedule().slice(0, 300)),
      small: await file("small.json", schedule({ imageShape: [28, 28, 1] })),
    };

    const twice = `${schedules.good},${schedules.good}`;

    const out = ["--out", join(folder, "runs")];
    const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["train", ["--widht", "16"], /Unknown flag --widht; did you mean --width\?/],
      ["train", ["--width"], /--width has no value, expected an integer/],
      ["train", ["--width", "20"], /width 20: it must be a multiple of 8/],
      ["train", ["--levels", "2"], /--levels does not apply to --architecture resnet, which has/],
      ["train", ["--noise-parameters", "rho"], /--noise-parameters has "rho"/],
      ["train", ["--preconditioning", "edm"], /it predicts x0; use the objective x0/],
      ["calibrate", ["--samples", "some"], /--samples is "some", expected an integer .* or auto/],
      ["calibrate", ["--search", "neighbors"], /--search neighbors needs a number of --images/],
      ["calibrate", ["--sampler", "churn"], /--sampler is "churn", expected one of ddim, euler/],
      ["train", ["--decay", "2"], /--decay is "2", expected "cosine" or a factor/],
      ["train", ["--dataset", "mnist", "--images", "99999999"], /99,?999,?999/],
      ["calibrate", ["--run", "nowhere"], /training run "nowhere": .*runs holds no training run/],
      [
        "calibrate",
        ["--run", "latest"],
        /"latest": .*runs holds no training run; make one with deno task train/,
      ],
      [
        "evaluate",
        ["--schedule", "1,latest"],
        /"1": .*runs holds no calibration; make one with deno task calibrate/,
      ],
      ["calibrate", ["--run", "some/where"], /"some.where": there is no such file or folder/],
      ["calibrate", ["--run", folder], /weights.safetensors is missing/],
      ["calibrate", ["--run", truncated], /truncated.safetensors: /],
      ["calibrate", ["--run", other], /up_projection.* has shape \[48.*needs \[64/],
      ["calibrate", ["--run", notFinite], /up_projection.bias holds NaN/],
      ["calibrate", ["--run", foreign], /foreign.*does not tell the network's image size/],
      ["calibrate", ["--scales", "4"], /--scales is "4", expected odd integers/],
      ["calibrate", ["--scales", "99", "--images", "3"], /99/],
      ["calibrate", ["--scales", "7,3"], /candidate scales are \[7, 3\], expected odd, ascending/],
      ["receptive-field", ["--radius", "40"], /--radius is 40, expected 0 to 15 for images of 32/],
      ["train", ["--kernel-size", "65"], /k must be at most 63/],
      ["calibrate", ["--machine", "abc"], /"abc": expected one of IS, ES, LS, ELS/],
      ["calibrate", ["--machine", "is"], /IS, which has no scale to calibrate/],
      ["calibrate", ["--labels", "3"], /the network is not conditional/],
      ["calibrate", ["--from", idx, "--images", "2"], /train-images-idx3-ubyte/],
      ["calibrate", ["--dataset", "unknown"], /unknown/],
      [
        "evaluate",
        ["--machines", "els"],
        /runs holds no calibration of mnist-resnet-48x6: make one with deno task/,
      ],
      ["evaluate", ["--schedule", "1", "--scales", "3,5"], /Give either --schedule .* or --scales/],
      ["evaluate", ["--scales", "3,4"], /--scales: number 2 of 2 is 4/],
      ["evaluate", ["--scales", "3,5", "--steps", "20"], /has 2 steps, 20 were asked/],
      ["evaluate", ["--scales", "3,x"], /"3,x": neither a file nor a list of odd scales/],
      ["evaluate", ["--schedule", schedules.good], /good.json: at step 1, t = 0.5, signal is 0.5/],
      ["evaluate", ["--schedule", twice], /two schedules of bbELS, .*good.json; expected one/],
      ["evaluate", ["--schedule", "nowhere.json"], /"nowhere.json": there is no such file/],
      ["evaluate", ["--schedule", schedules.cut], /cut.json: /],
      ["evaluate", ["--schedule", schedules.version], /version/],
      ["evaluate", ["--schedule", schedules.circular], /padding circular, the network has zeros/],
      ["evaluate", ["--schedule", schedules.small], /28 x 28 x 1, the network has 32 x 32 x 1/],
      ["evaluate", ["--schedule", schedules.good, "--steps", "20"], /has 2 steps, 20 were asked/],
    ];
    const evil = await file("evil.pt", torchFile("cos\nsystem\n(S'true'\ntR."));
    const list = await file("list.pt", torchFile("](K\x03K\x05e."));
    const table = await file("scales.csv", "step,t,kernel_size\n1,0.875,3\n2,1,5\n");
    const converting: typeof cases = [
      ["convert", [evil, join(folder, "a.json")], /evil.pt \(x\/data.pkl\): it wants "os.system"/],
      ["convert", [list, join(folder, "a.json")], /bare list of scales: say --image-size, --chann/],
      ["convert", [list, "a.json", "--noise-parameters", "a=1"], /without --noise-schedule/],
      ["convert", [list, join(folder, "a.xyz")], /holds a scale schedule, which can be written as/],
      [
        "convert",
        [table, join(folder, "a.json"), "--run", weights, "--grid", "uniform"],
        /times t = 0.875, 1 beside the scales are cubic, uniform ones were asked/,
      ],
      ["convert", [list, list], /list.pt exists; --force replaces it/],
      ["convert", [foreign, join(folder, "a.safetensors")], /does not tell the network's image/],
      ["convert", [weights, join(folder, "a.csv")], /holds a network, which can be written as/],
      ["convert", ["nowhere.pt", "a.json"], /"nowhere.pt": there is no such file/],
    ];
    const all = [
      ...cases.map(([task, args, expected]) => [task, [...args, ...out], expected] as const),
      ...converting,
    ];
    for (const [i, [task, args, expected]] of all.entries()) {
      const words = [...args, "--quiet"];
      // A process of its own takes a second; of every kind of mistake some have one.
      const { code, err } = i % 8 === 0
        ? await run(task, ...words)
        : await runNamed(task, ...words);
      const what = `${task} ${args.join(" ")}`;
      assertEquals(code, 1, `${what}: ${err}`);
      const lines = err.trim().split("\n").filter((line) => !line.startsWith("New run"));
      assertEquals(lines.length, 1, `${what}: ${err}`);
      assertMatch(lines[0]!, expected, what);
      assert(!/^\s+at /m.test(err), `${what} shows a stack trace: ${err}`);
    }
  });
});

test("commands: convert takes a checkpoint to our weights and back, and scales through every form", async () => {
  await inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const convert = async (from: string, to: string, ...args: string[]) => {
      const { code, out, err } = await runNamed("convert", from, path(to), ...args);
      assertEquals(code, 0, err);
      assertStringIncludes(out, `Wrote ${path(to)}`);
    };
    const module = join(root, "tests/fixtures/resnet_circular_conditional.pt");
    await convert(module, "weights.safetensors", "--dataset", "cifar10");
    await convert(path("weights.safetensors"), "state.pt");
    const told = [
      "--padding",
      "circular",
      "--image-size",
      "32",
      "--noise-schedule",
      "cosine_legacy",
    ];
    await convert(path("state.pt"), "again.safetensors", ...told);
    const read = async (name: string) => parseSafetensors(await Deno.readFile(path(name)));
    const [first, second] = [await read("weights.safetensors"), await read("again.safetensors")];
    assertEquals(second.tensors, first.tensors);
    assertEquals(second.metadata.architecture, first.metadata.architecture);
    assertEquals(JSON.parse(first.metadata.training!).dataset, "cifar10");
    assertMatch(first.metadata.training!, /"importedFrom":"resnet_circular_conditional.pt"/);

    await Deno.writeTextFile(path("list.txt"), "3, 5, 5, 9");
    await convert(path("list.txt"), "a.json", "--run", path("weights.safetensors"));
    const chain = ["a.json", "b.pt", "c.npy", "d.pt", "e.json"];
    for (let i = 1; i < chain.length; i++) {
      await convert(path(chain[i - 1]!), chain[i]!, "--run", module);
    }
    await convert(path("a.json"), "a.csv");
    await convert(path("a.csv"), "f.json", "--run", module, "--machine", "ls", "--force");
    const schedules = await Promise.all(
      ["a", "e", "f"].map(async (name) =>
        JSON.parse(await Deno.readTextFile(path(`${name}.json`))) as ScaleSchedule
      ),
    );
    for (const { machine, steps, padding, imageShape } of schedules) {
      assertEquals(steps.map(({ patchSize }) => patchSize), [3, 5, 5, 9]);
      assertEquals([padding, ...imageShape], ["circular", 32, 32, 3]);
      assert(machine === (steps === schedules[2]!.steps ? "LS" : "ELS"), machine);
    }
  });
});
