/**
 * Calibration of a trained ResNet against the golden tables, which float64 code of its own computed
 * (tests/fixtures/calibration.safetensors: 128 digits, 10 steps, 3 samples, zero padding).
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { calibrate } from "../../src/calibration/calibrate.ts";
import type { Calibration } from "../../src/calibration/calibration.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { fromStateDict } from "../../src/networks/weights/parameters.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const file = new URL("../fixtures/calibration.safetensors", import.meta.url);
const { tensors } = parseSafetensors(await Deno.readFile(file), "calibration.safetensors");
const numbers = (name: string): number[] => Array.from(tensors.get(name)!.data, Number);
const long = Deno.env.get("ELS_LONG_TESTS") === "1";
const candidates = numbers("candidates");
const [samples, steps] = [3, 10];
const xT: ImageBatch = imageBatch(Float32Array.from(numbers("x_T")), [samples, 32, 32, 1]);
const { images, labels } = await loadDataset("mnist", { images: 128 });

function goldenNetwork(): Denoiser & { dispose(): void } {
  const network = resnet({
    kind: "resnet",
    imageShape: [32, 32, 1],
    width: 48,
    layers: 6,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
  });
  const weights = new Map<string, FloatTensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith("weights/")) {
      weights.set(name.slice("weights/".length), tensor as FloatTensor);
    }
  }
  return networkDenoiser({
    network,
    parameters: fromStateDict(network.parameters, weights, "calibration.safetensors"),
    schedule: createSchedule("cosine_legacy"),
    training: {},
  });
}

function assertGolden(calibration: Calibration, machine: "LS" | "bbELS"): void {
  for (const metric of ["cosine", "l2"] as const) {
    const expected = numbers(`${machine}/${metric}`);
    const found = calibration.tables[metric].flat(2) as number[];
    assertEquals(found.length, expected.length);
    let worst = 0;
    found.forEach((value, index) => {
      worst = Math.max(worst, Math.abs(value - expected[index]!) / Math.max(1, expected[index]!));
    });
    // float32 network and images against float64: 1e-5 of the whole along ten steps.
    assert(worst < 1e-4, `${machine} ${metric}: off by ${worst}`);
  }
  const best = numbers(`${machine}/best_cosine`);
  const perSample = Array.from(
    { length: samples },
    (_, sample) => calibration.chosen.map((step) => step.perSample[sample]!),
  );
  assertEquals(perSample.flat(), best);
  assertEquals(
    calibration.chosen.map(({ patchSize }) => patchSize),
    numbers(`${machine}/median`),
  );
}

const settings = { candidates, steps, samples, seed: 0, xT };

Deno.test("golden calibration: the network's trajectories end where they should", async () => {
  await startBackend("wasm");
  const network = goldenNetwork();
  const x0 = await ddim(network, { xT, times: uniformTimeGrid(steps) });
  network.dispose();
  const expected = [0, 1, 2].flatMap((sample) => numbers(`network/x_0/${sample}`));
  x0.data.forEach((value, index) =>
    // float32 against float64; the first step divides by signal(1) = 0.0125
    assertAlmostEquals(value, expected[index]!, 2e-3)
  );
});

// Of bbELS the search among neighbors below looks at two thirds of the table in a third of the time.
const whole = long ? (["LS", "bbELS"] as const) : (["LS"] as const);
for (const name of whole) {
  Deno.test(`golden calibration: ${name} gives the tables, best scales and median`, async () => {
    await startBackend("wasm");
    const network = goldenNetwork();
    await using machine = createMachine(name, { images, labels, schedule: network.schedule });
    assertGolden(await calibrate(network, machine, settings), name);
    network.dispose();
  });
}

Deno.test("golden calibration: a search among neighbors gives the winners of the full grid, and says what it left out", async () => {
  await startBackend("wasm");
  const network = goldenNetwork();
  await using machine = createMachine("bbELS", { images, labels, schedule: network.schedule });
  const found = await calibrate(network, machine, { ...settings, search: "neighbors" });
  network.dispose();
  const expected = numbers("bbELS/cosine");
  let evaluated = 0;
  for (let sample = 0; sample < samples; sample++) {
    for (let step = 0; step < steps; step++) {
      const row = found.tables.cosine[sample]![step]!;
      const at = (sample * steps + step) * candidates.length;
      const whole = expected.slice(at, at + candidates.length);
      assertEquals(
        found.chosen[step]!.perSample[sample],
        candidates[whole.indexOf(Math.max(...whole))],
      );
      row.forEach((value, index) => {
        if (value === null) return;
        evaluated++;
        // As in the full table: sums in another order.
        assertAlmostEquals(value, whole[index]!, 1e-5);
      });
    }
  }
  const all = samples * steps * candidates.length;
  assert(evaluated < all * 0.8, `${evaluated} of ${all} evaluated`);
});

for (const name of whole) {
  Deno.test(`golden calibration: ${name} with images until settled gives the scales of the full grid`, async () => {
    await startBackend("wasm");
    const network = goldenNetwork();
    await using machine = createMachine(name, { images, labels, schedule: network.schedule });
    const found = await calibrate(network, machine, { ...settings, images: "auto" });
    network.dispose();
    const scales = found.chosen.map(({ patchSize }) => patchSize);
    assertEquals(scales, numbers(`${name}/median`));
  });
}

Deno.test("golden calibration: with all 1,000 digits of the network, few of them and few scales decide as the full grid does", async () => {
  await startBackend("wasm");
  const network = goldenNetwork();
  const { images } = await loadDataset("mnist", { images: 1000 });
  await using machine = createMachine("LS", { images, schedule: network.schedule });
  const full = await calibrate(network, machine, settings);
  const found = await calibrate(network, machine, { ...settings, images: "auto" });
  network.dispose();
  const scales = ({ chosen }: Calibration) => chosen.map(({ patchSize }) => patchSize);
  assertEquals(scales(found), scales(full));
  const used = found.imagesUsed!;
  let evaluated = 0;
  found.tables.cosine.forEach((steps, sample) =>
    steps.forEach((row, step) => {
      if (used[sample]![step]! < 1000) return;
      row.forEach((value, index) => {
        if (value === null) return;
        evaluated++;
        // As in the full table: sums in another order.
        assertAlmostEquals(value, full.tables.cosine[sample]![step]![index]!, 1e-5);
      });
    })
  );
  const all = samples * steps * candidates.length;
  assert(evaluated < all / 3, `${evaluated} of ${all} evaluated by all digits`);
});
