import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import schema from "../../data/scale_schedule.schema.json" with { type: "json" };
import { similarityNames } from "../../src/calibration/similarity.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { machineNames } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule, ScaleStep } from "../../src/machines/scale_schedule.ts";
import { scaleScheduleCsv, similarityCsv } from "../../src/calibration/scale_schedule_csv.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { timeGridNames } from "../../src/samplers/time_grid.ts";

const step = (i: number, patchSize: number, perSample: number[]): ScaleStep => ({
  step: i,
  t: i / 3,
  signal: 1 - i / 4,
  sigma: i / 3.5,
  patchSize,
  perSample,
  similarity: perSample.map((best) => [3, 5, 9].map((k) => k === 9 && best !== 9 ? null : k / 7)),
});
const schedule: ScaleSchedule = {
  format: "els-scale-schedule",
  version: 1,
  imageShape: [8, 8, 1],
  machine: "bbELS",
  padding: "zeros",
  noiseSchedule: { name: "cosine_legacy", parameters: {} },
  metric: "cosine",
  aggregate: "median",
  candidates: [3, 5, 9],
  labels: [0, 1],
  steps: [step(1, 3, [3, 3]), step(2, 3, [5, 3]), step(3, 9, [9, 9])],
  provenance: {
    toolkit: "@els/toolkit 0.1.0",
    runtime: "deno 2.9.6",
    seed: 7,
    dataset: { name: "mnist", split: "train", images: 5, sha256: "0".repeat(64) },
    network: { name: "resnet", sha256: "a".repeat(64), architecture: { width: 48 } },
    config: { images: 5000, classes: [3, 7] },
  },
};

/** The schedule as JSON text after a change, which may make it invalid. */
// deno-lint-ignore no-explicit-any -- the point is to break the type
function changed(change: (copy: any) => void): string {
  const copy = structuredClone(schedule);
  change(copy);
  return JSON.stringify(copy);
}

Deno.test("scale schedule: a round trip gives the same schedule and the same text", () => {
  const text = writeScaleSchedule(schedule);
  const back = parseScaleSchedule(text);
  assertEquals(back, schedule);
  assertEquals(writeScaleSchedule(back), text);
});

/** Widths of a window. */
const widths: ScaleSchedule = {
  ...schedule,
  version: 2,
  window: "super",
  candidates: [2.5, 3.2, 4.81],
  steps: schedule.steps.map(({ similarity, ...step }) => ({
    ...step,
    patchSize: 3.2,
    perSample: [3.2, 4.81],
    interval: [3.2, 4.81] as const,
    similarity: similarity.map(() => [0.5, 0.9, 0.7]),
  })),
};

Deno.test("scale schedule: widths of a window, profiles and scales of classes survive a round trip", () => {
  const withSteps = (fields: Partial<ScaleStep>, more: Partial<ScaleSchedule> = {}) => ({
    ...widths,
    ...more,
    steps: widths.steps.map((step) => ({ ...step, ...fields })),
  });
  const perClass = [
    { label: 0, patchSize: 2.5, interval: [2.5, 3.2] as const },
    { label: 4, patchSize: 4.81, interval: [4.81, 4.81] as const },
  ];
  for (
    const given of [
      widths,
      withSteps({ perClass }),
      withSteps({ profile: [1, 0.6, 0.1] }, { window: "gradient" }),
    ]
  ) assertEquals(parseScaleSchedule(writeScaleSchedule(given)), given);
  const refused = (change: (copy: ScaleSchedule) => unknown, message: string) => {
    const copy = JSON.parse(JSON.stringify(withSteps({ perClass })));
    change(copy);
    assertThrows(() => parseScaleSchedule(JSON.stringify(copy)), DataFormatError, message);
  };
  // deno-lint-ignore no-explicit-any -- the point is to break the type
  const first = (copy: any) => copy.steps[0];
  refused((s) => first(s).perClass[1].label = 0, "steps[0].perClass[1].label is 0");
  refused((s) => first(s).perClass[1].patchSize = 3, "steps[0].perClass[1].patchSize is 3");
  refused(
    (s) => first(s).perClass.pop(),
    "steps[1].perClass is of the classes [0,4], expected [0]",
  );
  refused((s) => first(s).patchSize = 0.5, "steps[0].patchSize is 0.5, expected one of");
  const [header, row] = scaleScheduleCsv(widths).split("\n").map((line) => line.split(","));
  assertEquals([header![4], header!.at(-1), row![4], row!.at(-1)], [
    ...["patch_size", "window", "3.2", "super"],
  ]);
});

