import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { agreementPlotExplained, agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { factorPlotExplained, factorPlotSvg } from "../../src/figures/factor_plot.ts";
import { intervalPlotExplained, intervalPlotSvg } from "../../src/figures/interval_plot.ts";
import { lossCurveExplained, lossCurveSvg } from "../../src/figures/loss_curve.ts";
import { roundCoordinates } from "../../src/figures/plot_svg.ts";
import {
  scaleCurveExplained,
  scaleCurveOf,
  scaleCurveSvg,
  scalePanelsSvg,
} from "../../src/figures/scale_curve.ts";
import { targetCurveExplained, targetCurveSvg } from "../../src/figures/target_curve.ts";
import { seriesScales } from "../../src/figures/theme.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { assertSnapshot } from "../snapshot.ts";

// The published scales of the MNIST ResNet with zero padding (arXiv 2412.20292 v2).
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];
const t = published.map((_, i) => (i + 1) / 20);
const random = new Random(1, "figures");
const perSample = published.map((k) =>
  Array.from({ length: 20 }, () => Math.max(3, k + 2 * Math.round(random.normal())))
);
const calibrated = { label: "calibrated", t, patchSize: published.map((k) => k + 2), perSample };
const machines = [["bbELS", 0.85, 0.07], ["LS", 0.8, 0.08], ["IS", 0.3, 0.2]] as const;
const groups = machines.map(([label, mean, spread]) => ({
  label,
  values: Array.from(
    { length: 20 },
    () => Math.max(0.02, Math.min(0.99, mean + spread * random.normal())),
  ),
}));
const step = Array.from({ length: 600 }, (_, i) => i + 1);
const loss = step.map((s) => (0.05 + 1 / (1 + s / 30)) * Math.exp(0.2 * random.normal()));

const count = (svg: string, pattern: RegExp) => svg.match(pattern)?.length ?? 0;

Deno.test("scale curve: one calibrated schedule with its samples equals its snapshot", async () => {
  const svg = await scaleCurveSvg([calibrated], {
    title: "MNIST ResNet",
    note: scaleCurveExplained([calibrated]),
  });
  await assertSnapshot(svg, "scale_curve.svg");
});

Deno.test("scale curve: schedules laid over each other equal their snapshot", async () => {
  const curves = [calibrated, { label: "published", t, patchSize: published }];
  const svg = await scaleCurveSvg(curves, { note: scaleCurveExplained(curves) });
  await assertSnapshot(svg, "scale_curves.svg");
  assert(svg.includes("published"), "several curves have a legend");
});

Deno.test("scale panels: a label has one look in all of them, and every panel its title", async () => {
  const [first, second] = [{ ...calibrated, label: "ResNet" }, { ...calibrated, label: "UNet" }];
  const svg = await scalePanelsSvg([
    { title: "digits", curves: [first, second] },
    { title: "faces", curves: [second] },
  ]);
  assertEquals([count(svg, />digits</g), count(svg, />faces</g)], [1, 1]);
  // In the second panel the second label keeps the look that it has in the first.
  const [, blue] = seriesScales(["ResNet", "UNet"]).color.range;
  const lines = svg.match(/aria-roledescription="line mark"[^>]*stroke="#[0-9a-f]{6}"/g) ?? [];
  assertEquals(lines.filter((line) => line.includes(blue!)).length, 2, lines.join("\n"));
  await assertRejects(async () => await scalePanelsSvg([]), RangeError, "no panel at all");
  await assertRejects(
    async () => await scalePanelsSvg([{ title: "digits", curves: [] }]),
    RangeError,
    "without any",
  );
});

Deno.test("agreement plot: equals its snapshot", async () => {
  const svg = await agreementPlotSvg(groups, { note: agreementPlotExplained });
  await assertSnapshot(svg, "agreement_plot.svg");
});

Deno.test("agreement plot: one point per sample, medians written out, negative values kept", async () => {
  const svg = await agreementPlotSvg([{ label: "IS", values: [-0.5, 0.1, 0.25] }], {
    valueTitle: "R² per sample",
  });
  assertEquals(count(svg, /aria-roledescription="circle"/g), 3);
  assert(svg.includes(">0.10</text>"), "the median's value");
  assert(svg.includes("R² per sample: IS median 0.10"), "the description");
});

Deno.test("loss curve: equals its snapshot", async () => {
  const svg = await lossCurveSvg([{ label: "resnet", step, loss }], {
    points: 60,
    note: lossCurveExplained,
  });
  await assertSnapshot(svg, "loss_curve.svg");
});

