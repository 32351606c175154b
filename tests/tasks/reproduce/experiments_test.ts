import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../../src/core/errors.ts";
import { Ledger } from "../../../tasks/reproduce/ledger.ts";
import { publishedAgreement, publishedScales } from "../../../tasks/reproduce/published.ts";
import type { ExperimentRecord } from "../../../tasks/reproduce/run_experiment.ts";
import { experiments, isConditional } from "../../../tasks/reproduce/experiments.ts";
import { profiles, trainingOf } from "../../../tasks/reproduce/profiles.ts";
import { inFolder, run } from "../commands.ts";

Deno.test("experiments: every data set, network and padding once, those published first", () => {
  const names = experiments.map(({ name }) => name);
  assertEquals([names.length, new Set(names).size], [18, 18]);
  assertEquals(new Set(names.slice(0, 11)), new Set(Object.keys(publishedAgreement)));
  const withScales = Object.keys(publishedAgreement).filter((name) => !name.includes("attention"));
  assertEquals(Object.keys(publishedScales).sort(), withScales.sort());
  for (const scales of Object.values(publishedScales)) {
    assertEquals([scales.length, scales.every((k) => k % 2 === 1)], [20, true]);
  }
});

Deno.test("trainingOf: under every profile an experiment trains its own network", () => {
  for (const profile of profiles) {
    for (const experiment of experiments) {
      const { config, resolved } = trainingOf(experiment, profile);
      assertEquals(
        [config.dataset, config.architecture, config.padding, config.conditional],
        [experiment.dataset, experiment.network, experiment.padding, isConditional(experiment)],
        `${profile.name} ${experiment.name}`,
      );
      assert(JSON.stringify(resolved).includes(experiment.dataset));
      const heights = experiment.attention === false ? [] : [16];
      assertEquals(config.attention, heights, experiment.name);
    }
    const { protocols } = profile;
    assertEquals(new Set(protocols.map(({ name }) => name)).size, protocols.length);
  }
  assertEquals(new Set(profiles.map(({ name }) => name)).size, profiles.length);
});

Deno.test("Ledger: what is kept is read back, what is damaged or of another kind is refused", async () => {
  await inFolder(async (folder) => {
    const ledger = new Ledger({ runs: folder, profile: "tiny" });
    const protocol = profiles[0].protocols[0]!;
    assertEquals(await ledger.experiment("mnist-unet-zeros", protocol.name), undefined);
    const record = {
      experiment: "mnist-unet-zeros",
      protocol,
      samples: 4,
    } as unknown as ExperimentRecord;
    await ledger.keepExperiment(record);
    assertEquals(await ledger.experiment("mnist-unet-zeros", protocol.name), record);
    const file = join(folder, "results-tiny", `mnist-unet-zeros-${protocol.name}.json`);
    for (
      const text of ['{"format":"els-reproduction","version":1,"kind":"ablation"}', "null", "{"]
    ) {
      await Deno.writeTextFile(file, text);
      await assertRejects(
        () => ledger.experiment("mnist-unet-zeros", protocol.name),
        DataFormatError,
      );
    }
  });
});

Deno.test("reproduce: writes the document of what is done, and refuses rows that do not exist", async () => {
  await inFolder(async (folder) => {
    const out = join(folder, "deep", "results.md");
    const written = await run("reproduce", "--write-only", "--runs", folder, "--out", out);
    assertEquals(written.code, 0, written.err);
    const text = await Deno.readTextFile(out);
    assertEquals(text.match(/\| not run/g)?.length, 18);
    const wrong = await run("reproduce", "--rows", "mnist-resnet", "--runs", folder, "--out", out);
    assertEquals(wrong.code, 1);
    assert(/--rows has "mnist-resnet", expected some of mnist-resnet-zeros/.test(wrong.err));
    assertEquals(wrong.err.trim().split("\n").length, 1);
  });
});

const long = Deno.env.get("ELS_LONG_TESTS") === "1";
Deno.test({
  name:
    "reproduce: does experiments and an ablation, leaves out a missing data set, and then has nothing to do",
  // Half a minute: a training, six calibrations and evaluations.
  ignore: !long,
  fn: () =>
    inFolder(async (folder) => {
      const out = join(folder, "results.md");
      const flags = [
        ...["--profile", "tiny", "--protocols", "cubic-4", "--backend", "wasm"],
        ...[
          "--rows",
          "mnist-resnet-zeros,celeba-unet-zeros",
          "--celeba-from",
          join(folder, "none"),
        ],
        ...["--runs", join(folder, "runs"), "--out", out],
      ];
      const done = await run("reproduce", ...flags);
      assertEquals(done.code, 0, done.err);
      assert(done.err.includes("celeba-unet-zeros is left out"));
      const text = await Deno.readTextFile(out);
      assert(/\| mnist-resnet-zeros \| bbELS \| -?0\.\d{3} \[/.test(text), text);
      assert(text.includes("| celeba-unet-zeros | not run: data set not found |"));
      assert(/\| refined by final r² \| .* of 4 \|/.test(text));
      assert(text.includes("![Scales of bbELS"));
      await Deno.writeTextFile(out, text.replace("<!-- end", "Seen.\n\n<!-- end"));

      const again = await run("reproduce", ...flags);
      assertEquals(again.code, 0, again.err);
      assert(!again.err.includes("New run"), again.err);
      const noted = await Deno.readTextFile(out);
      assertEquals(noted.replace("Seen.\n\n", ""), text);
      assert(noted.includes("Seen."));
    }),
});
