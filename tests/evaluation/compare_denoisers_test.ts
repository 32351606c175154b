import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { predictAs } from "../../src/denoisers/convert.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { agreement } from "../../src/evaluation/agreement.ts";
import { type AskingCost, costPerQuery } from "../../src/evaluation/asking_cost.ts";
import {
  compareDenoisers,
  type CompareOptions,
  type ComparisonResult,
} from "../../src/evaluation/compare_denoisers.ts";
import type { ComparisonRecord } from "../../src/evaluation/comparison_record.ts";
import {
  comparisonCsv,
  comparisonSamplesCsv,
  comparisonTable,
} from "../../src/evaluation/comparison_table.ts";
import { evaluateAgreement } from "../../src/evaluation/evaluate.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { mutate } from "../mutations.ts";

const imageShape = [4, 4, 2] as const;
const schedule = createSchedule("cosine_legacy");

/** Shrinks towards a fixed pattern; the label moves the pattern. */
function shrinking(name: string, gain: number, onAsk = () => {}): Denoiser {
  return {
    name,
    prediction: "x0",
    imageShape,
    schedule,
    predict: (x, t, options) => {
      onAsk();
      const pull = gain * schedule.signal(t);
      const label = (image: number) =>
        typeof options?.labels === "number" ? options.labels : options?.labels?.[image] ?? 0;
      const data = x.data.map((v, j) =>
        pull * v + (1 - pull) * Math.sin(j % 32 + label(Math.floor(j / 32)))
      );
      return Promise.resolve<ImageBatch>({ data, shape: x.shape });
    },
  };
}

const network = shrinking("network", 0.5);
const machines = [
  { name: "near", denoiser: shrinking("a", 0.45) },
  { name: "far", denoiser: shrinking("b", 0.1) },
];
const options = { steps: 3, samples: 5, seed: 8 } satisfies CompareOptions;
const whole = await compareDenoisers(network, machines, options);

Deno.test("compareDenoisers: final images agree as evaluateAgreement says", async () => {
  const { samples, images } = await evaluateAgreement(network, machines, options);
  assertEquals(whole.images, images);
  for (const { sample, agreement } of samples) {
    for (const name of ["near", "far"]) {
      const { meanSquaredError, ...rest } = whole.samples[name]![sample]!.end;
      assertEquals(rest, agreement[name]!);
      assert(meanSquaredError! > 0);
    }
  }
});

Deno.test("compareDenoisers: steps are those of the trajectories, single ones asked at the network's x", async () => {
  const { noise: xT } = whole.images;
  const times = uniformTimeGrid(3);
  const steps = async (denoiser: Denoiser) => {
    const found: { readonly x: ImageBatch; readonly t: number; readonly xHat0: ImageBatch }[] = [];
    await ddim(denoiser, { xT, times, onStep: (step) => void found.unshift(step) });
    return found;
  };
  const reference = await steps(network);
  assertEquals(whole.times, reference.map(({ t }) => t));
  for (const { name, denoiser } of machines) {
    const own = await steps(denoiser);
    for (const [i, { x, t, xHat0 }] of reference.entries()) {
      const single = await predictAs(denoiser, "x0", { x, t });
      for (const { sample, own: found, single: singles } of whole.samples[name]!) {
        const one = ({ data, shape }: ImageBatch) =>
          sliceBatch({ data, shape }, sample, sample + 1).data;
        const expected = agreement(one(xHat0), one(own[i]!.xHat0));
        assertEquals(found[i]!.rSquared, expected.rSquared);
        assertEquals(singles[i]!.r, agreement(one(xHat0), one(single)).r);
        const square = one(xHat0).reduce((sum, v, j) => sum + (v - one(single)[j]!) ** 2, 0);
        assertAlmostEquals(singles[i]!.meanSquaredError!, square / 32, 1e-12);
      }
    }
    // They begin at the same noise.
    for (const { own, single } of whole.samples[name]!) assertEquals(own[2], single[2]);
    assertNotEquals(whole.samples[name]![0]!.own[0], whole.samples[name]![0]!.single[0]);
  }
});

