/** The tool that builds the zoo, on a network of three steps. */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import { parseScaleSchedule } from "../../../../src/calibration/scale_schedule_json.ts";
import { datasetSources } from "../../../../src/datasets/registry_files.ts";
import type { MachineName } from "../../../../src/machines/machine_table.ts";
import { readWeights } from "../../../../src/networks/weights/weights.ts";
import type { ZooCard } from "../../../../src/zoo/zoo_card.ts";
import { verb as calibrate } from "../../../../tasks/calibrate.ts";
import { CommandError } from "../../../../tasks/cli/command.ts";
import { timeProtocol } from "../../../../tasks/reproduce/experiments.ts";
import { Ledger } from "../../../../tasks/reproduce/ledger.ts";
import type { ExperimentRecord } from "../../../../tasks/reproduce/run_experiment.ts";
import { verb as buildZoo } from "../../../../tasks/tools/build_zoo.ts";
import { licenseOf } from "../../../../tasks/tools/zoo/add_entry.ts";
import { trainingCommand } from "../../../../tasks/tools/zoo/training_command.ts";
import { checkSizes, readCards, zooLimits } from "../../../../tasks/tools/zoo/zoo_folder.ts";
import { verb as train } from "../../../../tasks/train.ts";
import { inFolder } from "../../commands.ts";
import { runHere } from "../../in_process.ts";

const name = "mnist-resnet-circular";

/** A folder with a training of three steps, and the tool on a zoo in it. */
function withTool(
  use: (tool: {
    readonly folder: string;
    readonly build: (...args: string[]) => ReturnType<typeof runHere>;
    readonly card: () => Promise<ZooCard>;
  }) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const own = ["--preset", "mnist-tiny", "--padding", "circular", "--width", 8, "--layers", 1];
    const short = ["--steps", 3, "--images", 12, "--batch-size", 4, "--warmup", 0, "--shards", 1];
    const trained = await runHere(train, ...own, ...short, "--backend", "wasm", "--out", folder);
    assertEquals(trained.code, 0, trained.err);
    const zoo = ["--zoo", join(folder, "zoo"), "--document", join(folder, "zoo.md")];
    await use({
      folder,
      build: (...args) => runHere(buildZoo, ...zoo, "--out", folder, ...args),
      card: async () => (await readCards(join(folder, "zoo")))[0]!,
    });
  });
}

/** Calibrates one machine in two steps, and says so as a reproduction does. */
async function calibrated(folder: string, machine: MachineName) {
  const few = ["--steps", 2, "--grid", "cubic", "--samples", 1, "--images", 10, "--scales", "3,5"];
  const { code, out, err } = await runHere(
    calibrate,
    ...["--run", join(folder, "zoo", name, "weights.safetensors"), "--machine", machine],
    ...[...few, "--backend", "wasm", "--out", folder],
  );
  assertEquals(code, 0, err);
  const path = /^Schedule: (.*)$/m.exec(out)![1]!;
  const { steps } = parseScaleSchedule(await Deno.readTextFile(path), path);
  return {
    machine,
    t: steps.map(({ t }) => t),
    patchSize: steps.map(({ patchSize }) => patchSize),
    // As the reproduction had its runs, before they were moved here.
    run: join("elsewhere", basename(dirname(path))),
  };
}

function recordOf(sha256: string, scales: ExperimentRecord["scales"]): ExperimentRecord {
  const row = { level: 0.95, samples: 4, undefinedSamples: 0, steps: 2, networkSteps: 2 };
  const value = { machine: "ELS", measure: "r^2", median: 0.5, low: 0.25, high: 0.75 };
  return {
    network: { sha256, architecture: {}, training: {}, path: "" },
    dataset: { name: "mnist", images: 12, sha256: "" },
    ...{ calibrationImages: 10, calibrationSamples: 1, samples: 4, scales, run: "" },
    experiment: name,
    protocol: timeProtocol("cubic", 2),
    seeds: { calibration: 1, evaluation: 2 },
    medians: [{ ...row, ...value }],
  };
}

