/** Every architecture through all commands, and every preset as far as its network. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { parameterCount } from "../../src/networks/weights/parameters.ts";
import { architectureOf, resolveSizes } from "../../tasks/pipelines/architecture_flags.ts";
import { presets } from "../../tasks/pipelines/presets.ts";
import { inFolder } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";

const quick = ["--dataset", "synthetic", "--images", 24, "--batch-size", 4, "--warmup", 0];

for (
  const [kind, flags, says] of [
    ["unet", ["--channels", "8,8", "--embedding", 8, "--norm", "group"], /receptive field 20,/],
    [
      "attention-unet",
      ["--channels", "8,8", "--blocks", 1, "--attention", 16, "--conditional"],
      /receptive field the whole image \(attention\)/,
    ],
  ] as const
) {
  test(`commands: train, calibrate and evaluate work with a ${kind}`, async () => {
    await inFolder(async (folder) => {
      const common = ["--backend", "wasm", "--out", folder];
      const trained = await run(
        "train",
        ...["--architecture", kind, "--steps", 6, "--shards", 1],
        ...[...flags, ...quick, ...common],
      );
      assertEquals(trained.code, 0, trained.err);
      assertMatch(trained.err, says);
      const machine = ["--run", "latest", "--images", 12, ...common];
      const calibrated = await run("calibrate", "--steps", 2, "--samples", 1, ...machine);
      assertEquals(calibrated.code, 0, calibrated.err);
      const evaluated = await run(
        "evaluate",
        ...["--schedule", "latest", "--samples", 2],
        ...machine,
      );
      assertEquals(evaluated.code, 0, evaluated.err);
      assertStringIncludes(evaluated.out, "bbELS");
    });
  });
}

Deno.test("presets: every row of the published table is there, with a network that can be built", () => {
  const table = [
    ...["mnist", "cifar10", "fashion-mnist", "celeba"].flatMap((data) =>
      ["unet", "resnet"].map((network) => `${data}-${network}-zeros`)
    ),
    ...["mnist-resnet-circular", "cifar10-resnet-circular", "cifar10-attention-unet"],
  ];
  for (const name of table) assert(name in presets, `${name} is missing`);
  for (const [name, preset] of Object.entries(presets)) {
    const channels = /mnist/.test(preset.dataset) ? 1 : 3;
    const conditional = /^(fashion|cifar10)/.test(preset.dataset);
    assertEquals(preset.conditional, conditional, name);
    assertEquals(preset.padding, /circular/.test(name) ? "circular" : "zeros", name);
    const network = createNetwork(architectureOf(resolveSizes(preset, {}), {
      name: preset.dataset,
      split: "train",
      images: { data: new Float32Array(0), shape: [0, 32, 32, channels] },
      labels: new Uint8Array(0),
      classNames: conditional ? Array.from({ length: 10 }, String) : [],
      sha256: "",
    }));
    assertEquals(network.architecture.kind, preset.architecture, name);
    // Small ones are for a CPU, where a thousand steps should take minutes.
    const small = /small|tiny/.test(name);
    assert(!small || network.flopsPerImage < 6e8, `${name}: ${network.flopsPerImage} FLOP`);
    assert(parameterCount(network.parameters) < (small ? 3e6 : 1e8), name);
  }
});