Deno.test("compareDenoisers: nothing is asked twice, and what asking takes is told", async () => {
  let asked = 0, now = 0;
  const counted = { name: "counted", denoiser: shrinking("c", 0.4, () => (asked++, now += 2)) };
  const costs: AskingCost[] = [];
  const progress: number[] = [];
  await compareDenoisers(network, [counted], {
    ...{ ...options, batch: 3, clock: () => now },
    onRecords: (records, cost) => void (records[0]!.machine && costs.push(cost)),
    onProgress: ({ done, total }) => void progress.push(done / total),
  });
  // Two batches, each three steps of its own trajectory and two more on the network's.
  assertEquals(asked, 10);
  assertEquals(costs.map(({ queries, seconds }) => [queries, seconds]), [[15, 10], [25, 20]]);
  assertEquals(costs[1]!.first, { queries: 3, seconds: 2 });
  assertEquals(progress.at(-1), 1);
  assertEquals(costPerQuery({ queries: 4, seconds: 2, first: { queries: 4, seconds: 2 } }), {
    ...{ seconds: 0.5, setup: 0 },
  });
  assertEquals(costPerQuery({ queries: 0, seconds: 0, first: { queries: 0, seconds: 0 } }), null);
});

Deno.test("compareDenoisers: labels, other samplers and clamped images", async () => {
  const labels = [3, 0, 1, 4, 2];
  const labeled = await compareDenoisers(network, machines, { ...options, labels, batch: 2 });
  assertEquals(labeled.samples["near"]!.map(({ label }) => label), labels);
  assertNotEquals(labeled.images.network, whole.images.network);
  for (const sampler of ["heun", "ddpm", "churn"] as const) {
    const all = { ...options, sampler };
    const same = [{ name: "same", denoiser: network }];
    const { samples } = await compareDenoisers(network, same, all);
    for (const { end, own, single } of samples["same"]!) {
      for (const each of [end, ...own, ...single]) assertEquals(each.meanSquaredError, 0, sampler);
    }
  }
  const clamped = await compareDenoisers(network, machines, { ...options, clamp: true });
  const shown = (batch: ImageBatch) =>
    sliceBatch(batch, 0, 1).data.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
  const expected = agreement(shown(whole.images.network), shown(whole.images.machines["far"]!));
  assertEquals(clamped.samples["far"]![0]!.end.determination, expected.determination);
});

Deno.test("compareDenoisers: interrupted anywhere it ends at the same result", async () => {
  const all = { ...options, batch: 2 };
  const records: ComparisonRecord[] = [];
  const expected = await compareDenoisers(network, machines, {
    ...all,
    onRecords: (some) => void records.push(...JSON.parse(JSON.stringify(some))),
  });
  assertEquals(records.length, 15);
  for (let kept = 0; kept <= records.length; kept += 4) {
    const resume = records.slice(0, kept).reverse();
    const seen: ComparisonRecord[] = [];
    const again = await compareDenoisers(network, machines, {
      ...{ ...all, resume },
      onRecords: (some) => void seen.push(...some),
    });
    assertEquals(again, expected);
    assert(seen.length <= 15 - kept + 3, `${seen.length} made again after ${kept}`);
  }
  const stop = new AbortController();
  await assertRejects(
    () =>
      compareDenoisers(network, machines, {
        ...{ ...all, abort: stop.signal },
        onProgress: ({ done }) => {
          if (done > 8) stop.abort(new Error("enough"));
        },
      }),
    Error,
    "enough",
  );
});

Deno.test("compareDenoisers: records of other work, and damaged ones, are refused", async () => {
  const records: ComparisonRecord[] = [];
  const keep = { onRecords: (some: readonly ComparisonRecord[]) => void records.push(...some) };
  await compareDenoisers(network, machines, { ...options, ...keep });
  const refused = (resume: readonly ComparisonRecord[], says: string, other = {}) =>
    assertRejects(
      () => compareDenoisers(network, machines, { ...options, ...other, resume }),
      CheckpointMismatchError,
      says,
    );
  await refused(records, "seed is 8, expected 9", { seed: 9 });
  await refused(records, "steps is 3, expected 4", { steps: 4 });
  await refused(records, "clamp is false, expected true", { clamp: true });
  const last = records.at(-1)!;
  await refused([{ ...last, machine: "other" }], 'the machine is "other"');
  await refused([{ ...last, end: null }], "the agreement at the end is null");
  await refused([{ ...last, single: last.own.slice(1) }], 'the list "single" is 2');
  await refused([last, { ...last, image: last.image.map((v) => v + 1) }], "the checksum");
  const { check: _, ...unchecked } = last;
  const moved = { ...unchecked, image: records[0]!.image };
  await refused([last, moved], "two records of sample 4 of far differ");
  const random = new Random(5);
  let count = 0;
  for (let i = 0; i < 200; i++) {
    const resume = mutate(records.slice(-1 - i % 5), random) as ComparisonRecord[];
    if (!Array.isArray(resume)) continue;
    try {
      assertEquals(await compareDenoisers(network, machines, { ...options, resume }), whole);
    } catch (error) {
      assert(error instanceof CheckpointMismatchError, `${error} of ${JSON.stringify(resume)}`);
      count++;
    }
  }
  assert(count > 80, `${count} of 200`);
});

