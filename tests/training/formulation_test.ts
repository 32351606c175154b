import { assertEquals, assertThrows } from "@std/assert";
import {
  defaultFormulation,
  type FormulationChoice,
  resolveFormulation,
} from "../../src/training/formulation.ts";
import { scheduleNames } from "../../src/schedules/create_schedule.ts";

const choose = (changes: Partial<FormulationChoice>) => {
  const { choice, prediction } = resolveFormulation({
    ...defaultFormulation,
    noiseSchedule: "cosine_legacy",
    objective: "noise",
    timePower: 2,
    ...changes,
  });
  const { preconditioning, noiseSampling, timePower, weighting } = choice;
  return [prediction, preconditioning, noiseSampling, timePower, weighting];
};

Deno.test("formulation: auto follows from schedule and objective", () => {
  assertEquals(choose({}), ["eps", "none", "uniform", 2, "unit"]);
  assertEquals(choose({ objective: "x0" }), ["x0", "none", "uniform", 2, "min_snr"]);
  assertEquals(choose({ noiseSchedule: "ve" }), ["eps", "input", "uniform", 1, "unit"]);
  const edm = { noiseSchedule: "edm" };
  assertEquals(choose(edm), ["eps", "input", "lognormal", 1, "unit"]);
  assertEquals(choose({ ...edm, objective: "x0" }), ["x0", "edm", "lognormal", 1, "unit"]);
  assertEquals(choose({ ...edm, objective: "v" }), ["v", "input", "lognormal", 1, "unit"]);
});

Deno.test("formulation: what is said outright stays", () => {
  assertEquals(
    choose({
      noiseSchedule: "ve",
      objective: "x0",
      preconditioning: "edm",
      noiseSampling: "uniform",
      weighting: "v",
    }),
    ["x0", "edm", "uniform", 2, "v"],
  );
  assertThrows(() => choose({ preconditioning: "edm" }), RangeError, "it predicts x0");
  assertThrows(() => choose({ noiseParameters: { rho: 3 } }), RangeError, 'parameter "rho"');
  assertThrows(() => choose({ noiseSchedule: "ve", sigmaData: 0 }), RangeError, "sigmaData is 0");
});

Deno.test("formulation: what auto became resolves to itself", () => {
  for (const noiseSchedule of scheduleNames) {
    for (const objective of ["noise", "x0", "v"] as const) {
      const { choice } = resolveFormulation({ ...defaultFormulation, noiseSchedule, objective });
      assertEquals(resolveFormulation(choice).choice, choice);
      assertEquals(Object.values(choice).includes("auto"), false);
    }
  }
});
