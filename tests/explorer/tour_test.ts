/** What the tour says is so: computed here with the images, the noise and the scales of the MNIST page. */
import { assert, assertEquals } from "@std/assert";
import { loadDataset, loadZooNetwork } from "@els/toolkit";
import {
  createMachine,
  explainTrajectory,
  type Explanation,
  type ImageBatch,
  initialNoise,
  type MachineName,
  machineNames,
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

/** The page's first sample by a machine: its final image, and the last step's explanation. */
async function follow(machine: MachineName, images: ImageBatch, patchSize?: number) {
  const { schedule } = await loadZooNetwork("mnist-resnet-zeros");
  await using posterior = wasmPosterior();
  const last: Explanation[] = [];
  const final = await explainTrajectory(
    createMachine(machine, { images, schedule, posterior, ...patchSize && { patchSize } }),
    {
      xT: initialNoise({ seed: 1, samples: 1, imageShape: [side, side, 1], schedule }),
      times: timeGrid("cubic", { steps: 8, schedule }),
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
