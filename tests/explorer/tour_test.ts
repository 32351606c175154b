/** What the tour says is so: computed here with the images, the noise and the scales of the MNIST page. */
import { assert, assertEquals } from "@std/assert";
import { loadDataset, loadZooNetwork, networkDenoiser, startBackend } from "@els/toolkit";
import {
  createMachine,
  ddim,
  type ExplainedStep,
  explainTrajectory,
  type Explanation,
  type ImageBatch,
  initialNoise,
  type Machine,
  type MachineName,
  machineNames,
  pearson,
  scheduledMachines,
  timeGrid,
  wasmPosterior,
} from "@els/toolkit/machines";
import { loadZooSchedules } from "@els/toolkit/zoo";
import { tour, tourNeeds } from "../../src/explorer/tour.ts";

const pageImages = 2000;
const side = 32;

Deno.test("tour: at most eight steps, each short, of what a page brings along", () => {
  assert(tour.length <= 8);
  for (const { title, text, state, parts } of tour) {
    assert(title.length <= 40, title);
    assert(text.length === 1 || text.length === 2, title);
    assert(text.join(" ").split(" ").length <= 100, title);
    assert(parts.length > 0, title);
    const { machine = "bbELS", patchSize = null, step = 0, pins = [], pin = 0 } = state;
    assert(machineNames.includes(machine));
    assert(
      tourNeeds.some((need) => need.machine === machine && need.patchSize === patchSize),
      `${title}: a page does not bring ${machine} with ${patchSize}`,
    );
    assert(step >= 0 && step < 8 && pin < pins.length, title);
    assert(pins.every((pixel) => pixel >= 0 && pixel < side * side), title);
  }
});

Deno.test("tour: the widths are those that were calibrated", async () => {
  const schedules = await loadZooSchedules("mnist-resnet-zeros");
  const sizes = schedules.find(({ machine }) => machine === "bbELS")!.steps
    .toSorted((a, b) => b.t - a.t).map(({ patchSize }) => patchSize);
  const { text } = tour.find(({ title }) => title === "The window shrinks")!;
  assertEquals([sizes[0], sizes.at(-1)], [15, 5]);
  for (const claim of ["k is 15 at first", "shrinks to 5 pixels"]) {
    assert(text.join(" ").includes(claim), claim);
  }
});

/** Root of the mean squared difference to the training image that is nearest. */
function nearest(image: Float32Array, { data }: ImageBatch): number {
  let best = Infinity;
  for (let from = 0; from < data.length; from += image.length) {
    let sum = 0;
    for (let p = 0; p < image.length; p++) sum += (image[p]! - data[from + p]!) ** 2;
    best = Math.min(best, sum);
  }
  return Math.sqrt(best / image.length);
}

const start = async () => {
  const { schedule } = await loadZooNetwork("mnist-resnet-zeros");
  return {
    schedule,
    xT: initialNoise({ seed: 1, samples: 1, imageShape: [side, side, 1], schedule }),
    times: timeGrid("cubic", { steps: 8, schedule }),
  };
};

/** The page's first sample by a machine: its final image, and the last step's explanation. */
async function follow(machine: MachineName, images: ImageBatch, patchSize?: number) {
  const { schedule, ...sampling } = await start();
  await using posterior = wasmPosterior();
  const last: Explanation[] = [];
  const final = await explainTrajectory(
    createMachine(machine, { images, schedule, posterior, ...patchSize && { patchSize } }),
    {
      ...sampling,
      top: 1,
      onStep: ({ i, explanation }) => void (i === 1 && last.push(explanation)),
    },
  );
  return { final: final.data, last: last[0]! };
}

Deno.test("tour: the perfect guess, and a window of 31 pixels, end in a copy", async () => {
  const { images } = await loadDataset("mnist", { images: pageImages });
  const ideal = await follow("IS", images);
  // Weights of all others are below the smallest float.
  assert(nearest(ideal.final, images) < 1e-5);
  assertEquals(new Set(ideal.last.image).size, 1);
  assert(ideal.last.weight.every((weight) => weight > 0.999));

  const wide = await follow("bbELS", images, 31);
  // Pixel values reach from -1 to 1. Corners see a quarter of the image, and may err: a few pixels do.
  assert(nearest(wide.final, images) < 0.1, `${nearest(wide.final, images)}`);
  const stroke = [...wide.final.keys()].filter((pixel) => wide.final[pixel]! > 0);
  const sources = stroke.map((pixel) => wide.last.image[pixel]!);
  const copied = sources.filter((source) => source === ideal.last.image[0]).length;
  assert(copied > 0.9 * stroke.length, `${copied} of ${stroke.length}`);
});

/** Pixels of the stroke, in pieces that touch along a side: sizes, the largest first. */
function pieces(image: Float32Array): number[] {
  const left = new Set([...image.keys()].filter((pixel) => image[pixel]! > 0));
  const sizes: number[] = [];
  for (const first of left) {
    const waiting = [first];
    left.delete(first);
    let size = 0;
    for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
      size++;
      for (const next of [pixel - side, pixel + side, pixel - 1, pixel + 1]) {
        if (left.delete(next)) waiting.push(next);
      }
    }
    sizes.push(size);
  }
  return sizes.sort((a, b) => b - a);
}

Deno.test({
  name: "tour: machine and network stay together, the stroke is new and made of dozens of images",
  ignore: Deno.env.get("ELS_LONG_TESTS") !== "1",
  async fn() {
    const { images } = await loadDataset("mnist", { images: pageImages });
    const { schedule, xT, times } = await start();
    const schedules = await loadZooSchedules("mnist-resnet-zeros");
    await using posterior = wasmPosterior();
    const options = { data: { images }, schedule, schedules, posterior };
    const machine = scheduledMachines(["bbELS"], options)[0]!.denoiser as Machine;
    const pins = tour[0]!.state.pins!.map((pixel) =>
      [Math.floor(pixel / side), pixel % side] as const
    );
    const steps: ExplainedStep[] = [];
    const final = (await explainTrajectory(machine, {
      ...{ xT, times, pixels: pins },
      onStep: (step) => void steps.push(step),
    })).data;
    const patches = steps.map(({ explanation }) => explanation.effectivePatches[0]!);
    assertEquals(patches, patches.toSorted((a, b) => b - a));
    assert(patches[0]! > 500_000 && patches.at(-1)! < 2000, patches.join());
    // "Most of the weight is spread over many others."
    assert(steps[6]!.explanation.rest[0]! > 0.5);

    await startBackend("wasm");
    const network = networkDenoiser(await loadZooNetwork("mnist-resnet-zeros"));
    const together: number[] = [];
    await ddim(network, {
      ...{ xT, times },
      onStep: ({ xHat0 }) =>
        void together.push(pearson(xHat0.data, steps[together.length]!.explanation.xHat0.data)),
    });
    network.dispose();
    assert(together.every((r) => r > 0.9), together.join());

    assert(nearest(final, images) > 0.3);
    assert(pieces(final)[0]! > 50, pieces(final).join());
    const stroke = [...final.keys()].filter((pixel) => final[pixel]! > 0)
      .map((pixel) => [Math.floor(pixel / side), pixel % side] as const);
    const last = await machine.explain(steps[7]!.x, times[7]!, { pixels: stroke, top: 1 });
    assert(new Set(last.image).size >= 24);

    const narrow = createMachine("bbELS", { images, schedule, posterior, patchSize: 3 });
    const dots = pieces((await ddim(narrow, { xT, times })).data);
    assert(dots.length >= 8 && dots[0]! <= 10, dots.join());
  },
});
