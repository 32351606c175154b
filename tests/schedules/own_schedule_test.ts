import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import {
  createSchedule,
  registerSchedule,
  scheduleNames,
} from "../../src/schedules/create_schedule.ts";
import { isSameNoise, noiseAt } from "../../src/schedules/noise_level.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";

const linear = ({ sigmaMax = 10 }: { readonly sigmaMax?: number } = {}): NoiseSchedule => ({
  name: "linear",
  parameters: { sigmaMax },
  signal: () => 1,
  sigma: (t) => sigmaMax * t,
});

Deno.test("own noise schedule: weights keep it, and reading them says what to register", () => {
  const network = resnet({
    ...{ kind: "resnet", imageShape: [4, 4, 1], padding: "zeros", classes: 0 },
    ...{ width: 8, layers: 1, kernelSize: 1 },
  });
  const parameters = initialParameters(network.parameters, new Random(1));
  const bytes = writeWeights({
    network,
    parameters,
    schedule: linear({ sigmaMax: 7 }),
    training: {},
  });
  assertThrows(
    () => readWeights(bytes, "w.safetensors"),
    CheckpointMismatchError,
    'w.safetensors: the network was trained on the noise schedule "linear", which is none of ' +
      `${scheduleNames.join(", ")}; make it known with registerSchedule`,
  );
  registerSchedule({ name: "linear", create: linear });
  assertEquals(scheduleNames.at(-1), "linear");
  assertEquals(readWeights(bytes, "w.safetensors").schedule.sigma(0.5), 3.5);
  const odd = { ...linear(), parameters: { steepness: 3 } };
  assertThrows(
    () => readWeights(writeWeights({ network, parameters, schedule: odd, training: {} }), "w"),
    CheckpointMismatchError,
    'w: Cannot make the noise schedule "linear": unknown parameter "steepness", it takes sigmaMax',
  );
});

Deno.test("registerSchedule: again replaces one's own, a name of the package is refused", () => {
  registerSchedule({ name: "twice", create: () => ({ ...linear(), name: "twice" }) });
  const before = scheduleNames.length;
  registerSchedule({
    name: "twice",
    create: () => ({ ...linear({ sigmaMax: 2 }), name: "twice" }),
  });
  assertEquals(scheduleNames.length, before);
  assertEquals(createSchedule("twice").sigma(1), 2);
  assertThrows(
    () => registerSchedule({ name: "edm", create: linear }),
    RangeError,
    'Cannot register the noise schedule "edm": the name is that of a schedule of this package',
  );
});

Deno.test("registerSchedule: what is no noise schedule is refused with the time at fault", () => {
  const cases: [Partial<NoiseSchedule>, string][] = [
    [{ name: "other" }, 'create gives one named "other", expected "bad"'],
    [{ sigma: () => NaN }, "sigma(0.0625) is NaN"],
    [{ signal: (t) => 1 - t }, "signal(1) is 0, expected a positive number"],
    [{ sigma: (t) => 1 - t / 2 }, "falls to"],
  ];
  for (const [change, message] of cases) {
    const create = () => ({ ...linear(), name: "bad", ...change });
    assertThrows(() => registerSchedule({ name: "bad", create }), RangeError, message);
  }
  assertThrows(() => createSchedule("bad"), RangeError, "registerSchedule({ name, create })");
});

Deno.test("isSameNoise: differences within the tolerance do not count, in signal or sigma", () => {
  const [a, b] = [noiseAt(linear(), 0.5), noiseAt(linear({ sigmaMax: 10.000_02 }), 0.5)];
  // 1e-5 of difference against 1e-6 * (1 + 5).
  assertEquals([isSameNoise(a, a), isSameNoise(a, b), isSameNoise(a, b, 1e-5)], [
    true,
    false,
    true,
  ]);
  assertEquals(isSameNoise(a, { ...a, signal: 0.9 }), false);
});
