/** The measured receptive field against differences, and against what the architecture allows. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { predictAs } from "../../src/denoisers/convert.ts";
import { effectiveField } from "../../src/networks/analysis/field_profile.ts";
import { type Architecture, createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { measureReceptiveField } from "../../src/networks/analysis/receptive_field.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const resnet = (changes: Partial<Architecture> = {}) =>
  ({
    kind: "resnet",
    imageShape: [9, 9, 1],
    width: 8,
    layers: 1,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
    ...changes,
  }) as Architecture;

function untrained(architecture: Architecture, seed = 1): TrainedNetwork {
  const network = createNetwork(architecture);
  return {
    network,
    parameters: initialParameters(network.parameters, new Random(seed)),
    schedule: createSchedule("cosine_legacy"),
    training: {},
  };
}

const noise = ([h, w, c]: readonly number[], images = 1, seed = 5): ImageBatch =>
  imageBatch(new Random(seed).normals(images * h! * w! * c!), [images, h!, w!, c!]);

Deno.test("measured field: the map around a pixel equals differences of the denoiser, for x0 and eps", async () => {
  await startBackend("wasm");
  for (const padding of ["zeros", "circular"] as const) {
    const trained = untrained(resnet({ padding, imageShape: [9, 9, 1] }));
    const [t, step] = [0.6, 1e-2];
    // With circular padding any pixel may be drawn: a constant image makes them all alike.
    const x = padding === "zeros"
      ? noise([9, 9, 1])
      : imageBatch(new Float32Array(81).fill(0.3), [1, 9, 9, 1]);
    const denoiser = networkDenoiser(trained);
    for (const  of of["x0", "eps"] as const) {
      const { times, radius } = await measureReceptiveField(trained, {
        of,
        points: [{ t, x }],
        pixels: padding === "zeros" ? 1 : 3,
        radius: 4,
      });
      assertEquals([radius, times.length], [4, 1]);
      const at = 4 * 9 + 4;
      for (const [offset, dy, dx] of [[40, 0, 0], [41, 0, 1], [21, -2, -1], [80, 4, 4]] as const) {
        const values = await Promise.all([-step, step].map(async (change) => {
          const data = x.data.slice();
          data[at + 9 * dy + dx]! += change;
          const { data: found } = await predictAs(denoiser, of, { x: { ...x, data }, t });
          return found[at]!;
        }));
        const difference = Math.abs(values[1]! - values[0]!) / (2 * step);
        // A ReLU may bend within the step, and float32 carries 1e-7 / 1e-2.
        assertAlmostEquals(times[0]!.map[offset]!, difference, 2e-3, `${padding} ${of} ${offset}`);
      }
    }
    denoiser.dispose();
  }
});

Deno.test("measured field: it fills what the architecture allows, and nothing outside", async () => {
  await startBackend("wasm");
  const unet: Architecture = {
    kind: "unet",
    imageShape: [32, 32, 1],
    channels: [8, 8],
    embedding: 8,
    norm: "none",
    padding: "zeros",
    classes: 0,
  };
  const cases: [Architecture, number][] = [
    [resnet({ imageShape: [16, 16, 3] }), 7],
    [resnet({ imageShape: [16, 16, 3], padding: "circular" }), 7],
    [unet, createNetwork(unet).receptiveField],
  ];
  for (const [architecture, computed] of cases) {
    const trained = untrained(architecture);
    const field = await measureReceptiveField(trained, {
      points: [{ t: 0.4, x: noise(architecture.imageShape, 2) }],
      pixels: 24,
    });
    assertEquals(field.computed, computed);
    assertEquals(field.radius, Math.min(Math.ceil((computed + 1) / 2), 15));
    // Outside are roundings of Winograd's algorithm, and nothing else.
    const most = { radius: field.radius, share: 1 - 1e-6 };
    const width = effectiveField(field.times[0]!, most)!;
    // A UNet's widest field belongs to one side only of some pixels in their square of pooling.
    const [least, widest] = architecture.kind === "unet"
      ? [computed - 4, computed + 3]
      : [computed, computed];
    assert(
      width >= least && width <= widest,
      `${architecture.kind}: ${width}, allowed ${computed}`,
    );
  }
});

Deno.test("measured field: the same seed gives the same maps; times ascend; classes are heard", async () => {
  await startBackend("wasm");
  // Group normalization of one channel a group, as at width 8, would hide time and class.
  const trained = untrained(resnet({ classes: 3, imageShape: [12, 12, 1], width: 16 }));
  const points = [0.9, 0.2].map((t) => ({ t, x: noise([12, 12, 1], 3) }));
  const measure = (seed: number, labels: number | number[], batchSize: number) =>
    measureReceptiveField(trained, { points, seed, labels, pixels: 4, batchSize });
  const first = await measure(1, [0, 1, 2], 16);
  assertEquals(first.times.map(({ t }) => t), [0.2, 0.9]);
  assertEquals(first.gradients, 12);
  assertEquals(await measure(1, [0, 1, 2], 16), first);
  const { times } = await measure(1, [0, 1, 2], 5);
  times[0]!.map.forEach((value, i) =>
    assertAlmostEquals(value, first.times[0]!.map[i]!, 1e-6, "batches change rounding only")
  );
  assert((await measure(2, [0, 1, 2], 16)).times[0]!.map.join() !== first.times[0]!.map.join());
  assert((await measure(1, 2, 16)).times[0]!.map.join() !== first.times[0]!.map.join());
});

Deno.test("measured field: what does not fit is refused by name", async () => {
  const trained = untrained(resnet());
  const points = [{ t: 0.5, x: noise([9, 9, 1]) }];
  const refused = (
    options: Partial<Parameters<typeof measureReceptiveField>[1]>,
    message: string,
  ) =>
    assertRejects(
      () => measureReceptiveField(trained, { points, ...options }),
      RangeError,
      message,
    );
  await refused({ points: [] }, "no images");
  await refused({ points: [{ t: 0.5, x: noise([8, 8, 1]) }] }, "1 images of 8 x 8 x 1");
  await refused({ pixels: 0 }, "pixels is 0");
  await refused({ radius: 5 }, "radius is 5, expected 0 to 4");
  await refused({ labels: 1 }, "not conditional");
});
