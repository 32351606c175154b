/** The receptive field along a network's trajectories, and beside candidate scales. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import {
  checkCandidates,
  receptiveFieldText,
} from "../../src/networks/analysis/candidate_check.ts";
import { measureAlongTrajectories } from "../../src/networks/analysis/field_along_trajectories.ts";
import { measureReceptiveField } from "../../src/networks/analysis/receptive_field.ts";
import { type Architecture, createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { heun } from "../../src/samplers/heun.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const schedule = createSchedule("cosine_legacy");
const imageShape = [12, 12, 1] as const;

function untrained(changes: Partial<Architecture> = {}): TrainedNetwork {
  const network = createNetwork(
    {
      ...{ kind: "resnet", imageShape, width: 8, layers: 1, kernelSize: 3, padding: "zeros" },
      ...{ classes: 0, ...changes },
    } as Architecture,
  );
  const parameters = initialParameters(network.parameters, new Random(1));
  return { network, parameters, schedule, training: {} };
}

Deno.test("field along trajectories: it is the field at the images that the sampler meets", async () => {
  await startBackend("wasm");
  const trained = untrained();
  const protocol = { sampler: "heun", grid: "cubic", steps: 3, samples: 2, seed: 4 } as const;
  const measured = await measureAlongTrajectories(trained, { protocol, pixels: 2, of: "eps" });
  const denoiser = networkDenoiser(trained);
  const points: Parameters<typeof measureReceptiveField>[1]["points"][number][] = [];
  const times = timeGrid("cubic", { steps: 3, schedule });
  const xT = initialNoise({ seed: 4, samples: 2, imageShape, schedule });
  await heun(denoiser, { xT, times, onStep: ({ t, x }) => void points.push({ t, x }) });
  denoiser.dispose();
  const expected = await measureReceptiveField(trained, { points, pixels: 2, seed: 4, of: "eps" });
  assertEquals(measured, expected);
  assertEquals(measured.times.map(({ t }) => t), times.toReversed().slice(1));
});

Deno.test("field along trajectories: labels and an abort reach the network", async () => {
  await startBackend("wasm");
  const trained = untrained({ classes: 2 });
  const unlabeled = { sampler: "ddim", grid: "uniform", steps: 2, samples: 2, seed: 4 } as const;
  const protocol = { ...unlabeled, labels: [0, 1] };
  assertEquals((await measureAlongTrajectories(trained, { protocol, pixels: 1 })).times.length, 2);
  await assertRejects(
    () => measureAlongTrajectories(trained, { protocol: unlabeled, pixels: 1 }),
    RangeError,
    "needs a class label",
  );
  const reason = new Error("stop");
  const abort = AbortSignal.abort(reason);
  const error = await assertRejects(() => measureAlongTrajectories(trained, { protocol, abort }));
  assertEquals(error, reason);
});

Deno.test("checkCandidates: looks at the network only where the candidates end below its field", async () => {
  await startBackend("wasm");
  const trained = untrained(); // A layer between stem and head sees 7 pixels.
  const enough = await checkCandidates(trained, { candidates: [3, 5, 7], seed: 1 });
  assertEquals(enough, { receptiveField: 7 });
  const few = await checkCandidates(trained, { candidates: [3], seed: 1 });
  assertEquals(few.receptiveField, 7);
  const measured = few.receptiveFieldMeasured!;
  assert(measured >= 1 && measured <= 7 && measured % 2 === 1, `${measured}`);
  assertMatch(
    few.warning!,
    /^the candidate scales end at 3, below the network's receptive field 7 .* measured \d pixels/,
  );
});

Deno.test("receptiveFieldText: what exceeds the image is said", () => {
  const { network } = untrained();
  const text = (receptiveField: number) => receptiveFieldText({ ...network, receptiveField });
  assertEquals(text(7), "receptive field 7");
  assertEquals(text(23), "receptive field 23 (the whole image)");
  assertEquals(text(Infinity), "receptive field the whole image (attention)");
});
