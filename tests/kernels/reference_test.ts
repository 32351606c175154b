import { assertLess } from "@std/assert";
import { referencePosterior } from "../../src/kernels/reference/reference_posterior.ts";
import type { PatchRule } from "../../src/kernels/patch_posterior.ts";
import { conformance, scaledRules } from "./conformance.ts";
import { goldenScales, goldenTimes, readGolden, relativeError, ruleOf, scoreOf } from "./golden.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

conformance(referencePosterior, { tolerance: 1e-12, reason: "it is the reference" });

// Every scale at every time takes minutes here: each time has one scale, and slow rules fewer times.
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
    for (const [i, time] of goldenTimes.entries()) {
      const t = Number(time), x = golden.batch(`t${time}/x`);
      for (const [name, rule] of Object.entries(ruleOf)) {
        if (!(set === "mnist" ? mnistTimes : cifarTimes)[rule].includes(i)) continue;
        const scaled = scaledRules.includes(rule);
        const k = goldenScales[i % goldenScales.length]!;
        const run = referencePosterior().begin({
          query: x,
          rule,
          scales: [scaled ? k : 1],
          signal: schedule.signal(t),
          sigma: schedule.sigma(t),
        });
        await run.accumulate(golden.images);
        const expected = golden.batch(`t${time}/${name}${scaled ? `/k${k}` : ""}`).data;
        const error = relativeError(scoreOf(await run.finish(), { x, t }), expected);
        // The file holds float32: 6e-8; float64 against float64 otherwise.
        assertLess(error, 1e-6, `${name} k = ${k} t = ${t}: ${error}`);
      }
    }
  });
}
