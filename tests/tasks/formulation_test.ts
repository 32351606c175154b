import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "../../tasks/cli/command.ts";
import {
  type FormulationChoice,
  parseParameters,
  plainFormulation,
  resolveFormulation,
} from "../../tasks/pipelines/formulation.ts";
import { presets } from "../../tasks/pipelines/presets.ts";

const choose = (changes: Partial<FormulationChoice>) => {
  const { choice, prediction } = resolveFormulation({
    ...plainFormulation,
    noiseSchedule: "cosine_legacy",
    objective: "noise",
    timePower: 2,
    ...changes,
  });
  const { preconditioning, noiseSampling, timePower, weighting } = choice;
  return [prediction, preconditioning, noiseSampling, timePower, weighting];
};

Deno.test("formulation: auto follows from schedule and objective", () => {
  assertEquals(choose({}), ["eps", "none", "uniform", 2, "own"]);
  assertEquals(choose({ objective: "x0" }), ["x0", "none", "uniform", 2, "min_snr"]);
  assertEquals(choose({ noiseSchedule: "ve" }), ["eps", "input", "uniform", 1, "own"]);
  const edm = { noiseSchedule: "edm" };
  assertEquals(choose(edm), ["eps", "input", "lognormal", 1, "own"]);
  assertEquals(choose({ ...edm, objective: "x0" }), ["x0", "edm", "lognormal", 1, "own"]);
  assertEquals(choose({ ...edm, objective: "v" }), ["v", "input", "lognormal", 1, "own"]);
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

Deno.test("formulation: every preset resolves, and the choice resolves to itself", () => {
  for (const preset of Object.values(presets)) {
    const { choice } = resolveFormulation(preset);
    assertEquals(resolveFormulation(choice).choice, choice);
  }
});

Deno.test("formulation: parameters of the schedule are read by name", () => {
  assertEquals(parseParameters("sigmaMin=0.1, sigmaMax=5e1"), { sigmaMin: 0.1, sigmaMax: 50 });
  for (const bad of ["", "rho", "rho=", "rho=x", "a=1,,b=2", "a=1=2"]) {
    assertThrows(() => parseParameters(bad), CommandError, "--noise-parameters has");
  }
});
