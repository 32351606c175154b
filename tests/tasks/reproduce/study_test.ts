import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { experiments, timeProtocol } from "../../../tasks/reproduce/experiments.ts";
import { notesBlock } from "../../../tasks/reproduce/markdown.ts";
import { trainingOf } from "../../../tasks/reproduce/profiles.ts";
import type { ExperimentRecord } from "../../../tasks/reproduce/run_experiment.ts";
import { partPlan } from "../../../tasks/reproduce/run_study.ts";
import { studies, studyCells, studyProfile } from "../../../tasks/reproduce/studies.ts";
import { StudyLedger, type StudyRecord } from "../../../tasks/reproduce/study_ledger.ts";
import { writeStudies } from "../../../tasks/reproduce/write_studies.ts";
import { presets } from "../../../tasks/pipelines/presets.ts";
import { resolveTraining } from "../../../tasks/pipelines/training.ts";
import { inFolder, run } from "../commands.ts";

const cifar = experiments.find(({ name }) => name === "cifar10-resnet-zeros")!;
const named = (name: string) => studies.find((study) => study.name === name)!;

Deno.test("studies: every value of every study is another training, or other times", () => {
  for (const study of studies) {
    for (const experiment of experiments) {
      const plans = studyCells({ values: study.factor.values, protocols: study.protocols })
        .map((cell) => JSON.stringify(partPlan({ study, experiment }, cell, { given: {} })));
      assertEquals(new Set(plans).size, plans.length, `${study.name} on ${experiment.name}`);
    }
    const cells = studyCells({ values: study.factor.values, protocols: study.protocols });
    const places = cells.map((cell) => JSON.stringify(study.place(cell)));
    assertEquals(new Set(places).size, cells.length, `${study.name}: a place for each part`);
  }
});

Deno.test("studies: a value's training is what `train` does with a preset and flags", () => {
  const of = (name: string, value: string) =>
    trainingOf(cifar, studyProfile(named(name), { value, given: {} })).resolved;
  const train = (flags: object) =>
    resolveTraining("cifar10-small", { seed: 1, steps: 1500, objective: "v", ...flags }).resolved;
  assertEquals(of("objective", "v"), train({}));
  assertEquals(of("sampler", "v"), train({}));
  assertEquals(of("steps", "1500"), train({}));
  assertEquals(of("width", String(presets["cifar10-small"]!.width)), train({}));
  assertEquals(of("objective", "eps-v"), train({ objective: "noise", weighting: "v" }));
  assertEquals(
    of("objective", "x0-edm"),
    train({ objective: "x0", preconditioning: "edm" }),
  );
  assertEquals(of("images", "500")["images"], 500);
  const unet = experiments.find(({ name }) => name === "cifar10-unet-zeros")!;
  const { resolved } = trainingOf(unet, studyProfile(named("width"), { value: "16", given: {} }));
  assertEquals(resolved["channels"], [16, 32, 64]);
});

Deno.test("studyProfile: sizes that were named replace the usual ones, absent ones do not", () => {
  const given = { samples: 3, machineImages: undefined };
  const { sizes } = studyProfile(named("steps"), { value: "750", given });
  const usual = studyProfile(named("steps"), { value: "750", given: {} }).sizes(cifar);
  assertEquals(sizes(cifar), { ...usual, samples: 3 });
  const all = studyProfile(named("images"), { value: "500", given: {} }).sizes(cifar);
  assertEquals(all.machineImages, undefined);
});

