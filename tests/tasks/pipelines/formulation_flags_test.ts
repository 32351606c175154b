import { assertEquals, assertThrows } from "@std/assert";
import { resolveFormulation } from "../../../src/training/formulation.ts";
import { CommandError } from "../../../tasks/cli/command.ts";
import { parseParameters } from "../../../tasks/pipelines/formulation_flags.ts";
import { presets } from "../../../tasks/pipelines/presets.ts";

Deno.test("formulation flags: parameters of the noise schedule are read by name", () => {
  assertEquals(parseParameters("sigmaMin=0.1, sigmaMax=5e1"), { sigmaMin: 0.1, sigmaMax: 50 });
  assertEquals(parseParameters("betaSchedule=scaled_linear,timesteps=50"), {
    betaSchedule: "scaled_linear",
    timesteps: 50,
  });
  for (const bad of ["", "rho", "rho=", "rho=1x", "a=1,,b=2", "a=1=2"]) {
    assertThrows(() => parseParameters(bad), CommandError, "--noise-parameters has");
  }
});

Deno.test("presets: the formulation of each is possible", () => {
  for (const preset of Object.values(presets)) {
    const { choice } = resolveFormulation(preset);
    assertEquals(resolveFormulation(choice).choice, choice);
  }
});
