/** A pickle of EDM's kind through every command. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Random } from "../../src/core/random.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { songUnet, type SongUnetArchitecture } from "../../src/networks/architectures/song_unet.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { writeWeights } from "../../src/networks/weights/weights.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { edm } from "../../src/schedules/edm.ts";
import { verb as calibrate } from "../../tasks/calibrate.ts";
import { verb as convert } from "../../tasks/convert.ts";
import { verb as evaluate } from "../../tasks/evaluate.ts";
import { verb as receptiveField } from "../../tasks/receptive_field.ts";
import { verb as sample } from "../../tasks/sample.ts";
import { edmModule, writeEdmPickle } from "../../tasks/tools/fuzz/edm_builder.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";

/** A stand-in for edm-cifar10-32x32-cond-vp.pkl, of the same format: 8 x 8 x 1, random weights. */
function standIn(
  change = (_: ReturnType<typeof edmModule>) => {},
  { imageShape, classes }: Pick<SongUnetArchitecture, "imageShape" | "classes"> = {
    imageShape: [8, 8, 1],
    classes: 3,
  },
): Uint8Array {
  const network = songUnet({
    kind: "song-unet",
    imageShape,
    padding: "zeros",
    classes,
    width: 8,
    channels: [8, 8],
    blocks: 1,
    attention: [imageShape[0] / 2],
    embedding: 16,
    waves: 8,
    frequencies: [],
    encoder: "standard",
    decoder: "standard",
    filter: [1, 1],
  });
  const random = new Random(7);
  const parameters = initialParameters(network.parameters, new Random(3))
    .map((value) => value === 0 ? 0.1 * random.normal() : value);
  const module = edmModule({
    ...{ network, parameters, schedule: edm(), training: {}, prediction: "x0" },
    preconditioning: { kind: "vp", betaD: 19.9, betaMin: 0.1, timesteps: 1000 },
  });
  change(module);
  return writeEdmPickle(module);
}

async function imagesOf(folder: string): Promise<Float32Array> {
  const file = join(folder, "samples.safetensors");
  return parseSafetensors(await Deno.readFile(file)).tensors.get("x0")!.data as Float32Array;
}

Deno.test("commands: a pickle of EDM is sampled, calibrated, evaluated, looked through and converted", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "edm-small-cond-vp.pkl");
    await Deno.writeFile(path, standIn());
    const out = join(folder, "runs");
    const common = ["--backend", "wasm", "--out", out];
    const succeed = async (...[verb, ...args]: Parameters<typeof runHere>) => {
      const done = await runHere(verb, ...args, ...(verb === convert ? [] : common));
      assertEquals(done.code, 0, done.err);
      return done;
    };
    const times = ["--steps", 4, "--grid", "karras", "--sampler", "heun"];
    await succeed(sample, "--run", path, "--samples", 2, ...times);
    const first = await imagesOf(join(out, "00001-sample-edm-small-cond-vp"));
    assert(first.every(Number.isFinite) && first.some((value) => Math.abs(value) > 0.1));

    const weights = join(folder, "weights.safetensors");
    const { out: told } = await succeed(convert, path, weights);
    assertStringIncludes(told, "song-unet");
    const asTorch = join(folder, "weights.pt");
    await succeed(convert, path, asTorch);
    await succeed(convert, asTorch, weights, "--force");
    await succeed(sample, "--run", weights, "--samples", 2, ...times);
    assertEquals(await imagesOf(join(out, "00002-sample-edm-small-cond-vp")), first);

    const data = ["--dataset", "synthetic", "--images", 12];
    await succeed(
      calibrate,
      ...["--run", path, "--scales", "3,5", "--samples", 1, "--labels", 0],
      ...["--steps", 4, "--grid", "karras", ...data],
    );
    const { out: table } = await succeed(
      evaluate,
      ...["--run", path, "--schedule", "latest", "--samples", 2, "--labels", 0, ...data],
    );
    for (const word of ["bbELS", "reference edm-small-cond-vp at 4 steps"]) {
      assertStringIncludes(table, word);
    }
    const { out: seen } = await succeed(
      receptiveField,
      ...["--run", path, "--steps", 2, "--samples", 1, "--pixels", 2],
    );
    assertStringIncludes(seen, "the architecture allows the whole image");
  });
});

Deno.test("commands: a pickle of another of EDM's networks, or a part of one, is refused in one line", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "network-snapshot.pkl");
    const refused = async (bytes: Uint8Array, word: string) => {
      await Deno.writeFile(path, bytes);
      const { code, err } = await runHere(sample, "--run", path, "--out", join(folder, "runs"));
      assertEquals(code, 1);
      assertStringIncludes(err, word);
      assertEquals(err.trim().split("\n").length, 1, err);
    };
    await refused(
      standIn((module) => module.modules.model!.type = "DhariwalUNet"),
      "DhariwalUNet",
    );
    await refused(standIn().slice(0, 5000), "cut off");
  });
});

Deno.test("commands: scales of the zoo are taken at the same noise for a network of another process", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "edm-cifar10.pkl");
    await Deno.writeFile(path, standIn(undefined, { imageShape: [32, 32, 3], classes: 0 }));
    const out = join(folder, "runs");
    const done = await runHere(
      evaluate,
      ...["--run", path, "--scales", "zoo:cifar10-resnet-zeros", "--machines", "bbels"],
      ...["--dataset", "synthetic", "--colors", "rgb", "--images", 6, "--samples", 1],
      ...["--steps", 6, "--grid", "karras", "--backend", "wasm", "--workers", 1, "--out", out],
    );
    assertEquals(done.code, 0, done.err);
    assertStringIncludes(done.out, "bbELS");
    const file = join(out, "00001-evaluate-edm-cifar10", "bbels_scale_schedule.json");
    const { noiseSchedule, steps } = JSON.parse(await Deno.readTextFile(file));
    assertEquals(noiseSchedule.name, "edm");
    // The zoo's: 3 at levels up to 0.32, 7 at 0.99, 13 at 5.9, 15 at 11 and 13 at 80.
    const found = steps.map(({ sigma, patchSize }: { sigma: number; patchSize: number }) =>
      [sigma.toPrecision(2), patchSize] as const
    );
    assertEquals(found, [["0.0020", 3], ["0.085", 3], ["0.97", 7], ["5.8", 13], ["24", 15], [
      "80",
      13,
    ]]);
  });
});

Deno.test("commands: of a large network memory and time are said before it begins", async () => {
  await inFolder(async (folder) => {
    const network = resnet({
      kind: "resnet",
      ...{ imageShape: [32, 32, 3], padding: "zeros", classes: 0 },
      ...{ width: 256, layers: 2, kernelSize: 3 },
    });
    const parameters = initialParameters(network.parameters, new Random(3));
    const path = join(folder, "weights.safetensors");
    const trained = { network, parameters, schedule: cosineLegacy(), training: {} };
    await Deno.writeFile(path, writeWeights(trained));
    const common = ["--run", path, "--samples", 1, "--steps", 1, "--out", join(folder, "runs")];
    const done = await runHere(sample, ...common, "--backend", "wasm");
    assertEquals(done.code, 0, done.err);
    assertMatch(
      done.err,
      /Network of 1\.4 million parameters: about \d.* s an image and step, in all about \d/,
    );
    const said = done.err.indexOf("million parameters");
    assert(said < done.err.indexOf("sample  "), done.err);
  });
});
