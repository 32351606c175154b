/** A network of your own: parameters and a forward pass. It is trained, saved and read like all others. */
import { ddim, initialNoise, type Network, networkDenoiser, readWeights } from "@els/toolkit";
import { train, writeWeights } from "@els/toolkit";
import { bytesToImages, syntheticTextures, uniformTimeGrid } from "@els/toolkit/machines";
import * as tf from "@tensorflow/tfjs";

const network: Network = {
  architecture: { kind: "linear", imageShape: [8, 8, 1], padding: "zeros", classes: 0 },
  parameters: [{ name: "filter", kind: "conv", shape: [1, 1, 5, 5], fanIn: 25 }],
  receptiveField: 5,
  flopsPerImage: 2 * 25 * 64,
  forward: ({ filter }, { x }) => tf.conv2d(x, filter as tf.Tensor4D, 1, "same"),
};
const images = bytesToImages(syntheticTextures({ images: 40, size: 8 }));
const bytes = writeWeights(await train(network, { images, steps: 50, backend: "cpu" }));
const denoiser = networkDenoiser(readWeights(bytes, "linear.safetensors", { network }));
const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1] });
const samples = await ddim(denoiser, { xT, times: uniformTimeGrid(4) });
console.log(`the linear network made ${samples.shape[0]} images`);
