import * as tf from "@tensorflow/tfjs";
import { assert, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { type Architecture, createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { initialParameters, unflatten } from "../../src/networks/weights/parameters.ts";
import { directionalDerivatives } from "./gradient_check.ts";

const architectures: readonly Architecture[] = [
  {
    kind: "resnet",
    imageShape: [8, 8, 3],
    width: 8,
    layers: 2,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
  },
  {
    kind: "unet",
    imageShape: [8, 8, 3],
    channels: [6, 8, 4],
    embedding: 8,
    norm: "none",
    padding: "circular",
    classes: 0,
  },
];

for (const architecture of architectures) {
  Deno.test(`network: the gradient of the images of a ${architecture.kind} comes when asked`, async () => {
    await startBackend("wasm");
    const network = createNetwork(architecture);
    const parameters = initialParameters(network.parameters, new Random(1));
    const x = new Random(2).normals(192);
    const [found] = directionalDerivatives(network, {
      parameters,
      x,
      times: [0.6],
      step: 1e-3,
      names: ["x"],
    });
    const { gradient, difference } = found!;
    // The difference of two float32 outputs over a step of 1e-3 carries about three digits.
    const error = Math.abs(gradient - difference) / Math.abs(difference);
    assert(error < 5e-3, `gradient ${gradient}, central difference ${difference}`);

    // Training leaves it out where that saves work; asking for it all the same is then an error.
    if (architecture.kind !== "resnet") return;
    for (const backend of ["wasm", "cpu"] as const) {
      await startBackend(backend);
      tf.tidy(() => {
        const tensors = unflatten(network.parameters, parameters);
        const sum = (image: tf.Tensor) =>
          tf.sum(network.forward(tensors, { x: image as tf.Tensor4D, times: [0.6] }));
        assertThrows(() => tf.grad(sum)(tf.tensor4d(x, [1, 8, 8, 3])), Error, "shape");
      });
    }
  });
}