Deno.test("compareDenoisers: what does not fit is refused", async () => {
  const refused = (says: string, other: Partial<CompareOptions>, some = machines) =>
    assertRejects(
      () => compareDenoisers(network, some, { ...options, ...other }),
      RangeError,
      says,
    );
  await refused("samples is 0", { samples: 0 });
  await refused("batch is 1.5", { batch: 1.5 });
  await refused("expected at least one, without repeats", {}, []);
  await refused("expected at least one, without repeats", {}, [machines[0]!, machines[0]!]);
  await refused("5 samples of 4 x 4 x 2 from noise of shape [4,4,4,2]", {
    xT: sliceBatch(whole.images.noise, 0, 4),
  });
});

/** A result with given r^2 of single steps and of final images. */
function made(values: Readonly<Record<string, readonly (number | null)[]>>): ComparisonResult {
  const samples = Object.fromEntries(
    Object.entries(values).map(([name, all]) => [
      name,
      all.map((value, sample) => {
        const each = {
          ...{ r: null, rSquared: value, determination: value },
          meanSquaredError: value === null ? null : 1 - value,
        };
        return { sample, label: null, end: each, own: [each], single: [each] };
      }),
    ]),
  );
  return { ...whole, machines: Object.keys(values), times: [1], steps: 1, samples };
}

Deno.test("comparisonTable: values, pairs, places; the best is the reference unless another is named", () => {
  const n = 30;
  const at = (f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));
  const result = made({
    ahead: at((i) => 0.5 + 0.4 * Math.sin(i)),
    equal: at((i) => 0.5 + 0.4 * Math.sin(i) + 0.01 * Math.cos(7 * i)),
    // Always a little worse, by far less than samples differ.
    worse: at((i) => 0.5 + 0.4 * Math.sin(i) - 0.02),
  });
  const table = comparisonTable(result, { resamples: 500, statistic: "mean" });
  const row = (machine: string, measure: string) =>
    table.rows.find((each) =>
      each.machine === machine && each.measure === measure && each.way === "own" &&
      each.step === null
    )!;
  const top = row("ahead", "r^2").standing === "best" ? "ahead" : "equal";
  assertEquals(table.against, top);
  const other = top === "ahead" ? "equal" : "ahead";
  assertEquals([row(top, "MSE").standing, row(other, "MSE").standing], ["best", "near"]);
  const worse = row("worse", "r^2");
  assertEquals(worse.standing, "behind");
  assert(worse.low! < row(top, "r^2").low! && worse.high! > row(top, "r^2").low!, "they overlap");
  assert(worse.differenceHigh! < 0);
  const against = comparisonTable(result, { resamples: 500, against: "worse" });
  const gain = against.rows.find(({ machine, measure }) =>
    machine === "ahead" && measure === "MSE"
  )!;
  assertEquals([gain.wins, gain.losses, gain.samples], [n, 0, n]);
  assertAlmostEquals(gain.difference!, -0.02, 1e-12);
  assertEquals(row(top, "r^2").difference, null);
  assertEquals(row(top, "r").value, null);
  assertEquals([row(top, "r").standing, row(top, "r").undefinedSamples], [null, n]);
  assertThrows(
    () => comparisonTable(result, { against: "IS" }),
    RangeError,
    "Cannot hold machines against IS: expected one of ahead, equal, worse",
  );
});

Deno.test("comparisonTable: single steps are averaged for each sample; CSV has a line for each row", () => {
  const { rows, against } = comparisonTable(whole, { resamples: 50 });
  assertEquals(against, "near");
  // Two ways, three steps and the summary, four measures, two machines.
  assertEquals(rows.length, 2 * 4 * 4 * 2);
  const found = rows.find(({ machine, way, step, measure }) =>
    machine === "far" && way === "single" && step === null && measure === "MSE"
  )!;
  const means = whole.samples["far"]!.map(({ single }) =>
    single.reduce((sum, each) => sum + each.meanSquaredError!, 0) / 3
  ).sort((a, b) => a - b);
  assertAlmostEquals(found.value!, means[2]!, 1e-12);
  const lines = comparisonCsv({ rows, against, statistic: "median", level: 0.95 }).split("\n");
  assertEquals(lines.length, rows.length + 2);
  assertEquals(comparisonSamplesCsv(whole).split("\n").length, 2 * 5 * 7 + 2);
});
