import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  checkPreconditioning,
  type Preconditioning,
  preconditioningFactors,
  preconditioningKinds,
  trainedKind,
  trainedPreconditionings,
} from "../../src/denoisers/preconditioning.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const schedule = cosineLegacy();

Deno.test("preconditioning: timesteps are whole numbers at the steps of the process", () => {
  for (const timesteps of [1, 7, 1000, 4000]) {
    const given = { kind: "timesteps", timesteps } as const;
    for (const step of [0, 1, 5, timesteps - 1]) {
      if (step >= timesteps) continue;
      const { cNoise, ...rest } = preconditioningFactors(given, {
        schedule,
        t: (step + 1) / timesteps,
      });
      assertEquals(cNoise, step);
      assertEquals(rest, { cSkip: 0, cOut: 1, cIn: 1 });
    }
  }
});

Deno.test("preconditioning: between timesteps the number is a fraction, before the first it is 0", () => {
  const given = { kind: "timesteps", timesteps: 100 } as const;
  const at = (t: number) => preconditioningFactors(given, { schedule, t }).cNoise;
  assertAlmostEquals(at(0.105), 9.5);
  assertEquals(at(0.004), 0);
  assertEquals(at(0), 0);
});

Deno.test("preconditioning: impossible numbers are refused", () => {
  const refuses = (given: Preconditioning, message: string) =>
    assertThrows(() => checkPreconditioning("x0", given), RangeError, message);
  for (const timesteps of [0, 1.5, NaN, 1e7]) {
    refuses({ kind: "timesteps", timesteps }, `their count is ${timesteps}`);
  }
  refuses({ kind: "input", sigmaData: 0 }, "sigmaData is 0");
  refuses({ kind: "edm", sigmaData: -1 }, "sigmaData is -1");
});

Deno.test("preconditioning: training takes the kinds that it knows", () => {
  assertEquals(trainedPreconditionings, ["none", "input", "edm"]);
  assertEquals(trainedKind({ kind: "edm", sigmaData: 0.5 }), "edm");
  assertEquals(preconditioningKinds.includes("timesteps"), true);
  assertThrows(
    () => trainedKind({ kind: "timesteps", timesteps: 10 }),
    RangeError,
    "behind timesteps preconditioning",
  );
});
