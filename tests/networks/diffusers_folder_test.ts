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