function part(
  value: string,
  protocol = timeProtocol("cubic", 8),
  { study = "steps", median = 0.9 as number | null } = {},
): StudyRecord {
  const row = (machine: string, measure: string, lower: number) => ({
    ...{ machine, measure, level: 0.95, samples: 4, undefinedSamples: 0 },
    median: median && median - lower,
    low: median && median - lower - 0.1,
    high: median && median - lower + 0.05,
    ...{ steps: protocol.steps, networkSteps: protocol.steps },
  });
  const result: ExperimentRecord = {
    network: {
      sha256: "ab",
      architecture: { kind: "resnet", width: 48, layers: 6, classes: 10 },
      training: { steps: Number(value), batchSize: 16, images: 4000, seed: 1 },
      path: "runs/00001/weights.safetensors",
    },
    dataset: { name: "cifar10", images: 2000, sha256: "cd" },
    calibrationImages: 1000,
    calibrationSamples: 4,
    experiment: cifar.name,
    protocol,
    samples: 4,
    seeds: { calibration: 1, evaluation: 2 },
    scales: [{ machine: "bbELS", t: [1], patchSize: [9], run: "runs/2" }],
    medians: ["bbELS", "LS"].flatMap((machine, i) => [
      row(machine, "r", 0.1 * i),
      row(machine, "r^2", 0.1 * i + 0.01),
      row(machine, "R^2", 0.1 * i + 0.02),
    ]),
    rSquared: { bbELS: [0.1, 0.2, null, 0.4].map((v) => v && v * Number(value)) },
    run: "runs/3",
  };
  return { study, experiment: cifar.name, value, plan: { value }, result };
}

const refuse = (error: Error) => {
  throw error;
};

Deno.test("StudyLedger: a part is done if the same was asked for", () =>
  inFolder(async (runs) => {
    const ledger = new StudyLedger({ runs });
    assertEquals(await ledger.all({ onDamage: refuse }), { parts: [], errors: [] });
    const record = part("750");
    await ledger.keepPart(record);
    const asked = (plan: unknown, protocol = "cubic-8") => ledger.part(record, { protocol, plan });
    assertEquals(await asked({ value: "750" }), record);
    assertEquals(await asked({ value: "750", samples: 9 }), undefined);
    assertEquals(await asked({ value: "750" }, "cubic-6"), undefined);
    const damaged: string[] = [];
    await Deno.writeTextFile(join(runs, "results-studies", "errors-x.json"), "{");
    const { parts } = await ledger.all({ onDamage: ({ message }) => damaged.push(message) });
    assertEquals(parts, [record]);
    assertEquals(damaged.length, 1);
    assertMatch(damaged[0]!, /errors-x\.json.* do its study again/);
  }));

Deno.test("writeStudies: rows in the study's order, figures and tables beside, notes kept", () =>
  inFolder(async (folder) => {
    const ledger = new StudyLedger({ runs: folder });
    await ledger.keepPart(part("12000"));
    await ledger.keepPart(part("750", timeProtocol("uniform", 20), { median: null }));
    await ledger.keepPart(part("750"));
    const out = join(folder, "deep", "studies.md");
    await writeStudies(out, { ledger, onDamage: refuse });
    const text = await Deno.readTextFile(out);
    assertMatch(
      text,
      /\| 750 \| cubic times, 8 steps \| 0\.900 \[0\.800, 0\.950\] \| 0\.890 [^\n]*\n\| +\| uniform times, 20 steps \| undefined \| undefined \| undefined \| +\|\n\| 12,000 \|[^\n]* 3 of 4 \|/,
    );
    assertStringIncludes(text, "| samples better than by 750 |");
    assertStringIncludes(text, "trained for 750 / 12,000 steps of 16 images, on 4,000 images");
    assertStringIncludes(
      text,
      "![r² of network and machine against training steps.](studies-steps",
    );
    assertEquals(text.match(/Not run\./g)?.length, studies.length - 1);
    const csv = (await Deno.readTextFile(join(folder, "deep", "studies-steps.csv"))).split("\n");
    // Three parts, two machines, three measures.
    assertEquals(csv.length, 1 + 18 + 1);
    assertStringIncludes(csv[1]!, "cifar10-resnet-zeros,750,cubic,8,8,bbELS,r,0.9,");
    const svg = await Deno.readTextFile(join(folder, "deep", "studies-steps.svg"));
    assertStringIncludes(svg, "training steps");

    const noted = text.replace(notesBlock("", "steps"), notesBlock("It *rises*.", "steps"));
    assert(noted !== text);
    await Deno.writeTextFile(out, noted);
    await writeStudies(out, { ledger, onDamage: refuse });
    assertEquals(await Deno.readTextFile(out), noted);
  }));

