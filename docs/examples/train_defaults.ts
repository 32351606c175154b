/** From images to a trained network and its samples, by the default recipe. */
import { createNetwork, loadDataset, networkDenoiser, train } from "@els/toolkit";
import { ddim, initialNoise, uniformTimeGrid } from "@els/toolkit/machines";

const { images } = await loadDataset("synthetic", { images: 100, size: 8 });
const sizes = { kind: "resnet", width: 8, layers: 2, kernelSize: 3 } as const;
const network = createNetwork({ ...sizes, imageShape: [8, 8, 1], padding: "zeros", classes: 0 });
const trained = await train(network, { images, steps: 100 });
const denoiser = networkDenoiser(trained);
const xT = initialNoise({ seed: 1, samples: 4, imageShape: [8, 8, 1] });
const samples = await ddim(denoiser, { xT, times: uniformTimeGrid(10) });
console.log(`${trained.state.step} steps on ${trained.backend.name}: ${samples.shape[0]} images`);