Deno.test("loss curve: four curves, two of which end together, equal their snapshot", async () => {
  const probeStep = step.filter((s) => s % 30 === 0);
  const curve = (label: string, floor: number, noise: number) => ({
    label,
    step: noise === 0 ? probeStep : step,
    loss: (noise === 0 ? probeStep : step).map((s) =>
      (floor + 1 / (1 + s / 30)) * Math.exp(noise * random.normal())
    ),
  });
  const svg = await lossCurveSvg([
    curve("plain: loss", 0.4, 0.2),
    curve("stable, n = 1,024: loss", 0.1, 0.1),
    curve("plain: from the ideal", 0.105, 0),
    curve("stable, n = 1,024: from the ideal", 0.1, 0),
  ], {
    width: 520,
    height: 300,
    points: 60,
    valueTitle: "squared error",
    note: lossCurveExplained,
  });
  await assertSnapshot(svg, "loss_curves.svg");
});

const targets = [0.25, 0.5, 0.75, 1].flatMap((t) =>
  [1, 8, 64].map((references) => ({
    t,
    level: 10 * t,
    references,
    variance: 0.01 * t ** 2 / references ** t,
    varianceError: 1e-5,
    biasSquared: 0,
    biasSquaredWithoutSource: 0.02 / references,
  }))
);

const times = ["uniform 10", "uniform 20", "uniform 50", "cubic 6", "cubic 8"];
const objectives = [["v", 0.93], ["x0, weights min(SNR, 5)", 0.92], ["eps", 0.7]] as const;
const agreements = (lift: number) =>
  objectives.flatMap(([line, base], i) =>
    times.map((at, j) => {
      const value = base + lift + 0.004 * (i + 1) * j;
      return { line, at, value, low: value - 0.03, high: value + 0.01 };
    })
  );

Deno.test("factor plot: names on the axis, intervals and two panels equal their snapshot", async () => {
  const svg = await factorPlotSvg([
    { title: "cifar10-resnet-zeros", points: agreements(0) },
    // A line is missing here; the others keep their styles.
    {
      title: "mnist-resnet-zeros",
      points: agreements(0.01).filter(({ line }) => line !== "v"),
    },
  ], { factorTitle: "times", valueTitle: "r²", note: factorPlotExplained });
  await assertSnapshot(svg, "factor_plot.svg");
});

Deno.test("factor plot: numbers and logarithms equal their snapshot", async () => {
  const points = [750, 1500, 3000, 6000, 12_000].flatMap((at, i) => [
    { line: "cubic 8", at, value: 1 / (i + 1) },
    { line: "uniform 20", at, value: 3 / (i + 1) ** 2 },
  ]);
  const svg = await factorPlotSvg([{ title: "cifar10-resnet-zeros", points }], {
    factorTitle: "training steps",
    valueTitle: "error",
    valueAxis: "log",
  });
  await assertSnapshot(svg, "factor_plot_log.svg");
});

Deno.test("factor plot: what does not fit its axes is refused by name", async () => {
  const titles = { factorTitle: "steps", valueTitle: "r²" };
  const draw = (points: readonly { line: string; at: number | string; value: number }[]) =>
    factorPlotSvg([{ title: "resnet", points }], titles);
  await assertRejects(() => factorPlotSvg([], titles), RangeError, "no panel");
  await assertRejects(async () => await draw([]), RangeError, "resnet: it has no points");
  const bad = [{ line: "a", at: 0, value: 1 }];
  await assertRejects(async () => await draw(bad), RangeError, "log axis of the factor with 0");
  const mixed = [{ line: "a", at: 1, value: 1 }, { line: "a", at: "b", value: 1 }];
  await assertRejects(async () => await draw(mixed), RangeError, "expected one kind");
  const endless = [{ line: "a", at: 1, value: NaN }];
  await assertRejects(async () => await draw(endless), RangeError, "with NaN at 1 of a");
});

Deno.test("target curve: equals its snapshot", async () => {
  const svg = await targetCurveSvg(targets, { note: targetCurveExplained });
  await assertSnapshot(svg, "target_curve.svg");
});