Deno.test("scale schedule: the times of every grid are read as they were written", () => {
  const steps = (t: (u: number) => number) =>
    schedule.steps.map((each) => ({ ...each, t: t(each.step / 3) }));
  for (
    const [timeGrid, t] of [
      ["quadratic", (u: number) => 1 - (1 - u) ** 2],
      ["cubic", (u: number) => 1 - (1 - u) ** 3],
      ["karras", (u: number) => u ** 0.1],
    ] as const
  ) {
    const given: ScaleSchedule = { ...schedule, timeGrid, steps: steps(t) };
    assertEquals(parseScaleSchedule(writeScaleSchedule(given)), given);
  }
});

Deno.test("scale schedule: the text does not depend on the order of fields", () => {
  const { provenance, steps, ...rest } = schedule;
  const reordered = {
    provenance,
    steps: steps.map(({ similarity, ...fields }) => ({ similarity, ...fields })),
    ...rest,
  };
  assertEquals(writeScaleSchedule(reordered), writeScaleSchedule(schedule));
});

Deno.test("scale schedule: each sample's similarities stand on one line", () => {
  const lines = writeScaleSchedule(schedule).split("\n").map((line) => line.trim());
  assertEquals(lines.filter((line) => line.startsWith("[0.42857142857142855, 0.71")).length, 6);
  assert(lines.includes('"candidates": [3, 5, 9],'));
  assert(lines.includes('"perSample": [5, 3],'));
});

Deno.test("scale schedule: files of the first releases, which say kernelSize, are read", () => {
  const text = writeScaleSchedule(schedule);
  assertEquals(parseScaleSchedule(text.replaceAll('"patchSize"', '"kernelSize"')), schedule);
  assertThrows(
    () => parseScaleSchedule(text.replace('"patchSize"', '"kernelSize": 3, "patchSize"')),
    DataFormatError,
    "steps[0].kernelSize is not a field of this format",
  );
});

Deno.test("scale schedule: a refinement that files of the first releases keep in provenance.config is found", () => {
  const trial = { pass: 1, step: 2, score: 0.9, perSample: [0.9], accepted: true };
  const refinement = {
    ...{ measure: "r^2", sampler: "ddim", grid: "uniform", networkSteps: 3, seed: 1, samples: 1 },
    ...{ labels: null, start: [3, 5, 9], startScore: 0.8, score: 0.9 },
    trials: [{ ...trial, patchSize: 3 }],
  };
  const old = { ...refinement, trials: [{ ...trial, kernelSize: 3 }] };
  const text = changed((copy) => copy.provenance.config.refinement = old);
  assertEquals(parseScaleSchedule(text), { ...schedule, refinement });
  const today = { ...schedule, refinement };
  assertEquals(parseScaleSchedule(writeScaleSchedule(today)), today);
});

