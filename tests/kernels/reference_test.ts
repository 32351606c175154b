import { assertLess } from "@std/assert";
import { referencePosterior } from "../../src/kernels/reference/reference_posterior.ts";
import type { PatchRule } from "../../src/kernels/patch_posterior.ts";
import { conformance, scaledRules } from "./conformance.ts";
import { goldenScales, goldenTimes, readGolden, relativeError, ruleOf, scoreOf } from "./golden.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

conformance(referencePosterior, { tolerance: 1e-12, reason: "it is the reference" });

// Every scale at every time takes minutes: by default each time has one scale, and slow rules fewer
// times; `deno task test:long` takes all.
const long = Deno.env.get("ELS_LONG_TESTS") === "1";
const all = [0, 1, 2, 3, 4];
const mnistTimes: Record<PatchRule, number[]> = {
  "whole": all,
  "shifts": [3],
  "same-position": all,
  "interior": [0],
  "wrapped": [1],
  "same-border-distance": [1, 2],
};
const cifarTimes: Record<PatchRule, number[]> = {
  ...mnistTimes,
  "shifts": [2],
  "interior": [2],
  "wrapped": [],
  "same-border-distance": [3, 4],
};

for (const set of ["mnist", "cifar10"] as const) {
  Deno.test(`reference: scores of ${set} agree with the golden file`, async () => {
    const golden = await readGolden(set);
    const schedule = cosineLegacy();
    const times = set === "mnist" ? mnistTimes : cifarTimes;
    const cases = goldenTimes.flatMap((time, i) =>
      Object.entries(ruleOf).flatMap(([name, rule]) => {
        if (!long && !times[rule].includes(i)) return [];
        if (!scaledRules.includes(rule)) return [{ time, name, rule, k: 1, key: name }];
        const scales = long ? goldenScales : [goldenScales[i % goldenScales.length]!];
        return scales.map((k) => ({ time, name, rule, k, key: `${name}/k${k}` }));
      })
    );
    for (const { time, name, rule, k, key } of cases) {
      const t = Number(time), x = golden.batch(`t${time}/x`);
      const run = referencePosterior().begin({
        query: x,
        rule,
        scales: [k],
        signal: schedule.signal(t),
        sigma: schedule.sigma(t),
      });
      await run.accumulate(golden.images);
      const expected = golden.batch(`t${time}/${key}`).data;
      const error = relativeError(scoreOf(await run.finish(), { x, t }), expected);
      // The file holds float32: 6e-8; float64 against float64 otherwise.
      assertLess(error, 1e-6, `${name} k = ${k} t = ${t}: ${error}`);
    }
  });
}
