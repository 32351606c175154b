import { assertLess } from "@std/assert";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import type { PatchRule } from "../../src/posterior/patch_posterior.ts";
import { conformance } from "./conformance.ts";
import { goldenErrors, goldenScales, goldenTimes, readGolden, ruleOf } from "./golden.ts";
import { windowConformance } from "./windows.ts";

conformance(referencePosterior, { tolerance: 1e-12, reason: "it is the reference" });
windowConformance(referencePosterior, { tolerance: 1e-12, reason: "it is the reference" });

// Every scale at every time takes half an hour: by default each time has one scale, and slow rules one
// time of one of the files; `deno task test:long` takes all. The wrapped rule takes longest: by default
// wasm is held against its golden scores, and against the reference on small images.
const long = Deno.env.get("ELS_LONG_TESTS") === "1";
const all = [0, 1, 2, 3, 4];
const mnistTimes: Record<PatchRule, number[]> = {
  "whole": all,
  "shifts": [],
  "same-position": all,
  "interior": [],
  "wrapped": [],
  "same-border-distance": [2],
};
const cifarTimes: Record<PatchRule, number[]> = {
  ...mnistTimes,
  "shifts": [2],
  "interior": [3],
  "same-border-distance": [],
};

for (const set of ["mnist", "cifar10"] as const) {
  Deno.test(`reference: scores of ${set} agree with the golden file`, async () => {
    const golden = await readGolden(set);
    const times = set === "mnist" ? mnistTimes : cifarTimes;
    for (const [i, time] of goldenTimes.entries()) {
      for (const [name, rule] of Object.entries(ruleOf)) {
        if (!long && !times[rule].includes(i)) continue;
        const scales = long ? goldenScales : [goldenScales[i % goldenScales.length]!];
        for (
          const { k, error } of await goldenErrors(referencePosterior(), {
            golden,
            name,
            time,
            scales,
          })
        ) {
          // The file holds float32: 6e-8; float64 against float64 otherwise.
          assertLess(error, 1e-6, `${name} k = ${k} t = ${time}: ${error}`);
        }
      }
    }
  });
}