Deno.test("scale schedule: each breach names the field, what was found and what was expected", () => {
  // deno-lint-ignore no-explicit-any -- as above
  const cases: [(copy: any) => void, string][] = [
    [(s) => s.format = "other", 'format is "other", expected "els-scale-schedule"'],
    [(s) => s.version = 3, "version is 3, expected 1 or 2"],
    [(s) => s.version = 2, "version is 2, expected 1 without a window"],
    [(s) => s.window = "super", "version is 1, expected 2 with a window"],
    [(s) => (s.version = 2, s.window = "round"), 'window is "round", expected one of "box"'],
    [(s) => (s.version = 2, s.window = "gradient"), "steps[0].profile is missing, expected one"],
    [(s) => s.steps[0].profile = [1], "steps[0].profile is there, expected none"],
    [(s) => delete s.version, "version is missing, expected 1"],
    [(s) => delete s.padding, "padding is missing"],
    [(s) => delete s.steps[1].sigma, "steps[1].sigma is missing"],
    [(s) => s.steps[1].extra = 1, "steps[1].extra is not a field of this format"],
    [(s) => s.machine = "els", 'machine is "els", expected one of "IS", "ES"'],
    [(s) => s.imageShape = [8, 8], "imageShape is [8,8], expected at least 3 items"],
    [(s) => s.imageShape[1] = 0, "imageShape[1] is 0, expected >= 1"],
    [(s) => s.steps[2].patchSize = "9", 'steps[2].patchSize is "9", expected number'],
    [(s) => s.steps = [], "steps is [], expected at least 1 items"],
    [
      (s) => s.provenance.dataset.sha256 = "abc",
      'provenance.dataset.sha256 is "abc", expected a match',
    ],
    [(s) => s.candidates = [3, 4, 9], "candidates[1] is 4, expected an odd number"],
    [
      (s) => s.candidates = [3, 5, 17],
      "candidates[2] is 17, expected at most 15 for images of 8 x 8",
    ],
    [(s) => s.candidates = [3, 9, 5], "candidates[2] is 5, expected more than 9"],
    [(s) => s.labels = [1], "labels has 1 entries, expected 2"],
    [(s) => s.steps[1].step = 3, "steps[1].step is 3, expected 2"],
    [(s) => s.steps.pop(), "steps[0].t is 0.3333333333333333, expected step / n = 0.5"],
    [(s) => s.steps[0].t = 0.5, "steps[0].t is 0.5, expected step / n = 0.333"],
    [(s) => s.timeGrid = "even", 'timeGrid is "even", expected one of "uniform", "quadratic"'],
    [
      (s) => s.timeGrid = "cubic",
      "steps[0].t is 0.3333333333333333, expected on the cubic grid = 0.7037",
    ],
    [
      (s) => (s.timeGrid = "karras", s.steps[1].t = 0.2),
      "steps[1].t is 0.2, expected more than 0.333",
    ],
    [
      (s) => s.steps[0].patchSize = 7,
      "steps[0].patchSize is 7, expected one of the candidates 3, 5, 9",
    ],
    [(s) => s.steps[1].perSample.pop(), "steps[1].similarity has 2 entries, expected 1"],
    [(s) => s.steps[1].perSample[1] = 7, "steps[1].perSample[1] is 7, expected one of"],
    [(s) => s.steps[2].similarity.pop(), "steps[2].similarity has 1 entries, expected 2"],
    [(s) => s.steps[2].similarity[1].pop(), "steps[2].similarity[1] has 2 entries, expected 3"],
    [(s) => s.steps[0].similarity[1][0] = null, "steps[0].similarity[1] is null at 3"],
  ];
  for (const [change, message] of cases) {
    assertThrows(() => parseScaleSchedule(changed(change), "s.json"), DataFormatError, message);
  }
  for (const text of ["null", "[]", "3", '"x"', "{}"]) {
    assertThrows(() => parseScaleSchedule(text, "s.json"), DataFormatError, "s.json: format is");
  }
});

Deno.test("scale schedule: truncation at any length is a DataFormatError", () => {
  const text = writeScaleSchedule(schedule).trimEnd();
  for (let length = 0; length < text.length; length++) {
    assertThrows(() => parseScaleSchedule(text.slice(0, length)), DataFormatError, "not JSON");
  }
});

Deno.test("scale schedule: a damaged character gives a schedule or a DataFormatError, nothing else", () => {
  const text = writeScaleSchedule(schedule);
  let refused = 0;
  for (let at = 0; at < text.length; at++) {
    for (const character of ["0", "]", "x"]) {
      try {
        parseScaleSchedule(text.slice(0, at) + character + text.slice(at + 1));
      } catch (error) {
        assertInstanceOf(error, DataFormatError);
        refused++;
      }
    }
  }
  assert(refused > text.length / 2, `only ${refused} damaged texts were refused`);
});

