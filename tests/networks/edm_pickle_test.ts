import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import type { Preconditioning } from "../../src/denoisers/preconditioning.ts";
import { songUnet, type SongUnetArchitecture } from "../../src/networks/architectures/song_unet.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { edm } from "../../src/schedules/edm.ts";
import { type EdmModule, edmModule, writeEdmPickle } from "../../tasks/tools/fuzz/edm_builder.ts";
import { edmCases, edmGolden, edmNote, edmPickle } from "./edm_golden.ts";

for (const name of Object.keys(edmCases) as (keyof typeof edmCases)[]) {
  Deno.test({
    name: `EDM pickles: ${name} is the network of its options and weights${edmNote}`,
    ignore: edmNote !== "",
    fn: async () => {
      const path = edmPickle(name);
      const found = await readAnyWeights(await Deno.readFile(path), path);
      const { trained } = await edmGolden(name);
      assertEquals(found.network.architecture, trained.network.architecture);
      assertEquals(found.parameters, trained.parameters);
      assertEquals(found.preconditioning, trained.preconditioning);
      assertEquals(found.schedule.parameters, trained.schedule.parameters);
      assertEquals(found.prediction, "x0");
      assertEquals(found.training.name, name);
    },
  });
}

const small: SongUnetArchitecture = {
  kind: "song-unet",
  imageShape: [8, 8, 3],
  padding: "zeros",
  classes: 0,
  width: 8,
  channels: [8, 16],
  blocks: 1,
  attention: [4],
  embedding: 16,
  waves: 8,
  frequencies: [],
  encoder: "standard",
  decoder: "standard",
  filter: [1, 1],
};

function trainedOf(
  fields: Partial<SongUnetArchitecture> = {},
  preconditioning: Preconditioning = { kind: "edm", sigmaData: 0.5 },
) {
  const network = songUnet({ ...small, ...fields });
  const parameters = initialParameters(network.parameters, new Random(1));
  return {
    ...{ network, parameters, schedule: edm(), preconditioning, training: {} },
    prediction: "x0" as const,
  };
}

const variants: readonly (readonly [Partial<SongUnetArchitecture>, Preconditioning])[] = [
  [{}, { kind: "edm", sigmaData: 0.25 }],
  [{ encoder: "skip", decoder: "skip", filter: [1, 3, 3, 1], blocks: 2 }, { kind: "ve" }],
  [
    { encoder: "residual", classes: 4, frequencies: [0.5, 1, 2, 3], attention: [] },
    { kind: "vp", betaD: 19.9, betaMin: 0.1, timesteps: 1000 },
  ],
  [{ channels: [16], attention: [8] }, { kind: "ve" }],
];

for (const [i, [fields, preconditioning]] of variants.entries()) {
  Deno.test(`EDM pickles: a file of the kind gives its network, variant ${i}`, async () => {
    const trained = trainedOf(fields, preconditioning);
    const bytes = writeEdmPickle(edmModule(trained));
    const found = await readAnyWeights(bytes, "network-snapshot.pkl");
    assertEquals(found.network.architecture, trained.network.architecture);
    assertEquals(found.parameters, trained.parameters);
    assertEquals(found.preconditioning, preconditioning);
    assertEquals(found.schedule.parameters.sigmaMin, preconditioning.kind === "ve" ? 0.02 : 0.002);
  });
}

/** A module within another. */
const within = (module: EdmModule, path: string): EdmModule =>
  path.split(".").reduce((found, name) => found.modules[name]!, module);

const refusals: readonly (readonly [string, (module: EdmModule) => void, string])[] = [
  ["another network", (m) => m.modules.model!.type = "DhariwalUNet", "class DhariwalUNet"],
  ["another wrapper", (m) => m.type = "iDDPMPrecond", "class iDDPMPrecond"],
  [
    "another scale of sums",
    (m) => within(m, "model.enc.8x8_block0").attributes.skip_scale = 1,
    "enc.8x8_block0 has skip_scale = 1",
  ],
  [
    "adaptive scales",
    (m) => within(m, "model.dec.4x4_in1").attributes.adaptive_scale = true,
    "dec.4x4_in1 has adaptive_scale = true",
  ],
  [
    "several heads",
    (m) => within(m, "model.dec.4x4_in0").attributes.num_heads = 4,
    "num_heads = 4, this release computes 1",
  ],
  [
    "another epsilon",
    (m) => within(m, "model.dec.8x8_aux_norm").attributes.eps = 1e-5,
    "dec.8x8_aux_norm has eps = 0.00001",
  ],
  [
    "another layer",
    (m) => within(m, "model.enc.8x8_block0.norm0").type = "BatchNorm",
    "norm0 is a BatchNorm",
  ],
  [
    "one more layer",
    (m) => {
      const block = within(m, "model.enc.8x8_block0");
      block.modules.gate = structuredClone(block.modules.affine!);
    },
    "gate",
  ],
  [
    "a filter that is not made of whole taps",
    (m) => {
      const { buffers } = within(m, "model.enc.4x4_down.conv0");
      buffers.resample_filter = { shape: [1, 1, 2, 2], data: Float32Array.of(0.1, 0.2, 0.3, 0.4) };
    },
    "whole taps",
  ],
  [
    "a size that is not the network's",
    (m) => m.attributes.img_resolution = 16,
    "img_resolution = 16, its network 8",
  ],
  ["no sigma_data", (m) => m.attributes.sigma_data = "much", "sigma_data"],
  [
    "a weight that is missing",
    (m) => delete within(m, "model.enc.8x8_block0.conv1").parameters.bias,
    "enc.8x8_block0.conv1.bias is missing",
  ],
];

for (const [what, change, message] of refusals) {
  Deno.test(`EDM pickles: ${what} is refused by its name`, async () => {
    const module = structuredClone(edmModule(trainedOf()));
    change(module);
    const bytes = writeEdmPickle(module);
    const error = await assertRejects(
      () => readAnyWeights(bytes, "a.pkl"),
      CheckpointMismatchError,
      message,
    );
    assert(!error.message.includes("\n"), error.message);
  });
}

Deno.test("EDM pickles: a file that is cut off says so", async () => {
  const bytes = writeEdmPickle(edmModule(trainedOf()));
  for (const length of [bytes.length >> 1, bytes.length - 1]) {
    await assertRejects(() => readAnyWeights(bytes.slice(0, length), "a.pkl"), Error, "cut off");
  }
});
