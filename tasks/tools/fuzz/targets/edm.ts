/** Pickles of EDM's kind: good ones changed anywhere, and modules with one attribute that is another. */
import { Random } from "../../../../src/core/random.ts";
import { sha256Hex } from "../../../../src/core/sha256.ts";
import { songUnet } from "../../../../src/networks/architectures/song_unet.ts";
import { edmPickle } from "../../../../src/networks/foreign/edm_pickle.ts";
import { initialParameters } from "../../../../src/networks/weights/parameters.ts";
import { edm } from "../../../../src/schedules/edm.ts";
import { oneIn } from "../bytes.ts";
import { type EdmModule, edmModule, writeEdmPickle } from "../edm_builder.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads } from "../target.ts";

const network = songUnet({
  kind: "song-unet",
  imageShape: [4, 4, 1],
  padding: "zeros",
  classes: 2,
  width: 4,
  channels: [4, 8],
  blocks: 1,
  attention: [2],
  embedding: 4,
  waves: 4,
  frequencies: [0.5, 2],
  encoder: "residual",
  decoder: "standard",
  filter: [1, 1],
});
const parameters = initialParameters(network.parameters, new Random(1));
const modules = ([
  { kind: "edm", sigmaData: 0.5 },
  { kind: "vp", betaD: 19.9, betaMin: 0.1, timesteps: 1000 },
] as const).map((preconditioning) =>
  edmModule({
    ...{ network, parameters, schedule: edm(), preconditioning, training: {} },
    prediction: "x0",
  })
);

async function read(bytes: Uint8Array<ArrayBuffer>, source: string) {
  const { network, parameters, schedule, preconditioning } = await edmPickle.read(bytes, source);
  return {
    ...{ architecture: network.architecture, parameters: await sha256Hex(parameters) },
    ...{ schedule: schedule.parameters, preconditioning },
  };
}

const seeds = modules.map(writeEdmPickle);
const values = await Promise.all(seeds.map((bytes) => read(bytes, "good.pkl")));

/** A module and all in it. */
function all(module: EdmModule): EdmModule[] {
  return [module, ...Object.values(module.modules).flatMap(all)];
}

function structured(random: Random): FuzzInput {
  const which = random.integer(modules.length);
  if (oneIn(random, 10)) {
    return { bytes: seeds[which]!.slice(), note: "good", expected: reads(values[which]) };
  }
  const root = structuredClone(modules[which]!);
  const module = pick(random, all(root));
  const names = Object.keys(module.attributes);
  if (names.length === 0) {
    module.type = pick(random, ["Conv2d", "Linear", "GroupNorm", "DhariwalUNet", ""]);
    return { bytes: writeEdmPickle(root), note: `class ${module.type}` };
  }
  const name = pick(random, names);
  const value = pick<unknown>(random, [0, -1, 1e9, 1e300, NaN, Infinity, null, true, "", "x"]);
  module.attributes[name] = value;
  return { bytes: writeEdmPickle(root), note: `${name} = ${value}` };
}

/** See above. */
export const target: FuzzTarget = {
  about: "pickles of EDM",
  file: "network.pkl",
  tokens: ["_reconstruct_persistent_obj", "EDMPrecond", "VEPrecond", "resample_filter", "enc"],
  seeds: () => seeds,
  read,
  structured,
};