Deno.test("scale schedule: NaN and what could not be read back cannot be written", () => {
  const write = (fields: Partial<ScaleSchedule>) => () =>
    writeScaleSchedule({ ...schedule, ...fields });
  const [first, ...others] = schedule.steps;
  const withNaN = { ...first!, similarity: [[0.5, NaN, 1], [1, 1, 1]] };
  const message = "Cannot write steps[0].similarity[0][1] as JSON: it is NaN";
  assertThrows(write({ steps: [withNaN, ...others] }), RangeError, message);
  const config = { rate: Infinity };
  const provenance = { ...schedule.provenance, config };
  assertThrows(write({ provenance }), RangeError, "provenance.config.rate as JSON: it is Infinity");
  assertThrows(write({ candidates: [3, 5, 8] }), RangeError, "candidates[2] is 8");
  assertThrows(write({ labels: [0] }), RangeError, "labels has 1 entries");
});

Deno.test("scale schedule: CSV has a row per step with its spread, and a row per similarity", () => {
  const rows = scaleScheduleCsv(schedule).split("\n");
  assertEquals(rows.length, 5);
  assertEquals(rows[0]!.split(",").length, 11);
  assertEquals(rows[2], `2,${2 / 3},0.5,${2 / 3.5},3,2,3,3.5,4,4.5,5`);
  const long = similarityCsv(schedule).split("\n");
  assertEquals(long.length, 1 + 2 * 3 * 3 + 1);
  assertEquals(long.slice(0, 3), [
    "sample,step,t,scale,similarity",
    `0,1,${1 / 3},3,${3 / 7}`,
    `0,1,${1 / 3},5,${5 / 7}`,
  ]);
  assertEquals(long[3], `0,1,${1 / 3},9,`);
  assertEquals(long.at(-2), `1,3,1,9,${9 / 7}`);
});

Deno.test("scale schedule: one without samples, such as a published one, is read and tabulated", () => {
  const steps = schedule.steps.map((entry) => ({ ...entry, perSample: [], similarity: [] }));
  const bare = { ...schedule, labels: null, steps };
  assertEquals(parseScaleSchedule(writeScaleSchedule(bare)), bare);
  assertEquals(scaleScheduleCsv(bare).split("\n")[3], `3,1,0.25,${3 / 3.5},9,0,,,,,`);
  assertEquals(similarityCsv(bare), "sample,step,t,scale,similarity\n");
});

Deno.test("scale schedule: the JSON Schema names the machines, metrics and grids that there are", () => {
  const { machine, metric, timeGrid } = schema.properties;
  assertEquals(machine.examples, [...machineNames]);
  assertEquals(metric.examples, [...similarityNames]);
  assertEquals(timeGrid.examples, [...timeGridNames]);
});

Deno.test("scale schedule: parameters of noise may be words and lists, where the process takes them", () => {
  const noise = (name: string, parameters: ScaleSchedule["noiseSchedule"]["parameters"]) => ({
    ...schedule,
    noiseSchedule: { name, parameters },
  });
  for (
    const fits of [
      noise("ddpm_discrete", { betaSchedule: "squaredcos_cap_v2", timesteps: 50 }),
      noise("ddpm_discrete", { betas: [0.1, 0.2, 0.3] }),
      noise("mine", { shape: "steep", knots: [1, 2] }),
    ]
  ) {
    assertEquals(parseScaleSchedule(writeScaleSchedule(fits)), fits);
  }
  for (
    const [wrong, message] of [
      [noise("cosine", { offset: "0" }), 'offset is "0", expected a number'],
      [noise("ddpm_discrete", { betas: [0.1, 2] }), "betas[1] is 2"],
      [noise("ddpm_discrete", { speed: 1 }), 'unknown parameter "speed"'],
      [noise("mine", { a: [["x"]] as never }), "noiseSchedule.parameters.a[0] is"],
    ] as const
  ) {
    assertThrows(() => writeScaleSchedule(wrong), RangeError, message);
    assertThrows(
      () => parseScaleSchedule(JSON.stringify(wrong), "s.json"),
      DataFormatError,
      message,
    );
  }
});