Deno.test("target curve: variances that are not known are left out", async () => {
  const vague = targets.map((point) =>
    point.references === 64 && point.t === 0.25 ? { ...point, varianceError: 1 } : point
  );
  const lengths = async (points: typeof targets) =>
    [...(await targetCurveSvg(points)).matchAll(/ d="(M[^"]*L[^"]*)"/g)]
      .reduce((sum, [, path]) => sum + path!.split("L").length, 0);
  // One vertex fewer in each of the first two panels.
  assertEquals(await lengths(targets) - await lengths(vague), 2);
});

Deno.test("plots: the same input gives the same bytes, other input does not", async () => {
  const draw = (title: string) => scaleCurveSvg([calibrated], { title });
  assertEquals(await draw("a"), await draw("a"));
  assertNotEquals(await draw("a"), await draw("b"));
});

Deno.test("plots: text is escaped", async () => {
  const svg = await scaleCurveSvg([calibrated], { title: "<script> & co" });
  assert(!svg.includes("<script>"));
  assert(svg.includes("&lt;script&gt; &amp; co"));
});

Deno.test("plots: empty, uneven and non-finite data are refused by name", async () => {
  const cases: [() => Promise<string>, string][] = [
    [() => scaleCurveSvg([]), "none were given"],
    [
      () => scaleCurveSvg([{ ...calibrated, t: [0.5] }]),
      "scale curve calibrated: 1 times, 20 scales",
    ],
    [() => scaleCurveSvg([{ label: "x", t: [0.5], patchSize: [NaN] }]), "found NaN"],
    [() => agreementPlotSvg([]), "no machine"],
    [() => agreementPlotSvg([{ label: "IS", values: [] }]), "quantile of no values"],
    [() => targetCurveSvg([]), "n = 1 is missing"],
    [() => targetCurveSvg(targets.slice(1)), "n = 1 is missing at some time"],
    [() => targetCurveSvg([{ ...targets[0]!, variance: NaN }]), "variance is NaN"],
    [() => lossCurveSvg([{ label: "x", step: [1, 2], loss: [1] }]), "2 steps and 1 losses"],
    [() => lossCurveSvg([{ label: "x", step: [7], loss: [0] }]), "the loss at step 7 is 0"],
  ];
  for (const [draw, message] of cases) {
    await assertRejects(() => Promise.resolve().then(draw), RangeError, message);
  }
});

Deno.test("scale curve: a schedule gives its own times, scales and samples", () => {
  const steps = [0, 1].map((i) => ({
    step: i + 1,
    t: t[i]!,
    signal: 1,
    sigma: 1,
    patchSize: 3 + 2 * i,
    perSample: [3, 5],
    similarity: [],
  }));
  const schedule: ScaleSchedule = {
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
    provenance: { toolkit: "", runtime: "", seed: 0, config: {} },
  };
  assertEquals(scaleCurveOf(schedule, "x"), {
    label: "x",
    t: [0.05, 0.1],
    patchSize: [3, 5],
    perSample: [[3, 5], [3, 5]],
  });
});

Deno.test("svg: coordinates are rounded to two decimals, without a negative zero", () => {
  assertEquals(
    roundCoordinates('<path d="M1.23456,-0.0001L3.5,1e3 2.5e-7"/>'),
    '<path d="M1.23,0L3.5,1e3 2.5e-7"/>',
  );
});

Deno.test("svg: numbers that people read keep their digits", () => {
  assertEquals(
    roundCoordinates('<g aria-label="t 0.125; r 0.0424922359"><text x="1.005">0.001</text></g>'),
    '<g aria-label="t 0.125; r 0.04249"><text x="1">0.001</text></g>',
  );
});

Deno.test("interval plot: equals its snapshot; every value is written out", async () => {
  const marks = machines.flatMap(([label, mean, spread], i) => [
    { label, series: "own trajectories", value: mean, low: mean - spread, high: mean + spread / 2 },
    { label, series: "single steps", value: mean / 2, low: -0.1 * i, high: mean },
  ]);
  const svg = await intervalPlotSvg(marks, { valueTitle: "r²", note: intervalPlotExplained });
  await assertSnapshot(svg, "interval_plot.svg");
  for (const text of [">0.85 [0.78, 0.89]<", ">0.15 [−0.20, 0.30]<"]) assert(svg.includes(text));
  await assertRejects(
    async () => await intervalPlotSvg([], { valueTitle: "r" }),
    RangeError,
    "no value",
  );
  await assertRejects(
    async () => await intervalPlotSvg([{ ...marks[0]!, low: NaN }], { valueTitle: "r" }),
    RangeError,
    "the interval of bbELS: 0.85 [NaN",
  );
});
