import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import {
  readWeights,
  type TrainedNetwork,
  writeWeights,
} from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const network = resnet({
  kind: "resnet",
  imageShape: [4, 4, 1],
  width: 8,
  layers: 1,
  kernelSize: 3,
  padding: "zeros",
  classes: 0,
});
const parameters = initialParameters(network.parameters, new Random(1));
const schedule = createSchedule("edm", { sigmaMax: 20, rho: 5 });
const trained: TrainedNetwork = { network, parameters, schedule, training: {} };

Deno.test("weights: formulation, prediction and preconditioning come back", () => {
  for (
    const given of [
      { prediction: "eps", preconditioning: { kind: "none" } },
      { prediction: "v", preconditioning: { kind: "input", sigmaData: 0.6 } },
      { prediction: "x0", preconditioning: { kind: "edm", sigmaData: 0.5 } },
      { prediction: "eps", preconditioning: { kind: "timesteps", timesteps: 1000 } },
    ] as const
  ) {
    const found = readWeights(writeWeights({ ...trained, ...given }), "memory");
    assertEquals(
      { prediction: found.prediction, preconditioning: found.preconditioning },
      given,
    );
    assertEquals(found.schedule.parameters, { sigmaMin: 0.002, sigmaMax: 20, rho: 5 });
    assertEquals(found.parameters, parameters);
  }
});

Deno.test("weights: what clips, and betas of one's own, come back", () => {
  const betas = [0.1, 0.2, 0.3];
  const discrete = createSchedule("ddpm_discrete", { betas });
  const found = readWeights(writeWeights({ ...trained, schedule: discrete, clip: 0.75 }), "memory");
  assertEquals([found.clip, found.schedule.parameters], [0.75, { betas }]);
  assertEquals("clip" in readWeights(writeWeights(trained), "memory"), false);
});

Deno.test("weights: files that do not say what they predict predict eps", () => {
  const { tensors, metadata } = parseSafetensors(writeWeights(trained));
  const { prediction: _, ...older } = metadata;
  const found = readWeights(writeSafetensors(tensors, { metadata: older }), "old");
  assertEquals([found.prediction, found.preconditioning], ["eps", { kind: "none" }]);
});

Deno.test("weights: an unknown prediction or preconditioning is refused by name", () => {
  const { tensors, metadata } = parseSafetensors(writeWeights(trained));
  for (
    const [changed, word] of [
      [{ clip: "0" }, 'clip is "0", expected a positive number'],
      [{ clip: "" }, 'clip is ""'],
      [{ preconditioning: '{"kind":"timesteps"}' }, "their count is undefined"],
      [{ prediction: "flow" }, 'predicts "flow", this release knows eps, x0, v'],
      [{ preconditioning: "{" }, "the preconditioning is not JSON"],
      [{ preconditioning: '{"kind":"x"}' }, 'preconditioning is "x"'],
      [{ preconditioning: '{"kind":"edm","sigmaData":0.5}' }, "it predicts x0"],
      [{ preconditioning: '{"kind":"input","sigmaData":"0.5"}' }, "sigmaData is 0.5"],
      [{ preconditioning: '{"kind":"input"}' }, "sigmaData is undefined"],
    ] as const
  ) {
    const bytes = writeSafetensors(tensors, { metadata: { ...metadata, ...changed } });
    assertThrows(() => readWeights(bytes, "file"), CheckpointMismatchError, word);
  }
});