Deno.test("scale schedule: names of one's own are written, and read where they are told", () => {
  const mine = { ...schedule, machine: "bbELS on edges", metric: "ssim", timeGrid: "mine" };
  const text = writeScaleSchedule(mine);
  const own = [mine.machine, mine.metric, mine.timeGrid];
  assertEquals(parseScaleSchedule(text, "s.json", { own }), mine);
  assertThrows(
    () => parseScaleSchedule(text, "s.json", { own: own.slice(0, 2) }),
    DataFormatError,
    `s.json: timeGrid is "mine", expected one of "uniform"`,
  );
});

Deno.test("scale schedule: an edit by hand is known by the checksum, and not refused", () => {
  const text = writeScaleSchedule(schedule);
  assertEquals(parseScaleSchedule(text).edited, undefined);
  const edit = text.replace('"patchSize": 9', '"patchSize": 5');
  const edited = parseScaleSchedule(edit);
  assertEquals([edited.edited, edited.steps[2]!.patchSize], [true, 5]);
  // It stays known when the schedule is written again.
  assertEquals(parseScaleSchedule(writeScaleSchedule(edited)), edited);
  // Layout, order of fields and $schema are no edits; without a checksum nothing is known.
  const { checksum, ...fields } = JSON.parse(text);
  const moved = { $schema: "./schema.json", checksum, ...fields };
  assertEquals(parseScaleSchedule(JSON.stringify(moved)), schedule);
  assertEquals(parseScaleSchedule(JSON.stringify(fields)), schedule);
  assertThrows(
    () => parseScaleSchedule(JSON.stringify({ ...fields, checksum: "1234" })),
    DataFormatError,
    'checksum is "1234", expected a match of pattern',
  );
});

Deno.test("scale schedule: hostile text is refused in one line, whatever its size", () => {
  const named = (text: string, message: string, options = {}) =>
    assertThrows(() => parseScaleSchedule(text, "s.json", options), DataFormatError, message);
  named("[".repeat(1e6), "levels of nesting");
  named("[".repeat(50), "not JSON");
  named(`${"[".repeat(1e5)}${"]".repeat(1e5)}`, "levels of nesting");
  named(writeScaleSchedule(schedule), "of text", { maxText: 100 });
  named(writeScaleSchedule(schedule).replace('"version"', '"format": 1, "version"'), "twice");
  const { message } = named(
    changed((s) => s.machine = "x\n\x1b".repeat(1e5)),
    "s.json: machine is",
  );
  assert(message.length <= 300 && !message.includes("\n"), message);
  // Looking each scale up in a list of all candidates took minutes.
  const many = Array.from({ length: 30_000 }, (_, i) => 2 * i + 1);
  const start = performance.now();
  const text = changed((s) => {
    s.imageShape = [40_000, 40_000, 1];
    s.candidates = many;
    s.labels = null;
    s.steps = many.map((patchSize, i) => ({
      ...s.steps[0],
      ...{ step: i + 1, t: (i + 1) / many.length, patchSize, perSample: [], similarity: [] },
    }));
  });
  assertEquals(parseScaleSchedule(text).steps.length, many.length);
  assert(performance.now() - start < 5000, `${performance.now() - start} ms`);
});

Deno.test("scale schedule: fields of a refinement are checked", () => {
  const trial = { pass: 1, step: 2, patchSize: 3, score: 0.9, perSample: [0.9], accepted: true };
  const refinement = {
    ...{ measure: "r^2", sampler: "ddim", grid: "uniform", networkSteps: 3, seed: 1, samples: 1 },
    ...{ labels: null, start: [3, 5, 9], startScore: 0.8, score: 0.9, trials: [trial] },
  };
  const wrong: [fields: Record<string, unknown>, message: string][] = [
    [{ sampler: 3 }, "refinement.sampler is 3, expected string"],
    [{ labels: "0" }, 'refinement.labels is "0", expected array or null'],
    [
      { trials: [{ ...trial, score: null }] },
      "refinement.trials[0].score is null, expected number",
    ],
    [{ trials: [{}] }, "refinement.trials[0].pass is missing"],
  ];
  for (const [fields, message] of wrong) {
    const text = changed((s) => s.refinement = { ...refinement, ...fields });
    assertThrows(() => parseScaleSchedule(text, "s.json"), DataFormatError, message);
  }
});
