import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type DocumentParts, resultsDocument } from "../../../tasks/reproduce/document.ts";
import { notesBlock, notesOf } from "../../../tasks/reproduce/markdown.ts";
import type { ExperimentRecord } from "../../../tasks/reproduce/run_experiment.ts";
import { experiments, type TimeProtocol } from "../../../tasks/reproduce/experiments.ts";
import { profiles } from "../../../tasks/reproduce/profiles.ts";
import type { AblationRecord } from "../../../tasks/reproduce/scale_ablation.ts";

const [main, second] = profiles.find(({ name }) => name === "small")!.protocols as [
  TimeProtocol,
  TimeProtocol,
];

function medians(machines: readonly string[], first: number) {
  return machines.flatMap((machine, i) =>
    (["r", "r^2", "R^2"] as const).map((measure, j) => ({
      machine,
      measure,
      median: first - 0.1 * i - 0.01 * j,
      low: 0.1,
      high: 0.99,
      level: 0.95,
      samples: 12,
      undefinedSamples: 0,
      steps: 8,
      networkSteps: 8,
    }))
  );
}

const sources = {
  network: {
    sha256: "ab",
    architecture: { kind: "resnet", width: 32, layers: 6, classes: 0 },
    training: { steps: 1500, batchSize: 16, images: 2000, emaDecay: 0.99, seed: 1 },
    path: "runs/00001/weights.safetensors",
  },
  dataset: { name: "mnist", images: 2000, sha256: "cd" },
  calibrationImages: 500,
  calibrationSamples: 3,
};

const record: ExperimentRecord = {
  ...sources,
  experiment: "mnist-resnet-circular",
  protocol: main,
  samples: 12,
  seeds: { calibration: 1, evaluation: 2 },
  scales: [{ machine: "ELS", t: [0.33, 0.95, 1], patchSize: [5, 7, 9], run: "runs/00002" }],
  medians: medians(["ELS", "ELS_wrapped", "LS", "IS"], 0.9),
  run: "runs/00003",
};

const ablation: AblationRecord = {
  ...sources,
  experiment: "mnist-resnet-zeros",
  protocol: main,
  machine: "bbELS",
  samples: 12,
  seeds: { calibration: 1, evaluation: 2 },
  t: [0.5, 1],
  variants: [
    { name: "cosine", scales: [3, 5] },
    { name: "mse", scales: [3, 5], sameAs: "cosine" },
    { name: "refined", scales: [5, 5] },
  ],
  medians: medians(["cosine", "refined"], 0.8),
  rSquared: { cosine: [0.7, 0.8, null], refined: [0.8, 0.7, 0.9] },
  refinement: { measure: "r^2", samples: 8, startScore: 0.7, score: 0.75, trials: 9 },
  run: "runs/00004",
};

function parts(records: readonly ExperimentRecord[], notes = ""): DocumentParts {
  const entries = [main, second].flatMap((protocol) =>
    experiments.map((experiment) => ({
      experiment,
      protocol,
      record: records.find((each) =>
        each.experiment === experiment.name && each.protocol === protocol
      ),
      missing: experiment.dataset === "celeba",
    }))
  );
  const ablated = experiments[0]!;
  return {
    profile: "small",
    experiments: entries,
    ablations: [{ experiment: ablated, protocol: main, record: ablation }, {
      experiment: ablated,
      protocol: second,
      record: undefined,
    }],
    pictures: [{ file: "results-samples.png", caption: "Samples" }],
    notes,
  };
}

Deno.test("resultsDocument: what is done stands beside what was published, what is not says so", () => {
  const text = resultsDocument(parts([record]));
  assertStringIncludes(
    text,
    "| mnist-resnet-circular | ELS | 0.900 [0.100, 0.990] | 0.890 [0.100, 0.990] | " +
      "0.880 [0.100, 0.990] | 0.77 (0.73) |",
  );
  // Nothing was published of patches that wrap around.
  assertMatch(text, /\| ELS_wrapped \| 0\.800 .* \| – \|/);
  assertMatch(text, /\| LS \| 0\.700 .* 0\.36 \(0\.33\) \|/);
  assertStringIncludes(text, "| cifar10-resnet-zeros | not run |  |  |  | 0.95 (0.90) |");
  assertStringIncludes(text, "| celeba-unet-circular | not run: data set not found |  |  |  | – |");
  assertStringIncludes(text, "1 of 18 experiments");
  // The theory's machines by both protocols, a line each, of what is done only.
  const summary = text.slice(text.indexOf("## The theory's"), text.indexOf("## cubic"));
  assertStringIncludes(
    summary,
    "| mnist-resnet-circular | ELS | 0.900 | 0.890 | 0.880 | – | – | – | 0.77 (0.73) |\n" +
      "|  | ELS_wrapped | 0.800 | 0.790 | 0.780 | – | – | – | – |",
  );
  assert(!summary.includes("cifar10-resnet-zeros"), summary);
  // The published list at the steps nearest to t = 0.33, 0.95 and 1.
  assertStringIncludes(text, "| published, nearest t |  | 7, 3, 3 |");
  assertStringIncludes(text, "1,500 of 16 images | 0.99 | 2,000 | 500 x 3 | 12 | 1, 1, 2 |");
  assert(!text.includes("undefined"), text);
});

Deno.test("resultsDocument: with nothing done there is not one number of ours", () => {
  const text = resultsDocument({
    ...parts([]),
    ablations: [],
    pictures: [],
  });
  assertEquals(text.match(/\[\d/g), null);
  assertEquals(text.match(/\| not run/g)?.length, 18);
});

Deno.test("resultsDocument: equal scales share their numbers, and an open ablation says so", () => {
  const text = resultsDocument(parts([record]));
  assertStringIncludes(text, "| per step: MSE | 3, 5 | as per step: cosine |");
  assertMatch(text, /\| refined by final r² \| 5, 5 \| 0\.700 .* \| 1 of 3 \|/);
  assertMatch(text, /uniform times, 20 steps of DDIM\n\nNot run\./);
});

Deno.test("notesOf: what a person wrote is kept, however often the document is written", () => {
  const notes = "## What we saw\n\nThe *grid* matters.";
  const once = resultsDocument(parts([record], notes));
  assertEquals(notesOf(once), notes);
  assertEquals(resultsDocument(parts([record], notesOf(once))), once);
  assertEquals(notesOf(""), "");
  const [begin, end] = notesBlock("").split("\n\n");
  assertEquals(notesOf(`${end} wrong way round ${begin}`), "");
});

Deno.test("notesOf: notes about several things stay apart", () => {
  const document = `${notesBlock("one", "steps")}\n${notesBlock("two", "width")}`;
  assertEquals(["steps", "width", "images"].map((about) => notesOf(document, about)), [
    ...["one", "two", ""],
  ]);
  assertEquals(notesOf(document), "");
});
