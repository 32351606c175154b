/** A folder of diffusers through every command. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { Random } from "../../src/core/random.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { diffusersFiles } from "../../src/networks/foreign/diffusers_export.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { verb as calibrate } from "../../tasks/calibrate.ts";
import { verb as convert } from "../../tasks/convert.ts";
import { verb as evaluate } from "../../tasks/evaluate.ts";
import { verb as receptiveField } from "../../tasks/receptive_field.ts";
import { verb as sample } from "../../tasks/sample.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";

/** A stand-in for google/ddpm-cifar10-32, of the same format: 8 x 8 x 1, random weights. */
function standIn() {
  const network = createNetwork({
    kind: "diffusers-unet",
    imageShape: [8, 8, 1],
    padding: "zeros",
    classes: 0,
    channels: [8, 16],
    blocks: 1,
    downAttention: [0, 1],
    upAttention: [0, 1],
    addAttention: true,
    attentionHeadDim: 0,
    normNumGroups: 4,
    normEps: 1e-6,
    freqShift: 1,
    flipSinToCos: false,
    downsamplePadding: 0,
    midBlockScaleFactor: 1,
    centerInputSample: false,
    resnetTimeScaleShift: "default",
  });
  // Layers that begin with zeros would hide what is before them.
  const random = new Random(7);
  const parameters = initialParameters(network.parameters, new Random(3))
    .map((value) => value === 0 ? 0.1 * random.normal() : value);
  const schedule = createSchedule("ddpm_discrete");
  const preconditioning = { kind: "timesteps", timesteps: 1000 } as const;
  return diffusersFiles({ network, parameters, schedule, preconditioning, clip: 1, training: {} });
}

async function writeStandIn(folder: string): Promise<string> {
  const path = join(folder, "ddpm-small");
  for (const [name, bytes] of standIn()) {
    await Deno.mkdir(dirname(join(path, name)), { recursive: true });
    await Deno.writeFile(join(path, name), bytes);
  }
  return path;
}

async function imagesOf(folder: string): Promise<Float32Array> {
  const file = join(folder, "samples.safetensors");
  return parseSafetensors(await Deno.readFile(file)).tensors.get("x0")!.data as Float32Array;
}

Deno.test("commands: a folder of diffusers is sampled, calibrated, evaluated, looked through and converted", async () => {
  await inFolder(async (folder) => {
    const path = await writeStandIn(folder);
    const out = join(folder, "runs");
    const common = ["--backend", "wasm", "--out", out];
    const succeed = async (...[verb, ...args]: Parameters<typeof runHere>) => {
      const done = await runHere(verb, ...args, ...(verb === convert ? [] : common));
      assertEquals(done.code, 0, done.err);
      return done;
    };
    const times = ["--steps", 4, "--grid", "leading"];
    await succeed(sample, "--run", path, "--samples", 2, ...times);
    const first = await imagesOf(join(out, "00001-sample-ddpm-small"));
    // As its scheduler says.
    assert(first.every((value) => Math.abs(value) <= 1), `${first.find((v) => Math.abs(v) > 1)}`);
    await succeed(sample, "--run", path, "--samples", 2, "--clip", 0, ...times);
    const unclipped = await imagesOf(join(out, "00002-sample-ddpm-small"));
    assert(unclipped.some((value) => Math.abs(value) > 1));

    const weights = join(folder, "weights.safetensors");
    const { out: told } = await succeed(convert, path, weights);
    assertStringIncludes(told, "diffusers-unet, 44,969 parameters, images 8 x 8 x 1");
    await succeed(sample, "--run", weights, "--samples", 2, ...times);
    assertEquals(await imagesOf(join(out, "00003-sample-ddpm-small")), first);
    const again = join(folder, "again");
    await succeed(convert, weights, `${again}/`);
    for (const [name, bytes] of standIn()) {
      assertEquals(await Deno.readFile(join(again, name)), bytes, name);
    }

    const data = ["--dataset", "synthetic", "--images", 12];
    await succeed(
      calibrate,
      ...["--run", path, "--scales", "3,5", "--samples", 1, ...times, ...data],
    );
    const schedule = JSON.parse(
      await Deno.readTextFile(join(out, "00004-calibrate-ddpm-small-bbels/scale_schedule.json")),
    );
    assertEquals(schedule.noiseSchedule, {
      name: "ddpm_discrete",
      parameters: { betaSchedule: "linear", timesteps: 1000, betaStart: 0.0001, betaEnd: 0.02 },
    });
    assertEquals(schedule.steps.map(({ t }: { t: number }) => t), [0.001, 0.251, 0.501, 0.751]);
    const { out: table } = await succeed(
      evaluate,
      ...["--run", path, "--schedule", "latest", "--samples", 2, ...data],
    );
    for (const word of ["bbELS", "reference ddpm-small at 4 steps"]) {
      assertStringIncludes(table, word);
    }
    const { out: seen } = await succeed(
      receptiveField,
      ...["--run", path, "--steps", 2, "--samples", 1, "--pixels", 2],
    );
    assertStringIncludes(seen, "the architecture allows the whole image");
  });
});

Deno.test("commands: what is no whole folder of diffusers is refused in one line", async () => {
  await inFolder(async (folder) => {
    const path = await writeStandIn(folder);
    const refused = async (run: string, word: string) => {
      const { code, err } = await runHere(sample, "--run", run, "--out", join(folder, "runs"));
      assertEquals(code, 1);
      assertStringIncludes(err, word);
      assertEquals(err.trim().split("\n").length, 1, err);
    };
    const weights = join(path, "unet/diffusion_pytorch_model.safetensors");
    await refused(weights, `give the folder, ${path}`);
    await refused(join(path, "unet"), "lacks the scheduler's config");
    await Deno.truncate(weights, 1000);
    await refused(path, "truncated");
    await Deno.mkdir(join(folder, "empty"));
    await refused(join(folder, "empty"), "neither the folder of a training run");

    const out = join(folder, "out");
    await Deno.mkdir(out);
    await Deno.writeTextFile(join(out, "notes.txt"), "mine");
    const whole = join(folder, "other");
    await Deno.mkdir(whole);
    const source = await writeStandIn(whole);
    const { code, err } = await runHere(convert, source, `${out}/`, "--force");
    assertEquals(code, 1);
    assertStringIncludes(err, "holds notes.txt, which would be lost");
    assertEquals([...Deno.readDirSync(out)].map(({ name }) => name), ["notes.txt"]);
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith(".")), []);
  });
});
