import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import {
  fromStateDict,
  initialParameters,
  toStateDict,
} from "../../src/networks/weights/parameters.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { testGolden } from "./golden.ts";
import { goldenResnets } from "./golden_architectures.ts";

for (const [name, architecture] of Object.entries(goldenResnets)) {
  testGolden({
    name,
    architecture,
    // At 16 channels a group is 2 values, normalized to nearly +-1: what the group norm passes back to
    // its linear layer is a difference that cancels all but 1e-3 of its terms.
    gradientBound: (parameter) => /^embs\.\d+\.0/.test(parameter) ? 2e-3 : 2e-5,
  });
}

Deno.test("weights: a network comes back from its file with the same output", async () => {
  await startBackend("wasm");
  const network = resnet({ ...goldenResnets.resnet_circular_conditional!, width: 8, layers: 2 });
  const parameters = initialParameters(network.parameters, new Random(3));
  const schedule = createSchedule("vp_linear", { betaMax: 12 });
  const bytes = writeWeights({ network, parameters, schedule, training: { steps: 7 } });
  const found = readWeights(bytes, "memory");
  assertEquals(found.parameters, parameters);
  assertEquals(found.network.architecture, network.architecture);
  assertEquals(found.schedule.parameters, schedule.parameters);
  assertEquals(found.training, { steps: 7 });
  assertEquals(writeWeights(found), bytes);
});

Deno.test("weights: another network's file is refused by the name of the array", () => {
  const network = resnet({ ...goldenResnets.resnet_zeros!, width: 8 });
  const parameters = initialParameters(network.parameters, new Random(3));
  const arrays = toStateDict(network.parameters, parameters);
  const wider = resnet({ ...goldenResnets.resnet_zeros!, width: 16 });
  assertThrows(
    () => fromStateDict(wider.parameters, arrays, "w"),
    CheckpointMismatchError,
    "up_projection.weight has shape [8,1,3,3], the network needs [16,1,3,3]",
  );
  const shorter = resnet({ ...goldenResnets.resnet_zeros!, width: 8, layers: 2 });
  assertThrows(
    () => fromStateDict(shorter.parameters, arrays, "w"),
    CheckpointMismatchError,
    "belongs to no parameter",
  );
  arrays.delete("convs.0.0.bias");
  assertThrows(
    () => fromStateDict(network.parameters, arrays, "w"),
    CheckpointMismatchError,
    "convs.0.0.bias is missing",
  );
});
