import { assertEquals, assertThrows } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import { type CalibrationState, toScaleSchedule } from "../../src/calibration/calibration.ts";
import { refineScales } from "../../src/calibration/refine.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { candidateWidths } from "../../src/machines/windows.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const images = bytesToImages(syntheticTextures({ images: 8, size: 8 }));
const imageLabels = [0, 1, 0, 1, 0, 1, 0, 1];
const schedule = cosineLegacy();
const candidates = candidateWidths({ imageShape: [8, 8, 1], from: 2, to: 8 });
const provenance = createProvenance({ seed: 3, config: {} });
const asSchedule = { machine: "bbELS", padding: "zeros", provenance } as const;

Deno.test("calibrate: a line search finds the widths of a soft window, resumed too, and a file holds them", async () => {
  const widths = [candidates[5]!, candidates[12]!];
  const parts = { images, schedule, window: "super" } as const;
  await using network = createMachine("bbELS", { ...parts, patchSize: widths });
  await using machine = createMachine("bbELS", parts);
  const options = { candidates, search: "line", steps: 2, samples: 3, seed: 3, batch: 1 } as const;
  const states: CalibrationState[] = [];
  const found = await calibrate(network, machine, {
    ...options,
    onState: (state) => void states.push(JSON.parse(JSON.stringify(state))),
  });
  assertEquals(found.chosen.map(({ patchSize }) => patchSize), widths);
  assertEquals(
    found.chosen.map(({ interval }) => interval),
    widths.map((width) => [width, width] as const),
  );
  // Of 17 widths not all were tried.
  const tried = found.tables.cosine.flat().map((row) =>
    row.filter((value) => value !== null).length
  );
  assertEquals(tried.every((count) => count >= 5 && count <= 11), true);
  const resumed = await calibrate(network, machine, { ...options, resume: states[2] });
  assertEquals(resumed, found);

  const text = writeScaleSchedule(toScaleSchedule(found, asSchedule));
  const scales = parseScaleSchedule(text);
  assertEquals([scales.version, scales.window], [2, "super"]);
  // The schedule alone says what the machine is.
  await using again = createMachine("bbELS", { images, schedule, patchSize: scales });
  const x = initialNoise({ seed: 1, samples: 1, imageShape: [8, 8, 1], schedule });
  assertEquals((await again.predict(x, 0.5)).data, (await network.predict(x, 0.5)).data);
});

Deno.test("refineScales: widths of a window move as sizes do", async () => {
  await using network = createMachine("bbELS", {
    ...{ images, schedule, window: "super", patchSize: [3.36, 4.76] },
  });
  await using machine = createMachine("bbELS", { images, schedule, window: "super" });
  const { scales } = await refineScales(network, machine, {
    ...{ start: [4, 4.76], candidates: [3.36, 4, 4.76], samples: 1, seed: 1 },
  });
  assertEquals(scales, [3.36, 4.76]);
});

Deno.test("calibrate: a state of another window is refused by name", async () => {
  await using network = createMachine("LS", { images, schedule, patchSize: [3] });
  await using soft = createMachine("LS", { images, schedule, window: "gaussian" });
  await using box = createMachine("LS", { images, schedule, window: "box" });
  const options = { candidates: [3, 5], steps: 1, samples: 1, seed: 3 };
  const { message } = await calibrate(network, soft, options).then((resume) =>
    calibrate(network, box, { ...options, resume })
  ).then(() => new Error("it was taken"), (error) => error);
  assertEquals(
    message,
    'Cannot resume the calibration: its window is "gaussian", this run has "box"; use the same options ' +
      "or start anew",
  );
});

Deno.test("scales of single classes: each by its own samples, and each image takes that of its class", async () => {
  const parts = { images, labels: imageLabels, schedule };
  await using narrow = createMachine("bbELS", { ...parts, patchSize: [3] });
  await using wide = createMachine("bbELS", { ...parts, patchSize: [7] });
  await using machine = createMachine("bbELS", parts);
  // A network whose classes look in different ways.
  const network = {
    ...{ name: "two", prediction: "x0" as const, imageShape: [8, 8, 1] as const, schedule },
    predict: async (x: typeof images, t: number, { labels }: { labels?: unknown } = {}) => {
      const given = labels as ArrayLike<number>;
      const [a, b] = await Promise.all(
        [narrow, wide].map((each) => each.predict(x, t, { labels: given })),
      );
      const data = a!.data.map((value, i) => given[Math.floor(i / 64)] === 0 ? value : b!.data[i]!);
      return { data, shape: x.shape };
    },
  };
  const labels = [0, 1, 0, 1, 0];
  const found = await calibrate(network, machine, {
    ...{ candidates: [3, 5, 7], steps: 1, samples: 5, seed: 3, labels },
  });
  const scales = toScaleSchedule(found, { ...asSchedule, perClass: true });
  assertEquals(scales.version, 2);
  assertEquals(scales.steps[0]!.patchSize, 3);
  assertEquals(scales.steps[0]!.perClass, [
    { label: 0, patchSize: 3, interval: [3, 3] },
    { label: 1, patchSize: 7, interval: [7, 7] },
  ]);
  const read = parseScaleSchedule(writeScaleSchedule(scales));
  assertEquals(read, scales);
  await using own = createMachine("bbELS", { ...parts, patchSize: read });
  const x = initialNoise({ seed: 1, samples: 4, imageShape: [8, 8, 1], schedule });
  const asked = { labels: [1, 0, 1, 0] };
  const [mine, theirs] = [await own.predict(x, 1, asked), await network.predict(x, 1, asked)];
  assertEquals(mine, theirs);
  const explained = await own.explain(x, 1, { ...asked, pixels: [[2, 2]] });
  assertEquals(explained.xHat0, theirs);
  assertThrows(
    () => toScaleSchedule({ ...found, labels: null }, { ...asSchedule, perClass: true }),
    RangeError,
    "Cannot choose scales of single classes: the samples have none",
  );
});
