/** What the report of a GPU box says of parts that are whole, missing or reduced. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assemble, type Parts, type Step } from "../../../../tasks/tools/gpu/gpu_report.ts";
import { reportText } from "../../../../tasks/tools/gpu/gpu_report_text.ts";
import { limitsText, missingLimits, neededLimits } from "../../../../tasks/tools/gpu/limits.ts";

const step = (stage: string, name: string, outcome = "ok"): Step => ({
  stage,
  name,
  outcome,
  seconds: 2,
});
const rate = { machine: "ELS", channels: 1, k: 3, images: 4096, shareOfFloat32Rate: 0.5 };
const torch = { device: "NVIDIA H100", torch: "2.11" };
const parts: Parts = {
  adapter: { name: "NVIDIA H100", software: false },
  context: { stages: "conformance,posterior,training,rows", options: "--total 9" },
  steps: [
    step("conformance", "conformance-posterior"),
    step("posterior", "posterior-rates-1"),
    step("training", "training-1-resnet"),
    step("rows", "mnist-resnet-zeros-train"),
  ],
  notes: [{ stage: "rows", what: "celeba-resnet-zeros", why: "its data are not at hand" }],
  posterior: [{
    float32PerSecond: 6e13,
    peer: torch,
    rates: [
      { ...rate, pairsPerSecond: 1.2e12, peerPairsPerSecond: 1e11 },
      { ...rate, k: 9, pairsPerSecond: 9e11, peerPairsPerSecond: 1e11 },
    ],
    samples: [{ images: "mnist", number: 60_000, first: 4, again: 2.5 }],
  }],
  training: [{
    architecture: "resnet",
    batch: 128,
    results: [{
      width: 256,
      seconds: 0.1,
      flops: 1e12,
      steps: 100,
      torch: { seconds: 0.06, device: "NVIDIA H100" },
    }],
  }],
  rows: [],
};

Deno.test("gpu report: each target is judged, and the worst case named", () => {
  const report = assemble(parts);
  assertEquals(report.targets.map(({ reached }) => reached), [false, true, true]);
  assertEquals(report.targets[0]!.found, "9.00 (ELS C = 1 k = 9) to 12.00 times");
  assertEquals(report.posterior.rates.map(({ reached }) => reached), [true, false]);
  assertEquals(report.training.map(({ ratio }) => Number(ratio!.toFixed(3))), [0.6]);
  assertEquals(report.notRun, [{ what: "celeba-resnet-zeros", why: "its data are not at hand" }]);
  const text = reportText(report);
  assertStringIncludes(text, "MISSED");
  assertStringIncludes(text, "PyTorch 2.11 on NVIDIA H100, float32, TF32 off");
  assertStringIncludes(text, "sizes    full");
});

Deno.test("gpu report: reduced sizes, software and a PyTorch on the CPU are never judged", () => {
  const [posterior] = parts.posterior;
  for (
    const changed of [
      { context: { ...parts.context, reduced: "toy sizes" } },
      { adapter: { name: "llvmpipe", software: true } },
    ]
  ) {
    const report = assemble({ ...parts, ...changed });
    assertEquals(report.targets.map(({ reached }) => reached), [null, null, null]);
    assert(/REDUCED: toy sizes|SOFTWARE/.test(reportText(report)));
  }
  const cpu = { ...torch, device: "cpu, 16 threads" };
  const report = assemble({ ...parts, posterior: [{ ...posterior!, peer: cpu }] });
  assertEquals(report.targets.map(({ reached }) => reached), [null, true, true]);
});

Deno.test("gpu report: what stopped, was killed, or had no time or no PyTorch is said", () => {
  const report = assemble({
    ...parts,
    steps: [
      step("conformance", "conformance-posterior", "failed, code 1"),
      step("posterior", "posterior-rates-1", "time ran out"),
      step("posterior", "posterior-sample", "not begun"),
      step("training", "training-1-resnet", "killed"),
    ],
    posterior: [{ float32PerSecond: 1, peer: { reason: "python3: not installed" } }],
    training: [],
  });
  assertEquals(report.stages.map(({ stage, outcome }) => [stage, outcome]), [
    ["conformance", "failed: 1 of 1 steps"],
    ["posterior", "time ran out: 2 of 2 steps"],
    ["training", "killed: 1 of 1 steps"],
  ]);
  assertEquals(report.notRun.map(({ what, why }) => `${what}: ${why}`), [
    "stage rows: not reached so far",
    "conformance-posterior: failed, code 1",
    "posterior-rates-1: time ran out",
    "posterior-sample: not begun",
    "training-1-resnet: killed",
    "celeba-resnet-zeros: its data are not at hand",
    "PyTorch's side: python3: not installed",
  ]);
  assertEquals(report.targets.map(({ found }) => found), [
    "no comparison",
    "none",
    "no comparison",
  ]);
});

Deno.test("gpu report: of nothing there is a text, too", () => {
  const empty = { context: {}, steps: [], notes: [], posterior: [], training: [], rows: [] };
  assertStringIncludes(reportText(assemble(empty)), "stage rows         not reached so far");
});

Deno.test("gpu box: limits below those that WebGPU promises are named", () => {
  const enough = Object.fromEntries(neededLimits);
  assertEquals(missingLimits(enough), []);
  assertEquals(
    missingLimits({ ...enough, maxBufferSize: 1, maxComputeWorkgroupSizeX: undefined }),
    [
      "maxBufferSize 1 where 268435456 is needed",
      "maxComputeWorkgroupSizeX unknown where 256 is needed",
    ],
  );
  assertEquals(
    limitsText(enough),
    "buffers of 256 MiB, 128 MiB of one bound; workgroups of 256 with 16 KiB",
  );
});
