import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Agreement,
  type AgreementMeasure,
  agreementMeasures,
} from "../../src/evaluation/agreement.ts";
import {
  agreementCsv,
  agreementSamplesCsv,
  agreementTable,
  agreementText,
} from "../../src/evaluation/agreement_table.ts";
import type { AgreementResult } from "../../src/evaluation/evaluate.ts";

/** The three measures of the paper; a further one of the package changes nothing here. */
const measures: readonly AgreementMeasure[] = agreementMeasures.filter(({ name }) =>
  ["r", "r^2", "R^2"].includes(name)
);
const of = (r: number | null, determination: number | null) =>
  ({ r, rSquared: r === null ? null : r * r, determination }) as Agreement;
const empty = { data: new Float32Array(0), shape: [0, 1, 1, 1] as const };
const result: AgreementResult = {
  network: "resnet",
  machines: ["bbELS", 'odd, "name"'],
  sampler: "ddim",
  grid: "uniform",
  measures,
  steps: 20,
  networkSteps: 150,
  seed: 0,
  imageShape: [1, 1, 1],
  samples: [
    { sample: 0, label: 3, agreement: { bbELS: of(0.5, 0.125), 'odd, "name"': of(null, null) } },
    { sample: 1, label: 1, agreement: { bbELS: of(-0.25, -2), 'odd, "name"': of(null, null) } },
    { sample: 2, label: 7, agreement: { bbELS: of(1, 1), 'odd, "name"': of(null, null) } },
    { sample: 3, label: 7, agreement: { bbELS: of(null, -0.5), 'odd, "name"': of(null, null) } },
  ],
  images: { noise: empty, network: empty, machines: {} },
};

Deno.test("agreementTable: medians over defined samples, with intervals that hold them", () => {
  const rows = agreementTable(result);
  assertEquals(
    rows.map(({ machine, measure, median, samples, undefinedSamples }) => [
      machine,
      measure,
      median,
      samples,
      undefinedSamples,
    ]),
    [
      ["bbELS", "r", 0.5, 3, 1],
      ["bbELS", "r^2", 0.25, 3, 1],
      ["bbELS", "R^2", -0.1875, 4, 0],
      ['odd, "name"', "r", null, 0, 4],
      ['odd, "name"', "r^2", null, 0, 4],
      ['odd, "name"', "R^2", null, 0, 4],
    ],
  );
  const [r] = rows;
  assert(r!.low! <= 0.5 && r!.high! >= 0.5 && r!.low! < r!.high!);
  assertEquals([r!.low, r!.high], [-0.25, 1]); // of three values all may be the median
  assertEquals([r!.steps, r!.networkSteps, r!.level], [20, 150, 0.95]);
  assertEquals(agreementTable(result, { seed: 0 }), rows);
  assertEquals(JSON.parse(JSON.stringify(rows)), rows);
  assertThrows(() => agreementTable(result, { level: 1 }), RangeError, "level");
});

Deno.test("agreementCsv: a header, a line per machine and measure, quotes where needed", () => {
  const lines = agreementCsv(agreementTable(result)).split("\n");
  assertEquals(lines.length, 8);
  assertEquals(
    lines[0],
    "machine,measure,median,low,high,level,samples,undefined_samples,steps,network_steps",
  );
  assertEquals(lines[1], "bbELS,r,0.5,-0.25,1,0.95,3,1,20,150");
  assertEquals(lines[6], '"odd, ""name""",R^2,,,,0.95,0,4,20,150');
  assertEquals(lines[7], "");
});

Deno.test("agreementSamplesCsv: every sample by every machine", () => {
  const lines = agreementSamplesCsv(result).split("\n");
  assertEquals(lines.length, 10);
  assertEquals(lines[0], "sample,label,machine,r,r^2,R^2");
  assertEquals(lines[3], "1,1,bbELS,-0.25,0.0625,-2");
  assertEquals(lines[7], "3,7,bbELS,,,-0.5");
});

Deno.test("agreementText: names all three measures, the reference, steps and interval", () => {
  assertEquals(
    agreementText(agreementTable(result), { network: "resnet" }),
    `machine      r                       r^2                    R^2
bbELS        0.500 [-0.250, 1.000]*  0.250 [0.063, 1.000]*  -0.188 [-2.000, 1.000]
odd, "name"  undefined               undefined              undefined

Median over 4 samples [95% bootstrap interval]; reference resnet at 150 steps, machines at 20.
r: Pearson; r^2 = r * r; R^2 = 1 - SSres / SStot.
*: without the samples where an image is constant, so that the measure is undefined.
`,
  );
  assertEquals(agreementText([], { network: "n" }), "n: no machine was compared\n");
});