Deno.test("study: what is no study, no value and no grid is refused in a line", () =>
  inFolder(async (folder) => {
    const where = ["--runs", folder, "--out", join(folder, "s.md")];
    for (
      const [args, message] of [
        [[], /study needs a NAME, one of objective, steps/],
        [["steps", "--values", "750,many"], /--values has "many", expected .* whole numbers/],
        [["objective", "--values", "vv"], /--values has "vv", expected .* some of v, x0/],
        [["steps", "--protocols", "cubic"], /--protocols has "cubic", expected a grid/],
        [["steps", "--steps", "9"], /--steps would leave nothing to vary/],
        [["steps", "--rows", "mnist"], /--rows has "mnist", expected some of/],
      ] as const
    ) {
      const { code, err } = await run("study", ...args, ...where);
      assertEquals([code, err.trim().split("\n").length], [1, 1], err);
      assertMatch(err, message);
    }
  }));

const long = Deno.env.get("ELS_LONG_TESTS") === "1";
Deno.test({
  name: "study: plans, does and writes each study, and then has nothing to do",
  // A minute: seven small trainings, their calibrations and evaluations, and the errors of two.
  ignore: !long,
  fn: () =>
    inFolder(async (folder) => {
      const out = join(folder, "studies.md");
      const flags = [
        ...["--rows", "mnist-resnet-zeros", "--backend", "wasm"],
        ...["--machine-images", 20, "--calibration-images", 10, "--calibration-samples", 1],
        ...["--samples", 2, "--runs", join(folder, "runs"), "--out", out],
      ];
      const cubic = ["--protocols", "cubic-2"];
      const steps = ["steps", "--values", "3,2", ...cubic, ...flags];
      const planned = await run("study", ...steps, "--dry-run", "--json");
      assertEquals(planned.code, 0, planned.err);
      const { plan } = JSON.parse(planned.out);
      assertEquals(plan.map(({ value }: { value: string }) => value), ["3", "2"]);
      assert(plan.every(({ training }: { training: number }) => training > 0));
      const others = [
        ["objective", "--values", "v,x0-edm", ...cubic],
        ["width", "--values", "8,16", ...cubic],
        ["images", "--values", "10,20", ...cubic],
        ["sampler", "--protocols", "uniform-2,cubic-2"],
      ].map(([name, ...words]) => [name!, ...flags, ...words, "--steps", 2]);
      for (const line of [steps, ...others]) {
        const { code, err } = await run("study", ...line);
        assertEquals(code, 0, err);
      }
      const text = await Deno.readTextFile(out);
      assertMatch(text, /\| 2 \| cubic times, 2 steps \| -?\d\.\d{3} \[.*\n\| 3 \|/);
      assertMatch(text, /1 − cosine .*\n\n\| objective \| t = .* \|\n.*\n\| v \| \d\.\de-\d \| \d/);
      assertMatch(text, /\| objective \| t = 0\.05 .*\n.*\n\| v \| \d.*\n\| x0 behind EDM's/);
      assert(!text.includes("Not run."));
      // The same training is done once: v in 2 steps with 48 channels is asked for three times.
      const trainings = [...Deno.readDirSync(join(folder, "runs"))]
        .filter(({ name }) => name.includes("-train-"));
      assertEquals(trainings.length, 2 + 1 + 2 + 2);

      const again = await run("study", ...steps);
      assertEquals(again.code, 0, again.err);
      assert(!/New run|train /.test(again.err), again.err);
      assertEquals(await Deno.readTextFile(out), text);
      const left = JSON.parse((await run("study", ...steps, "--dry-run", "--json")).out).plan;
      assertEquals(left[0], {
        ...{ experiment: "mnist-resnet-zeros", value: "3", training: 0 },
        protocols: { "cubic-2": 0 },
      });
    }),
});