Deno.test("build:zoo: a training becomes an entry, and what a reproduction measured its numbers", () =>
  withTool(async ({ folder, build, card }) => {
    const added = await build("--add", name, "--run", "latest", "--minutes", "2");
    assertEquals(added.code, 0, added.err);
    const fresh = await card();
    assertEquals([fresh.training.minutes, fresh.agreement], [2, []]);
    assertMatch(
      fresh.training.command,
      /^train --preset mnist-tiny .*--padding circular.*--width 8/,
    );
    const { address, sha256 } = fresh.files.weights;
    const weights = await Deno.readFile(join(folder, "zoo", address));
    assert(new TextDecoder().decode(weights.subarray(0, 4000)).includes('"dtype":"F16"'));
    assertEquals(readWeights(weights, "zoo").training["steps"], 3);
    assertEquals((await build("--check")).code, 0);

    const ledger = new Ledger({ runs: folder, profile: "full" });
    const results = join(folder, "results-full");
    await ledger.keepExperiment(recordOf("0".repeat(64), []));
    const refused = await build("--results", results);
    assertEquals(refused.code, 1);
    assertMatch(
      refused.err,
      /its network is 0{12}\.\., the zoo's is .*--weights mnist-resnet-circ/,
    );
    assertEquals((await card()).agreement, []);

    const scales = [await calibrated(folder, "ELS"), await calibrated(folder, "LS")];
    const other = { ...scales[0]!, patchSize: [3, 7] };
    await ledger.keepExperiment(recordOf(sha256, [other]));
    assertMatch((await build("--results", results)).err, /scale_schedule\.json has the scales/);

    await ledger.keepExperiment(recordOf(sha256, scales));
    const taken = await build("--results", results);
    assertEquals(taken.code, 0, taken.err);
    const { agreement, files: { schedules } } = await card();
    assertEquals(agreement.map(({ protocol }) => protocol), [{
      ...{ grid: "cubic", steps: 2, networkSteps: 2 },
    }]);
    const names = schedules.map(({ address }) => address);
    assertEquals(names, [`${name}/els-cubic-2.json`, `${name}/ls-cubic-2.json`]);
    const schedule = parseScaleSchedule(await Deno.readTextFile(join(folder, "zoo", names[0]!)));
    assertEquals(schedule.steps.map(({ patchSize }) => patchSize), scales[0]!.patchSize);
    assertEquals(schedule.edited, undefined);
    const document = await Deno.readTextFile(join(folder, "zoo.md"));
    assertMatch(document, /cubic, 2 steps \| ELS +\| undefined +\| 0\.500 \[0\.250, 0\.750\]/);
    // The same again changes nothing.
    assertMatch((await build("--results", results)).out, /index\.json is current/);
    const again = await build("--add", name, "--run", "latest", "--minutes", "2");
    assertMatch(again.out, /index\.json is current/);

    await Deno.writeTextFile(join(folder, "zoo", names[0]!), "{}");
    const damaged = await build("--check");
    assertEquals(damaged.code, 1);
    assertStringIncludes(damaged.err, "els-cubic-2.json is not the file that its card lists");
    assertEquals(damaged.err.trim().split("\n").length, 1, damaged.err);
    // Whole again, without what was lost.
    assertEquals((await build("--add", name, "--run", "latest")).code, 0);
    const files = [...Deno.readDirSync(join(folder, "zoo", name))].map(({ name }) => name);
    assertEquals(files.sort(), ["card.json", "weights.safetensors"]);
    assertEquals((await build("--check")).code, 0);
  }));

Deno.test("build:zoo: the command is what the weights differ in from their preset today", () => {
  const record = {
    ...{ preset: "mnist-tiny", dataset: "mnist", images: 500, seed: 3, backend: "wasm" },
    ...{ noiseParameters: {}, conditional: false, references: 1 },
  };
  assertEquals(
    trainingCommand(record, "w"),
    "train --preset mnist-tiny --images 500 --seed 3 --backend wasm",
  );
  const unknown = { ...record, preset: "none" };
  assertThrows(() => trainingCommand(unknown, "w"), CommandError, 'w names the preset "none"');
  // No flag sets it, so no command does it again.
  const odd = { ...record, noiseParameters: { beta: 1 }, width: 0.5 };
  assertThrows(() => trainingCommand(odd, "w"));
});

Deno.test("build:zoo: what images may be used for holds for the weights too", () => {
  const licenses = datasetSources.map(({ name, about }) => [name, licenseOf(about)] as const);
  const restricted = licenses.filter(([, license]) => license !== "MIT, as this package");
  assertEquals(restricted.map(([name]) => name).sort(), ["celeba", "svhn"]);
  for (const [, license] of restricted) assertMatch(license, /^as the data set, non-commercial/);
});

Deno.test("build:zoo: what is too large does not ship", () => {
  const entry = (bytes: number, address = "a/b") => ({
    ...{ name: "a", weights: { address, bytes, sha256: "" } },
  });
  const { each } = zooLimits;
  checkSizes([entry(each)]);
  checkSizes([entry(each + 1, "https://elsewhere.example/b")]);
  assertThrows(() => checkSizes([entry(each + 1)]), CommandError, "at most 1048576");
  const many = Array.from({ length: 13 }, () => entry(each));
  assertThrows(() => checkSizes(many), CommandError, "The weights of the zoo have 13631488 bytes");
});
