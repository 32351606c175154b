import { assert, assertEquals, assertThrows } from "@std/assert";
import { gatherImages } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { songUnet, type SongUnetArchitecture } from "../../src/networks/architectures/song_unet.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters, parameterCount } from "../../src/networks/weights/parameters.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { heun } from "../../src/samplers/heun.ts";
import { karrasTimeGrid } from "../../src/samplers/time_grid.ts";
import { noiseLevel, timeAtLevel } from "../../src/schedules/noise_level.ts";
import { edmCases, edmGolden, edmNote } from "./edm_golden.ts";
import { backends } from "./golden.ts";
import { directionalDerivatives } from "./gradient_check.ts";
import { edm } from "../../src/schedules/edm.ts";

const ignore = edmNote !== "";

const difference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => Math.abs(value - b[i]!)).reduce((x, y) => Math.max(x, y), 0);

for (const backend of backends) {
  for (const name of Object.keys(edmCases) as (keyof typeof edmCases)[]) {
    Deno.test({
      name: `song unet: ${name} denoises as the original on ${backend}${edmNote}`,
      ignore,
      fn: async () => {
        await startBackend(backend);
        const { trained, batch, float, labels } = await edmGolden(name);
        const denoiser = networkDenoiser(trained);
        const [x, expected] = [batch("x"), batch("denoised")];
        for (const [i, sigma] of float("sigma").data.entries()) {
          const t = timeAtLevel(trained.schedule, sigma);
          const found = await denoiser.predict(gatherImages(x, [i]), t, {
            labels: labels && [labels[i]!],
          });
          const values = gatherImages(expected, [i]).data;
          // Float32 on both sides: VP and VE networks of random weights give values of hundreds.
          const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
          const error = difference(found.data, values) / largest;
          assert(error < 5e-6, `sigma ${sigma}: differs by ${error}`);
        }
        denoiser.dispose();
      },
    });
  }
}

for (const name of Object.keys(edmCases) as (keyof typeof edmCases)[]) {
  Deno.test({
    name: `song unet: 18 steps of Heun's method on ${name} end where EDM's sampler does${edmNote}`,
    ignore,
    fn: async () => {
      await startBackend("wasm");
      const { trained, batch, float, labels } = await edmGolden(name);
      const { schedule } = trained;
      const denoiser = networkDenoiser(trained);
      const z = batch("heun/z");
      const sigmas = Array.from(float("heun/sigmas").data);
      const times = karrasTimeGrid(schedule, { steps: 18 });
      const levels = times.map((t) => t === 0 ? 0 : noiseLevel(schedule, t));
      assert(difference(levels, sigmas) < 1e-9 * 80, `levels ${levels}`);
      const xT = { data: z.data.map((value) => value * sigmas[0]!), shape: z.shape };
      const x0 = await heun(denoiser, { xT, times, labels: labels?.slice(0, 2) });
      assert(x0.data.some((value) => Math.abs(value) > 0.1));
      denoiser.dispose();
      const error = difference(x0.data, batch("heun/x_0").data);
      // Its state is float64, ours float32.
      assert(error < 1e-4, `samples differ by ${error}`);
    },
  });
}

const small: SongUnetArchitecture = {
  kind: "song-unet",
  imageShape: [8, 8, 2],
  padding: "zeros",
  classes: 3,
  width: 4,
  channels: [8, 8],
  blocks: 1,
  attention: [8],
  embedding: 8,
  waves: 8,
  frequencies: [0.1, -0.3, 1, 2],
  encoder: "residual",
  decoder: "skip",
  filter: [1, 3, 3, 1],
};

/** Initial values have zeros, behind which nothing could be seen. */
function lively(architecture: SongUnetArchitecture): Float32Array {
  const random = new Random(5);
  return initialParameters(songUnet(architecture).parameters, new Random(4))
    .map((value) => value + 0.1 * random.normal());
}

for (
  const variant of [
    { encoder: "residual", decoder: "skip" },
    { encoder: "skip", decoder: "standard", frequencies: [], classes: 0, padding: "circular" },
  ] as const
) {
  const { encoder, decoder } = variant;
  Deno.test(`song unet: gradients are central differences, encoder ${encoder}, decoder ${decoder}`, async () => {
    await startBackend("wasm");
    const architecture = { ...small, ...variant };
    const found = directionalDerivatives(songUnet(architecture), {
      parameters: lively(architecture),
      x: new Random(6).normals(2 * 128),
      times: [0.1, 0.8],
      ...architecture.classes > 0 && { labels: [2, 1] },
      step: 1e-3,
    });
    for (const { name, gradient, difference } of found) {
      // The error is that of float32 outputs over a step of 1e-3 and of the cubic term.
      const error = Math.abs(gradient - difference) / (Math.abs(difference) + 1);
      assert(error < 1e-2, `${name}: gradient ${gradient}, central difference ${difference}`);
    }
  });
}

Deno.test("song unet: the published sizes have as many parameters as EDM says", () => {
  const published = {
    ...small,
    imageShape: [32, 32, 3],
    classes: 0,
    width: 128,
    channels: [256, 256, 256],
    blocks: 4,
    attention: [16],
    embedding: 512,
    waves: 128,
    frequencies: [],
    encoder: "standard",
    decoder: "standard",
    filter: [1, 1],
  } as const;
  // arXiv 2206.00364 gives DDPM++ of this size 55.7 million.
  assertEquals(Math.round(parameterCount(songUnet(published).parameters) / 1e5), 557);
});

Deno.test("song unet: a network comes back from its file, with what is around it", () => {
  const network = songUnet(small);
  for (
    const preconditioning of [
      { kind: "vp", betaD: 19.9, betaMin: 0.1, timesteps: 1000 },
      { kind: "ve" },
      { kind: "edm", sigmaData: 0.5 },
    ] as const
  ) {
    const trained = {
      ...{ network, parameters: lively(small), schedule: edm(), training: {} },
      prediction: "x0" as const,
      preconditioning,
    };
    const found = readWeights(writeWeights(trained), "memory");
    assertEquals(found.parameters, trained.parameters);
    assertEquals(found.network.architecture, small);
    assertEquals(found.preconditioning, preconditioning);
  }
});

Deno.test("song unet: sizes that cannot be built are refused by name", () => {
  const refuses = (fields: Partial<SongUnetArchitecture>, message: string) =>
    assertThrows(() => songUnet({ ...small, ...fields }), RangeError, message);
  refuses({ channels: [] }, "without levels");
  refuses({ channels: [6] }, "6 channels: expected a multiple of 4");
  refuses({ blocks: 0 }, "0 blocks");
  refuses({ imageShape: [8, 10, 1] }, "8 x 10: they must be square");
  refuses({ channels: [8, 8, 8, 8, 8] }, "a multiple of 16 wide");
  refuses({ waves: 7 }, "7 waves");
  refuses({ frequencies: [1] }, "1 frequencies for 8 waves");
  refuses({ filter: [1, 2, 1] }, "the filter 1,2,1");
  refuses({ filter: [1, -1] }, "sum is not zero");
  refuses({ imageShape: [2, 2, 1] }, "smallest level is 1 pixels");
});
