import { assert, assertEquals } from "@std/assert";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { readNetworkFolder } from "../../src/networks/foreign/foreign_networks.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import {
  readWeights,
  type TrainedNetwork,
  writeWeights,
} from "../../src/networks/weights/weights.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { backends } from "./golden.ts";
import {
  goldenFolder,
  goldensAreHere,
  note,
  readGolden,
  worstDifference,
} from "./pretrained_golden.ts";

const names = ["ddpm_cifar10_like", "class_conditional_heads", "no_attention_tutorial_like"];
const without = "unet/diffusion_pytorch_model.safetensors";

/** The network's outputs at the golden's timesteps against theirs. */
async function checkOutputs(trained: TrainedNetwork, name: string): Promise<void> {
  const { image, numbers, labels } = await readGolden(`diffusers/${name}/golden.safetensors`);
  const [x, output] = [image("x"), image("output")];
  const denoiser = networkDenoiser(trained);
  for (const [i, step] of numbers("t").entries()) {
    const found = await denoiser.predict(sliceBatch(x, i, i + 1), (step + 1) / 1000, {
      ...labels && { labels: [labels[i]!] },
    });
    const worst = worstDifference(found.data, sliceBatch(output, i, i + 1).data);
    // Outputs are about 1; float32 sums on both sides.
    assert(worst < 1e-5, `${name}: step ${step} differs by ${worst}`);
  }
  denoiser.dispose();
}

for (const name of names) {
  for (const backend of backends) {
    Deno.test({
      name: `diffusers: outputs of ${name} are theirs on ${backend}${note}`,
      ignore: !goldensAreHere,
      async fn() {
        await startBackend(backend);
        await checkOutputs(await readNetworkFolder(goldenFolder(`diffusers/${name}`)), name);
      },
    });
  }
}

for (const name of names) {
  Deno.test({
    name: `diffusers: DDIM samples of ${name} are theirs, clipped where they clip${note}`,
    ignore: !goldensAreHere,
    async fn() {
      await startBackend("wasm");
      const trained = await readNetworkFolder(goldenFolder(`diffusers/${name}`));
      const { image, numbers, labels } = await readGolden(`diffusers/${name}/golden.safetensors`);
      const { schedule, clip } = trained;
      assertEquals(clip, name === "ddpm_cifar10_like" ? 1 : undefined);
      const times = timeGrid("leading", { steps: 10, schedule });
      const expected = numbers("ddim/timesteps").map((step) => (step + 1) / 1000);
      assertEquals(times, [...expected, 0]);
      const denoiser = networkDenoiser(trained);
      const found = await ddim(denoiser, {
        xT: image("ddim/x_T"),
        times,
        ...labels && { labels: labels.slice(0, 2) },
      });
      denoiser.dispose();
      const x0 = image("ddim/x_0").data;
      // Random networks do not denoise: unclipped values grow to 200. The clipped trajectory is one that
      // changes of 2e-7 in x_T, a rounding of float32, move by 4e-4 until its end.
      const largest = Math.max(...x0.map(Math.abs));
      const bound = clip === undefined ? 1e-5 * largest : 1e-3;
      const worst = worstDifference(found.data, x0);
      assert(worst < bound, `differs by ${worst}, values up to ${largest}`);
    },
  });
}

Deno.test({
  name: `diffusers: alphaBar is that of the scheduler${note}`,
  ignore: !goldensAreHere,
  async fn() {
    for (const name of names) {
      const { schedule } = await readNetworkFolder(goldenFolder(`diffusers/${name}`));
      const { numbers } = await readGolden(`diffusers/${name}/golden.safetensors`);
      numbers("alphas_cumprod").forEach((alphaBar, step) => {
        const t = (step + 1) / 1000;
        // Within a rounding of float32.
        assert(Math.abs(schedule.signal(t) ** 2 / alphaBar - 1) < 1.2e-7, `${name}: step ${step}`);
        assert(Math.abs(schedule.sigma(t) ** 2 / (1 - alphaBar) - 1) < 1e-6, `step ${step}`);
      });
    }
  },
});

Deno.test({
  name: `diffusers: weights of PyTorch are the same as safetensors${note}`,
  ignore: !goldensAreHere,
  async fn() {
    const path = "diffusers/ddpm_cifar10_like";
    const one = await readNetworkFolder(goldenFolder(path));
    const other = await readNetworkFolder(goldenFolder(path, { [without]: undefined }));
    assertEquals(other.parameters, one.parameters);
    assertEquals(other.network.architecture, one.network.architecture);
  },
});

Deno.test({
  name: `diffusers: what was read is written and read as weights of ours${note}`,
  ignore: !goldensAreHere,
  async fn() {
    await startBackend("wasm");
    const name = "class_conditional_heads";
    const trained = await readNetworkFolder(goldenFolder(`diffusers/${name}`));
    const again = readWeights(writeWeights(trained), "weights.safetensors");
    assertEquals(again.network.architecture, trained.network.architecture);
    assertEquals(again.preconditioning, { kind: "timesteps", timesteps: 1000 });
    await checkOutputs(again, name);
  },
});
